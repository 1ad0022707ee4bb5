"""What the GPU benchmark should reach: ratios of one run, and the limits they are held against."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

HOPPER_FP8_FLOPS = 1979e12
"""Dense FP8 peak per second of the SXM boards, NVIDIA's H100 and H200 datasheets."""

RAGGED = ("gluon ragged", "triton ragged", "gluon masked", "triton masked")


class Target(NamedTuple):
    """A ratio's limit and the shapes it is meant for."""

    ratio: str
    at_least: float
    where: str
    applies: Callable[[dict[str, Any]], bool]


def _everywhere(shape: dict[str, Any]) -> bool:
    return bool(shape)


def _between(low: float, high: float) -> Callable[[dict[str, Any]], bool]:
    return lambda shape: low <= shape["rows"] / shape["groups"] <= high


TARGETS = (
    Target("aligned over DeepGEMM", 0.95, "everywhere", _everywhere),
    Target("aligned over torch row-wise", 1.0, "everywhere", _everywhere),
    Target("aligned over torch bf16", 1.5, "everywhere", _everywhere),
    Target("ragged over own aligned", 0.97, "everywhere", _everywhere),
    Target("ragged over pad then product", 1.15, "256 to 1024 rows a group", _between(256, 1024)),
    Target("ragged over pad in the quantiser", 1.0, "everywhere", _everywhere),
    Target("of FP8 peak", 0.65, "32k rows or more", lambda shape: shape["rows"] >= 32768),
    Target("of copy bandwidth", 0.8, "up to 128 rows a group", _between(0, 128)),
)


def ratios(record: dict[str, Any], device: str, copy_bandwidth: float) -> dict[str, float]:
    """Return one shape's ratios; above 1 means the own kernel is faster.

    Args:
        record: Result of `bench_cuda.run_shape`.
        device: Name of the GPU; the peak is known for H100 and H200.
        copy_bandwidth: Bytes per second, read and written, of a large copy.
    """
    seconds = record["seconds"]

    def best(*names: str) -> float | None:
        return min((seconds[name] for name in names if name in seconds), default=None)

    ragged = best(*RAGGED)
    aligned = best("gluon aligned groups", "triton aligned groups")
    padded = best("gluon on padded rows", "triton on padded rows")
    found: dict[str, float | None] = {}
    if aligned:
        for name, peer in (
            ("aligned over DeepGEMM", "deep_gemm aligned groups"),
            ("aligned over torch row-wise", "torch row-wise scaled_grouped_mm aligned groups"),
            ("aligned over torch bf16", "torch bf16 grouped_mm aligned groups"),
        ):
            found[name] = seconds[peer] / aligned if peer in seconds else None
        found["ragged over own aligned"] = aligned / ragged if ragged else None
    if ragged:
        for name, peer in (
            ("ragged over torch row-wise", "torch row-wise scaled_grouped_mm"),
            ("ragged over torch bf16", "torch bf16 grouped_mm"),
            ("ragged over the pool", "triton pool"),
        ):
            found[name] = seconds[peer] / ragged if peer in seconds else None
        if padded and "pad kernel" in seconds:
            found["ragged over pad then product"] = (seconds["pad kernel"] + padded) / ragged
        if padded and {"quantiser", "quantiser that pads"} <= seconds.keys():
            with_pad = seconds["quantiser that pads"] + padded
            found["ragged over pad in the quantiser"] = with_pad / (seconds["quantiser"] + ragged)
        shape = record["shape"]
        rows, groups, n, k = (shape[name] for name in ("rows", "groups", "n", "k"))
        if any(name in device for name in ("H100", "H200")):
            found["of FP8 peak"] = 2 * rows * n * k / ragged / HOPPER_FP8_FLOPS
        moved = rows * k + groups * n * k + 2 * rows * n
        found["of copy bandwidth"] = moved / ragged / copy_bandwidth
    for kind in ("input", "weight"):
        own, peer = (f"{kind} gradient {name}" for name in ("triton", "torch bf16 grouped_mm"))
        if own in seconds and peer in seconds:
            found[f"{kind} gradient over torch bf16"] = seconds[peer] / seconds[own]
    step = best("training step gluon", "training step triton")
    if step and "training step torch bf16 grouped_mm" in seconds:
        whole = seconds["training step torch bf16 grouped_mm"]
        found["training step over torch bf16"] = whole / step
    return {name: value for name, value in found.items() if value is not None}


def judge(shapes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return each target with its least ratio over the shapes it is meant for; None if not run."""
    judged = []
    for target in TARGETS:
        values = [
            record["ratios"][target.ratio]
            for record in shapes
            if target.ratio in record["ratios"] and target.applies(record["shape"])
        ]
        least = min(values, default=None)
        judged.append(
            {
                "ratio": target.ratio,
                "where": target.where,
                "at least": target.at_least,
                "least": least,
                "shapes": len(values),
                "reached": None if least is None else least >= target.at_least,
            }
        )
    return judged
