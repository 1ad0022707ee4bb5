import json
from dataclasses import replace

import pytest

import internbootcamp_env as bootcamp
from internbootcamp_env import audit, draws
from internbootcamp_env.answers import Integer
from internbootcamp_env.audit.answers import check_junk
from internbootcamp_env.audit.families import grams, masked, pairs_alike
from internbootcamp_env.audit.generation import check_processes
from internbootcamp_env.audit.runner import audit_many, is_sound, summary, table
from internbootcamp_env.task import Task

# Small, so that hundreds of tasks fit into a test run; `internbootcamp-env audit` does it in full.


@pytest.mark.parametrize("name", bootcamp.names())
def test_task_passes_the_audit(name):
    report = audit.audit(bootcamp.get(name), audit.QUICK)
    assert {check: found for check, found in report.failures.items() if found} == {}


@pytest.mark.parametrize("field", sorted({name.split(".")[0] for name in bootcamp.names()}))
def test_long_adversarial_answers_cost_little(field):
    name = bootcamp.names(f"{field}.*")[0]
    assert check_junk(audit.Subject(bootcamp.get(name), audit.Plan())) == []


def test_no_two_tasks_of_a_field_are_near_duplicates():
    alike = pairs_alike(map(bootcamp.get, bootcamp.names()))
    assert [(pair.first, pair.second) for pair in alike if pair.same_judge] == []


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
        ({"draw": lambda d, level: {"a": draws.random.randrange(9999), "b": level}}, "generation"),
        ({"draw": lambda d, level: {"a": d.below(40), "b": d.below(40)}}, "splits"),
        ({"solve": lambda q: 7}, "constants"),
        ({"check": lambda q, v: "", "wrong": lambda q, a, d: [str(a + 1)]}, "mutants"),
        ({"check": lambda q, v: ""}, "form"),
        ({"check": lambda q, v: "no", "wrong": lambda q, a, d: [str(a + 1)]}, "oracle"),
        ({"en": ("Add {a} and {b} to get {x}.", "What is {a} + {b}?", "{a} + {b} =")}, "prompts"),
        ({"second": lambda q: q["a"] - q["b"]}, "second"),
        (
            {
                "draw": lambda d, level: {"a": d.below(10 ** (level + 3)), "b": [0]},
                "solve": lambda q: q["b"].append(0) or q["a"],
                "second": lambda q: q["b"].append(0) or q["a"],
            },
            "generation",
        ),
        (
            {
                "verifier": "O",
                "check": lambda q, v: "" if v == q["a"] + q["b"] else "no",
                "wrong": lambda q, a, d: [str(a + n) for n in (1, 2, 3)],
            },
            "optimum",
        ),
        (
            {
                "verifier": "C",
                "check": lambda q, v: "" if v == q["a"] + q["b"] else "no",
                "wrong": lambda q, a, d: [str(a + n) for n in (1, 2, 3)],
                "second": lambda q: q["a"] + q["b"],
            },
            "second",
        ),
        ({"draw": lambda d, level: {"a": d.below(10**6), "b": d.below(10**6)}}, "levels"),
        ({"zh": ("Add {a} to {b}", "Sum {a} {b}", "{a} + {b} =")}, "form"),
        ({"check": lambda q, v: "", "wrong": lambda q, a, d: ["x", "y", "z"]}, "constants"),
    ],
)
def test_the_audit_finds_a_planted_fault(changes, check):
    assert check in failed(broken(**changes))


def test_another_process_is_compared_byte_by_byte():
    task, plan = bootcamp.get("arith.add"), audit.Plan(per_level=2, processes=True)
    assert check_processes(audit.Subject(task, plan)) == []
    other = replace(task, solve=lambda q: 7)
    assert check_processes(audit.Subject(other, plan)) == ["another process makes other bytes"]
    unknown = replace(task, id="no.such")
    assert "UnknownTaskError" in check_processes(audit.Subject(unknown, plan))[0]


def test_rank_correlation_by_hand():
    assert audit.spearman([1.0, 2.0, 3.0]) == pytest.approx(1.0)
    assert audit.spearman([3.0, 2.0, 1.0]) == pytest.approx(-1.0)
    assert audit.spearman([5.0, 5.0, 5.0]) == 0.0
    # ranks 1, 2.5, 2.5, 4 against 1, 2, 3, 4: 4.5 / sqrt(4.5 * 5)
    assert audit.spearman([1.0, 2.0, 2.0, 3.0]) == pytest.approx(4.5 / (4.5 * 5) ** 0.5)


def test_near_duplicates_read_alike_and_are_judged_alike():
    one = broken(en=("Add the number {a} to {b} and write the sum.", "Sum of {a} and {b}?", "."))
    copy = replace(one, id="toy.copy")
    other = replace(one, id="toy.other", solve=lambda q: q["a"] - q["b"])
    pairs = {(pair.first, pair.second): pair for pair in pairs_alike([one, copy, other])}
    assert len(pairs) == 3
    assert pairs["toy.sum", "toy.copy"].same_judge
    assert not pairs["toy.sum", "toy.other"].same_judge
    assert masked("Walk from A to B12 in 3, 4, 5 steps") == "# from # to # in # steps"
    assert ("add", "the", "number", "to", "and") not in grams(one)


def test_an_interrupted_audit_goes_on_where_it_stopped(tmp_path):
    kept, chosen = tmp_path / "kept.jsonl", bootcamp.names("arith.add", "strings.reverse")
    first = audit_many(chosen[:1], audit.QUICK, kept=kept)
    kept.write_text(kept.read_text() + '{"task": "cut off in the mid')
    assert json.loads(kept.read_text().splitlines()[0])["task"] == "arith.add"
    again = audit_many(chosen, audit.QUICK, workers=2, kept=kept)
    assert again[0] == first[0]
    assert [report.task for report in again] == chosen
    assert is_sound(again)
    assert "2 base tasks | 0 rule variants | 2 audited" in summary(again)[0]
    assert "| `arith.add` | U |  | ok | ok | ok | – |" in table(again, "a command")
    other = audit_many(chosen[:1], replace(audit.QUICK, constants=50), kept=kept)
    assert other[0].seconds != first[0].seconds
