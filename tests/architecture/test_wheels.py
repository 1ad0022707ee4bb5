"""Each package's wheel installs and imports alone, with only the dependencies that it declares."""

import subprocess
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = sorted(folder.name for folder in (ROOT / "packages").iterdir())


def run(*command: str, cwd: Path = ROOT) -> str:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
    return done.stdout


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("package", PACKAGES)
def test_a_wheel_installs_and_imports_alone(package, tmp_path):
    run("uv", "build", "--wheel", "--package", package, "--out-dir", str(tmp_path), "-q")
    (wheel,) = tmp_path.glob("*.whl")
    module = package.replace("-", "_")
    names = zipfile.ZipFile(wheel).namelist()
    assert f"{module}/py.typed" in names
    assert not [name for name in names if "tests/" in name]

    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["uv"]
    constraints = tmp_path / "constraints.txt"
    constraints.write_text("\n".join(settings["constraint-dependencies"]))
    python = tmp_path / "env" / "bin" / "python"
    run("uv", "venv", "-q", "--python", "3.11", str(tmp_path / "env"))
    run(
        "uv", "pip", "install", "-q", "--python", str(python), "--no-config",
        "--exclude-newer", settings["exclude-newer"], "--constraint", str(constraints), str(wheel),
    )  # fmt: skip
    # -W error: an import that warns is an import that does something.
    command = f"import {module}; print({module}.__version__, {module}.__file__)"
    version, where = run(str(python), "-I", "-c", command, cwd=tmp_path).split()
    assert (
        version
        == tomllib.loads((ROOT / "packages" / package / "pyproject.toml").read_text())["project"][
            "version"
        ]
    )
    assert str(tmp_path) in where
