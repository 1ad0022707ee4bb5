"""Two gloo ranks: FSDP2 over the experts' weights, and experts sharded over ranks.

Run by `test_distributed` as one program per rank: RANK, WORLD_SIZE and a rendezvous file are given.
"""

import os
import sys

import torch
import torch.distributed as dist
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard

import fp8_grouped_gemm as fgg
from fp8_grouped_gemm.testing import bits_equal, relative_error

EXPERTS, HIDDEN, TOKENS = 4, 32, 24


def build() -> fgg.GroupedLinear:
    torch.manual_seed(0)
    return fgg.GroupedLinear(EXPERTS, HIDDEN, 48, dtype=torch.float32)


class Model(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.experts = build()

    def forward(self, x: torch.Tensor, sizes: torch.Tensor) -> torch.Tensor:
        return self.experts(x, sizes)


def batch(rank: int) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(10 + rank)
    sizes = torch.tensor([[7, 0, 12, 5], [1, 20, 0, 3]][rank])
    return torch.randn(TOKENS, HIDDEN, generator=generator), sizes


def fsdp(rank: int) -> None:
    """Three steps sharded equal three steps whole: no stale FP8 weight survives an all-gather."""
    mesh = init_device_mesh("cpu", (2,))
    sharded, whole = Model(), Model()
    fully_shard(sharded, mesh=mesh)  # the root manages its child's parameter
    optimizers = [torch.optim.SGD(m.parameters(), lr=0.1) for m in (sharded, whole)]
    for _ in range(3):
        x, sizes = batch(rank)
        out = sharded(x, sizes)
        out.square().sum().backward()
        loss = sum(whole(*batch(other)).square().sum() / 2 for other in range(2))
        expected = whole(x, sizes).detach()
        assert bits_equal(out.detach(), expected)
        loss.backward()
        for optimizer in optimizers:
            optimizer.step()
            optimizer.zero_grad()
    (weight,) = sharded.parameters()
    assert relative_error(weight.full_tensor().detach(), whole.experts.weight.detach()) < 1e-9


def experts(rank: int) -> None:
    """Each rank holds two experts; rows travel by all-to-all and come back in their order."""
    whole = build()
    local = fgg.GroupedLinear(EXPERTS // 2, HIDDEN, 48, dtype=torch.float32)
    mine = slice(rank * 2, rank * 2 + 2)
    with torch.no_grad():
        local.weight.copy_(whole.weight[mine])
    x, sizes = batch(rank)
    expected = whole(x, sizes)
    send = sizes.view(2, 2)
    received = torch.empty_like(send)
    dist.all_to_all_single(received, send)
    rows_out, rows_in = send.sum(1).tolist(), received.sum(1).tolist()
    arrived = torch.empty(sum(rows_in), HIDDEN)
    dist.all_to_all_single(arrived, x, rows_in, rows_out)
    # Rows arrive by (rank, expert); a stable sort by expert makes groups, fused as a gather.
    owners = torch.repeat_interleave(torch.tensor([0, 1, 0, 1]), received.view(-1))
    order = torch.argsort(owners, stable=True)
    result = local(arrived, received.sum(0), gather=order, scatter=order)
    back = torch.empty(TOKENS, 48)
    dist.all_to_all_single(back, result.detach().contiguous(), rows_out, rows_in)
    assert relative_error(back, expected.detach()) < 1e-12


def main() -> None:
    rank = int(os.environ["RANK"])
    dist.init_process_group("gloo", init_method=f"file://{sys.argv[2]}", rank=rank, world_size=2)
    {"fsdp": fsdp, "experts": experts}[sys.argv[1]](rank)
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
