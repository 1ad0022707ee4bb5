"""Train a tiny Qwen3-MoE 50 steps in bfloat16 and in FP8, and compare the loss curves.

Run: python packages/fp8-grouped-gemm/benchmarks/loss.py
Writes results/loss.json and results/loss.png beside this file. The text is the source code of this
package, byte by byte; both runs see the same batches from the same initial weights.
"""

import json
from pathlib import Path

import torch
from matplotlib.figure import Figure
from transformers import AutoModelForCausalLM, Qwen3MoeConfig

from fp8_grouped_gemm.integrations.transformers import register

STEPS, BATCH, LENGTH = 50, 8, 64
HERE = Path(__file__).parent


def text() -> torch.Tensor:
    files = sorted((HERE.parent / "src").rglob("*.py"))
    return torch.tensor(list(b"".join(file.read_bytes() for file in files)))


def train(implementation: str) -> list[float]:
    torch.manual_seed(0)
    config = Qwen3MoeConfig(
        vocab_size=256, hidden_size=128, intermediate_size=256, moe_intermediate_size=128,
        num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2, head_dim=32,
        num_experts=8, num_experts_per_tok=2, max_position_embeddings=LENGTH,
    )  # fmt: skip
    model = AutoModelForCausalLM.from_config(config, experts_implementation=implementation)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    data, losses = text(), []
    for step in range(STEPS):
        generator = torch.Generator().manual_seed(step)
        starts = torch.randint(0, len(data) - LENGTH, (BATCH,), generator=generator)
        ids = torch.stack([data[s : s + LENGTH] for s in starts.tolist()])
        with torch.autocast("cpu", dtype=torch.bfloat16):
            loss = model(ids, labels=ids).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        losses.append(loss.item())
    return losses


def main() -> None:
    register()
    curves = {name: train(name) for name in ("grouped_mm", "fp8_grouped_gemm")}
    wide, narrow = curves["grouped_mm"], curves["fp8_grouped_gemm"]
    gaps = [abs(n - w) / w for w, n in zip(wide, narrow, strict=True)]
    record = {
        "steps": STEPS,
        "first loss": wide[0],
        "last loss": {name: curve[-1] for name, curve in curves.items()},
        "mean relative gap": sum(gaps) / len(gaps),
        "largest relative gap": max(gaps),
        "curves": curves,
    }
    folder = HERE / "results"
    folder.mkdir(exist_ok=True)
    (folder / "loss.json").write_text(json.dumps(record, indent=1) + "\n")
    figure = Figure(figsize=(6, 3.5), layout="constrained")
    axes = figure.subplots()
    axes.plot(wide, label="grouped_mm, bfloat16")
    axes.plot(narrow, "--", label="fp8_grouped_gemm, FP8 experts")
    axes.set(xlabel="step", ylabel="loss, nats per byte")
    axes.legend()
    figure.savefig(folder / "loss.png", dpi=120)
    print({key: value for key, value in record.items() if key != "curves"})


if __name__ == "__main__":
    main()
