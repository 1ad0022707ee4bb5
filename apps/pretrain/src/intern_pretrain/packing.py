"""Documents to packs: token sequences of one length that hold whole documents, pictures and series.

Shape legend: S tokens of a pack, B packs of a batch.

A pack is filled first-fit from documents in random order. Positions restart at 0 with each
document, which is what keeps documents from attending to each other; the rest of a pack is padding,
a document of its own that nothing is predicted from. A text longer than a pack goes on in another
one; a picture or a series is never cut. Every token goes into exactly one pack: this is checked.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from intern_pretrain.documents import IMAGE, SERIES, Document
from intern_pretrain.keyed import generator
from intern_runs import DataError
from intern_s1_model import InternS1Config, num_time_series_tokens

IGNORED = -100
OPEN_PACKS = 64
WINDOW_GROUPS = 16
WEIGHT_EXPONENTS = {"token": 0.0, "square": 0.5, "sample": 1.0}
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)

Weighting = Literal["token", "square", "sample"]


@dataclass(frozen=True, kw_only=True, eq=False)
class EncodedDocument:
    """A document as token ids, placeholders expanded and the end token last."""

    ids: list[int]
    document: Document


@dataclass(kw_only=True, eq=False)
class Pack:
    """One sequence of documents.

    Attributes:
        input_ids: int64, [S].
        position_ids: int64, [S]; 0 at the start of each document and of the padding.
        targets: int64, [S]: the token to predict at each place, -100 where none is: at the end of a
            document, before tokens that stand for pictures and series, in padding.
        weights: float32, [S]: weight of each prediction, 0 where there is none.
        is_real: bool, [S]: False in padding.
        images: uint8, [H, W, 3] each, in reading order.
        series: float32, [L] or [L, C] each, in reading order.
        sampling_rates: One per series.
        lengths: Tokens of each document.
    """

    input_ids: Tensor
    position_ids: Tensor
    targets: Tensor
    weights: Tensor
    is_real: Tensor
    images: list[NDArray[np.uint8]]
    series: list[NDArray[np.float32]]
    sampling_rates: list[float | None]
    lengths: list[int]

    @property
    def attention_cost(self) -> int:
        """Pairs of tokens that attend to each other, up to a constant."""
        return sum(length**2 for length in self.lengths)


@dataclass(frozen=True, kw_only=True)
class PackingReport:
    """What packing did, in numbers.

    Attributes:
        documents: Documents packed.
        tokens: Their tokens, all of which are in packs.
        packs: Packs made.
        padding: Padding tokens.
        split_documents: Texts longer than a pack.
        images: Pictures in packs.
        series: Series in packs.
    """

    documents: int
    tokens: int
    packs: int
    padding: int
    split_documents: int
    images: int
    series: int


@dataclass(eq=False)
class _OpenPack:
    free: int
    pieces: list[EncodedDocument] = field(default_factory=list)


def encode_documents(
    documents: Sequence[Document], tokenizer: Any, config: InternS1Config
) -> list[EncodedDocument]:
    """Turn documents into token ids.

    Args:
        documents: Documents.
        tokenizer: An `InternS1Tokenizer`.
        config: Says how many tokens a picture and a series take.

    Returns:
        In the same order; each ends with the tokenizer's end token.
    """
    texts = []
    for document in documents:
        text = document.text
        if document.image is not None:
            text = text.replace(IMAGE, f"<img>{IMAGE * config.image_seq_length}</img>")
        if document.series is not None:
            number = num_time_series_tokens(
                len(document.series), document.sampling_rate, config.ts_config.max_stride
            )
            text = text.replace(SERIES, f"<ts>{SERIES * number}</ts>")
        texts.append(text)
    end = tokenizer.eos_token_id
    return [
        EncodedDocument(ids=[*ids, end], document=document)
        for ids, document in zip(tokenizer.encode_batch_ids(texts), documents, strict=True)
    ]


def pack_documents(
    documents: Iterable[EncodedDocument],
    tokenizer: Any,
    *,
    sequence_length: int,
    weighting: Weighting,
    seed: int,
) -> tuple[list[Pack], PackingReport]:
    """Pack documents.

    Args:
        documents: Encoded documents.
        tokenizer: Gives the padding id and the ids that are never predicted.
        sequence_length: Tokens per pack.
        weighting: A document of l predictions weighs l ("token"), l^(1/2) ("square") or 1
            ("sample"). Square averaging is the Intern-S1 report's.
        seed: Shuffles the documents.

    Returns:
        Packs in a fixed order, and the numbers.

    Raises:
        DataError: If a document with a picture or a series is longer than a pack.
    """
    documents = list(documents)
    shuffled = generator("packs", seed).sample(documents, k=len(documents))
    pieces: list[EncodedDocument] = []
    for document in shuffled:
        pieces += _cut(document, sequence_length)
    unpredicted = {
        tokenizer.convert_tokens_to_ids(token)
        for token in (IMAGE, SERIES, "<img>", "</img>", "<ts>", "</ts>")
    }
    filled = _first_fit(pieces, sequence_length)
    packs = [
        _assemble(one.pieces, sequence_length, tokenizer.pad_token_id, unpredicted, weighting)
        for one in filled
    ]
    report = PackingReport(
        documents=len(documents),
        tokens=sum(len(document.ids) for document in documents),
        packs=len(packs),
        padding=sum(int((~pack.is_real).sum()) for pack in packs),
        split_documents=sum(len(document.ids) > sequence_length for document in documents),
        images=sum(len(pack.images) for pack in packs),
        series=sum(len(pack.series) for pack in packs),
    )
    assert report.tokens + report.padding == len(packs) * sequence_length, "a token was lost"
    assert report.images == sum(d.document.image is not None for d in documents), "a picture lost"
    assert report.series == sum(d.document.series is not None for d in documents), "a series lost"
    return packs, report


def _cut(document: EncodedDocument, length: int) -> list[EncodedDocument]:
    if len(document.ids) <= length:
        return [document]
    if document.document.modality != "text":
        raise DataError(
            f"a document with a picture or series has {len(document.ids)} tokens, more than "
            f"training.sequence_length ({length}); raise it, or shorten the document that begins "
            f"{document.document.text[:60]!r}"
        )
    return [
        EncodedDocument(ids=document.ids[start : start + length], document=document.document)
        for start in range(0, len(document.ids), length)
    ]


def _first_fit(pieces: list[EncodedDocument], length: int) -> list[_OpenPack]:
    """Each piece goes into the first open pack with room; the fullest is closed when too many."""
    closed: list[_OpenPack] = []
    opened: list[_OpenPack] = []
    for piece in pieces:
        place = next((pack for pack in opened if pack.free >= len(piece.ids)), None)
        if place is None:
            if len(opened) == OPEN_PACKS:
                fullest = min(opened, key=lambda pack: pack.free)
                opened.remove(fullest)
                closed.append(fullest)
            place = _OpenPack(free=length)
            opened.append(place)
        place.pieces.append(piece)
        place.free -= len(piece.ids)
    return closed + opened


def _assemble(
    pieces: list[EncodedDocument],
    length: int,
    pad_id: int,
    unpredicted: set[int],
    weighting: Weighting,
) -> Pack:
    ids: list[int] = []
    positions: list[int] = []
    targets: list[int] = []
    weights: list[float] = []
    for piece in pieces:
        following = [IGNORED if i in unpredicted else i for i in piece.ids[1:]] + [IGNORED]
        predictions = sum(target != IGNORED for target in following)
        weight = max(predictions, 1) ** -WEIGHT_EXPONENTS[weighting]
        ids += piece.ids
        positions += range(len(piece.ids))
        targets += following
        weights += [weight if target != IGNORED else 0.0 for target in following]
    padding = length - len(ids)
    documents = [piece.document for piece in pieces]
    return Pack(
        input_ids=torch.tensor(ids + [pad_id] * padding),
        position_ids=torch.tensor(positions + list(range(padding))),
        targets=torch.tensor(targets + [IGNORED] * padding),
        weights=torch.tensor(weights + [0.0] * padding, dtype=torch.float32),
        is_real=torch.tensor([True] * len(ids) + [False] * padding),
        images=[d.image for d in documents if d.image is not None],
        series=[d.series for d in documents if d.series is not None],
        sampling_rates=[d.sampling_rate for d in documents if d.series is not None],
        lengths=[len(piece.ids) for piece in pieces],
    )


def pack_order(
    packs: Sequence[Pack],
    *,
    epoch: int,
    seed: int,
    order: Literal["random", "balanced"],
    group: int,
) -> list[int]:
    """The order of packs in one pass over them.

    "balanced" is the idea of VLBS in the Intern-S1 report: packs in random order, sorted by their
    longest document within a sliding window, cut into groups that are then shuffled. The packs of a
    group, computed side by side, cost about the same, while the order stays random at large.

    Args:
        packs: The packs.
        epoch: Number of the pass.
        seed: Of the order.
        order: "random" or "balanced".
        group: Packs that are computed side by side.

    Returns:
        A permutation of the packs' indices.
    """
    random = generator("order", seed, epoch)
    indices = random.sample(range(len(packs)), k=len(packs))
    if order == "random":
        return indices
    ordered: list[int] = []
    window = WINDOW_GROUPS * group
    for start in range(0, len(indices), window):
        part = sorted(indices[start : start + window], key=lambda i: -max(packs[i].lengths))
        groups = [part[i : i + group] for i in range(0, len(part), group)]
        random.shuffle(groups)
        ordered += [index for one in groups for index in one]
    return ordered


def imbalance(packs: Sequence[Pack], order: Sequence[int], group: int) -> float:
    """Mean over groups of the largest attention cost by the mean one; 1 is perfect balance."""
    ratios = []
    for start in range(0, len(order) - group + 1, group):
        costs = [packs[i].attention_cost for i in order[start : start + group]]
        ratios.append(max(costs) * len(costs) / sum(costs))
    return sum(ratios) / len(ratios) if ratios else 1.0


def collate(packs: Sequence[Pack], device: torch.device) -> dict[str, Any]:
    """Join packs to the model's inputs.

    Args:
        packs: At least one.
        device: Where the tensors go.

    Returns:
        `inputs`: keyword arguments of the model, packed rows without an attention mask; `targets`,
        int64 [B, S]; `weights`, float32 [B, S]; `num_tokens`, tokens that are not padding.
    """

    def stack(name: str) -> Tensor:
        return torch.stack([getattr(pack, name) for pack in packs]).to(device)

    is_real = stack("is_real")
    inputs: dict[str, Any] = {
        "input_ids": stack("input_ids"),
        "position_ids": stack("position_ids"),
        "router_token_mask": is_real,
        "use_cache": False,
    }
    images = [image for pack in packs for image in pack.images]
    if images:
        inputs["pixel_values"] = to_pixels(np.stack(images)).to(device)
    series = [torch.from_numpy(values) for pack in packs for values in pack.series]
    if series:
        inputs["time_series_values"] = [values.to(device) for values in series]
        inputs["time_series_sampling_rates"] = [r for p in packs for r in p.sampling_rates]
    return {
        "inputs": inputs,
        "targets": stack("targets"),
        "weights": stack("weights"),
        "num_tokens": int(is_real.sum()),
    }


def to_pixels(images: NDArray[np.uint8]) -> Tensor:
    """Scale pictures as the processor does: to [0, 1], then by ImageNet's mean and deviation.

    Args:
        images: uint8, [N, H, W, 3].

    Returns:
        float32, [N, 3, H, W].
    """
    scaled = torch.from_numpy(images).float() / 255
    mean, std = torch.tensor(IMAGENET_MEAN), torch.tensor(IMAGENET_STD)
    return ((scaled - mean) / std).permute(0, 3, 1, 2).contiguous()
