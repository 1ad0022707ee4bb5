"""Train a tiny Qwen3-MoE 50 steps in bfloat16 and in FP8, and compare the loss curves.

Run: python packages/fp8-grouped-gemm/benchmarks/loss.py
Writes results/loss.json and results/loss.png beside this file. The text is this package's licence,
byte by byte; both runs of a seed see the same batches from the same initial weights. A second
learning rate, three times as large, shows what an unsteady run does to the gap.
"""

import hashlib
import json
from pathlib import Path

import torch
from matplotlib.figure import Figure
from transformers import AutoModelForCausalLM, Qwen3MoeConfig

from fp8_grouped_gemm.integrations.transformers import NAME, register

STEPS, BATCH, LENGTH = 50, 8, 64
SEEDS = (0, 1, 2)
LEARNING_RATE, UNSTEADY = 1e-3, 3e-3
WIDE = "grouped_mm"
LIMIT = 0.02
HERE = Path(__file__).parent


def text() -> torch.Tensor:
    return torch.tensor(list((HERE.parent / "LICENSE").read_bytes()))


def generator(*key: object) -> torch.Generator:
    digest = hashlib.sha256("/".join(map(str, ("loss", *key))).encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:7], "big"))


def train(implementation: str, seed: int, learning_rate: float) -> list[float]:
    torch.manual_seed(seed)
    config = Qwen3MoeConfig(
        vocab_size=256, hidden_size=128, intermediate_size=256, moe_intermediate_size=128,
        num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2, head_dim=32,
        num_experts=8, num_experts_per_tok=2, max_position_embeddings=LENGTH,
    )  # fmt: skip
    model = AutoModelForCausalLM.from_config(config, experts_implementation=implementation)
    optimizer = torch.optim.AdamW(model.parameters(), lr=learning_rate)
    data, losses = text(), []
    for step in range(STEPS):
        starts = torch.randint(
            0, len(data) - LENGTH, (BATCH,), generator=generator("batch", seed, step)
        )
        ids = torch.stack([data[s : s + LENGTH] for s in starts.tolist()])
        with torch.autocast("cpu", dtype=torch.bfloat16):
            loss = model(ids, labels=ids).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        losses.append(loss.item())
    return losses


def compare(seed: int, learning_rate: float) -> dict:
    curves = {name: train(name, seed, learning_rate) for name in (WIDE, NAME)}
    gaps = [(narrow - wide) / wide for wide, narrow in zip(curves[WIDE], curves[NAME], strict=True)]
    return {
        "seed": seed,
        "learning rate": learning_rate,
        "last loss": {name: curve[-1] for name, curve in curves.items()},
        "mean absolute gap": sum(map(abs, gaps)) / len(gaps),
        "largest absolute gap": max(map(abs, gaps)),
        "gaps": gaps,
        "curves": curves,
    }


def plot(runs: list[dict], path: Path) -> None:
    figure = Figure(figsize=(7, 5), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
    for run in runs:
        color = f"C{run['seed']}"
        above.plot(run["curves"][WIDE], color=color, label=f"seed {run['seed']}, bfloat16")
        above.plot(run["curves"][NAME], "--", color="black", linewidth=0.9)
        below.plot([100 * gap for gap in run["gaps"]], color=color)
    above.plot([], [], "--", color="black", linewidth=0.9, label="the same, FP8 experts")
    above.set(ylabel="loss, nats per byte")
    above.legend()
    for edge in (-100 * LIMIT, 100 * LIMIT):
        below.axhline(edge, color="#c44e52", linewidth=1)
    below.set(xlabel="step", ylabel="FP8 minus bfloat16, %", ylim=(-250 * LIMIT, 250 * LIMIT))
    below.text(0, 105 * LIMIT, "limit of 2 %", color="#c44e52", va="bottom", fontsize=8)
    figure.savefig(path, dpi=120)


def main() -> None:
    register()
    torch.set_num_threads(1)
    runs = [compare(seed, LEARNING_RATE) for seed in SEEDS] + [compare(SEEDS[0], UNSTEADY)]
    print("learning rate  seed  last bf16  last FP8  mean gap  largest gap")
    for run in runs:
        last = run["last loss"]
        print(
            f"{run['learning rate']:13g} {run['seed']:5} {last[WIDE]:10.3f} {last[NAME]:9.3f} "
            f"{run['mean absolute gap']:9.2%} {run['largest absolute gap']:12.2%}"
        )
    folder = HERE / "results"
    folder.mkdir(exist_ok=True)
    record = {"steps": STEPS, "torch": torch.__version__, "runs": runs}
    (folder / "loss.json").write_text(json.dumps(record, indent=1) + "\n")
    plot([run for run in runs if run["learning rate"] == LEARNING_RATE], folder / "loss.png")


if __name__ == "__main__":
    main()
