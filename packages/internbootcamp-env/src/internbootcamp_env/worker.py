"""A scoring process: reads chunks as JSON lines, writes scores as JSON lines.

Started by `batch.ScoringPool` as `python -m internbootcamp_env.worker BYTES`, where BYTES bounds
the address space (0 for no bound). Each item may use the processor time that its chunk names;
the kernel ends the process when it is spent, whatever the process is doing. Not meant to be run
by hand.
"""

import json
import signal
import sys

from .registry import get
from .task import Case, Options


def limit_memory(num_bytes: int) -> None:
    """Bound this process's address space where the platform can."""
    if not num_bytes:
        return
    try:
        import resource
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_AS, (num_bytes, num_bytes))


def score_chunk(chunk: dict) -> list[list]:
    """Score the pairs of a chunk; a verifier's failure is flagged and does not stop the rest."""
    options = Options(wrapper=chunk["wrapper"], on_internal_error="flag")
    rows = []
    for fields, text in chunk["items"]:
        case = Case(*fields)
        task = get(case.task)
        signal.setitimer(signal.ITIMER_PROF, chunk["cpu_seconds"])
        score = task.score(case, text, options)
        signal.setitimer(signal.ITIMER_PROF, 0.0)
        rows.append([score.value, score.status, score.reason])
    return rows


def main(arguments: list[str]) -> int:
    """Serve chunks until the input ends."""
    limit_memory(int(arguments[0]))
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for line in sys.stdin:
        try:
            reply = {"scores": score_chunk(json.loads(line))}
        except MemoryError:
            return 1
        except Exception as error:
            reply = {"error": f"{type(error).__name__}: {error}"}
        sys.stdout.write(json.dumps(reply) + "\n")
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
