"""Compare import, generation, verification and the pool with reasoning-gym, in one run.

    uv venv peer && uv pip install -p peer reasoning-gym==0.1.25
    uv run python packages/internbootcamp-env/benchmarks/compare.py --peer-python peer/bin/python \\
        --out packages/internbootcamp-env/benchmarks/results.json

Everything is measured in seconds of processor time on one core, which a busy machine changes
little; the pool is given in wall-clock time too, and by the processor time of all its processes.
"Uniform mix" means that every task has the same share of cases, so its rate is one over the mean
seconds of a case over all tasks; our levels 1 to 10 have equal shares, the peer has its default
settings. `--internbootcamp-python` adds InternBootcamp from an environment that has it.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from pathlib import Path

import internbootcamp_env as bootcamp
from internbootcamp_env.batch import ScoringPool
from internbootcamp_env.extract import wrap

HERE = Path(__file__).parent
IMPORT = """
import re, sys, time
started = time.process_time()
__import__(sys.argv[1])
seconds = time.process_time() - started
# Not getrusage: its peak is inherited from the process that started this one.
print(seconds, int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]) / 1024)
"""


def import_cost(python: str, module: str) -> dict[str, float]:
    """Return the least processor seconds of three imports, and the most resident megabytes.

    Bytecode is kept, so that the first of them compiles for the others.
    """
    costs = []
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    for _ in range(3):
        command = [python, "-c", IMPORT, module]
        done = subprocess.run(command, capture_output=True, text=True, check=True, env=kept)
        costs.append([float(value) for value in done.stdout.split()])
    seconds, megabytes = min(costs)
    return {"seconds": seconds, "megabytes": megabytes}


def own_rates(per_task: int) -> tuple[dict[str, dict[str, float]], list[float]]:
    """Return seconds per case and per verdict by task, and the seconds of every single verdict."""
    rows, verdicts = {}, []
    for name in bootcamp.names():
        task = bootcamp.get(name)
        task.generate(split="train", seed=0, index=0, level=1)
        started = time.process_time()
        cases = [
            task.generate(split="train", seed=2026, index=i, level=1 + i % 10)
            for i in range(per_task)
        ]
        generate = (time.process_time() - started) / per_task
        right = [(case, wrap(task.oracle(case), "answer")) for case in cases]
        started = time.process_time()
        for case, text in right:
            task.score(case, text)
        rows[name] = {"generate": generate, "verify": (time.process_time() - started) / per_task}
        wrong = [(case, wrap(text, "answer")) for case in cases[:5] for text in task.mutants(case)]
        for case, text in [*right, *wrong]:
            started = time.process_time()
            task.score(case, text)
            verdicts.append(time.process_time() - started)
    return rows, verdicts


def mix(rows: dict[str, dict], what: str) -> float:
    """Return the items a second of a uniform mix of all tasks that could be measured."""
    return 1 / statistics.mean(row[what] for row in rows.values() if what in row)


def pool_rate(count: int) -> dict[str, float]:
    """Score `count` pairs of a uniform mix in a pool of two processes."""
    pairs = []
    stream = bootcamp.stream(split="test", seed=1, level=(1, 10), strata="task")
    for number, case in zip(range(count), stream, strict=False):
        oracle = bootcamp.get(case.task).oracle(case)
        pairs.append((case, wrap(oracle if number % 2 else "1 2 3", "answer")))
    with ScoringPool(2) as pool:
        pool.score_batch(pairs)  # loads the families
        workers = [worker._process.pid for worker in pool._all]
        started = time.process_time(), time.perf_counter(), sum(map(processor_time, workers))
        scores = pool.score_batch(pairs)
        parent = time.process_time() - started[0]
        wall = time.perf_counter() - started[1]
        children = sum(map(processor_time, workers)) - started[2]
    assert sum(score.value == 1.0 for score in scores) >= count // 2
    return {
        "pairs": count,
        "wall_seconds": wall,
        "scores_a_second_wall": count / wall,
        "parent_cpu_seconds": parent,
        "workers_cpu_seconds": children,
        "scores_a_second_on_two_free_cores": 2 * count / (parent + children),
    }


def processor_time(pid: int) -> float:
    """Return the processor seconds that a process has used, from Linux's /proc."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def quantile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def peer(python: str, name: str, seconds: float) -> dict[str, dict]:
    command = [python, str(HERE / "peer_rates.py"), name, str(seconds)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{name} failed: {done.stderr[-1500:]}")
    return json.loads(done.stdout.splitlines()[-1])


def summary(rows: dict[str, dict]) -> dict:
    """Return rates of a uniform mix, the slowest tasks, and what failed."""
    slow = sorted((row["generate"], name) for name, row in rows.items() if "generate" in row)
    return {
        "tasks": len(rows),
        "generated_a_second": mix(rows, "generate"),
        "verified_a_second": mix(rows, "verify"),
        "slowest_generators": {name: seconds for seconds, name in slow[:-9:-1]},
        "failed": {name: row["error"] for name, row in rows.items() if "error" in row},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peer-python", help="Python that has reasoning-gym")
    parser.add_argument("--internbootcamp-python", help="Python that has InternBootcamp")
    parser.add_argument("--per-task", type=int, default=40, help="cases of each of our tasks")
    parser.add_argument("--peer-seconds", type=float, default=1.0, help="for each peer task")
    parser.add_argument("--pairs", type=int, default=20_000, help="for the pool")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()

    pool = pool_rate(args.pairs)
    rows, verdicts = own_rates(args.per_task)
    result = {
        "machine": {
            "processor": platform.processor() or platform.machine(),
            "cores": os.cpu_count(),
            "load": os.getloadavg()[0],
            "python": platform.python_version(),
        },
        "internbootcamp_env": summary(rows)
        | {"import": import_cost(sys.executable, "internbootcamp_env")},
        "verification": {
            "verdicts": len(verdicts),
            "p50_ms": 1e3 * quantile(verdicts, 0.5),
            "p99_ms": 1e3 * quantile(verdicts, 0.99),
            "most_ms": 1e3 * max(verdicts),
        },
        "pool": pool,
    }
    for module, python in (
        ("reasoning_gym", args.peer_python),
        ("internbootcamp", args.internbootcamp_python),
    ):
        if python:
            found = summary(peer(python, module, args.peer_seconds))
            found["import"] = import_cost(python, module)
            own = result["internbootcamp_env"]
            found["ratio"] = {
                "import": found["import"]["seconds"] / own["import"]["seconds"],
                "generation": own["generated_a_second"] / found["generated_a_second"],
                "verification": own["verified_a_second"] / found["verified_a_second"],
            }
            result[module] = found
    args.out.write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
