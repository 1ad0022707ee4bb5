"""Guards of packed rows: several documents in one row, each with positions that start at 0.

Transformers separates such documents only if there is no attention mask and no cache, and only for
the attention implementations whose masks it builds. In every other case it attends across the
documents without a word. Here those cases raise.

Shape legend: B batch, S positions.
"""

import torch
from torch import Tensor

# Implementations whose mask transformers derives from position resets, for any batch size.
_MASKED = ("eager", "sdpa", "flex_attention")
# Implementations that find the resets themselves, in a batch of one row only.
_VARLEN_PREFIX = "flash_attention"


def find_resets(position_ids_BS: Tensor, attention_mask_BS: Tensor | None = None) -> Tensor:
    """Mark the places where a position does not follow its left neighbour.

    Args:
        position_ids_BS: Integer positions.
        attention_mask_BS: 0 for padding. A step into, out of or inside padding is no reset.

    Returns:
        Bool, [B, S]; column 0 is always False.
    """
    resets_BS = torch.zeros_like(position_ids_BS, dtype=torch.bool)
    resets_BS[:, 1:] = position_ids_BS[:, 1:] - position_ids_BS[:, :-1] != 1
    if attention_mask_BS is not None:
        real_BS = attention_mask_BS[:, -position_ids_BS.shape[1] :].bool()
        resets_BS[:, 1:] &= real_BS[:, 1:] & real_BS[:, :-1]
    return resets_BS


def check_packing(
    position_ids: Tensor | None,
    *,
    attention_mask: Tensor | None,
    use_cache: bool | None,
    has_past: bool,
    batch_size: int,
    attention: str,
    has_varlen_arguments: bool = False,
) -> bool:
    """Say whether a batch is packed, and refuse the combinations that would leak.

    Args:
        position_ids: [B, S] or [1, S] integer positions, or None.
        attention_mask: What the caller passed as mask, or None.
        use_cache: What the caller asked for; None leaves the choice to the model.
        has_past: Whether a cache object came with the call.
        batch_size: Rows of the batch.
        attention: Name of the text model's attention implementation.
        has_varlen_arguments: Whether the caller passed cumulative lengths for flash attention.

    Returns:
        True if some row holds more than one document.

    Raises:
        ValueError: If documents would see each other.
    """
    if position_ids is None or position_ids.ndim != 2 or position_ids.shape[-1] < 2:
        return False
    mask_2d = attention_mask if attention_mask is not None and attention_mask.ndim == 2 else None
    resets_BS = find_resets(position_ids, mask_2d)
    if not bool(resets_BS.any()):
        return False
    where = f"row {int(resets_BS.any(dim=1).nonzero()[0, 0])}"
    if attention_mask is not None:
        if attention_mask.ndim == 4:
            return True  # the caller states who sees whom
        raise ValueError(
            f"position_ids restart within {where} (packed documents) but an attention_mask of "
            f"shape {tuple(attention_mask.shape)} was passed; with a 2-D mask the documents would "
            "attend to each other. Pass attention_mask=None and give padding its own positions."
        )
    if has_past or use_cache:
        got = "past_key_values" if has_past else "use_cache=True"
        raise ValueError(
            f"position_ids restart within {where} (packed documents) but {got} was passed; with a "
            "cache the documents would attend to each other. Pass use_cache=False."
        )
    if attention in _MASKED or has_varlen_arguments:
        return True
    if attention.startswith(_VARLEN_PREFIX):
        if batch_size == 1:
            return True
        raise ValueError(
            f"position_ids restart within {where} (packed documents) in a batch of {batch_size} "
            f"rows; {attention} separates documents in a batch of one row only. Concatenate the "
            "rows into one."
        )
    raise ValueError(
        f"position_ids restart within {where} (packed documents), which the attention "
        f"implementation {attention!r} is not known to respect. Use one of {_MASKED} or "
        "flash attention, or pass a 4-D mask."
    )
