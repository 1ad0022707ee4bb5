"""OREAL's presets next to RLOO, GRPO and RLOO on the same pairs: equal samples, equal compute.

    uv run python packages/oreal-rl/benchmarks/compare_methods.py --minutes 5     # until it is done
    uv run python packages/oreal-rl/benchmarks/plot_methods.py                    # table and plot

Every method gets the same start, prompts, samples per step and grid of learning rates; the rate is
chosen per task, on a seed that is not reported. (Rates chosen on a fifth, easier task were too high
for all methods: pass@1 fell to 0 on the others.) A run goes on until it has taken `SAMPLE_STEPS`
steps *and* spent `CPU_SECONDS` in steps, and is read at both. Baselines have no KL term, which is
their cheaper setting; OREAL's presets have the published one. `s1` and `grpo` take two optimiser
steps per batch (KL-Cov and the clip do nothing in the first), the others one.

One JSON line per run goes to --output; lines that are there are not run again, so the command can
be stopped at any time, and two commands with different --tasks may write to one file. One thread;
the seconds are processor time of `OrealTrainer.step()` alone.
"""

import argparse
import itertools
import json
import platform
import time
from pathlib import Path

import torch
from tiny_tasks import (
    MAX_NEW_TOKENS,
    TASKS,
    TOKENIZER,
    cold_start,
    make_prompts,
    pass_at_1,
    verify,
)

from oreal_rl import OrealConfig, OrealTrainer

RESULTS = Path(__file__).parents[1] / "results" / "compare_methods.jsonl"
LEARNING_RATES = (1e-4, 3e-4, 1e-3, 3e-3)
TUNING_SEED, SEEDS = 100, (0, 1, 2, 3, 4)
PROMPTS, SAMPLES = 32, 16
SAMPLE_STEPS, CPU_SECONDS = 50, 16.0

BASELINE = {"kl_coef": 0.0}
TOKEN_REWARD = {"token_reward": "threshold", "token_learning_rate": 1e-3, "policy_freeze_steps": 5}
METHODS: dict[str, tuple[str, dict]] = {
    "oreal_repo": ("repo", {}),
    "oreal_paper": ("paper", {}),
    "s1": ("s1", {"num_minibatches": 2}),
    "rloo_pairs": ("repo", {"algorithm": "rloo_pairs", **BASELINE}),
    "rloo": ("repo", {"algorithm": "rloo", **BASELINE}),
    "grpo": ("repo", {"algorithm": "grpo", "num_minibatches": 2, **BASELINE}),
}
# Published whether they did well or not; run after the others.
VARIANTS: dict[str, tuple[str, dict]] = {
    "oreal_repo_all": ("repo", {"selection": "all"}),
    "oreal_repo_token_reward": ("repo", TOKEN_REWARD),
    "oreal_repo_token_reward_gated": ("repo", {**TOKEN_REWARD, "token_gate": 0.7}),
    "cloning_only": ("repo", {"selection": "all", "negative_coef": 0.0}),
    "reinforce": ("repo", {"algorithm": "reinforce", **BASELINE}),
    "dapo": ("repo", {"algorithm": "dapo", "num_minibatches": 2, **BASELINE}),
    "gspo": ("repo", {"algorithm": "gspo", "num_minibatches": 2, **BASELINE}),
}


def make_config(method: str, learning_rate: float, seed: int) -> OrealConfig:
    preset, changes = {**METHODS, **VARIANTS}[method]
    settings = {
        "num_steps": 100_000,
        "prompts_per_step": PROMPTS,
        "group_size": SAMPLES,
        "max_new_tokens": MAX_NEW_TOKENS,
        "top_p": 1.0,
        "truncated": "wrong",
        "token_reward": "none",
        "token_min_learning_rate": 0.0,
        "num_minibatches": 1,
        "skip_grad_norm": None,  # Intern-S1's 0.3 belongs to a model 10 million times larger
        "policy_freeze_steps": 0,
        "learning_rate": learning_rate,
        "min_learning_rate": learning_rate,
        "lr_warmup_steps": 0,
        "seed": seed,
    }
    return OrealConfig.preset(preset, **{**settings, **changes})


