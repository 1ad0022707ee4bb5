"""Configuration: files, overrides, and one clear line for each mistake."""

import pytest
from pydantic import BaseModel, ConfigDict, Field

from intern_runs import ConfigError, load_config, parse_assignment


class Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    steps: int = Field(10, gt=0)
    kl_coef: float = Field(0.1, ge=0)


class Run(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    seed: int = 0
    name: str = "run"
    model: Model = Model()


@pytest.fixture
def toml(tmp_path):
    def write(text):
        path = tmp_path / "run.toml"
        path.write_text(text)
        return path

    return write


def test_flags_win_over_assignments_and_those_over_the_file(toml):
    path = toml("seed = 1\n[model]\nsteps = 2\nkl_coef = 0.5\n")
    config = load_config(Run, path, ["model.steps=3", "seed=4"], {"seed": 5, "model.steps": None})
    assert (config.seed, config.model.steps, config.model.kl_coef) == (5, 3, 0.5)


@pytest.mark.parametrize(
    ("assignment", "value"),
    [
        ("a.b=3", 3),
        ("a.b=1e-3", 1e-3),
        ("a.b=true", True),
        ("a.b=[1, 2]", [1, 2]),
        ("a.b=x y", "x y"),
    ],
)
def test_an_assignment_holds_a_toml_value_or_else_a_string(assignment, value):
    assert parse_assignment(assignment) == ("a.b", value)


@pytest.mark.parametrize(
    ("text", "assignments", "message"),
    [
        ("seed = 1\n[model]\nstepz = 2\n", [], r"toml:3: .*'model\.stepz'; did you mean 'steps'\?"),
        ("[modle]\nsteps = 2\n", [], r"run\.toml:1: unknown key 'modle'; did you mean 'model'\?"),
        ("seed = 'x'\n", [], r"run\.toml:1: seed: Input should be a valid integer.*got 'x'"),
        ("[model]\nkl_coef = -1\n", [], r"run\.toml:2: model\.kl_coef: .*equal to 0; got -1"),
        ("seed = 1\nseed 2\n", [], r"run\.toml:2: not valid TOML"),
        ("", ["model.steps=0"], r"--set model\.steps=0: model\.steps: .*greater than 0; got 0"),
        ("", ["model.steps"], r"--set needs key=value.*got 'model\.steps'"),
        ("", ["seed.x=1", "seed=1"], r"."),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_place(toml, text, assignments, message):
    if assignments[:1] == ["seed.x=1"]:
        assignments, message = ["seed=1", "seed.x=1"], "'seed' is a value, not a table"
    with pytest.raises(ConfigError, match=message) as caught:
        load_config(Run, toml(text), assignments)
    assert "\n" not in str(caught.value).split("(at line")[0]


def test_a_missing_file_and_a_folder_are_told_apart(tmp_path):
    with pytest.raises(ConfigError, match="no such configuration file"):
        load_config(Run, tmp_path / "none.toml")
    with pytest.raises(ConfigError, match="a folder, expected a TOML file"):
        load_config(Run, tmp_path)


def test_bytes_that_are_no_text_are_refused(tmp_path):
    path = tmp_path / "run.toml"
    path.write_bytes(b"seed = \xff\n")
    with pytest.raises(ConfigError, match="not UTF-8"):
        load_config(Run, path)
