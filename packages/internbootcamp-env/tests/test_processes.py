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

LOADED = """
import sys
before = set(sys.modules)
import internbootcamp_env
loaded = set(sys.modules) - before
print(len(loaded))
print(*sorted({name.split(".")[0] for name in loaded}))
print(*[name for name in loaded if name.startswith("internbootcamp_env.tasks")])
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


def test_importing_loads_no_task_and_few_modules():
    count, packages, tasks = run(LOADED).split("\n")[:3]
    # What the import costs: 73 modules when this was written. `benchmarks/compare.py` times it.
    assert int(count) <= 80
    assert set(packages.split()) - sys.stdlib_module_names == {"internbootcamp_env"}
    assert tasks == ""


def test_the_index_is_fresh():
    text, problems = index.build()
    assert problems == []
    assert Path(task_index.__file__).read_text(encoding="utf-8") == text
