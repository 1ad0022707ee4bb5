"""Rollout workers and verifier workers on Ray; the only importer of ray.

    sampler = RaySampler(make_worker_sampler, tokenizer=tokenizer, num_workers=2)
    verifier = RayVerifier(make_verifier, num_workers=2, timeout_seconds=60)
    trainer = OrealTrainer(policy=policy, sampler=sampler, verifier=verifier, ...)

Work goes out in chunks of a fixed size, each with its own key, so that which worker does a chunk
changes nothing. A worker that dies is replaced and its chunk given to another one; a chunk that
fails too often comes back as aborted rollouts, or as abstentions. Nothing of it is ever counted as
wrong, and `drain_counts()` tells what was lost: the trainer reports it under `count/`.

Weights travel once per sync: the first training process puts them into Ray's object store, a worker
takes them when it is first asked to draw with that version. Several training processes share the
workers by giving the same `pool` name; `sync` is a collective of theirs.

Longer than other files because ray is imported in one place.

Processes join a cluster first, with `connect(...)` or `ray.init(...)`. A worker that takes longer
than `timeout_seconds` over its work, time in its queue included, is killed and replaced, which a
thread could not be.
"""

import logging
import os
import socket
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import ray
import torch
from ray.exceptions import ActorDiedError, ActorUnavailableError, RayError, RayTaskError
from torch import nn

from oreal_rl.errors import ConfigError, SamplerError
from oreal_rl.protocols import SamplingParams, Verifier
from oreal_rl.ranks import OneProcess, Ranks
from oreal_rl.samplers.engine import whole_weights
from oreal_rl.seeding import derive_seed
from oreal_rl.types import Prompt, Rollout

START_SECONDS = 600.0  # an engine's start, or a node's that autoscaling brings
LOCAL_ATTEMPTS = 3  # Ray gives its agents 30 seconds to start, which busy cores may exceed


def connect(address: str, *, namespace: str, num_cpus: int | None = None) -> str:
    """Join a Ray cluster, or start one on this machine.

    Args:
        address: "local" starts a cluster that ends with this process; "auto" or host:port joins
            one.
        namespace: Keeps the workers of runs that share a cluster apart; the training processes of
            one run give the same.
        num_cpus: CPUs that a local cluster offers; default: the machine's.

    Returns:
        Address at which other processes of this machine join the cluster.

    Raises:
        ConfigError: Where there is no cluster at the address, or none can be started.
    """
    options: dict[str, Any] = {}
    if address == "local":
        os.environ.setdefault("RAY_worker_register_timeout_seconds", "300")
        options = {"num_cpus": num_cpus, "include_dashboard": False}
    elif address != "auto":
        _require_listener(address)
    failure: Exception | None = None
    for _ in range(LOCAL_ATTEMPTS if address == "local" else 1):
        try:
            joined = ray.init(
                address=address, namespace=namespace, log_to_driver=False,
                logging_level=logging.ERROR, **options,
            )  # fmt: skip
            return joined.address_info["address"]
        except (OSError, RuntimeError, ValueError, RayError) as error:
            failure = error
            ray.shutdown()
    lines = str(failure).strip().splitlines() or [type(failure).__name__]
    raise ConfigError(
        f"no Ray cluster at {address!r}: {lines[0]}; give an address where `ray start --head` "
        "runs, or 'local'"
    ) from failure


def _require_listener(address: str) -> None:
    """Ray itself would try for some minutes."""
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=10).close()
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"no Ray cluster at {address!r}: {error}; expected 'local', 'auto' or the host:port "
            "that `ray start --head` printed"
        ) from error


def disconnect() -> None:
    """Leave the cluster; a local one ends."""
    ray.shutdown()


class WorkerSampler(Protocol):
    """What runs inside a rollout worker: a sampler that takes whole weights by name."""

    def sample(
        self,
        prompt_ids: Sequence[tuple[int, ...]],
        *,
        num_samples: int,
        params: SamplingParams,
        seed: int,
        prompts: Sequence[Prompt] | None = None,
    ) -> list[list[Rollout]]:
        """Draw responses; see `protocols.Sampler`."""
        ...

    def load_weights(self, state: dict[str, torch.Tensor], version: int) -> None:
        """Take the weights of a version."""
        ...


class _WeightBoard:
    """Holds a reference to the newest weights; a small actor of its own."""

    def __init__(self) -> None:
        self.version, self.boxed = -1, []

    def publish(self, version: int, boxed: list) -> None:
        self.version, self.boxed = version, boxed

    def newest(self) -> tuple[int, list]:
        return self.version, self.boxed


