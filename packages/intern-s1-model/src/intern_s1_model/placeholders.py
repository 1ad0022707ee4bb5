"""Matching of features to the placeholders that stand for them in the token ids.

Shape legend: B batch, S positions, T features, D text width.

Features lie in one list over the whole batch, in reading order, so a count that differs anywhere
shifts everything after it. Nothing is ever guessed, cut or zeroed: a difference raises, and the
message names the first row that cannot be right.
"""

from collections.abc import Sequence

import torch
from torch import Tensor


def scatter_features(
    embeddings_BSD: Tensor,
    placeholder_BS: Tensor,
    features_TD: Tensor,
    sizes: Sequence[int],
    kind: str,
) -> Tensor:
    """Put features in the places of their placeholders.

    Args:
        embeddings_BSD: Token embeddings.
        placeholder_BS: Bool, True at placeholders.
        features_TD: Features of all rows in reading order.
        sizes: Features of each item (image tile or series), in order; sums to T.
        kind: "image" or "time series", for messages.

    Returns:
        New embeddings, same shape and dtype.

    Raises:
        ValueError: If placeholders and features differ in number, or an item would be split
            between two rows.
    """
    check_counts(placeholder_BS, sizes, kind)
    mask = placeholder_BS.to(embeddings_BSD.device).unsqueeze(-1)
    return embeddings_BSD.masked_scatter(mask, features_TD.to(embeddings_BSD))


def check_counts(placeholder_BS: Tensor, sizes: Sequence[int], kind: str) -> list[int]:
    """Check that each row's placeholders are a whole number of items, in order.

    Args:
        placeholder_BS: Bool, True at placeholders.
        sizes: Features of each item, in order.
        kind: "image" or "time series".

    Returns:
        Items of each row.

    Raises:
        ValueError: At the first row whose count cannot be met.
    """
    counts = placeholder_BS.sum(dim=1).tolist()
    unit = "tile" if kind == "image" else "series"
    items_per_row, used = [], 0
    for row, count in enumerate(counts):
        start, left = used, count
        while left > 0 and used < len(sizes) and sizes[used] <= left:
            left -= sizes[used]
            used += 1
        if left:
            given = sum(sizes[start:])
            upcoming = f"the next {unit} has {sizes[used]}" if used < len(sizes) else "none is left"
            raise ValueError(
                f"Row {row} has {count} {kind} placeholders, but {count - left} were filled and "
                f"{upcoming}: {given} {kind} features remained for this row and those after it "
                f"(placeholders per row {counts}, {kind} features in all {sum(sizes)}). Build the "
                "text and the features with one processor call."
            )
        items_per_row.append(used - start)
    if used < len(sizes):
        raise ValueError(
            f"Row {len(counts) - 1} is the last, but {sum(sizes[used:])} {kind} features "
            f"({len(sizes) - used} {unit}) found no placeholder: placeholders per row {counts}, "
            f"{kind} features in all {sum(sizes)}. Build the text and the features with one "
            "processor call."
        )
    return items_per_row


def check_no_placeholders(placeholder_BS: Tensor, kind: str, argument: str) -> None:
    """Refuse placeholders for which no features came.

    Raises:
        ValueError: At the first row that holds a placeholder.
    """
    if torch.compiler.is_compiling() or not bool(placeholder_BS.any()):
        return
    counts = placeholder_BS.sum(dim=1)
    row = int(counts.nonzero()[0, 0])
    raise ValueError(
        f"Row {row} has {int(counts[row])} {kind} placeholders but {argument} was not passed; "
        f"expected the features of {int(counts.sum())} placeholders in all."
    )
