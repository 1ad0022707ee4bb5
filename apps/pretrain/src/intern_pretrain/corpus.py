"""The corpus: documents from every source, without duplicates, split, and kept in a folder.

Duplicates are found by InChIKey (compounds) and by content (documents). A document's key is hashed
to decide its split, whatever the seed and the sizes, so a key is in one split for good.

```text
corpus/
  documents.jsonl    one object per document; image and series name tensors of the other file
  arrays.safetensors
  table.json         documents per modality, kind and split; what was left out, and why
```
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.numpy

from intern_pretrain.compounds import Compound, read_compounds
from intern_pretrain.config import DataConfig
from intern_pretrain.documents import (
    Document,
    Facts,
    atom_counts,
    compound_picture,
    compound_texts,
)
from intern_pretrain.folders import written_folder
from intern_pretrain.keyed import digest, fraction, generator
from intern_runs import CheckpointError, DataError

Progress = Callable[[], None]


@dataclass(frozen=True, kw_only=True)
class Corpus:
    """Documents by split, and what was left out.

    Attributes:
        train: Training documents, in a fixed order.
        test: Held-out documents.
        left_out: Number of compounds or documents left out, by reason.
    """

    train: list[Document]
    test: list[Document]
    left_out: dict[str, int] = field(default_factory=dict)

    def table(self) -> list[dict[str, Any]]:
        """Documents and characters per modality and kind, by split."""
        rows: dict[tuple[str, str], dict[str, Any]] = {}
        for split, documents in (("train", self.train), ("test", self.test)):
            for document in documents:
                row = rows.setdefault(
                    (document.modality, document.kind),
                    {
                        "modality": document.modality,
                        "kind": document.kind,
                        "train": 0,
                        "test": 0,
                        "characters": 0,
                    },
                )
                row[split] += 1
                row["characters"] += len(document.text)
        return [rows[key] for key in sorted(rows)]


def build_corpus(config: DataConfig, *, seed: int, progress: Progress = lambda: None) -> Corpus:
    """Build the corpus from the installed packages and the user's files.

    Args:
        config: What to take.
        seed: Chooses compounds and wordings; the split does not depend on it.
        progress: Called once per compound, drawing, series window and user's line.

    Raises:
        DataError: If a source is missing or malformed, or a split would be empty.
    """
    left_out: Counter[str] = Counter()
    documents: list[Document] = []
    if config.num_compounds:
        documents += _compound_documents(config, seed, left_out, progress)
    if config.num_series:
        documents += _series_documents(config, seed, progress)
    documents += _user_documents(config, progress)
    documents = list(_without_duplicates(documents, left_out))
    train = [d for d in documents if not is_test(d.key, config.test_fraction)]
    test = [d for d in documents if is_test(d.key, config.test_fraction)]
    for split, part in (("training", train), ("test", test)):
        missing = {d.modality for d in documents} - {d.modality for d in part}
        if missing:
            raise DataError(
                f"the {split} split has no {', '.join(sorted(missing))} documents; take more of "
                f"them or change data.test_fraction ({config.test_fraction})"
            )
    return Corpus(train=train, test=test, left_out=dict(sorted(left_out.items())))


def is_test(key: str, test_fraction: float) -> bool:
    """Whether a key belongs to the test split."""
    return fraction("split", key) < test_fraction


def choose_compounds(
    compounds: Iterable[Compound], config: DataConfig, seed: int, left_out: Counter[str]
) -> Iterator[Facts]:
    """Take compounds in an order that the seed alone decides, passing over what does not fit.

    Args:
        compounds: All there are.
        config: Bounds.
        seed: Of the order.
        left_out: Counts what was passed over, by reason; changed in place.
    """
    from intern_pretrain.molecules import read_smiles

    by_key: dict[str, Compound] = {}
    for compound in compounds:
        if compound.inchi_key in by_key:
            left_out["compound: InChIKey seen before"] += 1
        by_key.setdefault(compound.inchi_key, compound)
    for compound in sorted(by_key.values(), key=lambda c: digest("compounds", seed, c.inchi_key)):
        reason = None
        molecule = None
        if len(compound.smiles) > config.max_smiles_chars:
            reason = "compound: SMILES too long"
        elif (molecule := read_smiles(compound.smiles)) is None:
            reason = "compound: RDKit refuses the SMILES"
        elif molecule.num_fragments > 1:
            reason = "compound: several fragments"
        elif molecule.formula != compound.formula or not _is_plain(compound.formula):
            reason = "compound: formula charged, isotopic or unlike the SMILES"
        if reason is not None or molecule is None:
            left_out[str(reason)] += 1
            continue
        yield compound, molecule


def _is_plain(formula: str) -> bool:
    try:
        return bool(atom_counts(formula))
    except ValueError:
        return False


def _compound_documents(
    config: DataConfig, seed: int, left_out: Counter[str], progress: Progress
) -> list[Document]:
    from intern_pretrain.molecules import draw

    documents: list[Document] = []
    compounds = drawn = 0
    for facts in choose_compounds(read_compounds(), config, seed, left_out):
        if compounds >= config.num_compounds:
            break
        compounds += 1
        random = generator("documents", seed, facts[0].inchi_key)
        documents += compound_texts(facts, random, config.texts_per_compound)
        if drawn < config.num_images and facts[1].num_heavy_atoms <= config.max_drawn_atoms:
            picture = draw(facts[1], config.image_size)
            documents.append(compound_picture(facts, picture, random))
            drawn += 1
            progress()
        progress()
    if compounds < config.num_compounds or drawn < config.num_images:
        raise DataError(
            f"only {compounds} compounds and {drawn} drawings fit data.max_smiles_chars "
            f"({config.max_smiles_chars}) and data.max_drawn_atoms ({config.max_drawn_atoms}), "
            f"but {config.num_compounds} and {config.num_images} are wanted; raise these or take "
            "fewer"
        )
    return documents


def _series_documents(config: DataConfig, seed: int, progress: Progress) -> list[Document]:
    from intern_pretrain.series import caption, read_series, windows

    series = read_series()
    chunks = [max(1, len(one.values) // config.series_chunk) for one in series]
    documents = []
    for one, weight in zip(series, chunks, strict=True):
        # Each series gets windows in proportion to its chunks, two at least.
        count = max(2, round(config.num_series * weight / sum(chunks)))
        longest = min(config.max_series_samples, config.series_chunk)
        for window in windows(one, chunk=config.series_chunk, longest=longest, count=count):
            random = generator("caption", seed, one.name, window.start, len(window.values))
            documents.append(
                Document(
                    modality="series",
                    kind=one.name,
                    key=f"series/{one.name}/{window.chunk}",
                    text=caption(window, random),
                    series=window.values,
                    sampling_rate=one.sampling_rate,
                )
            )
            progress()
    return documents


def _user_documents(config: DataConfig, progress: Progress) -> Iterator[Document]:
    from intern_pretrain.user_files import read_documents

    for path in config.files:
        for document in read_documents(path, image_size=config.image_size):
            yield document
            progress()


def _without_duplicates(
    documents: Iterable[Document], left_out: Counter[str]
) -> Iterator[Document]:
    seen: set[str] = set()
    for document in documents:
        content = document.content_hash()
        if content in seen:
            left_out[f"{document.modality} document: same content"] += 1
            continue
        seen.add(content)
        yield document


def save_corpus(corpus: Corpus, folder: Path) -> None:
    """Write a corpus folder, whole or not at all."""
    arrays: dict[str, np.ndarray] = {}
    lines = []
    for split in ("train", "test"):
        for index, document in enumerate(getattr(corpus, split)):
            line: dict[str, Any] = {"split": split}
            for name in ("modality", "kind", "key", "text", "sampling_rate"):
                line[name] = getattr(document, name)
            for name in ("image", "series"):
                array = getattr(document, name)
                if array is not None:
                    line[name] = f"{split}.{index}.{name}"
                    arrays[line[name]] = np.ascontiguousarray(array)
            lines.append(json.dumps(line, ensure_ascii=False) + "\n")
    table = {"documents": corpus.table(), "left_out": corpus.left_out}
    with written_folder(folder) as draft:
        (draft / "documents.jsonl").write_text("".join(lines), encoding="utf-8")
        (draft / "table.json").write_text(json.dumps(table, indent=1), encoding="utf-8")
        safetensors.numpy.save_file(arrays, draft / "arrays.safetensors")


def load_corpus(folder: Path) -> Corpus:
    """Read what `save_corpus` wrote.

    Raises:
        CheckpointError: If the folder is damaged.
    """
    parts: dict[str, list[Document]] = {"train": [], "test": []}
    try:
        arrays = safetensors.numpy.load_file(folder / "arrays.safetensors")
        left_out = json.loads((folder / "table.json").read_text(encoding="utf-8"))["left_out"]
        with (folder / "documents.jsonl").open(encoding="utf-8") as lines:
            for text in lines:
                line = json.loads(text)
                for name in ("image", "series"):
                    line[name] = arrays[line[name]] if name in line else None
                parts[line.pop("split")].append(Document(**line))
    except (OSError, ValueError, KeyError, TypeError, safetensors.SafetensorError) as error:
        raise CheckpointError(
            f"{folder}: damaged corpus ({error}); start a new run, or delete the folder and "
            f"{folder.parent / 'done' / 'data.json'} to build it again"
        ) from None
    return Corpus(train=parts["train"], test=parts["test"], left_out=left_out)
