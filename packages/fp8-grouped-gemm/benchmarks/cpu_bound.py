"""How far the CPU path's kept weights could go: the bare products beside the naive way.

    uv run python packages/fp8-grouped-gemm/benchmarks/cpu_bound.py

One thread, process time, least of six alternating rounds. "bare" multiplies decoded operands group
by group; "packed" does so with weights that oneDNN or MKL brought into their own order beforehand;
"one product" multiplies all rows by one weight, which is as fast as this processor multiplies.
"""

import torch

from fp8_grouped_gemm import cpu
from fp8_grouped_gemm.bench_cpu import best_of, naive, operands


def main() -> None:
    torch.set_num_threads(1)
    a, b, sizes = operands()
    left = cpu.decode_scaled(a.data, a.scale, torch.float32).split(sizes.tolist())
    right = cpu.decode_scaled(b.data, b.scale, torch.float32)
    used = [group for group, rows in enumerate(left) if len(rows)]
    mkl, onednn = torch.ops.mkl, torch.ops.mkldnn
    for_mkl = {g: mkl._mkl_reorder_linear_weight(right[g], len(left[g])) for g in used}
    for_onednn = {g: onednn._reorder_linear_weight(right[g], len(left[g])) for g in used}
    whole = torch.cat(left)
    times = best_of(
        {
            "naive in float32": lambda: naive(a, b, sizes.tolist(), torch.float32),
            "bare": lambda: [left[g] @ right[g].T for g in used],
            "packed by MKL": lambda: [
                mkl._mkl_linear(left[g], for_mkl[g], right[g], None, len(left[g])) for g in used
            ],
            "packed by oneDNN": lambda: [
                onednn._linear_pointwise(left[g], for_onednn[g], None, "none", [], "") for g in used
            ],
            "one product": lambda: whole @ right[0].T,
        },
        rounds=6,
    )
    for name, seconds in times.items():
        print(f"{name:18} {seconds * 1e3:6.0f} ms  {times['naive in float32'] / seconds:4.1f} x")


if __name__ == "__main__":
    main()
