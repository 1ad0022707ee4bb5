"""Partial rollouts: long responses go on across weight updates, token by token accounted for.

A step need not wait for its longest response. With `partial_slice_tokens` set, every rollout is
drawn in slices; groups whose rollouts have all ended leave for the verifier, the rest stay in
flight and go on in the next step, under the weights of then. Each token carries the version of the
weights that drew it. A rollout whose oldest token would lag more than `max_staleness` versions is
drawn again from its start and counted, so staleness is bounded; tokens within the bound are trained
on, with the importance ratio against the probabilities they were drawn with.

What is in flight belongs to the trainer's state: prompts by their address, rollouts in full.
"""

import json
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import torch

from oreal_rl.errors import StateError
from oreal_rl.protocols import Sampler, SamplingParams, Tokenizer
from oreal_rl.router_replay import FREE
from oreal_rl.seeding import derive_seed
from oreal_rl.types import Prompt, Rollout

Address = tuple[int, int]


@dataclass(frozen=True, kw_only=True)
class Flight:
    """A group that is being drawn.

    Attributes:
        address: Where the prompt came from, see `PromptCursor.at`.
        prompt: The prompt.
        prompt_ids: Its token ids.
        rollouts: What there is of each response; None where it starts anew.
    """

    address: Address
    prompt: Prompt
    prompt_ids: tuple[int, ...]
    rollouts: tuple[Rollout | None, ...]


def join_rollouts(head: Rollout, tail: Rollout, tokenizer: Tokenizer) -> Rollout:
    """Append what was drawn later.

    Args:
        head: First part.
        tail: Drawn on the prompt and `head`.
        tokenizer: Decodes the whole.

    Returns:
        The whole; optional fields are kept where both parts have them. The last token of `head` has
        no route of its own (it was read as prompt), which replay leaves to the router.
    """
    ids = head.response_ids + tail.response_ids
    routes = None
    if head.routed_experts is not None and tail.routed_experts is not None:
        missing = head.num_tokens - head.routed_experts.shape[0]
        gap = head.routed_experts.new_full((missing, *head.routed_experts.shape[1:]), FREE)
        routes = torch.cat([head.routed_experts, gap, tail.routed_experts])
    both = head.support_ids is not None and tail.support_ids is not None
    return Rollout(
        response_ids=ids,
        logprobs=head.logprobs + tail.logprobs,
        finish_reason=tail.finish_reason,
        text=tokenizer.decode(list(ids), skip_special_tokens=True),
        support_logmass=_filled(head) + _filled(tail),
        policy_versions=head.policy_versions + tail.policy_versions,
        support_ids=(head.support_ids or ()) + (tail.support_ids or ()) if both else None,
        routed_experts=routes,
    )


def _filled(rollout: Rollout) -> tuple[float, ...]:
    return rollout.support_logmass or (0.0,) * rollout.num_tokens


