"""The distiller under DDP and FSDP2, two processes on a CPU."""

import subprocess
import sys

import pytest

SCRIPT = """
import sys
import torch
from torch import distributed, nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard
from torch.nn.parallel import DistributedDataParallel
from pcc_distill import Distiller, FeatureMatch, PCCLoss

class Model(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.neck = nn.Sequential(nn.Conv2d(3, width, 3), nn.ReLU(), nn.Conv2d(width, 6, 3))
        self.head = nn.Conv2d(6, 2, 1)
    def forward(self, x):
        return self.head(self.neck(x)).mean()

def make():
    torch.manual_seed(0)
    return Model(4), Model(8)

def images(rank):
    return torch.randn(2, 3, 12, 14, generator=torch.Generator().manual_seed(rank))

def gradients(model, student, distiller, rank):
    with distiller.watch():
        loss = model(images(rank)) + sum(distiller(images(rank)).values())
    loss.backward()
    grads = []
    for p in student.parameters():
        grad = p.grad.full_tensor() if hasattr(p.grad, "full_tensor") else p.grad
        grads.append(grad.clone())
    return grads

def match():
    return [FeatureMatch(loss=PCCLoss(2.0), student="neck")]

distributed.init_process_group("gloo")
rank = distributed.get_rank()
expected = None
for other in range(2):
    student, teacher = make()
    found = gradients(student, student, Distiller(student, teacher, match()), other)
    expected = found if expected is None else [(a + b) / 2 for a, b in zip(expected, found)]

student, teacher = make()
if sys.argv[1] == "ddp":
    wrapped = DistributedDataParallel(student)
    distiller = Distiller(wrapped, teacher, match())
    assert not any("teacher" in name for name in wrapped.state_dict())
else:
    fully_shard(student.neck, mesh=init_device_mesh("cpu", (2,)))
    wrapped = fully_shard(student, mesh=init_device_mesh("cpu", (2,)))
    distiller = Distiller(student, teacher, match())
for mine, theirs in zip(gradients(wrapped, student, distiller, rank), expected):
    # One average of two float32 gradients, in another order.
    torch.testing.assert_close(mine, theirs, rtol=1e-5, atol=1e-7)
assert all(p.grad is None for p in teacher.parameters())
distributed.destroy_process_group()
print("same gradients", rank)
"""


@pytest.mark.parametrize("kind", ["ddp", "fsdp2"])
def test_gradients_are_the_mean_over_processes_and_the_teacher_stays_outside(tmp_path, kind):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    command += ["--nproc-per-node", "2", str(script), kind]
    done = subprocess.run(command, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.count("same gradients") == 2
