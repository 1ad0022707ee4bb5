"""Ray: score on as many machines as a cluster has, with the limits of a local pool on each.

    ray.init()                                   # or an address
    with RayScoringPool(actors=8) as pool:
        scores = pool.score_batch(pairs)

Every actor holds a `ScoringPool` of its own, so an answer that computes without end costs one
process on one machine. An actor whose machine is lost is started again, and its chunk repeated.
"""

from collections.abc import Sequence
from types import TracebackType
from typing import Any

import ray

from internbootcamp_env.batch import Pair, ScoringPool, raise_internal
from internbootcamp_env.errors import RequestError
from internbootcamp_env.task import DEFAULT_OPTIONS, Options, Score


class _Scorer:
    """What runs inside an actor."""

    def __init__(self, workers: int, limits: dict[str, Any]) -> None:
        self._pool = ScoringPool(workers, **limits)

    def score(self, pairs: Sequence[Pair], wrapper: str) -> list[Score]:
        """Score a chunk; internal errors are flagged, so that they travel back."""
        return self._pool.score_batch(pairs, Options(wrapper=wrapper, on_internal_error="flag"))


class RayScoringPool:
    """A `batch.Executor` over the actors of a Ray cluster, which must be initialised already.

    Args:
        actors: Number of actors, one processor each.
        workers: Scoring processes of each actor.
        chunk: Pairs sent to an actor at once.
        limits: Limits of each `ScoringPool`: seconds, wall_seconds, memory_bytes.
        retries: How often a chunk is sent again after its actor was lost.

    Raises:
        RequestError: If Ray is not initialised, or a number is not positive.
    """

    def __init__(
        self,
        actors: int = 2,
        *,
        workers: int = 1,
        chunk: int = 1_024,
        limits: dict[str, Any] | None = None,
        retries: int = 3,
    ) -> None:
        if not ray.is_initialized():
            raise RequestError("Ray is not initialised; call ray.init() first")
        if min(actors, workers, chunk) < 1 or retries < 0:
            raise RequestError(
                "actors, workers and chunk must be at least 1 and retries not negative; "
                f"got {actors}, {workers}, {chunk} and {retries}"
            )
        scorer = ray.remote(num_cpus=1, max_restarts=-1, max_task_retries=retries)(_Scorer)
        self._actors = [scorer.remote(workers, limits or {}) for _ in range(actors)]
        self._chunk = chunk

    def __enter__(self) -> "RayScoringPool":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the actors, and their processes with them; Ray itself goes on."""
        for actor in self._actors:
            ray.kill(actor)
        self._actors = []

    def score_batch(self, pairs: Sequence[Pair], options: Options = DEFAULT_OPTIONS) -> list[Score]:
        """Score pairs of case and response, in order.

        Raises:
            ScoringError: If a verifier failed and `options` say to raise.
            RequestError: If the pool is closed.
        """
        if not self._actors:
            raise RequestError("this pool is closed; make another")
        chunks = [list(pairs[i : i + self._chunk]) for i in range(0, len(pairs), self._chunk)]
        waiting = [
            self._actors[number % len(self._actors)].score.remote(chunk, options.wrapper)
            for number, chunk in enumerate(chunks)
        ]
        scores = [score for part in ray.get(waiting) for score in part]
        return raise_internal(scores, options)
