"""Measure a peer from inside its own environment; `compare.py` starts this, not a person.

    PEER_PYTHON peer_rates.py reasoning_gym|internbootcamp SECONDS_PER_TASK

Prints one JSON object: for each task the processor seconds of a generated case and of a verdict
on its own right answer (InternBootcamp has none: on a wrong one). Everything is measured in
processor time, on one core, with the peer's default settings; a task that fails is named with its
error, and so is one that takes more than 20 seconds for all its cases together (it is left out, in
the peer's favour).
"""

import contextlib
import json
import signal
import sys
import time
from collections.abc import Iterator

LIMIT = 20


@contextlib.contextmanager
def limited(name: str) -> Iterator[None]:
    """Raise TimeoutError in here after LIMIT seconds of processor time."""

    def stop(*_: object) -> None:
        raise TimeoutError(f"{name} took more than {LIMIT} s")

    signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, LIMIT, 1)  # again, if a generator swallows it
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)


def rate(work, seconds: float, most: int) -> tuple[float, list]:
    """Repeat `work(i)` for some processor seconds; return seconds per call and the results."""
    made, started = [], time.process_time()
    while len(made) < most and (not made or time.process_time() - started < seconds):
        made.append(work(len(made)))
    return (time.process_time() - started) / len(made), made


def reasoning_gym(seconds: float) -> dict:
    import reasoning_gym
    from reasoning_gym.factory import DATASETS

    rows = {}
    for name in sorted(DATASETS):
        try:
            with limited(name):
                rows[name] = _dataset(reasoning_gym.create_dataset, name, seconds)
        except Exception as error:
            rows[name] = {"error": f"{type(error).__name__}: {error}"[:200]}
    return rows


def _dataset(create, name: str, seconds: float) -> dict[str, float]:
    data = create(name, seed=2026, size=100_000)
    data[0]  # word lists and the like are loaded by the first item
    generate, items = rate(lambda i: data[i + 1], seconds, 200)
    answered = [item for item in items if item.get("answer") is not None]
    if not answered:
        return {"generate": generate}

    def verify(i: int) -> float:
        item = answered[i % len(answered)]
        return data.score_answer(item["answer"], item)

    return {"generate": generate, "verify": rate(verify, seconds / 2, 400)[0]}


def internbootcamp(seconds: float) -> dict:
    import inspect

    import internbootcamp
    from internbootcamp.bootcamp.base import Basebootcamp

    rows = {}
    found = {
        name: cls
        for name, cls in vars(internbootcamp).items()
        if inspect.isclass(cls) and hasattr(cls, "case_generator") and name != "Basebootcamp"
    }
    assert Basebootcamp is not None
    for name in sorted(found):
        try:
            with limited(name):
                rows[name] = _camp(found[name], seconds)
        except Exception as error:
            rows[name] = {"error": f"{type(error).__name__}: {error}"[:200]}
    return rows


def _camp(kind: type, seconds: float) -> dict[str, float]:
    text = "</think>[answer]1 2 3[/answer]"
    camp = kind()
    camp.case_generator()
    generate, cases = rate(lambda _: camp.case_generator(), seconds, 50)

    def verify(i: int) -> object:
        case = cases[i % len(cases)]
        return kind.verify_score(text, case, short_penalty=False, format_penalty=False)

    return {"generate": generate, "verify": rate(verify, seconds / 2, 100)[0]}


if __name__ == "__main__":
    peers = {"reasoning_gym": reasoning_gym, "internbootcamp": internbootcamp}
    print(json.dumps(peers[sys.argv[1]](float(sys.argv[2]))))
