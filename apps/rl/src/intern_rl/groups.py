"""Groups kept for reading: some questions of a step with all answers, rewards and token weights.

`groups/STEP.json` in the run folder holds a few groups of every n-th step, mixed ones first, for
those are the ones that are trained on. A token's weight is the rollout's advantage times what the
token reward model gives the token (1 without one), as after the step; a rollout that was not chosen
weighs nothing.
"""

from collections.abc import Iterable, Sequence
from itertools import zip_longest
from typing import Any

import torch

from intern_runs import RunFolder
from oreal_rl import Event, OrealTrainer
from oreal_rl.collect import Collected, make_items
from oreal_rl.scoring import make_batch
from oreal_rl.types import RolloutGroup, TrainItem

FOLDER = "groups"
MAX_SHOWN_TOKENS = 400
PASS_RATE_BINS = 10


def pass_rate_histogram(groups: Iterable[RolloutGroup], threshold: float) -> list[int]:
    """Groups per pass rate: none right, eight bins between, all right.

    Args:
        groups: Of one step.
        threshold: Reward from which an answer is right.

    Returns:
        `PASS_RATE_BINS` counts.
    """
    counts = [0] * PASS_RATE_BINS
    for group in groups:
        rewards = [reward for reward in group.rewards if reward is not None]
        if rewards:
            right = sum(reward >= threshold for reward in rewards)
            if right in (0, len(rewards)):
                counts[-1 if right else 0] += 1
            else:
                inner = PASS_RATE_BINS - 2
                counts[1 + min(int(inner * right / len(rewards)), inner - 1)] += 1
    return counts


def shown_groups(trainer: OrealTrainer, event: Event, count: int) -> list[dict[str, Any]]:
    """Some groups of this process in a step, ready to be written; those trained on come first.

    All processes must call it: a sharded token reward model runs on all of them at once.

    Args:
        trainer: Knows weights and the tokenizer.
        event: Of the step that has just ended.
        count: Most groups to show.
    """
    items = make_items(
        Collected(groups=event.groups, kept=event.kept, counts=trainer.totals),
        trainer.algorithm,
        trainer.config,
        step=event.step,
    )
    kept = list(event.kept)[:count]
    others = [index for index in range(len(event.groups)) if index not in set(event.kept)]
    shown = kept + others[: max(1, count - len(kept))]
    own = [_items_of(items, event.kept, index) for index in shown]
    weights = _weights(trainer, own)
    return [
        _group(trainer, event.groups[index], zip(mine, rows, strict=True))
        for index, mine, rows in zip(shown, own, weights, strict=True)
    ]


def record_groups(
    run: RunFolder, step: int, shown: Sequence[list[dict[str, Any]]], count: int
) -> None:
    """Write some groups of a step; a repeated step writes the same file again.

    Args:
        run: The run folder.
        step: Counted from 1.
        shown: `shown_groups` of every rank.
        count: Most groups to keep, taken from the ranks in turn.
    """
    value = shown[0]
    if len(shown) > 1:
        found = [group for turn in zip_longest(*shown) for group in turn if group is not None]
        trained = [group for group in found if group["trained"]][:count]
        others = [group for group in found if not group["trained"]]
        value = trained + others[: max(1, count - len(trained))]
    (run.path / FOLDER).mkdir(exist_ok=True)
    run.write_json(f"{FOLDER}/{step:06d}.json", value)


def read_groups(run: RunFolder) -> dict[int, list[dict[str, Any]]]:
    """The kept groups by step, counted from 1."""
    return {
        int(path.stem): run.read_json(f"{FOLDER}/{path.name}")
        for path in sorted((run.path / FOLDER).glob("*.json"))
    }


def _items_of(items: list[TrainItem], kept: tuple[int, ...], index: int) -> list[TrainItem]:
    if index not in kept:
        return []
    return [item for item in items if item.group == kept.index(index)]


def _group(
    trainer: OrealTrainer, group: RolloutGroup, weighed: Iterable[tuple[TrainItem, list[float]]]
) -> dict[str, Any]:
    weights = {id(item.rollout): row for item, row in weighed}
    rows = []
    for rollout, verdict in zip(group.rollouts, group.verdicts, strict=True):
        ids = rollout.response_ids[:MAX_SHOWN_TOKENS]
        rows.append(
            {
                "text": rollout.text,
                "finish_reason": rollout.finish_reason,
                "reward": verdict.reward,
                "detail": verdict.detail,
                "tokens": [trainer.tokenizer.decode([i], skip_special_tokens=False) for i in ids],
                "num_tokens": rollout.num_tokens,
                "logprobs": [round(value, 3) for value in rollout.logprobs[:MAX_SHOWN_TOKENS]],
                "weights": weights.get(id(rollout), [0.0] * len(ids))[:MAX_SHOWN_TOKENS],
                "audit": [
                    {"source": r.source, "status": r.status, "raw": r.raw, "value": r.value}
                    | ({"detail": r.detail} if r.detail else {})
                    for r in verdict.audit
                ],
            }
        )
    return {
        "task": group.prompt.task,
        "prompt": group.prompt.text,
        "oracle": group.prompt.case.oracle(),
        "trained": bool(weights),
        "rollouts": rows,
    }


@torch.no_grad()
def _weights(trainer: OrealTrainer, groups: list[list[TrainItem]]) -> list[list[list[float]]]:
    """Weights per group, rollout and token."""
    if trainer.token_trainer is None:
        return [
            [[round(item.advantage, 4)] * item.rollout.num_tokens for item in items]
            for items in groups
        ]
    # As many forward passes on every rank: one whose groups are fewer runs empty ones.
    missing = trainer.ranks.max(len(groups)) - len(groups)
    return [_token_weights(trainer, items) for items in [*groups, *[[]] * missing]][: len(groups)]


def _token_weights(trainer: OrealTrainer, items: list[TrainItem]) -> list[list[float]]:
    """Weights per rollout and token; a forward pass also where there are no rollouts."""
    batch = make_batch(
        items or [trainer.updater.filler()],
        pad_token_id=trainer.updater.pad_token_id,
        device=trainer.updater.device,
    )
    rows = (trainer.token_trainer.weights(batch) * batch.advantages[:, None]).tolist()
    return [
        [round(value, 4) for value in row[: item.rollout.num_tokens]]
        for item, row in zip(items, rows[: len(items)], strict=True)
    ]
