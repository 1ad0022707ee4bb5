"""Sharding a model that is already in memory with transformers' FSDP2, TP and EP plans.

`from_pretrained(distributed_config=...)` shards while loading; this does the same to a model at
hand, and works around one fault: on backends other than NCCL, torch divides the gradient of a
module sharded over one rank twice, so that expert gradients come out too small by the number of
data ranks when every expert lives on exactly one rank.
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
