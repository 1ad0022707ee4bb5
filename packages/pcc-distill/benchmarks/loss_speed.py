"""Time and memory of the fused PCC loss against the textbook form, forward and backward, on a CPU.

    OMP_NUM_THREADS=1 uv run --no-sync python packages/pcc-distill/benchmarks/loss_speed.py

The textbook form is the published one: channels to the front, normalise, mean squared difference,
gradient by autograd. With `--mmrazor FOLDER`, a checkout of MMRazor, its own PKDLoss runs as well
(its one file, with a stand-in for the registry, as MMRazor itself needs mmcv), on the same features
and weight: value and gradient are compared in float32 and float64, also where sizes differ.
All run in turn in one process; the ratio of medians is what to read.
"""

import argparse
import importlib.util
import json
import statistics
import subprocess
import sys
import time
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from pcc_distill import PCCLoss, pcc_loss

# The four finest pyramid levels of a batch of two 800 x 1216 images.
SHAPES = [(2, 256, 100, 152), (2, 256, 50, 76), (2, 256, 25, 38), (2, 256, 13, 19)]
ROUNDS = 7
WEIGHT = 6.0  # of MMRazor's configurations
# Levels (student, teacher) for the comparison of values: equal sizes, and all levels of a teacher
# of other strides. PKDLoss compares heights alone, so both sides differ here.
PAIRS = {
    "equal sizes": [((2, 64, s, s + 3), (2, 64, s, s + 3)) for s in (40, 20, 10, 5)],
    "student half as large": [((2, 64, s, s), (2, 64, 2 * s, 2 * s)) for s in (24, 12, 6)],
}
Loss = Callable[[Tensor, Tensor], Tensor]


def textbook(student: Tensor, teacher: Tensor) -> Tensor:
    def normalized(x: Tensor) -> Tensor:
        rows = x.transpose(0, 1).reshape(x.shape[1], -1)
        return (rows - rows.mean(1, keepdim=True)) / (rows.std(1, keepdim=True) + 1e-6)

    return ((normalized(student) - normalized(teacher)) ** 2).mean() / 2


def load_pkd(checkout: Path) -> tuple[Any, str]:
    """MMRazor's PKDLoss class and the revision it is from."""
    path = checkout / "mmrazor" / "models" / "losses" / "pkd_loss.py"
    registry = types.ModuleType("mmrazor.registry")
    registry.MODELS = types.SimpleNamespace(register_module=lambda: lambda kind: kind)
    sys.modules |= {"mmrazor": types.ModuleType("mmrazor"), "mmrazor.registry": registry}
    spec = importlib.util.spec_from_file_location("pkd_loss", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found = subprocess.run(
        ["git", "-C", str(checkout), "rev-parse", "--short=12", "HEAD"],
        capture_output=True,
        text=True,
        check=False,
    )
    return module.PKDLoss, found.stdout.strip() or "unknown revision"


def kept_bytes(loss: Loss, student: Tensor, teacher: Tensor) -> int:
    """Bytes that autograd keeps between forward and backward, the inputs' own left out."""
    own = {student.untyped_storage().data_ptr(), teacher.untyped_storage().data_ptr()}
    kept: dict[int, int] = {}

    def pack(x: Tensor) -> Tensor:
        storage = x.untyped_storage()
        if storage.data_ptr() not in own:
            kept[storage.data_ptr()] = storage.nbytes()
        return x

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda x: x):
        loss(student, teacher)
    return sum(kept.values())


def time_level(shape: tuple[int, ...], losses: dict[str, Loss]) -> dict[str, Any]:
    """Medians, kept bytes and differences of one level; "fused" is what the others are held to."""
    draws = torch.Generator().manual_seed(0)
    teacher = torch.randn(*shape, generator=draws)
    student = (teacher + torch.randn(*shape, generator=draws)).requires_grad_()
    times: dict[str, list[float]] = {name: [] for name in losses}
    values: dict[str, tuple[float, Tensor]] = {}
    for _ in range(ROUNDS):
        for name, loss in losses.items():
            student.grad = None
            began = time.perf_counter()
            value = loss(student, teacher)
            value.backward()
            times[name].append(time.perf_counter() - began)
            values[name] = (value.item(), student.grad)
    fused_bytes = kept_bytes(losses["fused"], student, teacher)
    row: dict[str, Any] = {"shape": shape}
    for name in losses:
        if name != "fused":
            difference = values["fused"][1] - values[name][1]
            row[name] = {
                "speedup": statistics.median(times[name]) / statistics.median(times["fused"]),
                "kept_bytes_ratio": fused_bytes / kept_bytes(losses[name], student, teacher),
                "value_difference": abs(values["fused"][0] / values[name][0] - 1),
                "gradient_difference": (difference.norm() / values[name][1].norm()).item(),
            }
    return row


def compare_values(pkd: Any) -> list[dict[str, Any]]:
    """Relative difference of value and gradient from MMRazor's on several levels at once."""
    rows = []
    for name, pairs in PAIRS.items():
        for dtype in (torch.float32, torch.float64):
            draws = torch.Generator().manual_seed(1)
            students, teachers = (
                [torch.randn(*pair[side], generator=draws) * 3 + 1 for pair in pairs]
                for side in (0, 1)
            )
            results = []
            for loss in (PCCLoss(WEIGHT), pkd(loss_weight=WEIGHT)):
                ours = [x.to(dtype).requires_grad_() for x in students]
                value = loss(tuple(ours), tuple(x.to(dtype) for x in teachers))
                gradients = torch.autograd.grad(value, ours)
                results.append((value.item(), torch.cat([g.flatten() for g in gradients])))
            (mine, my_gradient), (theirs, their_gradient) = results
            rows.append(
                {
                    "levels": name,
                    "dtype": str(dtype).removeprefix("torch."),
                    "value": mine,
                    "value_difference": abs(mine / theirs - 1),
                    "gradient_difference": (
                        (my_gradient - their_gradient).norm() / their_gradient.norm()
                    ).item(),
                }
            )
    return rows


def main(mmrazor: Path | None = None) -> dict[str, Any]:
    losses: dict[str, Loss] = {"textbook": textbook, "fused": pcc_loss}
    extra: dict[str, Any] = {}
    if mmrazor is not None:
        pkd, revision = load_pkd(mmrazor)
        losses["mmrazor"] = pkd()
        extra = {"mmrazor": revision, "values": compare_values(pkd)}
    rows = [time_level(shape, losses) for shape in SHAPES]
    return {"torch": torch.__version__, "threads": torch.get_num_threads(), **extra, "rows": rows}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mmrazor", type=Path, help="checkout of MMRazor to compare with")
    json.dump(main(parser.parse_args().mmrazor), sys.stdout, indent=1)
    print()
