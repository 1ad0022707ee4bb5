"""Kill one run twenty times at random moments and compare what is left with a run left alone.

    uv run python apps/rl/benchmarks/kill_and_resume.py --kills 20

Both runs have the same configuration: a small cold start and a short online stage, all groups kept.
The killed one is resumed after each kill until it ends. Equal must be every line of metrics but for
the clock, the weights of the final checkpoint bit by bit, and the prompts and answers of every
step. A moment is a line of metrics, drawn over all lines of the run, and a share of the time that a
line takes; so kills spread over the stages as lines do, and within a step over sampling, the
backward pass and saving. A half-written file found after a kill means that it hit a save.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CONFIG = """
threads = 1
[pretrain.data]
num_compounds = 60
texts_per_compound = 1
num_images = 12
num_series = 40
test_fraction = 0.3
[pretrain.tokenizer]
vocab_size = 300
smiles_vocab_size = 64
iupac_vocab_size = 96
fasta_vocab_size = 40
[pretrain.training]
steps = 3
sequence_length = 256
batch_sizes = "0:2"
eval_packs = 1
[tasks]
patterns = ["logic.majority", "chem.smiles_rings", "logic.parity"]
[cold_start]
steps = 30
batch_size = 8
best_of_n_steps = 3
best_of_n = 2
best_of_n_questions = 8
max_new_tokens = 4
[rewards]
[[rewards.sources]]
kind = "environment"
[[rewards.sources]]
kind = "form"
[[rewards.sources]]
kind = "reference"
[rl]
steps = 60
record_every = 1
record_groups = 6
[rl.oreal]
prompts_per_step = 6
group_size = 4
num_minibatches = 1
max_new_tokens = 4
learning_rate = 1e-3
truncated = "wrong"
[evaluation]
questions_per_task = 3
num_samples = 2
max_new_tokens = 4
"""
RESULTS = Path(__file__).parents[1] / "results"
# Everything is in memory before the clock starts: a kill during imports would prove nothing.
READY = (
    "from intern_rl.main import main; import intern_rl.pipeline; print('ready', flush=True); main()"
)


def start(*arguments: object) -> subprocess.Popen:
    """Start the program and wait until it has been imported."""
    process = subprocess.Popen(
        [sys.executable, "-c", READY, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert process.stdout is not None
    if process.stdout.readline().strip() != "ready":
        raise SystemExit(process.communicate()[1])
    return process


def metrics(run: Path) -> list[dict]:
    """All lines without their clock value."""
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return [{k: v for k, v in line.items() if k != "seconds"} for line in lines]


def logged(run: Path) -> int:
    """Return the number of lines written so far."""
    path = run / "metrics.jsonl"
    return path.read_bytes().count(b"\n") if path.exists() else 0


def groups(run: Path) -> dict[str, str]:
    """Every kept group, prompts and answers, as text by file."""
    return {path.name: path.read_text() for path in sorted((run / "groups").glob("*.json"))}


def where(run: Path) -> tuple[str, int, bool]:
    """Stage and step last logged, and whether a half-written file lies about."""
    drafts = [path for path in run.rglob("*") if path.name.endswith(".draft")]
    for draft in drafts:
        if draft.is_file():
            draft.unlink()
    path = run / "metrics.jsonl"
    lines = path.read_text().splitlines() if path.exists() else []
    for line in reversed(lines):
        try:
            last = json.loads(line)
            return last["stage"], last["step"], bool(drafts)
        except ValueError:  # cut off in the middle of a line
            continue
    return "data", 0, bool(drafts)


def main() -> None:
    """Run, kill, resume, compare, write the result."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        result = compare(Path(folder), options.kills, random.Random(f"kills/{options.seed}"))
    RESULTS.mkdir(exist_ok=True)
    text = json.dumps(result, indent=1) + "\n"
    (RESULTS / "kill_and_resume.json").write_text(text, encoding="utf-8")
    print(text)
    if not all(result["equal"].values()):
        raise SystemExit("the killed run differs from the one left alone")


def compare(folder: Path, kills: int, moments: random.Random) -> dict:
    """Make both runs in a folder."""
    config, whole, killed = folder / "c.toml", folder / "whole", folder / "killed"
    config.write_text(CONFIG)
    process = start("train", config, "--output", whole)
    began = time.monotonic()
    if process.wait() != 0:
        raise SystemExit(process.communicate()[1])
    lines = len(metrics(whole))
    seconds = (time.monotonic() - began) / lines
    done: list[dict] = []
    for line in sorted(moments.uniform(0, lines - 1) for _ in range(kills)):
        resumed = (killed / "config.json").exists()
        process = start("resume", killed) if resumed else start("train", config, "--output", killed)
        while process.poll() is None and logged(killed) < int(line):
            time.sleep(0.005)
        time.sleep(moments.random() * seconds)
        if process.poll() is not None:
            raise SystemExit(f"the run ended after {len(done)} kills: {process.communicate()[1]}")
        process.send_signal(signal.SIGKILL)
        process.wait()
        stage, step, saving = where(killed)
        done.append({"stage": stage, "step": step, "half_written_file": saving})
        print(f"kill {len(done)}: {done[-1]}", file=sys.stderr)
    process = start("resume", killed)
    if process.wait() != 0:
        raise SystemExit(process.communicate()[1])
    weights = Path("checkpoints") / "final" / "model.safetensors"
    return {
        "command": f"uv run python apps/rl/benchmarks/kill_and_resume.py --kills {kills}",
        "kills": done,
        "equal": {
            "metrics": metrics(killed) == metrics(whole),
            "prompts_and_answers": groups(killed) == groups(whole),
            "final_weights": (killed / weights).read_bytes() == (whole / weights).read_bytes(),
        },
        "steps": len([line for line in metrics(whole) if line["stage"] == "rl"]),
        "prompts": sum(len(json.loads(text)) for text in groups(whole).values()),
    }


if __name__ == "__main__":
    main()
