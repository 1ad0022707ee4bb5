"""Every Python block of the README runs; blocks marked `py` show a set-up and are only parsed."""

import ast
import re
from pathlib import Path

import pytest
from pytest_examples import CodeExample, EvalExample, find_examples

README = Path(__file__).parents[1] / "README.md"


EXAMPLES = list(find_examples(str(README)))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda e: f"line{e.start_line}")
def test_the_examples_run(example: CodeExample, eval_example: EvalExample):
    if example.prefix == "py":
        ast.parse(example.source)
        return
    eval_example.run(example)


def test_every_named_file_of_this_package_exists():
    text = README.read_text()
    package = README.parent
    for name in re.findall(r"\*\*oreal-rl\*\*.*", text)[0].split("`")[1::2]:
        assert (package / "src" / "oreal_rl" / name).exists(), name
    for name in re.findall(r"`((?:benchmarks|results)/[\w./]+)`", text):
        assert (package / name).exists(), name
