"""Experts on the CPU: `sorted_loop` against transformers' `grouped_mm` and `eager`, side by side.

Run: `python packages/intern-s1-model/benchmarks/experts.py`. Beside them stands a floor: the matrix
products alone, one pair per expert on rows sorted before the clock starts, without gathering,
gating, weighting or summing; nothing on the same product kernel can be faster. All run on the same
experts, tokens and routes, alternately, on one thread; times are processor time, so that other work
on the machine does not count; each figure is the median of the paired ratios, with quartiles.
Intern-S1's shape is kept in proportion: inner width = 0.375 x hidden, 8 experts per token.
"""

import json
import platform
import statistics
import time
from pathlib import Path

import torch
import transformers
from transformers.models.qwen3_moe.configuration_qwen3_moe import Qwen3MoeConfig
from transformers.models.qwen3_moe.modeling_qwen3_moe import Qwen3MoeExperts

from intern_s1_model.experts import register_experts

RESULT = Path(__file__).parent / "results" / "experts.json"
NUM_EXPERTS, NUM_TOKENS, TOP_K = 64, 1024, 8
PEERS = ("sorted_loop", "grouped_mm", "eager")


def layer(hidden, dtype):
    config = Qwen3MoeConfig(
        hidden_size=hidden,
        moe_intermediate_size=hidden * 3 // 8,
        num_experts=NUM_EXPERTS,
        num_experts_per_tok=TOP_K,
    )
    torch.manual_seed(0)
    experts = Qwen3MoeExperts(config).to(dtype)
    for parameter in experts.parameters():
        torch.nn.init.normal_(parameter, std=0.02)
    tokens = torch.randn(NUM_TOKENS, hidden, dtype=dtype)
    scores, index = torch.randn(NUM_TOKENS, NUM_EXPERTS).softmax(-1).topk(TOP_K)
    return experts, (tokens, index, (scores / scores.sum(-1, keepdim=True)).to(dtype))


def products_alone(experts, inputs):
    """A function that does the layer's matrix products and nothing else."""
    tokens, index, _ = inputs
    order = index.flatten().argsort(stable=True)
    counts = index.flatten().bincount(minlength=NUM_EXPERTS).tolist()
    rows = tokens[order // TOP_K]
    inner = experts.intermediate_dim
    up, out = rows.new_empty(len(rows), 2 * inner), torch.empty_like(rows)
    gated = torch.randn(len(rows), inner).to(rows.dtype)
    parts = list(
        zip(
            *(x.split(counts) for x in (rows, up, gated, out)),
            experts.gate_up_proj.detach().unbind(0),
            experts.down_proj.detach().unbind(0),
            strict=True,
        )
    )

    def run():
        for row, up_rows, gated_rows, out_rows, gate, down in parts:
            torch.mm(row, gate.t(), out=up_rows)
            torch.mm(gated_rows, down.t(), out=out_rows)

    return run


def layer_call(experts, inputs, name):
    def run():
        experts.config._experts_implementation = name
        return experts(*inputs)

    return run


@torch.no_grad()
def compare(hidden, dtype, *, repeats):
    experts, inputs = layer(hidden, dtype)
    calls = {"products alone": products_alone(experts, inputs)}
    calls |= {name: layer_call(experts, inputs, name) for name in PEERS}
    tolerance = 1e-4 if dtype == torch.float32 else 2e-2
    expected = calls["eager"]()
    for name in PEERS:
        torch.testing.assert_close(calls[name](), expected, rtol=tolerance, atol=tolerance)
    seconds = {name: [] for name in calls}
    for repeat in range(repeats + 1):
        for name, call in calls.items():
            start = time.process_time()
            call()
            if repeat:
                seconds[name].append(time.process_time() - start)
    shape = f"hidden {hidden}, {NUM_EXPERTS} experts, top {TOP_K}, {NUM_TOKENS} tokens, forward"
    row = {"shape": shape, "dtype": str(dtype)}
    row["sorted_loop_seconds"] = statistics.median(seconds["sorted_loop"])
    for peer, other in (
        ("grouped_mm", "sorted_loop"),
        ("eager", "sorted_loop"),
        ("sorted_loop", "products alone"),
        ("grouped_mm", "products alone"),
    ):
        ratios = [a / b for a, b in zip(seconds[peer], seconds[other], strict=True)]
        low, middle, high = statistics.quantiles(ratios, n=4)
        row[f"{peer} over {other}"] = {"median": middle, "quartiles": [low, high]}
    print(row, flush=True)
    return row


def main():
    torch.set_num_threads(1)
    register_experts()
    result = {
        "command": "python packages/intern-s1-model/benchmarks/experts.py",
        "machine": f"{platform.machine()}, one thread, processor time",
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "rows": [
            compare(512, torch.float32, repeats=10),
            compare(1024, torch.float32, repeats=5),
            compare(512, torch.bfloat16, repeats=3),
        ],
    }
    RESULT.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
