"""Router replay: train a mixture-of-experts policy through the experts that the sampler used.

Two engines with the same weights may pick different experts for the same token, and then disagree
about its probability by far more than rounding. Where the rollouts carry `routed_experts`, the
training forward picks those; the weights given to them are still those of the trained router, so
its gradient flows.

Works on transformers' routers: modules whose class name ends in `TopKRouter` and whose output is
(logits, scores, indices), rows in batch order. Shape legend: N rows x positions of a forward pass,
L routers, K experts per token.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from jaxtyping import Int
from torch import Tensor, nn

from oreal_rl.errors import ConfigError

FREE = -1  # marks positions whose experts the router picks itself


def find_routers(model: nn.Module) -> list[nn.Module]:
    """Routers of a model, first layer first."""
    return [m for m in model.modules() if type(m).__name__.endswith("TopKRouter")]


@contextmanager
def replaying(model: nn.Module, routes: Int[Tensor, "N L K"] | None) -> Iterator[None]:
    """Make the routers pick given experts inside the block.

    Args:
        model: The policy.
        routes: Expert ids of each position and router; rows with `FREE` are left to the router.
            None changes nothing.

    Yields:
        Nothing.

    Raises:
        ConfigError: Where the model's routers do not match the routes.
    """
    if routes is None:
        yield
        return
    routers = find_routers(model)
    if len(routers) != routes.shape[1]:
        raise ConfigError(
            f"the rollouts carry routes of {routes.shape[1]} routers; the policy has "
            f"{len(routers)}; sample without routed_experts, or from the same architecture"
        )

    def make_hook(layer: int) -> Any:
        def hook(router: Any, inputs: Any, output: Any) -> tuple[Tensor, Tensor, Tensor]:
            logits, scores, indices = output
            wanted = routes[:, layer].to(indices.device)
            free = (wanted < 0).any(dim=-1, keepdim=True)
            chosen = torch.where(free, indices, wanted.clamp(min=0).to(indices.dtype))
            weights = torch.softmax(logits.float(), dim=-1).gather(-1, chosen.long())
            if getattr(router, "norm_topk_prob", True):
                weights = weights / weights.sum(dim=-1, keepdim=True)
            return logits, torch.where(free, scores, weights.to(scores.dtype)), chosen

        return hook

    handles = [
        router.register_forward_hook(make_hook(layer)) for layer, router in enumerate(routers)
    ]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


@contextmanager
def recording(model: nn.Module | None) -> Iterator[list[list[Tensor]]]:
    """Collect the experts that the routers pick inside the block.

    Args:
        model: The policy; None records nothing.

    Yields:
        One list per router, which grows by an int tensor [N, K] with every forward pass.
    """
    picked: list[list[Tensor]] = []
    handles = []
    for router in find_routers(model) if model is not None else ():
        calls: list[Tensor] = []
        picked.append(calls)
        handles.append(
            router.register_forward_hook(
                lambda module, inputs, output, calls=calls: calls.append(output[2].detach().clone())
            )
        )
    try:
        yield picked
    finally:
        for handle in handles:
            handle.remove()
