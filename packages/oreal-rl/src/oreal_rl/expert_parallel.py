"""Expert parallelism: each process holds a share of the experts of every layer.

Experts are kept as tensors with the expert as first dimension (transformers' `...Experts` modules:
`forward(hidden, top_k_index, top_k_weights)`). `parallelize_experts` replaces those tensors by this
process' share, as DTensors sharded along that dimension: gradient clipping, checkpoints (DCP) and
gathering treat them like any other sharded parameter, and FSDP2 (`distributed.shard`) leaves them
alone. Forward sends each token to the processes of its experts and back:

    tokens --sort by expert--> all-to-all --> own experts --> all-to-all --> weighted sum

The group is that of the data-parallel processes: as many rows enter on each as without it, and the
gradient of an expert is the mean over processes that FSDP2 gives all other parameters.

Shape legend: N tokens of this process, K experts per token, E experts, W processes, R tokens that
arrive here, D hidden.
"""

import copy
from typing import Any

import torch
import torch.distributed as dist
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.distributed.device_mesh import DeviceMesh
from torch.distributed.tensor import DTensor, Shard

from oreal_rl.errors import ConfigError


def find_experts(model: nn.Module) -> list[nn.Module]:
    """Modules that hold the experts of a layer: named `...Experts`, first layer first."""
    return [
        module
        for module in model.modules()
        if type(module).__name__.endswith("Experts") and hasattr(module, "num_experts")
    ]


def parallelize_experts(model: nn.Module, mesh: DeviceMesh) -> list[nn.Parameter]:
    """Spread the experts of every layer over the processes of a mesh, in place.

    Args:
        model: Same weights on every process; call it before `distributed.shard`.
        mesh: One-dimensional mesh of the data-parallel processes.

    Returns:
        The experts' parameters, for FSDP2 to ignore.

    Raises:
        ConfigError: Without experts, or where they cannot be divided evenly.
    """
    layers = find_experts(model)
    world = mesh.size()
    if mesh.ndim != 1:
        raise ConfigError(f"the mesh has {mesh.ndim} dimensions; expected 1: the data-parallel one")
    if not layers:
        raise ConfigError(
            f"{type(model).__name__} has no experts; expected modules named ...Experts with "
            "num_experts; leave expert parallelism off for a dense policy"
        )
    parameters = []
    for experts in layers:
        if _count(experts) % world:
            raise ConfigError(
                f"{_count(experts)} experts over {world} processes; expected a multiple, so "
                "that each has its share"
            )
        parameters += _take_share(experts, mesh)
    return parameters


def _count(experts: nn.Module) -> int:
    """Number of experts that a module holds."""
    return int(experts.num_experts)


def _take_share(experts: nn.Module, mesh: DeviceMesh) -> list[nn.Parameter]:
    total, world, rank = _count(experts), mesh.size(), mesh.get_local_rank()
    own = total // world
    parameters = []
    for name, parameter in list(experts.named_parameters(recurse=False)):
        if parameter.shape[0] != total:
            raise ConfigError(
                f"{type(experts).__name__}.{name} has shape {tuple(parameter.shape)}; expected "
                f"{total} experts along the first dimension"
            )
        local = parameter.detach()[rank * own : (rank + 1) * own].clone()
        local.requires_grad_(parameter.requires_grad)
        shared = nn.Parameter(
            DTensor.from_local(local, mesh, [Shard(0)], run_check=False),
            requires_grad=parameter.requires_grad,
        )
        setattr(experts, name, shared)
        parameters.append(shared)
    experts.num_experts = own
    experts.forward = _Exchange(experts, mesh)
    return parameters


class _Exchange:
    """The forward of a layer's experts across processes.

    Args:
        experts: The layer's experts, which hold this process' share.
        mesh: The processes.
    """

    def __init__(self, experts: nn.Module, mesh: DeviceMesh) -> None:
        self.experts, self.mesh = experts, mesh
        # The class' own forward reads its tensors from `self`: give it a bare twin whose tensors
        # are the plain local ones of the moment.
        self.twin = copy.copy(experts)
        self.twin.__dict__["_parameters"] = {}

    def __call__(
        self,
        hidden_states: Float[Tensor, "N D"],
        top_k_index: Int[Tensor, "N K"],
        top_k_weights: Float[Tensor, "N K"],
    ) -> Float[Tensor, "N D"]:
        count, top_k = top_k_index.shape
        group, own = self.mesh.get_group(), _count(self.experts)
        flat = top_k_index.flatten()
        order = flat.argsort(stable=True)
        to_each = torch.bincount(flat // own, minlength=self.mesh.size())
        from_each = torch.empty_like(to_each)
        dist.all_to_all_single(from_each, to_each, group=group)
        sent, received = to_each.tolist(), from_each.tolist()
        ids = flat.new_empty(sum(received))
        dist.all_to_all_single(ids, flat[order] % own, received, sent, group=group)
        arrived = _AllToAll.apply(hidden_states[order // top_k], received, sent, group)
        back = _AllToAll.apply(self._run_own(arrived, ids), sent, received, group)
        # The inverse permutation puts each (token, choice) where it came from.
        choices = back[order.argsort()].view(count, top_k, -1)
        return (choices * top_k_weights[..., None]).sum(dim=1).to(hidden_states.dtype)

    def _run_own(self, hidden: Float[Tensor, "R D"], ids: Int[Tensor, "R"]) -> Float[Tensor, "R D"]:
        """This process' experts on the tokens that arrived, each with weight 1."""
        touched = hidden.new_zeros(())
        for name, parameter in self.experts.named_parameters(recurse=False):
            share = _MeanGradient.apply(parameter.to_local(), self.mesh.size())
            self.twin.__dict__[name] = share.to(hidden.dtype)
            touched = touched + share.sum() * 0.0
        if len(ids) == 0:  # no token came here: the parameters still get a gradient, of zero
            return hidden + touched
        ones = hidden.new_ones((len(ids), 1))
        return type(self.experts).forward(self.twin, hidden, ids[:, None], ones)


class _MeanGradient(torch.autograd.Function):
    """Identity; divides the gradient by the number of processes, as FSDP2 does for the rest."""

    @staticmethod
    def forward(ctx: Any, share: Tensor, world: int) -> Tensor:
        ctx.world = world
        return share.view_as(share)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:  # pyright: ignore[reportIncompatibleMethodOverride]
        return gradient / ctx.world, None


class _AllToAll(torch.autograd.Function):
    """Rows to and from every process; the gradient takes the way back."""

    @staticmethod
    def forward(ctx: Any, rows: Tensor, received: list, sent: list, group: Any) -> Tensor:
        ctx.splits, ctx.group = (received, sent), group
        arrived = rows.new_empty((sum(received), rows.shape[1]))
        dist.all_to_all_single(arrived, rows.contiguous(), received, sent, group=group)
        return arrived

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple:  # pyright: ignore[reportIncompatibleMethodOverride]
        received, sent = ctx.splits
        rows = gradient.new_empty((sum(sent), gradient.shape[1]))
        dist.all_to_all_single(rows, gradient.contiguous(), sent, received, group=ctx.group)
        return rows, None, None, None
