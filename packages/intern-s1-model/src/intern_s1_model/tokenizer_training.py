"""Training an `InternS1Tokenizer` from a corpus: general BPE and one piece vocabulary per domain.

The corpus is read once. Tagged regions and detected molecules and sequences train the pieces of
their domain; everything else trains the general byte-level BPE. Training is deterministic: the same
texts in the same order give the same files.
"""

import json
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from tokenizers import Tokenizer, pre_tokenizers
from tokenizers.models import BPE
from tokenizers.trainers import BpeTrainer
from transformers.tokenization_utils_base import AddedToken

from .segmentation import PLAIN, SPECIAL, Segmenter
from .sentencepiece_file import CONTROL, NORMAL, UNKNOWN, PieceModel, write_piece_model
from .sub_tokenizer import SPACE
from .tokenization_intern_s1 import (
    DOMAINS,
    InternS1Tokenizer,
    domain_tags,
    general_pre_tokenizer,
)

BASE_SPECIAL_TOKENS = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
MODALITY_TOKENS = (
    "<img>",
    "</img>",
    "<IMG_CONTEXT>",
    "<video>",
    "<ts>",
    "</ts>",
    "<TS_CONTEXT>",
)
# Characters every domain knows from the start, so that no usual string needs the fallback.
ALPHABETS = {
    "SMILES": "BCNOPSFIHKlraeigMAZLTbcnops0123456789()[]=#@+-/\\.%:*$",
    "IUPAC": "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789()[]{},-'." + SPACE,
    "FASTA": "ABCDEFGHIJKLMNOPQRSTUVWXYZ*-",
}
MAX_PIECE_LENGTH = 16


def train_tokenizer(
    texts: Iterable[str],
    *,
    vocab_size: int = 4096,
    smiles_vocab_size: int = 256,
    iupac_vocab_size: int = 512,
    fasta_vocab_size: int = 512,
    detect: bool = True,
    min_frequency: int = 2,
    save_directory: str | Path | None = None,
) -> InternS1Tokenizer:
    """Train general and domain vocabularies.

    Args:
        texts: The corpus, tagged as the model will read it.
        vocab_size: Size of the general vocabulary, at least 256 (the bytes).
        smiles_vocab_size: Most pieces for SMILES; likewise for the others. A corpus with little of
            a domain gives fewer.
        iupac_vocab_size: See above.
        fasta_vocab_size: See above.
        detect: Whether untagged molecules and sequences count as their domain.
        min_frequency: Least count of a pair that is merged.
        save_directory: Where to save the tokenizer; None keeps it in memory.

    Returns:
        A tokenizer with every tag and modality token of Intern-S1.

    Raises:
        ValueError: If a vocabulary size is too small.
    """
    sizes = {"SMILES": smiles_vocab_size, "IUPAC": iupac_vocab_size, "FASTA": fasta_vocab_size}
    if vocab_size < 256:
        raise ValueError(f"vocab_size must be at least 256, one per byte, got {vocab_size}.")
    for domain, size in sizes.items():
        least = len(set(ALPHABETS[domain])) + 3
        if size < least:
            raise ValueError(
                f"{domain.lower()}_vocab_size must be at least {least} (alphabet and three control "
                f"pieces), got {size}."
            )
    collected: dict[str, list[str]] = {domain: [] for domain in DOMAINS}
    special = [*BASE_SPECIAL_TOKENS, *domain_tags(), *MODALITY_TOKENS]
    segmenter = Segmenter(special, DOMAINS, detect=detect)
    base = _train_general(_plain_parts(texts, segmenter, collected), vocab_size, min_frequency)
    pieces = {
        domain: train_pieces(collected[domain], domain, sizes[domain], min_frequency)
        for domain in DOMAINS
    }
    if save_directory is not None:
        return _assemble(Path(save_directory), base, pieces, detect=detect)
    with tempfile.TemporaryDirectory() as folder:
        return _assemble(Path(folder), base, pieces, detect=detect)