class _RolloutWorker:
    """One rollout worker; asks the board for weights it does not have yet."""

    def __init__(self, make: Callable[[], WorkerSampler], board: Any) -> None:
        torch.set_num_threads(1)
        self.sampler, self.board, self.version = make(), board, None

    def work(self, version: int, ids: list, num_samples: int, params: Any, seed: int, prompts: Any):
        if self.version != version:
            newest, boxed = ray.get(self.board.newest.remote())
            if newest != version:
                raise SamplerError(
                    f"weights of version {version} were asked for; the board has {newest}; call "
                    "sync() before sample()"
                )
            self.sampler.load_weights(ray.get(boxed[0]), version)
            self.version = version
        return self.sampler.sample(
            ids, num_samples=num_samples, params=params, seed=seed, prompts=prompts
        )


class _VerifierWorker:
    """One verifier worker."""

    def __init__(self, make: Callable[[], Verifier]) -> None:
        self.verify = make()

    def work(self, prompts: Sequence[Prompt], responses: Sequence[str]) -> list[Any]:
        return list(self.verify(prompts, responses))


@dataclass
class _Chunk:
    """A piece of work: its place among the others, what it is, how often it was tried."""

    place: int
    arguments: tuple
    size: int
    attempts: int = 0


class _Pool:
    """Actors of one kind that survive their own deaths.

    Args:
        name: Shared name; workers are `<name>-0`, `<name>-1`, ...
        spawn: `spawn(actor_name)` makes or finds the actor.
        num_workers: How many.
        timeout_seconds: Longest wait for one chunk; None waits for ever.
        max_attempts: Tries per chunk.
        lost: Name under which a repeated item is counted.
    """

    def __init__(
        self,
        name: str,
        spawn: Callable[[str], Any],
        *,
        num_workers: int,
        timeout_seconds: float | None,
        max_attempts: int,
        lost: str,
    ) -> None:
        if num_workers < 1 or max_attempts < 1:
            raise ConfigError(
                f"num_workers is {num_workers} and max_attempts {max_attempts}; expected at least 1"
            )
        if timeout_seconds is not None and not timeout_seconds > 0:
            raise ConfigError(f"timeout_seconds is {timeout_seconds}; expected above 0, or None")
        self.name, self.spawn, self.lost = name, spawn, lost
        self.timeout_seconds, self.max_attempts = timeout_seconds, max_attempts
        self.actors = [spawn(f"{name}-{place}") for place in range(num_workers)]
        self._wait_until_ready()
        self.counts: Counter[str] = Counter()

    def _wait_until_ready(self) -> None:
        """Start-up (imports, an engine) does not count towards a piece of work's timeout."""
        ready = [actor.__ray_ready__.remote() for actor in self.actors]
        done, _ = ray.wait(ready, num_returns=len(ready), timeout=START_SECONDS)
        if len(done) < len(ready):
            raise SamplerError(
                f"{len(done)} of {len(ready)} Ray workers of {self.name!r} were up after "
                f"{START_SECONDS} seconds; free resources in the cluster or ask for fewer workers"
            )
        try:
            ray.get(ready)
        except RayError as error:  # what a worker's factory raised
            *_, last = str(error).strip().splitlines()
            raise SamplerError(
                f"the Ray workers of {self.name!r} could not start: {last.strip()}"
            ) from error

    def run(self, chunks: Sequence[_Chunk]) -> list[Any]:
        """Do all chunks; the result of one that failed too often is its last error.

        Args:
            chunks: The work.

        Returns:
            Results or exceptions, by place.
        """
        waiting, results = deque(chunks), [None] * len(chunks)
        idle, flying = deque(range(len(self.actors))), {}
        while waiting or flying:
            while waiting and idle:
                worker, chunk = idle.popleft(), waiting.popleft()
                chunk.attempts += 1
                reference = self.actors[worker].work.remote(*chunk.arguments)
                flying[reference] = (chunk, worker, time.monotonic())
            ready, _ = ray.wait(list(flying), num_returns=1, timeout=self._patience(flying))
            for reference in ready or self._overdue(flying):
                chunk, worker, _ = flying.pop(reference)
                answer = self._collect(reference, worker, finished=reference in ready)
                if isinstance(answer, Exception):
                    if chunk.attempts < self.max_attempts:
                        self.counts[f"{self.lost}_repeated"] += chunk.size
                        waiting.append(chunk)
                        answer = None
                    else:
                        self.counts[f"{self.lost}_given_up"] += chunk.size
                results[chunk.place] = answer
                idle.append(worker)
        return results

    def _patience(self, flying: dict) -> float | None:
        if self.timeout_seconds is None:
            return None
        oldest = min(start for _, _, start in flying.values())
        return max(0.0, oldest + self.timeout_seconds - time.monotonic())

    def _overdue(self, flying: dict) -> list:
        now, limit = time.monotonic(), self.timeout_seconds or float("inf")
        return [ref for ref, (_, _, start) in flying.items() if now - start >= limit]

    def _collect(self, reference: Any, worker: int, *, finished: bool) -> Any:
        """The answer, or the reason why there is none; replaces the worker where it is gone."""
        if not finished:
            self.counts[f"{self.name}_timeouts"] += 1
            self._replace(worker)
            return TimeoutError(f"no answer within {self.timeout_seconds} seconds")
        try:
            return ray.get(reference)
        except RayTaskError as error:  # the work itself raised; the worker lives
            self.counts[f"{self.name}_errors"] += 1
            return error.cause if isinstance(error.cause, Exception) else error
        except (ActorDiedError, ActorUnavailableError) as error:
            self.counts[f"{self.name}_lost"] += 1
            self._replace(worker)
            return error
        except RayError as error:
            self.counts[f"{self.name}_errors"] += 1
            return error

    def _replace(self, worker: int) -> None:
        ray.kill(self.actors[worker], no_restart=True)
        name = f"{self.name}-{worker}"
        for _ in range(100):
            try:  # the name is free once Ray has noticed the death
                self.actors[worker] = self.spawn(name)
                ray.get(self.actors[worker].__ray_ready__.remote(), timeout=START_SECONDS)
                return
            except (ValueError, RayError):
                time.sleep(0.1)
        raise SamplerError(f"Ray worker {name} could not be replaced; look at the cluster's state")

    def close(self) -> None:
        """End the workers."""
        for actor in self.actors:
            ray.kill(actor, no_restart=True)