@dataclass(kw_only=True)
class PartialPool:
    """The groups in flight.

    Attributes:
        sampler: Draws slices.
        tokenizer: Decodes joined responses.
        group_size: Responses per prompt.
        slice_tokens: Most tokens drawn at a time per rollout.
        max_staleness: Most versions a rollout's oldest token may lag behind.
        flights: Groups with unfinished rollouts.
        landed: Finished groups that no step has taken yet.
    """

    sampler: Sampler
    tokenizer: Tokenizer
    group_size: int
    slice_tokens: int
    max_staleness: int
    flights: list[Flight] = field(default_factory=list)
    landed: deque[Flight] = field(default_factory=deque)

    def __len__(self) -> int:
        """Number of groups in flight or landed."""
        return len(self.flights) + len(self.landed)

    def add(self, address: Address, prompt: Prompt, prompt_ids: tuple[int, ...]) -> None:
        """Put a prompt in flight."""
        nothing = (None,) * self.group_size
        self.flights.append(
            Flight(address=address, prompt=prompt, prompt_ids=prompt_ids, rollouts=nothing)
        )

    def advance(self, params: SamplingParams, *, seed: int, version: int) -> Counter:
        """Draw one slice of every unfinished rollout; finished groups land.

        Args:
            params: How to draw a whole response.
            seed: Key of the draws.
            version: Version of the weights now.

        Returns:
            Counts: `rollouts_continued` across an update, `rollouts_expired` by staleness.
        """
        counts: Counter = Counter()
        waiting = [*self.landed, *self.flights]
        waiting = [self._expire(flight, version, counts) for flight in waiting]
        drawn: dict[tuple[int, int], Rollout] = {}
        for length, places in sorted(self._work(waiting, params, version, counts).items()):
            cut = replace(params, max_new_tokens=length)
            key = derive_seed("slice", seed, length)
            drawn |= self._draw(waiting, places, cut, key)
        self.flights, self.landed = [], deque()  # nothing below can fail
        for number, flight in enumerate(waiting):
            rollouts = tuple(
                drawn.get((number, place), rollout) for place, rollout in enumerate(flight.rollouts)
            )
            flight = replace(flight, rollouts=rollouts)
            done = all(_is_done(rollout, params) for rollout in rollouts)
            (self.landed if done else self.flights).append(flight)
        return counts

    def _expire(self, flight: Flight, version: int, counts: Counter) -> Flight:
        def fresh(rollout: Rollout | None) -> Rollout | None:
            if rollout is None or not rollout.policy_versions:
                return rollout
            if version - min(rollout.policy_versions) <= self.max_staleness:
                return rollout
            counts["rollouts_expired"] += 1
            return None

        return replace(flight, rollouts=tuple(map(fresh, flight.rollouts)))

    def _work(
        self, flights: Sequence[Flight], params: SamplingParams, version: int, counts: Counter
    ) -> dict[int, list[tuple[int, int]]]:
        """Unfinished rollouts as (flight, place), by the number of tokens to draw now."""
        work: dict[int, list[tuple[int, int]]] = {}
        for number, flight in enumerate(flights):
            for place, rollout in enumerate(flight.rollouts):
                if _is_done(rollout, params):
                    continue
                present = rollout.num_tokens if rollout else 0
                if rollout and version != rollout.policy_versions[-1]:
                    counts["rollouts_continued"] += 1
                length = min(self.slice_tokens, params.max_new_tokens - present)
                work.setdefault(length, []).append((number, place))
        return work

    def _draw(
        self,
        flights: Sequence[Flight],
        places: Sequence[tuple[int, int]],
        params: SamplingParams,
        seed: int,
    ) -> dict[tuple[int, int], Rollout]:
        """Draw the next slice at the given places; new groups share their prompt's prefill."""
        by_flight: dict[int, list[int]] = {}
        for number, place in places:
            by_flight.setdefault(number, []).append(place)
        new = [n for n in by_flight if not any(flights[n].rollouts)]
        drawn: dict[tuple[int, int], Rollout] = {}
        firsts = [(number, 0) for number in new]
        groups = self._sample(flights, firsts, self.group_size, params, seed)
        for number, group in zip(new, groups, strict=True):
            drawn |= {(number, place): rollout for place, rollout in enumerate(group)}
        rest = [at for at in places if at not in drawn]
        groups = self._sample(flights, rest, 1, params, derive_seed("rest", seed))
        for (number, place), (tail,) in zip(rest, groups, strict=True):
            head = flights[number].rollouts[place]
            drawn[number, place] = join_rollouts(head, tail, self.tokenizer) if head else tail
        return drawn

    def _sample(
        self,
        flights: Sequence[Flight],
        places: Sequence[tuple[int, int]],
        num_samples: int,
        params: SamplingParams,
        seed: int,
    ) -> list[list[Rollout]]:
        if not places:
            return []
        ids = []
        for number, place in places:
            head = flights[number].rollouts[place]
            ids.append(flights[number].prompt_ids + (head.response_ids if head else ()))
        return self.sampler.sample(
            ids,
            num_samples=num_samples,
            params=params,
            seed=seed,
            prompts=[flights[number].prompt for number, _ in places],
        )

    def take(self, count: int) -> Iterator[Flight]:
        """Hand out up to `count` finished groups, those that landed first."""
        for _ in range(min(count, len(self.landed))):
            yield self.landed.popleft()

    def snapshot(self) -> tuple[list[Flight], deque[Flight]]:
        """What is in flight, for `restore`."""
        return list(self.flights), deque(self.landed)

    def restore(self, snapshot: tuple[list[Flight], deque[Flight]]) -> None:
        """Go back to a snapshot."""
        self.flights, self.landed = list(snapshot[0]), deque(snapshot[1])

    def to_json(self) -> str:
        """Everything in flight as text, exact to the last bit."""
        flights = [_flight_to_plain(flight) for flight in [*self.landed, *self.flights]]
        return json.dumps({"landed": len(self.landed), "flights": flights})

    def load_json(self, text: str, prompt_at: Callable[[Address], Prompt]) -> None:
        """Put back what `to_json` wrote.

        Args:
            text: From `to_json`.
            prompt_at: Finds a prompt by its address.

        Raises:
            StateError: Where the text is something else.
        """
        try:
            data = json.loads(text)
            flights = [_flight_from_plain(plain, prompt_at) for plain in data["flights"]]
            landed = int(data["landed"])
        except (ValueError, KeyError, TypeError) as error:
            raise StateError(
                f"the saved rollouts in flight cannot be read ({type(error).__name__}: {error}); "
                "resume from a checkpoint of this version"
            ) from error
        self.landed, self.flights = deque(flights[:landed]), flights[landed:]


def _is_done(rollout: Rollout | None, params: SamplingParams) -> bool:
    if rollout is None:
        return False
    return rollout.finish_reason != "length" or rollout.num_tokens >= params.max_new_tokens


PLAIN_FIELDS = (
    "response_ids", "logprobs", "finish_reason", "text", "support_logmass", "policy_versions",
)  # fmt: skip


def _flight_to_plain(flight: Flight) -> dict[str, Any]:
    def plain(rollout: Rollout | None) -> dict[str, Any] | None:
        if rollout is None:
            return None
        routes = rollout.routed_experts
        return {
            **{name: getattr(rollout, name) for name in PLAIN_FIELDS},
            "support_ids": rollout.support_ids,
            "routed_experts": None if routes is None else routes.tolist(),
        }

    return {
        "address": flight.address,
        "prompt_ids": flight.prompt_ids,
        "rollouts": [plain(rollout) for rollout in flight.rollouts],
    }


def _flight_from_plain(data: dict[str, Any], prompt_at: Callable[[Address], Prompt]) -> Flight:
    def rollout(plain: dict[str, Any] | None) -> Rollout | None:
        if plain is None:
            return None
        values = {name: plain[name] for name in PLAIN_FIELDS}
        values = {n: tuple(v) if isinstance(v, list) else v for n, v in values.items()}
        supports, routes = plain["support_ids"], plain["routed_experts"]
        return Rollout(
            **values,
            support_ids=None if supports is None else tuple(map(tuple, supports)),
            routed_experts=None if routes is None else torch.tensor(routes),
        )

    first, second = data["address"]
    return Flight(
        address=(first, second),
        prompt=prompt_at((first, second)),
        prompt_ids=tuple(data["prompt_ids"]),
        rollouts=tuple(map(rollout, data["rollouts"])),
    )
