"""CPU cost of a training step next to TRL's GRPOTrainer, same tiny model, same batch sizes.

    uv run --with trl --with datasets python packages/oreal-rl/benchmarks/compare_trl.py --steps 6

Both run on one thread: 32 prompts x 16 samples of at most 10 tokens, a KL term, HF Qwen3-MoE of
1.8 million parameters with random weights. A random reward keeps every group mixed. Generation of
64 tokens is timed with fused steps, with the model's own forward, and with transformers'
`generate`, taking turns, so that what else the machine does meets all three. Prints CPU seconds per
step and their ratios, and writes them as JSON where --output names a file.
"""

import argparse
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

import torch
from transformers import PreTrainedTokenizerFast, Qwen3MoeConfig, Qwen3MoeForCausalLM

from oreal_rl import OrealConfig, OrealTrainer, Prompt
from oreal_rl.protocols import SamplingParams
from oreal_rl.samplers import GenerateSampler, KVLoopSampler
from oreal_rl.seeding import derive_generator

CHARS = "abcdefghijklmnopqrstuvwxyz0123456789>"
PROMPTS, SAMPLES, TOKENS = 32, 16, 10


def make_tokenizer():
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers

    vocabulary = {"<pad>": 0, "<eos>": 1, **{char: i + 2 for i, char in enumerate(CHARS)}}
    inner = Tokenizer(models.WordLevel(vocabulary, unk_token="<pad>"))
    inner.pre_tokenizer = pre_tokenizers.Split(Regex("."), "isolated")
    inner.decoder = decoders.Fuse()
    return PreTrainedTokenizerFast(
        tokenizer_object=inner, pad_token="<pad>", eos_token="<eos>", padding_side="left"
    )


def make_model(tokenizer):
    torch.manual_seed(0)
    config = Qwen3MoeConfig(
        vocab_size=len(tokenizer), hidden_size=128, intermediate_size=256,
        moe_intermediate_size=128, num_hidden_layers=4, num_attention_heads=4,
        num_key_value_heads=2, head_dim=32, num_experts=8, num_experts_per_tok=2,
        max_position_embeddings=256, pad_token_id=0, eos_token_id=1, bos_token_id=None,
    )  # fmt: skip
    return Qwen3MoeForCausalLM(config)


def make_prompts(cursor, count=PROMPTS):
    generator = derive_generator("benchmark", cursor)
    rows = torch.randint(26, (count, 40), generator=generator).tolist()
    return ["".join(CHARS[c] for c in row) for row in rows]


def coin_flips(prompts, responses):
    return [float(i % 2) for i in range(len(responses))]


def time_oreal(tokenizer, steps, **settings):
    config = OrealConfig.preset(
        "repo", num_steps=steps + 1, prompts_per_step=PROMPTS, group_size=SAMPLES,
        max_new_tokens=TOKENS, top_p=1.0, token_reward="none", truncated="verify",
        learning_rate=1e-5, min_learning_rate=1e-5, lr_warmup_steps=0, **settings,
    )  # fmt: skip
    trainer = OrealTrainer(
        policy=make_model(tokenizer), tokenizer=tokenizer, verifier=coin_flips, config=config,
        prompts=lambda cursor: [Prompt(text=text) for text in make_prompts(cursor)],
    )  # fmt: skip
    trainer.step()
    start = time.process_time()
    trainer.train(steps)
    return (time.process_time() - start) / steps


def time_trl(tokenizer, steps):
    from datasets import Dataset
    from transformers import TrainerCallback
    from trl import GRPOConfig, GRPOTrainer

    class Clock(TrainerCallback):
        marks = []  # noqa: RUF012 - one clock per run

        def on_step_end(self, args, state, control, **kwargs):
            self.marks.append(time.process_time())

    texts = [text for cursor in range(steps + 1) for text in make_prompts(cursor)]
    with tempfile.TemporaryDirectory() as folder:
        # With a KL term TRL loads its reference model from where the policy came from.
        make_model(tokenizer).save_pretrained(folder + "/start")
        trainer = GRPOTrainer(
            model=Qwen3MoeForCausalLM.from_pretrained(folder + "/start", dtype=torch.float32),
            processing_class=tokenizer,
            reward_funcs=lambda completions, **kw: coin_flips(None, completions),
            train_dataset=Dataset.from_dict({"prompt": texts}),
            args=GRPOConfig(
                output_dir=folder, use_cpu=True, per_device_train_batch_size=PROMPTS * SAMPLES,
                num_generations=SAMPLES, max_completion_length=TOKENS, beta=0.01,
                max_steps=steps + 1, report_to="none", save_strategy="no", disable_tqdm=True,
                bf16=False, gradient_checkpointing=False, learning_rate=1e-5,
            ),
            callbacks=[Clock()],
        )  # fmt: skip
        trainer.train()
    return (Clock.marks[-1] - Clock.marks[0]) / steps


