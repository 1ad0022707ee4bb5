"""Two gloo ranks: FSDP2 over the experts' weights, and experts sharded over ranks.

Run by `test_distributed` as one program per rank: RANK, WORLD_SIZE and a rendezvous file are given.
"""

import os
import sys

import torch
import torch.distributed as dist
from torch.distributed._functional_collectives import all_to_all_single_autograd
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import MixedPrecisionPolicy, fully_shard
from torch.distributed.tensor import DTensor, Shard, distribute_tensor

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


def mixed(rank: int) -> None:
    """bfloat16 parameters gathered from float32 shards: the FP8 of the gathered weight is used."""
    mesh = init_device_mesh("cpu", (2,))
    sharded, whole = Model(), Model().to(torch.bfloat16)
    policy = MixedPrecisionPolicy(param_dtype=torch.bfloat16, reduce_dtype=torch.float32)
    fully_shard(sharded, mesh=mesh, mp_policy=policy)
    x, sizes = batch(rank)
    out = sharded(x, sizes)
    assert out.dtype == torch.bfloat16
    assert bits_equal(out.detach(), whole(x.to(torch.bfloat16), sizes).detach())
    out.float().square().sum().backward()
    (weight,) = sharded.parameters()
    assert weight.grad.dtype == torch.float32
    loss = sum(
        whole(x.to(torch.bfloat16), sizes).float().square().sum() / 2
        for x, sizes in map(batch, range(2))
    )
    loss.backward()
    # Gradients of single ranks are rounded to bfloat16 before their mean is taken.
    expected = whole.experts.weight.grad.float()
    assert relative_error(weight.grad.full_tensor(), expected) < 1e-4


class ExpertParallel(torch.nn.Module):
    """The experts of this rank; rows travel by all-to-all and come back in their order.

    The weight is a DTensor sharded by expert, as expert-parallel trainers hold it.
    """

    def __init__(self, whole: fgg.GroupedLinear, mesh) -> None:
        super().__init__()
        self.group = mesh.get_group()
        self.linear = fgg.GroupedLinear(EXPERTS // 2, HIDDEN, 48, dtype=torch.float32)
        weight = distribute_tensor(whole.weight.detach().clone(), mesh, [Shard(0)])
        self.linear.weight = torch.nn.Parameter(weight)

    def forward(self, x: torch.Tensor, sizes: torch.Tensor) -> torch.Tensor:
        send = sizes.view(2, 2)
        received = torch.empty_like(send)
        dist.all_to_all_single(received, send, group=self.group)
        rows_out, rows_in = send.sum(1).tolist(), received.sum(1).tolist()
        arrived = all_to_all_single_autograd(x, rows_in, rows_out, self.group)
        # Rows arrive by (rank, expert); a stable sort by expert makes groups, fused as a gather.
        owners = torch.repeat_interleave(torch.tensor([0, 1, 0, 1]), received.view(-1))
        order = torch.argsort(owners, stable=True)
        result = self.linear(
            arrived, received.sum(0), gather=order, gathers_per_row=1, scatter=order
        )
        return all_to_all_single_autograd(result, rows_out, rows_in, self.group)


def experts(rank: int) -> None:
    """Two training steps with experts sharded over an EP mesh equal two steps of whole experts."""
    mesh = init_device_mesh("cpu", (1, 2), mesh_dim_names=("dp", "ep"))
    whole = build()
    sharded = ExpertParallel(whole, mesh["ep"])
    fully_shard(sharded, mesh=mesh["dp"])
    optimizers = [torch.optim.SGD(m.parameters(), lr=0.1) for m in (sharded, whole)]
    for _ in range(2):
        x, sizes = batch(rank)
        x.requires_grad_()
        out = sharded(x, sizes)
        out.square().sum().backward()
        ours = x.grad.clone()
        x.grad = None
        expected = whole(x, sizes)
        assert relative_error(out.detach(), expected.detach()) < 1e-12
        expected.square().sum().backward()
        assert relative_error(ours, x.grad) < 1e-9
        whole.zero_grad()
        # One call over both ranks' rows: the groups whose gradient the sharded experts see.
        rows = [batch(other) for other in range(2)]
        parts = [x.split(sizes.tolist()) for x, sizes in rows]
        both = torch.cat([part[e] for e in range(EXPERTS) for part in parts])
        whole(both, sum(sizes for _, sizes in rows)).square().sum().backward()
        mine = slice(rank * 2, rank * 2 + 2)
        gradient = sharded.linear.weight.grad
        assert relative_error(_local(gradient), whole.weight.grad[mine]) < 1e-9
        for optimizer in optimizers:
            optimizer.step()
            optimizer.zero_grad()
    assert (
        relative_error(_local(sharded.linear.weight).detach(), whole.weight[mine].detach()) < 1e-9
    )


def _local(x: torch.Tensor) -> torch.Tensor:
    return x.to_local() if isinstance(x, DTensor) else x


def main() -> None:
    rank = int(os.environ["RANK"])
    dist.init_process_group("gloo", init_method=f"file://{sys.argv[2]}", rank=rank, world_size=2)
    {"fsdp": fsdp, "mixed": mixed, "experts": experts}[sys.argv[1]](rank)
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
