"""Sharding a model that is already in memory with transformers' FSDP2, TP and EP plans.

`from_pretrained(distributed_config=...)` shards while loading; this does the same to a model at
hand, and mends one fault. With EP over all ranks every expert lives on one rank, so its FSDP group
has one member. Transformers asks torch there to divide gradients by the data ranks and, unless the
backend is NCCL, to divide after the sum; torch (2.13, `foreach_reduce`) then divides once while
copying, because nothing is to be summed, and again after the sum it left out. Expert gradients come
out too small by the number of data ranks. `tests/test_parallel.py` holds both sides.
"""

from typing import Any

import torch.distributed as dist
from torch.distributed.fsdp import FSDPModule
from transformers.distributed.configuration_utils import DistributedConfig
from transformers.distributed.utils import initialize_distributed_mesh

from .modeling_intern_s1 import InternS1PreTrainedModel


def distribute(
    model: InternS1PreTrainedModel, settings: DistributedConfig
) -> InternS1PreTrainedModel:
    """Shard a model over the ranks of the default process group.

    Args:
        model: The same weights on every rank.
        settings: Sizes of the parallel dimensions; their product is the number of ranks.

    Returns:
        The model, its parameters replaced by shards. With FSDP or EP, each data rank takes its own
        rows, and gradients are averaged over data ranks.

    Raises:
        ValueError: If the sizes do not fit each other or the ranks.
    """
    _, mesh = initialize_distributed_mesh(settings)
    sharded: Any = type(model).maybe_distribute_model(model, settings, mesh)
    one_copy = (settings.ep_size or 1) > 1 and settings.efsdp_size == 1
    if one_copy and dist.get_backend() != "nccl":
        for name, module in sharded.named_modules():
            if name.endswith(".mlp.experts") and isinstance(module, FSDPModule):
                module.set_force_sum_reduction_for_comms(False)
    return sharded
