"""Answers that must never earn anything, and must never cost much.

`RESPONSES` holds whole responses; `ANSWERS` holds answer texts that the audit puts into every
wrapper. `about(task, case)` adds those that depend on a case: its prompt echoed, all options
listed, the reference answer outside every wrapper or inside closed reasoning only. None of them
is right for any task, except by being a right answer in truth, which the audit allows for.
"""

from collections.abc import Iterator

from .extract import wrap
from .task import Case, Task

ANSWERS: tuple[str, ...] = (
    "",
    " ",
    "\x00",
    "\ud800",
    "\ufeff",
    "\u200f",
    "\u200d\u200c\u200b",
    "?",
    "...",
    "answer",
    "the answer",
    "I do not know",
    "None",
    "null",
    "NaN",
    "nan",
    "inf",
    "-inf",
    "1e309",
    "-0",
    "0x10",
    "0b1",
    "1_000",
    "1,000",
    "1e3",
    "5.0",
    "+5",
    "−3",  # Unicode minus
    "５",
    "٣",
    "²",
    "½",
    "Ⅳ",
    "9**9**9**9",
    "9^9^9",
    "2<<10**9",
    "factorial(10**9)",
    "10**10**10 % 7",
    "1/0",
    r"\frac{1}{0}",
    '__import__("os").mkdir("/tmp/made-by-an-answer")',
    "().__class__.__mro__",
    'f"{1+1}"',
    "`1+1`",
    "{}",
    '{"a":' * 3000,
    '{"a": 1, "a": 2}',
    "[1e999]",
    "/* comment */ [1]",
    "True",
    "true",
    "=1+1",
    "<b>1</b>",
    '=HYPERLINK("x")',
    "{{7*7}}",
    "%s%s%n",
    "'; DROP TABLE t; --",
    "| 1 | 2 |\n|---|---|",
    "(a+)+$",
    "&a [*a, *a]",
    "a: &a [x,x,x]\nb: &b [*a,*a,*a]\nc: &c [*b,*b,*b]\nd: [*c,*c,*c]",
    "<!DOCTYPE x [<!ENTITY a 'b'>]><x>&a;</x>",
    "1 2\n3",
    "-5 rows",
    "1-1 2-2 3-3",
    "A-A",
    "A>A",
    "999999999",
    "1 1 1 1",
    "C1CC",
    "C" + "".join(f"%{n:02d}" for n in range(10, 100)) * 100,
    "99999-99-99",
    "аbс",  # Cyrillic look-alikes
    "-1 -1",
    "0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0",
)

PLAUSIBLE: tuple[str, ...] = ("0", "1", "2", "42", "-1", "yes", "no", "a", "A", "none", "1 2 3")
"""Well-formed guesses, right now and then; the audit bounds how often."""

HEAVY: tuple[str, ...] = (
    " " * 100_000,
    " " * 50_000 + "x",
    "a" * 1_000_000,
    "<answer>" * 20_000,
    "</answer>" * 20_000,
    "<answer>" * 10_000 + "</answer>" * 10_000,
    "\\boxed{" * 20_000,
    "\\boxed{" + "{" * 60_000 + "}" * 60_000 + "}",
    "```" * 20_001,
    "Answer:" * 20_000,
    "<think>" * 20_000,
    "</think>" * 20_000,
    "\n" * 100_000,
    "1\n" * 60_000,
    "5" * 5_000,
    "5" * 60_000,
    "5" * 200_000,
    "\n".join(["1 2 3"] * 1_000_000),
    "(" * 5_000,
    "[" * 5_000 + "]" * 5_000,
    "{" * 5_000,
    "-" * 50_000,
    "1+" * 20_000,
    "," * 60_000,
    "1," * 30_000,
    "1 " * 30_000,
    "0." + "3" * 60_000,
    "1/" + "3" * 60_000,
    "$" * 60_000,
    "`" * 60_000,
    "*" * 60_000,
    "C(" * 20_000,
    "C1" * 20_000,
    "C1CC1" * 10_000,
    "((a+)+)+$" * 5_000,
    "[" * 30_000 + "1" + "]" * 30_000,
    "A>B " * 15_000,
    "9" * 4_300 + "/" + "7" * 4_300,
    "1e" + "9" * 60_000,
    "²" * 30_000,
    "x^" * 30_000,
    "(((((((((H)9)9)9)9)9)9)9)9)9" * 1_000,
)
"""Long ones, tried in no wrapper and in the tag."""

RESPONSES: tuple[str, ...] = (
    "<answer></answer>",
    "<answer>",
    "</answer>",
    "</answer>~<answer>",
    "<answer>1",
    "<answer><answer>~</answer>",
    "\\boxed{}",
    "\\boxed{1",
    "``````",
    "```1",
    "Answer:",
    "Answer: ",
    "<think>1",
    "<think></think>",
)


def about(task: Task, case: Case) -> Iterator[str]:
    """Yield responses made from a case that are wrong although the right answer may be in them."""
    oracle = task.oracle(case)
    prompt = task.prompt(case)
    yield prompt
    yield wrap(prompt, "answer")
    yield wrap(oracle, "answer") + "</think>"
    yield f"<think>{wrap(oracle, 'answer')}"
    yield oracle + "\n" + wrap("\x00", "answer")
    yield wrap(f"{oracle} or {oracle}?", "answer")
    yield wrap(f"not {oracle}", "answer")
    yield f"<answer>{oracle}"
    yield f"{oracle}</answer>"
    mutants = task.mutants(case)
    if mutants:
        yield wrap(oracle, "answer") + wrap(mutants[0], "answer")
        yield wrap(", ".join([*mutants, oracle]) + " " + " ".join(mutants), "answer")


def distorted(task: Task, case: Case, others: list[Case]) -> Iterator[str]:
    """Yield the answers of other cases and damaged forms of the right one, without wrappers.

    Args:
        task: A task with one right answer.
        case: The case to be answered.
        others: Other cases of the same level.
    """
    oracle = task.oracle(case)
    for other in others:
        if other.answer != case.answer:
            yield task.oracle(other)
    if len(set(oracle)) > 1:
        yield f"{oracle}{oracle}"
    yield f"{oracle} furlongs"
    yield f"{oracle} # comment"
    yield f"{oracle}\n{oracle}x"
    yield f"print({oracle})"
    yield f"({oracle})**1e9"
    yield oracle.translate(_LOOK_ALIKES) if oracle.translate(_LOOK_ALIKES) != oracle else "\x00"
    number = _as_integer(oracle)
    if number is not None:
        yield from (str(number + 1), str(number - 1), str(10 * number + 7))
        yield from (str(-number) if number else "1", f"{number}.0001", f"{number}.999999")
        yield from (f"{number}e1" if number else "1e1", f"{number}+1", f"{number}%")


_LOOK_ALIKES = str.maketrans("ABCEHKMOPTXaceopxy", "АВСЕНКМОРТХасеорху")


def _as_integer(text: str) -> int | None:
    digits = text.removeprefix("-")
    return int(text) if digits.isascii() and digits.isdigit() and len(digits) < 400 else None
