"""Processor time from random weights to sorting ten digits: a supervised start, then OREAL.

    uv run python packages/oreal-rl/benchmarks/sort_from_cold.py --seeds 3

A policy of 70,000 parameters learns from correct answers until its pass rate at temperature 1
reaches --start-at, and from then on only from being told right or wrong: preset `repo`, one right
and one wrong response per prompt. Both phases stop at a check on problems of their own, the second
where the check is two of its standard errors above the target; the pass rate that is reported comes
from a thousand other problems, measured after the clock has stopped. One thread; all seconds until
then count, the checks' too.
"""

import argparse
import json
import platform
import sys
import time
from pathlib import Path

import torch
from tiny_tasks import MAX_NEW_TOKENS, PARAMS, TOKENIZER, make_prompts, supervised_loss, verify

from oreal_rl import OrealConfig, OrealTrainer
from oreal_rl.samplers import KVLoopSampler
from oreal_rl.testing import TinyPolicy

TARGET, MARGIN, CPU_LIMIT = 0.85, 0.0225, 600.0  # two standard errors of 1000 problems
PROMPTS, SAMPLES = 32, 16


def pass_rate(policy, split, seed, count):
    """Pass rate at temperature 1, one response per problem."""
    prompts = make_prompts("sort", split, seed, 0, count)
    ids = [tuple(TOKENIZER.encode(prompt.text)) for prompt in prompts]
    groups = KVLoopSampler(policy, TOKENIZER).sample(ids, num_samples=1, params=PARAMS, seed=seed)
    return sum(verify(prompts, [group[0].text for group in groups])) / count


def learn_from_answers(policy, seed, start_at):
    """Supervised steps until the check passes; returns how many."""
    optimizer = torch.optim.AdamW(policy.parameters(), lr=2e-3)
    for step in range(2000):
        optimizer.zero_grad()
        supervised_loss(policy, make_prompts("sort", "cold", seed, step, 128)).backward()
        optimizer.step()
        if step % 10 == 9 and pass_rate(policy, "check", seed, 128) >= start_at:
            return step + 1
    raise RuntimeError(f"2000 supervised steps did not reach a pass rate of {start_at}")


def make_trainer(policy, seed, rate):
    config = OrealConfig.preset(
        "repo", num_steps=100_000, prompts_per_step=PROMPTS, group_size=SAMPLES,
        max_new_tokens=MAX_NEW_TOKENS, top_p=1.0, truncated="wrong", token_reward="none",
        policy_freeze_steps=0, lr_warmup_steps=0, learning_rate=rate, min_learning_rate=rate,
        seed=seed,
    )  # fmt: skip
    return OrealTrainer(
        policy=policy, tokenizer=TOKENIZER, verifier=verify, config=config,
        prompts=lambda cursor: make_prompts("sort", "train", seed, cursor, PROMPTS),
    )  # fmt: skip


def run(seed, start_at, rate):
    """Both phases once; seconds of processor time from the first step on."""
    policy = TinyPolicy(
        TOKENIZER.vocabulary_size, width=64, num_layers=2, num_heads=4, max_positions=24, seed=seed
    )
    begin = time.process_time()
    supervised_steps = learn_from_answers(policy, seed, start_at)
    cold = time.process_time() - begin
    paused = time.process_time()
    before = pass_rate(policy, "test", seed, 1000)
    begin += time.process_time() - paused  # not part of the run
    trainer = make_trainer(policy, seed, rate)
    reached = False
    while not reached and time.process_time() - begin < CPU_LIMIT:
        trainer.train(20)
        reached = pass_rate(policy, "check", seed, 1000) >= TARGET + MARGIN
    total = time.process_time() - begin
    return {
        "seed": seed,
        "supervised_steps": supervised_steps,
        "supervised_cpu_seconds": round(cold, 1),
        "pass_rate_after_supervised": before,
        "oreal_steps": trainer.step_index,
        "responses_sampled": trainer.step_index * PROMPTS * SAMPLES,
        "total_cpu_seconds": round(total, 1),
        "check_reached_target": reached,
        "pass_rate": pass_rate(policy, "test", seed, 1000),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3, help="number of runs")
    parser.add_argument("--start-at", type=float, default=0.3, help="pass rate of the start")
    parser.add_argument("--learning-rate", type=float, default=3e-4, help="of OREAL")
    parser.add_argument("--output", type=Path, help="file for the JSON")
    options = parser.parse_args()
    torch.set_num_threads(1)
    runs = []
    for seed in range(options.seeds):
        runs.append(run(seed, options.start_at, options.learning_rate))
        print(json.dumps(runs[-1]), flush=True)
    result = {
        "command": " ".join(["python", *sys.argv]),
        "target": TARGET,
        "torch": torch.__version__,
        "python": platform.python_version(),
        "runs": runs,
    }
    if options.output:
        options.output.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
