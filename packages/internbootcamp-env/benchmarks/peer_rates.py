"""Measure a peer from inside its own environment; `compare.py` starts this, not a person.

    PEER_PYTHON peer_rates.py reasoning_gym|internbootcamp SECONDS_PER_TASK

Prints one JSON object: for each task the processor seconds of a generated case and of a verdict
on its own right answer. Everything is measured in processor time, on one core, with the peer's
default settings; a task that fails is named with its error.
"""

import json
import sys
import time


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
            data = reasoning_gym.create_dataset(name, seed=2026, size=100_000)
            data[0]  # word lists and the like are loaded by the first item
            generate, items = rate(lambda i, data=data: data[i + 1], seconds, 200)
            rows[name] = {"generate": generate}
            answered = [item for item in items if item.get("answer") is not None]
            if answered:
                verify, _ = rate(
                    lambda i, data=data, answered=answered: data.score_answer(
                        answered[i % len(answered)]["answer"], answered[i % len(answered)]
                    ),
                    seconds / 2,
                    400,
                )
                rows[name]["verify"] = verify
        except Exception as error:
            rows[name] = {"error": f"{type(error).__name__}: {error}"[:200]}
    return rows


def internbootcamp(seconds: float) -> dict:
    import inspect

    import internbootcamp
    from internbootcamp.bootcamp.base import Basebootcamp

    rows = {}
    text = "</think>[answer]1 2 3[/answer]"
    found = {
        name: cls
        for name, cls in vars(internbootcamp).items()
        if inspect.isclass(cls) and hasattr(cls, "case_generator") and name != "Basebootcamp"
    }
    assert Basebootcamp is not None
    for name in sorted(found):
        try:
            camp = found[name]()
            camp.case_generator()
            generate, cases = rate(lambda i, camp=camp: camp.case_generator(), seconds, 50)
            rows[name] = {"generate": generate}
            verify, _ = rate(
                lambda i, cls=found[name], cases=cases: cls.verify_score(
                    text, cases[i % len(cases)], short_penalty=False, format_penalty=False
                ),
                seconds / 2,
                100,
            )
            rows[name]["verify"] = verify
        except Exception as error:
            rows[name] = {"error": f"{type(error).__name__}: {error}"[:200]}
    return rows


if __name__ == "__main__":
    peers = {"reasoning_gym": reasoning_gym, "internbootcamp": internbootcamp}
    print(json.dumps(peers[sys.argv[1]](float(sys.argv[2]))))