def _require_cluster() -> None:
    if not ray.is_initialized():
        raise ConfigError("Ray is not running here; call connect(...) or ray.init(...) first")


class RaySampler:
    """Draws on rollout workers.

    Args:
        make_sampler: Makes a `WorkerSampler` inside a worker; must be picklable.
        num_workers: Rollout workers of the pool.
        chunk_prompts: Prompts per piece of work.
        ranks: The training processes that share the pool.
        pool: Name of the pool, the same in all training processes.
        timeout_seconds: Longest wait for one piece of work; None waits for ever.
        max_attempts: Tries per piece of work.
        worker_options: Of `ray.remote`, such as `{"num_gpus": 1}`; default: one CPU each.

    Raises:
        ConfigError: Without a Ray cluster or with impossible numbers.
    """

    def __init__(
        self,
        make_sampler: Callable[[], WorkerSampler],
        *,
        num_workers: int,
        chunk_prompts: int = 4,
        ranks: Ranks | None = None,
        pool: str = "rollout_workers",
        timeout_seconds: float | None = 600.0,
        max_attempts: int = 3,
        worker_options: dict[str, Any] | None = None,
    ) -> None:
        _require_cluster()
        if chunk_prompts < 1:
            raise ConfigError(f"chunk_prompts is {chunk_prompts}; expected at least 1")
        self.ranks, self.chunk_prompts = ranks or OneProcess(), chunk_prompts
        board = ray.remote(_WeightBoard).options(
            name=f"{pool}-weights", get_if_exists=True, num_cpus=0
        )
        self.board = board.remote()
        options = {"num_cpus": 1, **(worker_options or {})}
        worker = ray.remote(_RolloutWorker)

        def spawn(name: str) -> Any:
            made = worker.options(name=name, get_if_exists=True, **options)
            return made.remote(make_sampler, self.board)

        self.pool = _Pool(
            pool, spawn, num_workers=num_workers, timeout_seconds=timeout_seconds,
            max_attempts=max_attempts, lost="rollouts",
        )  # fmt: skip
        self.version: int | None = None
        self._published = None

    def sample(
        self,
        prompt_ids: Sequence[tuple[int, ...]],
        *,
        num_samples: int,
        params: SamplingParams,
        seed: int,
        prompts: Sequence[Prompt] | None = None,
    ) -> list[list[Rollout]]:
        """Draw `num_samples` responses per prompt; see `protocols.Sampler`.

        Args:
            prompt_ids: Token ids of each prompt.
            num_samples: Responses per prompt.
            params: How to draw.
            seed: Key of the draws; the number of workers does not matter.
            prompts: The prompts themselves.

        Returns:
            Rollouts per prompt, in order; aborted, empty ones where no worker could do it.

        Raises:
            SamplerError: Before the first `sync`, or where all work failed.
        """
        if self.version is None:
            raise SamplerError("the rollout workers have no weights yet; call sync() first")
        chunks = []
        for place, start in enumerate(range(0, len(prompt_ids), self.chunk_prompts)):
            ids = list(prompt_ids[start : start + self.chunk_prompts])
            asked = list(prompts[start : start + self.chunk_prompts]) if prompts else None
            key = derive_seed("ray", seed, place)
            arguments = (self.version, ids, num_samples, params, key, asked)
            chunks.append(_Chunk(place, arguments, len(ids) * num_samples))
        answers = self.pool.run(chunks)
        failed = [answer for answer in answers if isinstance(answer, Exception)]
        if answers and len(failed) == len(answers):
            raise SamplerError(
                f"no rollout worker of {self.pool.name!r} did any of {len(answers)} pieces of "
                f"work; the last failed with {type(failed[-1]).__name__}: {failed[-1]}"
            ) from failed[-1]
        aborted = [Rollout(response_ids=(), logprobs=(), finish_reason="abort")] * num_samples
        groups: list[list[Rollout]] = []
        for chunk, answer in zip(chunks, answers, strict=True):
            count = len(chunk.arguments[1])
            groups += [aborted] * count if isinstance(answer, Exception) else answer
        return groups

    def sync(self, policy: nn.Module, version: int) -> None:
        """Publish the weights; all training processes must call it.

        Args:
            policy: The trained policy, sharded or not.
            version: Number of updates so far.
        """
        state = whole_weights(policy)
        if self.ranks.rank == 0:
            self._published = ray.put(state)  # kept alive by this process
            ray.get(self.board.publish.remote(version, [self._published]))
        self.ranks.max(0)  # nobody asks for the weights before they are there
        self.version = version

    def drain_counts(self) -> Counter:
        """What was lost since the last call: workers, repeated and given-up rollouts."""
        counts, self.pool.counts = self.pool.counts, Counter()
        return counts

    def close(self) -> None:
        """End the workers of the pool."""
        self.pool.close()


