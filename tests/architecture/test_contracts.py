"""The rules of the workspace that no linter knows."""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = {
    "fp8_grouped_gemm": "torch",
    "intern_s1_model": "transformers",
    "oreal_rl": "torch",
    "internbootcamp_env": None,
    "pcc_distill": "torch",
    "intern_runs": "torch,rich.console",  # rich draws a number at import
}
BANNED_NAMES = {"utils", "helpers", "common", "misc"}


def members() -> list[Path]:
    return sorted([*(ROOT / "packages").iterdir(), *(ROOT / "apps").iterdir()])


def tracked_files() -> list[Path]:
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    names = [ROOT / name for name in listing.stdout.decode().split("\0") if name]
    return [name for name in names if name.is_file()]


def test_import_contracts_hold():
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]


@pytest.mark.parametrize("member", members(), ids=lambda member: member.name)
def test_every_member_is_laid_out_alike(member):
    project = tomllib.loads((member / "pyproject.toml").read_text())
    assert project["build-system"]["build-backend"] == "hatchling.build"
    assert re.fullmatch(r"\d+\.\d+\.\d+", project["project"]["version"])
    for name in ("README.md", "CHANGELOG.md", "LICENSE"):
        assert (member / name).stat().st_size > 0, name
    (source,) = [folder for folder in (member / "src").iterdir() if folder.is_dir()]
    assert (source / "py.typed").exists()


def test_no_file_or_folder_has_a_name_that_says_nothing():
    bad = [
        path.relative_to(ROOT)
        for path in tracked_files()
        if BANNED_NAMES & {part.removesuffix(path.suffix) for part in path.relative_to(ROOT).parts}
    ]
    assert not bad


def test_the_lock_and_machine_paths_are_not_committed():
    tracked = subprocess.run(
        ["git", "ls-files", "uv.lock"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert tracked.stdout == ""


PROBE = """
import json, logging, random, sys, time, warnings
base = {base!r}
for part in base.split(",") if base else ():
    __import__(part)
if base:
    if base == "transformers":
        # The parts of transformers that the model is composed of.
        import torch, transformers.models.auto, transformers.modeling_utils
        import transformers.models.internvl.modeling_internvl
        import transformers.models.internvl.processing_internvl
        import transformers.models.internvl.video_processing_internvl
        import transformers.models.got_ocr2.image_processing_got_ocr2
        import transformers.models.qwen3_moe.modeling_qwen3_moe
        import transformers.models.whisper.modeling_whisper
before = (random.getstate(), len(warnings.filters), len(logging.getLogger().handlers))
started = time.process_time()
__import__({name!r})
seconds = time.process_time() - started
after = (random.getstate(), len(warnings.filters), len(logging.getLogger().handlers))
print(json.dumps({{"seconds": seconds, "same": before == after}}))
"""


@pytest.mark.parametrize("name", PACKAGES)
def test_importing_a_package_is_quick_silent_and_changes_nothing(name):
    done = subprocess.run(
        [sys.executable, "-c", PROBE.format(base=PACKAGES[name], name=name)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    (line,) = done.stdout.splitlines()  # one line: the import itself printed nothing
    result = json.loads(line)
    # CPU seconds beyond torch or transformers, which the contract allows 1.2 of.
    assert result["seconds"] < 1.2
    assert result["same"]


def test_importing_the_task_package_needs_the_standard_library_only():
    probe = (
        "import sys; before = set(sys.modules); import internbootcamp_env; "
        "new = {n.split('.')[0] for n in set(sys.modules) - before}; "
        "print(*sorted(new - set(sys.stdlib_module_names)))"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["internbootcamp_env"]
