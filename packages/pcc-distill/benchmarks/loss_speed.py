"""Time and memory of the fused PCC loss against the textbook form, forward and backward, on a CPU.

    OMP_NUM_THREADS=1 uv run --no-sync python packages/pcc-distill/benchmarks/loss_speed.py

The textbook form is the published one: channels to the front, normalise, mean squared difference,
gradient by autograd. Both run in turn in one process; the ratio of medians is what to read.
"""

import json
import statistics
import sys
import time

import torch
from torch import Tensor

from pcc_distill import pcc_loss

# The four finest pyramid levels of a batch of two 800 x 1216 images.
SHAPES = [(2, 256, 100, 152), (2, 256, 50, 76), (2, 256, 25, 38), (2, 256, 13, 19)]
ROUNDS = 7


def textbook(student: Tensor, teacher: Tensor) -> Tensor:
    def normalized(x: Tensor) -> Tensor:
        rows = x.transpose(0, 1).reshape(x.shape[1], -1)
        return (rows - rows.mean(1, keepdim=True)) / (rows.std(1, keepdim=True) + 1e-6)

    return ((normalized(student) - normalized(teacher)) ** 2).mean() / 2


def kept_bytes(loss, student: Tensor, teacher: Tensor) -> int:
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


def main() -> dict:
    draws = torch.Generator().manual_seed(0)
    rows = []
    for shape in SHAPES:
        teacher = torch.randn(*shape, generator=draws)
        student = (teacher + torch.randn(*shape, generator=draws)).requires_grad_()
        times: dict[str, list[float]] = {"textbook": [], "fused": []}
        values = {}
        for _ in range(ROUNDS):
            for name, loss in (("textbook", textbook), ("fused", pcc_loss)):
                student.grad = None
                began = time.perf_counter()
                value = loss(student, teacher)
                value.backward()
                times[name].append(time.perf_counter() - began)
                values[name] = (value.item(), student.grad)
        gradient = values["fused"][1] - values["textbook"][1]
        slow, quick = (kept_bytes(loss, student, teacher) for loss in (textbook, pcc_loss))
        rows.append(
            {
                "shape": shape,
                "speedup": statistics.median(times["textbook"]) / statistics.median(times["fused"]),
                "kept_bytes_ratio": quick / slow,
                "value_difference": abs(values["fused"][0] / values["textbook"][0] - 1),
                "gradient_difference": (gradient.norm() / values["textbook"][1].norm()).item(),
            }
        )
    return {"torch": torch.__version__, "threads": torch.get_num_threads(), "rows": rows}


if __name__ == "__main__":
    json.dump(main(), sys.stdout, indent=1)
    print()
