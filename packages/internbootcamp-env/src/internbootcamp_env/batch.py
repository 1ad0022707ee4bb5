"""Score many answers: in this process, or in a pool of processes that can be killed.

The parsers are bounded, so one verdict takes microseconds; the pool is the second line of
defence. A worker that does not answer in time, or dies for lack of memory, is killed and
replaced; its chunk is scored again item by item, and only the item that did it gets
`over_limit`. No other item is lost or delayed for long.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from threading import Timer
from types import TracebackType

from .errors import RequestError, ScoringError
from .registry import get
from .task import DEFAULT_OPTIONS, Case, Options, Score

Pair = tuple[Case, str]


def score_batch(pairs: Sequence[Pair], options: Options = DEFAULT_OPTIONS) -> list[Score]:
    """Score pairs of case and response in this process, in order."""
    return [get(case.task).score(case, text, options) for case, text in pairs]


class _Worker:
    """One scoring process and its pipes."""

    def __init__(self, memory_bytes: int) -> None:
        self._command = [sys.executable, "-m", f"{__package__}.worker", str(memory_bytes)]
        self._process: subprocess.Popen[str] | None = None

    def ask(self, payload: str, seconds: float) -> dict | None:
        """Return the reply to one chunk, or None if the process died or was too slow."""
        process = self._process or self._start()
        assert process.stdin is not None, "asked for in _start"
        assert process.stdout is not None, "asked for in _start"
        timer = Timer(seconds, process.kill)
        timer.start()
        try:
            process.stdin.write(payload + "\n")
            process.stdin.flush()
            line = process.stdout.readline()
        except BrokenPipeError:
            line = ""
        finally:
            timer.cancel()
        if not line.endswith("\n"):
            self.stop()
            return None
        return json.loads(line)

    def _start(self) -> subprocess.Popen[str]:
        self._process = subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
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
        seconds: Longest time for one verdict; a chunk gets this plus the start of a process.
        memory_bytes: Bound on the address space of a process, or 0 for none.
        chunk: Pairs sent at once.
    """

    def __init__(
        self,
        workers: int = 2,
        *,
        seconds: float = 2.0,
        memory_bytes: int = 1 << 30,
        chunk: int = 256,
    ) -> None:
        if workers < 1 or chunk < 1 or seconds <= 0 or memory_bytes < 0:
            raise RequestError(
                "workers and chunk must be at least 1, seconds positive, memory_bytes not "
                f"negative; got {workers}, {chunk}, {seconds}, {memory_bytes}"
            )
        self._seconds, self._chunk = seconds, chunk
        self._start_seconds = 8.0
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
        scores = [score for part in parts for score in part]
        if options.on_internal_error == "raise":
            for score in scores:
                if score.status == "internal_error":
                    raise ScoringError(score.reason)
        return scores

    def _score_chunk(self, chunk: Sequence[Pair], options: Options) -> list[Score]:
        worker = self._free.get()
        try:
            scores = self._ask(worker, chunk, options, self._seconds + self._start_seconds)
            if scores is None:
                scores = [self._score_alone(worker, pair, options) for pair in chunk]
            return scores
        finally:
            self._free.put(worker)

    def _score_alone(self, worker: _Worker, pair: Pair, options: Options) -> Score:
        self._ask(worker, [], options, 10.0)  # start the process outside the item's time
        scores = self._ask(worker, [pair], options, self._seconds)
        if scores is None:
            reason = f"no verdict within {self._seconds} s and the memory limit"
            return Score(0.0, "over_limit", reason)
        return scores[0]

    def _ask(
        self, worker: _Worker, pairs: Sequence[Pair], options: Options, seconds: float
    ) -> list[Score] | None:
        items = [(_fields(case), text) for case, text in pairs]
        reply = worker.ask(json.dumps({"items": items, "wrapper": options.wrapper}), seconds)
        if reply is None:
            return None
        if "error" in reply:
            return [Score(None, "internal_error", reply["error"])] * len(pairs)
        return [Score(*row) for row in reply["scores"]]


def _fields(case: Case) -> list:
    return [getattr(case, name) for name in Case.__slots__]