def run(task: str, method: str, seed: int, rate: float, starts: Path) -> dict:
    """Train once; read pass@1 where the samples and where the processor time are used up."""
    policy, before = cold_start(task, starts)
    trainer = OrealTrainer(
        policy=policy,
        tokenizer=TOKENIZER,
        prompts=lambda cursor: make_prompts(task, "train", seed, cursor, PROMPTS),
        verifier=verify,
        config=make_config(method, rate, seed),
    )
    readings: dict[str, dict] = {}
    spent = trained = 0.0
    while len(readings) < 2:
        start = time.process_time()
        metrics = trainer.step()
        spent += time.process_time() - start
        trained += metrics["rollouts_trained"]
        reached = {"samples": trainer.step_index >= SAMPLE_STEPS, "compute": spent >= CPU_SECONDS}
        due = [name for name, is_due in reached.items() if is_due and name not in readings]
        if due:
            reading = {"pass_at_1": pass_at_1(policy, task), "step": trainer.step_index}
            reading |= {"cpu_seconds": round(spent, 3), "rollouts_trained": int(trained)}
            if (accuracy := metrics.get("token_reward/accuracy_average")) is not None:
                reading["token_accuracy"] = round(accuracy, 4)
            readings |= dict.fromkeys(due, reading)
    return {"before": before, **readings}


def cells(done: dict, tasks: list[str]) -> list[tuple[str, str, int, float]]:
    """What there is to run: the grid on the tuning seed, then the chosen rates on the others."""
    plan = []
    for methods in (METHODS, VARIANTS):
        tuning = list(itertools.product(tasks, methods, (TUNING_SEED,), LEARNING_RATES))
        plan += tuning
        if any(cell not in done for cell in tuning):
            break
        rates = chosen_rates(done, tasks, methods)
        order = itertools.product(SEEDS, tasks, methods)  # stopped early, there are whole seeds
        plan += [(task, method, seed, rates[task, method]) for seed, task, method in order]
    return plan


def chosen_rates(done: dict, tasks: list[str], methods: dict) -> dict[tuple[str, str], float]:
    """Per task and method, the rate with the best mean of both readings on the tuning seed."""

    def score(task: str, method: str, rate: float) -> float:
        record = done[task, method, TUNING_SEED, rate]
        return record["samples"]["pass_at_1"] + record["compute"]["pass_at_1"]

    return {
        (task, method): max(LEARNING_RATES, key=lambda rate, t=task, m=method: score(t, m, rate))
        for task, method in itertools.product(tasks, methods)
    }


def read_records(path: Path) -> dict:
    """Finished runs by (task, method, seed, learning rate)."""
    lines = path.read_text().splitlines() if path.exists() else []
    records = [json.loads(line) for line in lines if line.endswith("}")]
    return {(r["task"], r["method"], r["seed"], r["learning_rate"]): r for r in records}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=RESULTS)
    parser.add_argument("--starts", type=Path, default=Path("runs/tiny-starts"))
    parser.add_argument("--tasks", nargs="+", choices=TASKS, default=list(TASKS))
    parser.add_argument("--minutes", type=float, default=5.0, help="stop after this wall time")
    options = parser.parse_args()
    torch.set_num_threads(1)
    options.output.parent.mkdir(parents=True, exist_ok=True)
    end = time.monotonic() + 60 * options.minutes
    while time.monotonic() < end:
        done = read_records(options.output)
        left = [cell for cell in cells(done, options.tasks) if cell not in done]
        if not left:
            print("all runs are done")
            return
        task, method, seed, rate = left[0]
        record = {"task": task, "method": method, "seed": seed, "learning_rate": rate}
        record |= run(task, method, seed, rate, options.starts)
        record |= {"torch": torch.__version__, "python": platform.python_version()}
        with options.output.open("a") as file:
            file.write(json.dumps(record) + "\n")
        print(f"{len(left) - 1} left of this phase: {task} {method} {seed} {rate:g}", flush=True)


if __name__ == "__main__":
    main()
