"""Training step, generation and SMILES compression against their peers, side by side.

Run: `python packages/intern-s1-model/benchmarks/compare.py`. Every figure is a ratio of two things
measured in this run, alternately, on one thread; the fastest of the repeats counts. The peer of the
model is transformers' InternVL over Qwen3-MoE with the same weights; the peer of the SMILES pieces
is a general byte-level BPE of the whole tokenizer's size, trained on the same texts. The molecules
are put together from groups at random, so they repeat more than real ones do: read that ratio as an
upper bound.
"""

import json
import platform
import random
import time
from pathlib import Path

import torch
import transformers
from transformers import InternVLConfig, InternVLForConditionalGeneration
from transformers.models.internvl.configuration_internvl import InternVLVisionConfig

import intern_s1_model as im
from intern_s1_model.tokenizer_training import _train_general

RESULT = Path(__file__).parent / "results" / "compare.json"
GROUPS = [
    "C",
    "CC",
    "C(=O)",
    "O",
    "N",
    "c1ccccc1",
    "C1CCCCC1",
    "C(C)C",
    "[NH3+]",
    "C=C",
    "c1ccncc1",
]
GROUPS += ["C(F)(F)F", "S(=O)(=O)", "Cl", "[C@@H]", "N(C)C", "OC", "C#N", "c1cc[nH]c1", "Br"]


WORDS = "the reaction of water with acid gives heat and a salt in solution at room"


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


def fastest(*functions, repeats=15):
    """Least seconds of each function, called alternately after one warm-up."""
    best = [float("inf")] * len(functions)
    for repeat in range(repeats + 1):
        for index, function in enumerate(functions):
            start = time.perf_counter()
            function()
            if repeat:
                best[index] = min(best[index], time.perf_counter() - start)
    return best


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

    train = fastest(step(ours.train()), step(peer.train()))
    decode = fastest(generate(ours.eval()), generate(peer.eval()), repeats=7)
    return {
        "train_step_peer_over_ours": train[1] / train[0],
        "generate_peer_over_ours": decode[1] / decode[0],
    }


def compression():
    rng = random.Random("smiles compression")
    molecules = ["".join(rng.choice(GROUPS) for _ in range(8)) for _ in range(6000)]
    words = WORDS.split()
    prose = [" ".join(rng.choice(words) for _ in range(12)) for _ in range(3000)]
    train, held_out = molecules[:5000], molecules[5000:]
    texts = prose + [f"<SMILES>{molecule}</SMILES>" for molecule in train]
    tokenizer = im.train_tokenizer(texts, vocab_size=1024)
    plain = _train_general(iter(prose + train), len(tokenizer), 2)
    characters = sum(map(len, held_out))
    ours = sum(
        len(ids) - 2 for ids in tokenizer([f"<SMILES>{m}</SMILES>" for m in held_out]).input_ids
    )
    theirs = sum(len(plain.encode(molecule).ids) for molecule in held_out)
    return {
        "smiles_characters_per_token_ours": characters / ours,
        "smiles_characters_per_token_general_bpe": characters / theirs,
        "smiles_compression_ratio": theirs / ours,
        "general_bpe_vocabulary": plain.get_vocab_size(),
        "smiles_pieces": len(tokenizer.sub_tokenizers["SMILES"]),
    }


def main():
    torch.set_num_threads(1)
    result = {
        "command": "python packages/intern-s1-model/benchmarks/compare.py",
        "machine": f"{platform.machine()}, one thread",
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        **speed(),
        **compression(),
    }
    RESULT.write_text(json.dumps(result, indent=2) + "\n")
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
