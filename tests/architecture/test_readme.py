"""The README's commands exist and are those that run."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]


def commands(path: Path) -> list[str]:
    blocks = re.findall(r"```(?:sh|bash|console)?\n(.*?)```", path.read_text(), flags=re.DOTALL)
    lines = [line.split("#")[0].strip() for block in blocks for line in block.splitlines()]
    return [line.removeprefix("$ ") for line in lines if line.removeprefix("$ ").startswith("uv ")]


def scripts() -> set[str]:
    found = set()
    for project in [*ROOT.glob("packages/*/pyproject.toml"), *ROOT.glob("apps/*/pyproject.toml")]:
        found |= set(tomllib.loads(project.read_text())["project"].get("scripts", {}))
    return found


def test_the_two_commands_come_first_and_ci_runs_the_second():
    first, second = commands(ROOT / "README.md")[:2]
    assert first == "uv run intern-rl quickstart"
    assert second == "uv run pytest"
    assert r"s/^\(uv run pytest\).*/\1/p" in (ROOT / ".ci" / "run").read_text()


def test_every_program_named_in_a_readme_exists():
    known = scripts() | {
        "pytest",
        "python",
        "torchrun",
        "just",
        "ruff",
        "basedpyright",
        "lint-imports",
        "prek",
    }
    for readme in [
        ROOT / "README.md",
        *ROOT.glob("packages/*/README.md"),
        *ROOT.glob("apps/*/README.md"),
    ]:
        for command in commands(readme):
            words = [word for word in command.split()[2:] if not word.startswith("-")]
            if command.startswith("uv run") and words:
                assert words[0] in known, f"{readme}: {command}"


def test_every_relative_link_in_a_readme_leads_somewhere():
    for readme in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *ROOT.glob("*/*/README.md")]:
        text = re.sub(r"```.*?```", "", readme.read_text(), flags=re.DOTALL)
        for link in re.findall(r"\]\(([^)#]+)[^)]*\)", text):
            if "://" not in link:
                assert (readme.parent / link).exists(), f"{readme}: {link}"
