"""Score on a local Ray cluster, lose an actor on the way, and get the same scores.

    uv run python packages/internbootcamp-env/examples/ray_scoring.py

Exits with 1 unless the scores are those of this process, before and after the loss.
"""

import os
import sys
from itertools import islice

# Under `uv run`, Ray would make an environment anew for every worker. It reads this on import.
os.environ.setdefault("RAY_ENABLE_UV_RUN_RUNTIME_ENV", "0")

import ray

import internbootcamp_env as bootcamp
from internbootcamp_env import Options
from internbootcamp_env.batch import score_batch
from internbootcamp_env.extract import wrap
from internbootcamp_env.integrations.ray import RayScoringPool


def pairs(count: int) -> list[tuple[bootcamp.Case, str]]:
    """Make cases, every other one with its right answer."""
    stream = bootcamp.stream("strings.*", "nt.*", split="test", seed=3, level=(1, 5))
    made = []
    for number, case in enumerate(islice(stream, count)):
        oracle = bootcamp.get(case.task).oracle(case)
        made.append((case, wrap(oracle if number % 2 else "?", "answer")))
    return made


def start_ray(tries: int = 3) -> None:
    """Start a local cluster; Ray gives a node 30 seconds, which a busy machine may exceed."""
    for left in reversed(range(tries)):
        try:
            ray.init(
                address="local",
                num_cpus=2,
                include_dashboard=False,
                log_to_driver=False,
                object_store_memory=100 << 20,
            )
        except Exception as error:
            ray.shutdown()
            if not left:
                raise
            print(f"again, {error}", file=sys.stderr)
        else:
            return


def main() -> int:
    start_ray()
    work, flag = pairs(60), Options(on_internal_error="flag")
    expected = score_batch(work)
    with RayScoringPool(2, chunk=7) as pool:
        first = pool.score_batch(work, flag)
        ray.kill(pool._actors[0], no_restart=False)
        second = pool.score_batch(work, flag)
    ray.shutdown()
    print("right:", sum(score.value == 1.0 for score in first), "of", len(work))
    print("the same after an actor was lost:", second == expected)
    return 0 if first == second == expected else 1


if __name__ == "__main__":
    sys.exit(main())