def time_generation(tokenizer, rounds):
    """CPU seconds of `generate` over those of our loop, at several batch sizes.

    Each number comes from the medians of `rounds` rounds, in which the samplers take turns.
    """
    model = make_model(tokenizer)
    params = SamplingParams(max_new_tokens=64)
    ids = [tuple(tokenizer.encode(text)) for text in make_prompts(0)]
    samplers = {
        "fused": KVLoopSampler(model, tokenizer),
        "own_forward": KVLoopSampler(model, tokenizer, fused_steps=False),
        "generate": GenerateSampler(model, tokenizer),
    }
    results = {}
    for batch in (1, 16, 256):
        count = min(batch, SAMPLES)
        seconds = {name: [] for name in samplers}
        for seed in range(rounds + 1):  # the first one warms up
            for name, sampler in samplers.items():
                start = time.process_time()
                sampler.sample(ids[: batch // count], num_samples=count, params=params, seed=seed)
                seconds[name].append(time.process_time() - start)
        middle = {name: statistics.median(values[1:]) for name, values in seconds.items()}
        results[f"generation_batch_{batch}"] = {
            "cpu_milliseconds_per_token_step": {
                name: round(1000 * value / 64, 3) for name, value in middle.items()
            },
            "fused_over_generate": middle["generate"] / middle["fused"],
            "own_forward_over_generate": middle["generate"] / middle["own_forward"],
        }
    return results


def profile_generation(tokenizer):
    """Share of each operation in 63 steps of 16 rows, both ways of `KVLoopSampler`."""
    from torch.profiler import ProfilerActivity, profile

    model = make_model(tokenizer)
    params = SamplingParams(max_new_tokens=64)
    ids = [tuple(tokenizer.encode(text)) for text in make_prompts(0)][:1]
    for fused in (True, False):
        sampler = KVLoopSampler(model, tokenizer, fused_steps=fused)
        sampler.sample(ids, num_samples=16, params=params, seed=0)
        with profile(activities=[ProfilerActivity.CPU]) as found:
            sampler.sample(ids, num_samples=16, params=params, seed=0)
        events = sorted(found.key_averages(), key=lambda event: -event.self_cpu_time_total)
        total = sum(event.self_cpu_time_total for event in events)
        calls = sum(event.count for event in events)
        print(f"fused_steps={fused}: {calls} operations, {total / 1000:.0f} ms in them")
        for event in events[:6]:
            print(f"  {event.self_cpu_time_total / total:6.1%} {event.key} x {event.count}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=6, help="steps timed per trainer")
    parser.add_argument("--rounds", type=int, default=9, help="rounds of generation")
    parser.add_argument("--output", type=Path, help="file for the JSON")
    parser.add_argument("--no-trl", action="store_true", help="only our own numbers")
    parser.add_argument("--profile", action="store_true", help="only where 16 rows spend time")
    options = parser.parse_args()
    torch.set_num_threads(1)
    tokenizer = make_tokenizer()
    if options.profile:
        profile_generation(tokenizer)
        return
    result = {
        "command": " ".join(["python", *sys.argv]),
        "load_average": os.getloadavg()[0],
        "torch": torch.__version__,
        "transformers": version("transformers"),
        "python": platform.python_version(),
        "pair_cpu_seconds": time_oreal(tokenizer, options.steps, selection="pair"),
        "all_cpu_seconds": time_oreal(tokenizer, options.steps, algorithm="grpo"),
        "all_plain_cpu_seconds": time_oreal(
            tokenizer, options.steps, algorithm="grpo", share_prompts=False
        ),
        **time_generation(tokenizer, options.rounds),
    }
    print(json.dumps(result), flush=True)
    if not options.no_trl:
        result["trl"] = version("trl")
        result["trl_cpu_seconds"] = time_trl(tokenizer, options.steps)
        result["ratio_pair"] = result["trl_cpu_seconds"] / result["pair_cpu_seconds"]
        result["ratio_all"] = result["trl_cpu_seconds"] / result["all_cpu_seconds"]
    text = json.dumps(result, indent=2)
    print(text)
    if options.output:
        options.output.write_text(text + "\n")


if __name__ == "__main__":
    main()
