"""Count what the comparison table says of reasoning-gym, inside an environment that has it.

    peer/bin/python packages/internbootcamp-env/benchmarks/reasoning_gym_facts.py

Prints one JSON object. A task "shares shifted items" if item 1 of seed 42 is item 0 of seed 43.
Tasks that take more than ten seconds for two items, or fail, are named.
"""

import json
import signal
from importlib.metadata import version

import reasoning_gym
from reasoning_gym.factory import CURRICULA, DATASETS


def main() -> None:
    shared, without_answer, failed = [], [], {}

    def expire(*_: object) -> None:
        raise TimeoutError("more than ten seconds")

    signal.signal(signal.SIGPROF, expire)
    for name in sorted(DATASETS):
        signal.setitimer(signal.ITIMER_PROF, 10)
        try:
            here = reasoning_gym.create_dataset(name, seed=42, size=10)[1]
            there = reasoning_gym.create_dataset(name, seed=43, size=10)[0]
        except Exception as error:
            failed[name] = f"{type(error).__name__}: {error}"[:100]
            continue
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
        if here["question"] == there["question"]:
            shared.append(name)
        if here["answer"] is None:
            without_answer.append(name)
    print(
        json.dumps(
            {
                "version": version("reasoning-gym"),
                "tasks": len(DATASETS),
                "curricula": len(CURRICULA),
                "compared": len(DATASETS) - len(failed),
                "sharing_shifted_items": len(shared),
                "without_answer": without_answer,
                "failed": failed,
            },
            indent=1,
        )
    )


if __name__ == "__main__":
    main()