def _whole_groups(prompts: Sequence[Prompt], size: int) -> list[list[int]]:
    """Places in pieces of about `size`, those of one prompt in one piece, however many."""
    groups: dict[str, list[int]] = {}
    for place, prompt in enumerate(prompts):
        groups.setdefault(prompt.key, []).append(place)
    pieces: list[list[int]] = []
    for group in groups.values():
        if not pieces or len(pieces[-1]) + len(group) > size:
            pieces.append([])
        pieces[-1] += group
    return pieces


class RayVerifier:
    """A verifier whose work is done on Ray workers.

    Args:
        make_verifier: Makes a `protocols.Verifier` inside a worker; must be picklable.
        num_workers: Verifier workers.
        chunk_responses: Responses per piece of work, or a few less or more: all responses to one
            prompt stay together, for verifiers that compare them (a preference model).
        pool: Name of the pool.
        timeout_seconds: Longest wait for one piece of work; the worker is killed then.
        max_attempts: Tries per piece of work; after them its responses are abstained on.
        worker_options: Of `ray.remote`.

    Raises:
        ConfigError: Without a Ray cluster or with impossible numbers.
    """

    def __init__(
        self,
        make_verifier: Callable[[], Verifier],
        *,
        num_workers: int,
        chunk_responses: int = 64,
        pool: str = "verifier_workers",
        timeout_seconds: float | None = 120.0,
        max_attempts: int = 2,
        worker_options: dict[str, Any] | None = None,
    ) -> None:
        _require_cluster()
        if chunk_responses < 1:
            raise ConfigError(f"chunk_responses is {chunk_responses}; expected at least 1")
        self.chunk_responses = chunk_responses
        options = {"num_cpus": 1, **(worker_options or {})}
        worker = ray.remote(_VerifierWorker)

        def spawn(name: str) -> Any:
            return worker.options(name=name, get_if_exists=True, **options).remote(make_verifier)

        self.pool = _Pool(
            pool, spawn, num_workers=num_workers, timeout_seconds=timeout_seconds,
            max_attempts=max_attempts, lost="verifications",
        )  # fmt: skip

    def __call__(self, prompts: Sequence[Prompt], responses: Sequence[str]) -> list[Any]:
        """Verify a batch.

        Args:
            prompts: One per response.
            responses: The responses.

        Returns:
            One reward per response; None where no worker could tell.
        """
        pieces = _whole_groups(prompts, self.chunk_responses)
        chunks = []
        for place, members in enumerate(pieces):
            arguments = ([prompts[i] for i in members], [responses[i] for i in members])
            chunks.append(_Chunk(place, arguments, len(members)))
        rewards: list[Any] = [None] * len(responses)
        for chunk, members, answer in zip(chunks, pieces, self.pool.run(chunks), strict=True):
            if isinstance(answer, Exception):
                continue
            if len(answer) != chunk.size:
                self.pool.counts[f"{self.pool.name}_errors"] += 1
                self.pool.counts["verifications_given_up"] += chunk.size
                continue
            for member, reward in zip(members, answer, strict=True):
                rewards[member] = reward
        return rewards

    def drain_counts(self) -> Counter:
        """What was lost since the last call: workers, repeated and given-up verifications."""
        counts, self.pool.counts = self.pool.counts, Counter()
        return counts

    def close(self) -> None:
        """End the workers of the pool."""
        self.pool.close()
