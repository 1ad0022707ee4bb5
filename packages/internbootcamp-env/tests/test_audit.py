import random

import pytest

import internbootcamp_env as bootcamp
from internbootcamp_env import audit
from internbootcamp_env.answers import Integer
from internbootcamp_env.task import Task

# Small, so that hundreds of tasks fit into a test run; `internbootcamp-env audit` does it in full.
SAMPLE = audit.Plan(per_level=4, constants=100, heavy=False)


@pytest.mark.parametrize("name", bootcamp.names())
def test_task_passes_the_audit(name):
    report = audit.audit(bootcamp.get(name), SAMPLE)
    assert {check: found for check, found in report.failures.items() if found} == {}


@pytest.mark.parametrize("field", sorted({name.split(".")[0] for name in bootcamp.names()}))
def test_long_adversarial_answers_cost_little(field):
    name = bootcamp.names(f"{field}.*")[0]
    assert audit.check_junk(bootcamp.get(name), audit.Plan()) == []


def broken(**changes) -> Task:
    record = {
        "id": "toy.sum",
        "title": "Add",
        "knob": "size",
        "draw": lambda d, level: {"a": d.below(10 ** (level + 3)), "b": d.below(10 ** (level + 3))},
        "solve": lambda q: q["a"] + q["b"],
        "answer": Integer(),
        "en": ("Add {a} and {b}.", "What is {a} + {b}?", "{a} + {b} ="),
        "zh": ("{a} 加 {b} 是多少？", "求 {a} 与 {b} 的和。", "{a} + {b} ="),
    }
    return Task(**(record | changes))


def failed(task: Task) -> set[str]:
    report = audit.audit(task, audit.Plan(per_level=8, constants=200, heavy=False))
    return {check for check, found in report.failures.items() if found}


def test_the_toy_task_is_sound():
    assert failed(broken()) == set()


@pytest.mark.parametrize(
    ("changes", "check"),
    [
        ({"draw": lambda d, level: {"a": random.randint(0, 9999), "b": level}}, "generation"),
        ({"draw": lambda d, level: {"a": d.below(40), "b": d.below(40)}}, "splits"),
        ({"solve": lambda q: 7}, "constants"),
        ({"check": lambda q, v: "", "wrong": lambda q, a, d: [str(a + 1)]}, "mutants"),
        ({"check": lambda q, v: ""}, "form"),
        ({"check": lambda q, v: "no", "wrong": lambda q, a, d: [str(a + 1)]}, "oracle"),
        ({"en": ("Add {a} and {b} to get {x}.", "What is {a} + {b}?", "{a} + {b} =")}, "prompts"),
        ({"second": lambda q: q["a"] - q["b"]}, "second"),
        ({"draw": lambda d, level: {"a": d.below(10**6), "b": d.below(10**6)}}, "levels"),
        ({"zh": ("Add {a} to {b}", "Sum {a} {b}", "{a} + {b} =")}, "form"),
        ({"check": lambda q, v: "", "wrong": lambda q, a, d: ["x", "y", "z"]}, "constants"),
    ],
)
def test_the_audit_finds_a_planted_fault(changes, check):
    assert check in failed(broken(**changes))


def test_rank_correlation_by_hand():
    assert audit.spearman([1.0, 2.0, 3.0]) == pytest.approx(1.0)
    assert audit.spearman([3.0, 2.0, 1.0]) == pytest.approx(-1.0)
    assert audit.spearman([5.0, 5.0, 5.0]) == 0.0
    # ranks 1, 2.5, 2.5, 4 against 1, 2, 3, 4: 4.5 / sqrt(4.5 * 5)
    assert audit.spearman([1.0, 2.0, 2.0, 3.0]) == pytest.approx(4.5 / (4.5 * 5) ** 0.5)
