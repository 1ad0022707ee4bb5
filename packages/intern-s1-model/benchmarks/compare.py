"""Training step and generation beside transformers' InternVL over Qwen3-MoE with the same weights.

Run: `python packages/intern-s1-model/benchmarks/compare.py`. Both models are run alternately on one
thread, first one and then the other taking the lead; times are processor time, so that other work
on the machine does not count. The median of the paired ratios is reported, with quartiles, and
beside it the ratio of the fastest runs. The tiny preset is the hard case: its modules are so small
that what the checks and losses around them cost would show.
"""

import gc
import json
import platform
import statistics
import time
from pathlib import Path

import torch
import transformers
from transformers import InternVLConfig, InternVLForConditionalGeneration
from transformers.models.internvl.configuration_internvl import InternVLVisionConfig

import intern_s1_model as im

RESULT = Path(__file__).parent / "results" / "compare.json"


def models():
    torch.manual_seed(0)
    config = im.InternS1Config.preset("tiny", ts_config=None)
    ours = im.InternS1ForConditionalGeneration(config)
    vision = config.vision_config.to_dict()
    for key in ("model_type", "drop_path_rate"):
        vision.pop(key)
    peer = InternVLForConditionalGeneration(
        InternVLConfig(
            vision_config=InternVLVisionConfig(**vision),
            text_config=config.text_config,
            image_token_id=config.image_token_id,
            image_seq_length=config.image_seq_length,
            tie_word_embeddings=False,
        )
    )
    peer.load_state_dict(ours.state_dict())
    return ours, peer, config


def compare(ours, theirs, *, repeats):
    """Ratios of their time to ours, run after run."""
    seconds = {ours: [], theirs: []}
    gc.disable()
    try:
        for repeat in range(repeats + 2):
            for function in (ours, theirs) if repeat % 2 else (theirs, ours):
                start = time.process_time()
                function()
                if repeat >= 2:
                    seconds[function].append(time.process_time() - start)
            gc.collect()
    finally:
        gc.enable()
    ratios = [b / a for a, b in zip(seconds[ours], seconds[theirs], strict=True)]
    low, middle, high = statistics.quantiles(ratios, n=4)
    return {
        "peer_over_ours": middle,
        "quartiles": [low, high],
        "fastest_peer_over_fastest_ours": min(seconds[theirs]) / min(seconds[ours]),
        "our_milliseconds": 1e3 * statistics.median(seconds[ours]),
        "repeats": repeats,
    }


def speed():
    ours, peer, config = models()
    ids = torch.randint(0, 2000, (4, 128))
    ids[:, 4:8] = config.image_token_id
    pixels = torch.randn(4, 3, 56, 56)

    def step(model):
        def run():
            model.zero_grad()
            model(input_ids=ids, pixel_values=pixels, labels=ids, use_cache=False).loss.backward()

        return run

    def generate(model):
        def run():
            model.generate(
                input_ids=ids[:1, :32],
                pixel_values=pixels[:1],
                attention_mask=torch.ones(1, 32, dtype=torch.long),
                max_new_tokens=32,
                min_new_tokens=32,
                do_sample=False,
                pad_token_id=0,
            )

        return run

    return {
        "train_step": compare(step(ours.train()), step(peer.train()), repeats=40),
        "generate_32_tokens": compare(generate(ours.eval()), generate(peer.eval()), repeats=16),
    }


def main():
    torch.set_num_threads(1)
    result = {
        "command": "python packages/intern-s1-model/benchmarks/compare.py",
        "machine": f"{platform.machine()}, one thread, processor time",
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        **speed(),
    }
    RESULT.write_text(json.dumps(result, indent=2) + "\n")
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