def train_pieces(
    strings: Iterable[str], domain: str, size: int, min_frequency: int = 2
) -> PieceModel:
    """Train one domain's pieces.

    Args:
        strings: Strings of the domain.
        domain: "SMILES", "IUPAC" or "FASTA".
        size: Most pieces, three control pieces included.
        min_frequency: Least count of a pair that is merged.

    Returns:
        Pieces found by byte-pair merging, scored so that a string is cut into as few pieces as
        possible, earlier (more frequent) pieces first among equals.

    Raises:
        ValueError: If the domain is unknown.
    """
    if domain not in ALPHABETS:
        raise ValueError(f"Unknown domain {domain!r}; expected one of {sorted(ALPHABETS)}.")
    trainer = BpeTrainer(
        vocab_size=size - 3,
        min_frequency=min_frequency,
        initial_alphabet=sorted(set(ALPHABETS[domain])),
        limit_alphabet=len(set(ALPHABETS[domain])),
        max_token_length=MAX_PIECE_LENGTH,
        show_progress=False,
    )
    tokenizer = Tokenizer(BPE())
    # Spaces never occur after the replacement, so this keeps each string whole.
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.train_from_iterator((s.replace(" ", SPACE) for s in strings), trainer)
    found = sorted(tokenizer.get_vocab().items(), key=lambda entry: entry[1])
    pieces = ["<unk>", "<s>", "</s>", *(piece for piece, _ in found)]
    return PieceModel(
        pieces=tuple(pieces),
        scores=(0.0, 0.0, 0.0, *(-1.0 - 1e-5 * rank for rank in range(len(found)))),
        types=(UNKNOWN, CONTROL, CONTROL, *([NORMAL] * len(found))),
    )


def _plain_parts(
    texts: Iterable[str], segmenter: Segmenter, collected: dict[str, list[str]]
) -> Iterator[str]:
    """Yield plain text; put the segments of domains aside."""
    for text in texts:
        for segment in segmenter(text):
            part = text[segment.start : segment.end]
            if segment.kind == PLAIN:
                yield part
            elif segment.kind != SPECIAL:
                collected[segment.kind].append(part)


def _train_general(parts: Iterator[str], vocab_size: int, min_frequency: int) -> Tokenizer:
    trainer = BpeTrainer(
        vocab_size=vocab_size,
        min_frequency=min_frequency,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer = Tokenizer(BPE())
    tokenizer.pre_tokenizer = general_pre_tokenizer()
    tokenizer.train_from_iterator(parts, trainer)
    return tokenizer


def _assemble(
    folder: Path, base: Tokenizer, pieces: dict[str, PieceModel], *, detect: bool
) -> InternS1Tokenizer:
    """Write the files in the published layout of ids and load them."""
    folder.mkdir(parents=True, exist_ok=True)
    base.model.save(str(folder))
    next_id = len(json.loads((folder / "vocab.json").read_text("utf-8")))
    added: dict[int, AddedToken] = {}

    def add(tokens: Iterable[str], *, special: bool) -> None:
        nonlocal next_id
        for token in tokens:
            added[next_id] = AddedToken(token, special=special, normalized=False)
            next_id += 1

    add(BASE_SPECIAL_TOKENS, special=True)
    starts, files = {}, {}
    for domain, model in pieces.items():
        path = folder / f"tokenizer_{domain}.model"
        write_piece_model(model, path)
        starts[domain], files[f"sp_model_{domain}"] = next_id, str(path)
        next_id += len(model.pieces)
        tags = {"SMILES": ("SMILES", "SELFIES")}.get(domain, (domain,))
        add((f"<{slash}{tag}>" for tag in tags for slash in ("", "/")), special=False)
    add(MODALITY_TOKENS, special=True)
    add(("<MOLFORMULA>", "</MOLFORMULA>"), special=False)
    tokenizer = InternS1Tokenizer(
        str(folder / "vocab.json"),
        str(folder / "merges.txt"),
        **files,
        detect=detect,
        piece_starts=starts,
        added_tokens_decoder=added,
    )
    tokenizer.save_pretrained(folder)
    return tokenizer
