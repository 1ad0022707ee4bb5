"""Score many answers: in this process, or in a pool of processes that can be killed.

The parsers are bounded, so one verdict takes microseconds; the pool is the second line of
defence. A worker that spends too much processor time on an item, or dies for lack of memory, is
replaced; its chunk is scored again item by item, and only the item that did it gets
`over_limit`. The limit counts processor time, so a busy machine never turns a right answer into a
wrong one. A worker that stalls without computing is not the answer's fault: after
`wall_seconds` that is an internal error.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from threading import Event, Timer
from types import TracebackType
from typing import Protocol

from .errors import RequestError, ScoringError
from .registry import get
from .task import DEFAULT_OPTIONS, Case, Options, Score

Pair = tuple[Case, str]


class Executor(Protocol):
    """Scores pairs somewhere: `ScoringPool` on this machine, `integrations.ray` on a cluster."""

    def score_batch(self, pairs: Sequence[Pair], options: Options = ...) -> list[Score]:
        """Score pairs of case and response, in order."""
        ...

    def close(self) -> None:
        """End what it runs on."""
        ...


def raise_internal(scores: list[Score], options: Options) -> list[Score]:
    """Return the scores, or raise the first internal error among them if the options say so.

    Raises:
        ScoringError: If a verifier failed and `options` say to raise.
    """
    if options.on_internal_error == "raise":
        for score in scores:
            if score.status == "internal_error":
                raise ScoringError(score.reason)
    return scores


def score_batch(pairs: Sequence[Pair], options: Options = DEFAULT_OPTIONS) -> list[Score]:
    """Score pairs of case and response in this process, in order."""
    return [get(case.task).score(case, text, options) for case, text in pairs]


class _Worker:
    """One scoring process and its pipes."""

    def __init__(self, memory_bytes: int) -> None:
        self._command = [sys.executable, "-m", f"{__package__}.worker", str(memory_bytes)]
        self._process: subprocess.Popen[str] | None = None

    def ask(self, payload: str, wall_seconds: float) -> dict | None:
        """Return the reply to one chunk, or None if the process died of it.

        Raises:
            TimeoutError: If there was no reply in `wall_seconds`.
        """
        process = self._process or self._start()
        assert process.stdin is not None, "asked for in _start"
        assert process.stdout is not None, "asked for in _start"
        stalled = Event()
        timer = Timer(wall_seconds, lambda: (stalled.set(), process.kill()))
        timer.start()
        try:
            process.stdin.write(payload + "\n")
            process.stdin.flush()
            line = process.stdout.readline()
        except BrokenPipeError:
            line = ""
        finally:
            timer.cancel()
        if line.endswith("\n"):
            return json.loads(line)
        self.stop()
        if stalled.is_set():
            raise TimeoutError
        return None

    def _start(self) -> subprocess.Popen[str]:
        self._process = subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        assert self._process.stdout is not None, "asked for above"
        if self._process.stdout.readline() != "ready\n":
            self.stop()
            raise ScoringError("a scoring process did not start; its own message is above")
        return self._process

    def stop(self) -> None:
        """End the process, if it runs."""
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            assert pipe is not None, "asked for in _start"
            try:
                pipe.close()
            except BrokenPipeError:
                continue


class ScoringPool:
    """A persistent pool of scoring processes.

    Args:
        workers: Number of processes.
        seconds: Most processor time for one verdict.
        wall_seconds: Longest wait for a chunk, against processes that stall.
        memory_bytes: Bound on the address space of a process, or 0 for none.
        chunk: Pairs sent at once.
    """

    def __init__(
        self,
        workers: int = 2,
        *,
        seconds: float = 2.0,
        wall_seconds: float = 300.0,
        memory_bytes: int = 1 << 30,
        chunk: int = 256,
    ) -> None:
        if workers < 1 or chunk < 1 or min(seconds, wall_seconds) <= 0 or memory_bytes < 0:
            raise RequestError(
                "workers and chunk must be at least 1, seconds and wall_seconds positive, "
                "memory_bytes not negative; got "
                f"{workers}, {chunk}, {seconds}, {wall_seconds}, {memory_bytes}"
            )
        self._seconds, self._chunk = seconds, chunk
        self._wall_seconds = wall_seconds
        self._all = [_Worker(memory_bytes) for _ in range(workers)]
        self._free: SimpleQueue[_Worker] = SimpleQueue()
        for worker in self._all:
            self._free.put(worker)
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="scoring")

    def __enter__(self) -> "ScoringPool":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End all processes. The pool cannot be used afterwards."""
        self._threads.shutdown()
        for worker in self._all:
            worker.stop()

    def score_batch(self, pairs: Sequence[Pair], options: Options = DEFAULT_OPTIONS) -> list[Score]:
        """Score pairs of case and response, in order.

        Raises:
            ScoringError: If a verifier failed and `options` say to raise.
        """
        chunks = [pairs[i : i + self._chunk] for i in range(0, len(pairs), self._chunk)]
        parts = self._threads.map(lambda chunk: self._score_chunk(chunk, options), chunks)
        return raise_internal([score for part in parts for score in part], options)

    def _score_chunk(self, chunk: Sequence[Pair], options: Options) -> list[Score]:
        worker = self._free.get()
        try:
            scores = self._ask(worker, chunk, options)
            if scores is None:
                scores = [self._score_alone(worker, pair, options) for pair in chunk]
            return scores
        finally:
            self._free.put(worker)

    def _score_alone(self, worker: _Worker, pair: Pair, options: Options) -> Score:
        scores = self._ask(worker, [pair], options)
        if scores is None:
            limits = f"{self._seconds} s of processor time and the memory limit"
            return Score(0.0, "over_limit", f"no verdict within {limits}")
        return scores[0]

    def _ask(self, worker: _Worker, pairs: Sequence[Pair], options: Options) -> list[Score] | None:
        """Return scores, or None if a process died of the pairs."""
        chunk = {
            "items": [(_fields(case), text) for case, text in pairs],
            "wrapper": options.wrapper,
            "cpu_seconds": self._seconds,
        }
        try:
            reply = worker.ask(json.dumps(chunk), self._wall_seconds)
        except TimeoutError:
            reply = {"error": f"a scoring process stalled for {self._wall_seconds} s"}
        if reply is None:
            return None
        if "error" in reply:
            return [Score(None, "internal_error", reply["error"])] * len(pairs)
        return [Score(*row) for row in reply["scores"]]


def _fields(case: Case) -> list:
    return [getattr(case, name) for name in Case.__slots__]
