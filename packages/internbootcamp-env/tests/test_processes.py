import json
import os
import subprocess
import sys
from pathlib import Path

import internbootcamp_env as bootcamp
from internbootcamp_env import audit, index, task_index

DIGESTS = """
import json, sys
import internbootcamp_env as bootcamp
from internbootcamp_env.audit import digest
names = bootcamp.names()[::-1]
json.dump({name: digest(bootcamp.get(name), 2) for name in names}, sys.stdout)
"""

COST = """
import sys, time
before = set(sys.modules)
started = time.process_time()
import internbootcamp_env
seconds = time.process_time() - started
print(seconds)
print(*sorted({name.split(".")[0] for name in set(sys.modules) - before}))
print(*[name for name in sys.modules if name.startswith("internbootcamp_env.tasks")])
"""


def run(program: str, **environment: str) -> str:
    result = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return result.stdout


def test_another_process_with_another_hash_seed_and_order_makes_the_same_bytes():
    here = {name: audit.digest(bootcamp.get(name), 2) for name in bootcamp.names()}
    there = json.loads(run(DIGESTS, PYTHONHASHSEED="12345", TZ="Asia/Tokyo", LC_ALL="C"))
    assert {name for name in here if here[name] != there[name]} == set()


def test_importing_is_cheap_and_loads_no_task():
    costs = [run(COST).splitlines() for _ in range(3)]
    # 0.10 s is the promise on an idle core; the best of three stands a busy one.
    assert min(float(lines[0]) for lines in costs) <= 0.10
    outside = set(costs[0][1].split()) - sys.stdlib_module_names - {"internbootcamp_env"}
    assert outside == set()
    assert costs[0][2:] in ([], [""])


def test_the_index_is_fresh():
    text, problems = index.build()
    assert problems == []
    assert Path(task_index.__file__).read_text(encoding="utf-8") == text
