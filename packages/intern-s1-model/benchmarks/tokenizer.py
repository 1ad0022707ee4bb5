"""Tokenizer: compression of real SMILES, and throughput beside the published implementation.

Run: `python packages/intern-s1-model/benchmarks/tokenizer.py --peer FILE`. FILE is the published
`tokenization_intern_s1.py` with its relative imports made absolute; it needs sentencepiece and is
not part of this repository. Without it only the compression is measured.

The molecules are the SMILES of PubChem compounds that the PyPI package `chemicals` ships, the names
their IUPAC names, the prose Python's own reference (`pydoc_data.topics`). A tenth is held out. The
general vocabulary that the pieces are compared with is a byte-level BPE with Qwen's splitting, as
large as the whole tokenizer, trained on the same prose, names and molecules. Throughput is measured
on held-out documents of prose with tagged and untagged molecules and names, one thread, processor
time, alternately; the published code keeps a word cache, so its first and its later passes differ.
"""

import argparse
import importlib.util
import json
import platform
import pydoc_data.topics
import random
import statistics
import tempfile
import time
from pathlib import Path

import tokenizers
import transformers

import intern_s1_model as im
from intern_s1_model.tokenizer_training import _train_general

RESULT = Path(__file__).parent / "results" / "tokenizer.json"
VOCAB_SIZE = 8192


def read_compounds():
    """(SMILES, IUPAC name or "") of every compound, in a fixed random order."""
    origin = importlib.util.find_spec("chemicals").origin
    compounds = []
    for size in ("large", "small"):
        path = Path(origin).parent / "Identifiers" / f"chemical identifiers pubchem {size}.tsv"
        for line in path.read_text("utf-8").splitlines():
            cells = line.split("\t")
            compounds.append((cells[4], cells[7]))
    random.Random("compounds/benchmark/0").shuffle(compounds)
    return compounds


def documents(compounds, paragraphs, split):
    """Paragraphs of prose, each with molecules and a name in it."""
    for index, (smiles, name) in enumerate(compounds):
        rng = random.Random(f"document/{split}/0/{index}")
        prose = rng.choice(paragraphs)
        other = rng.choice(compounds)[0]
        yield f"{prose} <SMILES>{smiles}</SMILES> or {other} is <IUPAC>{name}</IUPAC>. "


def compression(tokenizer, general, held_out):
    molecules = [smiles for smiles, _ in held_out]
    characters = sum(map(len, molecules))
    tagged = tokenizer([f"<SMILES>{smiles}</SMILES>" for smiles in molecules]).input_ids
    ours = sum(len(ids) - 2 for ids in tagged)
    theirs = sum(len(e.ids) for e in general.encode_batch_fast(molecules))
    assert [tokenizer.decode(ids[1:-1]) for ids in tagged[:1000]] == molecules[:1000]
    return {
        "molecules": len(molecules),
        "characters_per_token_pieces": characters / ours,
        "characters_per_token_general": characters / theirs,
        "ratio": theirs / ours,
        "smiles_pieces": len(tokenizer.sub_tokenizers["SMILES"]),
        "general_vocabulary": general.get_vocab_size(),
    }


def load_peer(file, tokenizer, folder):
    """The published class on the same vocabularies, its ids placed as ours are."""
    spec = importlib.util.spec_from_file_location("published_tokenizer", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    tokenizer.save_pretrained(folder)
    peer = module.InternS1Tokenizer(
        str(folder / "vocab.json"),
        str(folder / "merges.txt"),
        added_tokens_decoder=dict(tokenizer.added_tokens_decoder),
    )
    for domain, start in tokenizer.piece_starts.items():
        getattr(peer, f"sp_model_{domain}").offset = start
    return peer


def throughput(make_peer, tokenizer, texts, rounds=5, later_passes=3):
    """Best pass of each side, as other programs on the machine slow passes down; medians too."""
    size = sum(len(text.encode()) for text in texts) / 1e6
    speeds = {"published_first_pass": [], "published_later_passes": [], "ours": []}

    def timed(side, encode):
        start = time.process_time()
        ids = encode(texts)["input_ids"]
        speeds[side].append(size / (time.process_time() - start))
        return ids

    for _ in range(rounds):
        peer = make_peer()
        for index in range(1 + later_passes):
            side = "published_later_passes" if index else "published_first_pass"
            theirs, mine = timed(side, peer), timed("ours", tokenizer)
    best = {side: max(values) for side, values in speeds.items()}
    median = {side: statistics.median(values) for side, values in speeds.items()}
    return {
        "megabytes": size,
        "passes": {side: len(values) for side, values in speeds.items()},
        "best_megabytes_per_second": best,
        "median_megabytes_per_second": median,
        "ratio_first": best["ours"] / best["published_first_pass"],
        "ratio_later": best["ours"] / best["published_later_passes"],
        "ratio_later_of_medians": median["ours"] / median["published_later_passes"],
        "documents_with_equal_ids": sum(a == b for a, b in zip(theirs, mine, strict=True))
        / len(texts),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peer", type=Path)
    arguments = parser.parse_args()
    compounds = read_compounds()
    cut = len(compounds) // 10
    held_out, train = compounds[:cut], compounds[cut:]
    paragraphs = [
        part.replace("\n", " ")
        for topic in pydoc_data.topics.topics.values()
        for part in topic.split("\n\n")
        if len(part) > 80
    ]
    texts = [
        *paragraphs,
        *(f"<SMILES>{smiles}</SMILES>" for smiles, _ in train),
        *(f"<IUPAC>{name}</IUPAC>" for _, name in train if name),
    ]
    tokenizer = im.train_tokenizer(texts, vocab_size=VOCAB_SIZE)
    plain = [*paragraphs, *(cell for compound in train for cell in compound)]
    result = {
        "command": "python packages/intern-s1-model/benchmarks/tokenizer.py --peer FILE",
        "machine": f"{platform.machine()}, one thread, processor time",
        "tokenizers": tokenizers.__version__,
        "transformers": transformers.__version__,
    }
    general = _train_general(iter(plain), len(tokenizer), 2)
    result["compression"] = compression(tokenizer, general, held_out)
    print(json.dumps(result["compression"], indent=2), flush=True)
    if arguments.peer is not None:
        mixed = list(documents(held_out[:1500], paragraphs, "held out"))
        with tempfile.TemporaryDirectory() as folder:
            result["throughput"] = throughput(
                lambda: load_peer(arguments.peer, tokenizer, Path(folder)), tokenizer, mixed
            )
        print(json.dumps(result["throughput"], indent=2))
    RESULT.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
