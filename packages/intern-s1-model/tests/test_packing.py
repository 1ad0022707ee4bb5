"""Guards of packed rows, case by case; what packing computes is in `test_modeling`."""

import pytest
import torch

from intern_s1_model.packing import check_packing, find_resets

PACKED = torch.tensor([[0, 1, 2, 0, 1], [0, 1, 2, 3, 4]])
PLAIN = torch.arange(5).repeat(2, 1)


def check(position_ids, **changes):
    arguments = {
        "attention_mask": None,
        "use_cache": None,
        "has_past": False,
        "batch_size": len(position_ids),
        "attention": "sdpa",
    }
    return check_packing(position_ids, **{**arguments, **changes})


def test_resets_are_found_by_hand():
    assert find_resets(PACKED).nonzero().tolist() == [[0, 3]]
    left_padded = torch.tensor([[1, 1, 0, 1, 2]])
    mask = torch.tensor([[0, 0, 1, 1, 1]])
    assert not find_resets(left_padded, mask).any()


@pytest.mark.parametrize("attention", ["sdpa", "eager", "flex_attention"])
def test_masked_attention_takes_any_batch(attention):
    assert check(PACKED, attention=attention)
    assert check(PACKED, attention=attention, use_cache=False)


@pytest.mark.parametrize("attention", ["sdpa", "flash_attention_2", "paged|sdpa", "other"])
def test_rows_of_one_document_are_never_refused(attention):
    assert not check(PLAIN, attention=attention, use_cache=True, has_past=True)
    assert not check(PLAIN, attention_mask=torch.ones(2, 5), use_cache=True)
    assert not check(torch.tensor([[7], [3]]), has_past=True, use_cache=True)  # a decoding step


def test_flash_attention_takes_one_row_or_stated_lengths():
    assert check(PACKED[:1], attention="flash_attention_2")
    assert check(PACKED, attention="flash_attention_3", has_varlen_arguments=True)
    with pytest.raises(ValueError, match=r"row 0 .* batch of 2 rows; flash_attention_2 separates"):
        check(PACKED, attention="flash_attention_2")


def test_a_mask_of_four_dimensions_is_the_callers_business():
    assert check(PACKED, attention_mask=torch.ones(2, 1, 5, 5), use_cache=True, attention="other")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"attention_mask": torch.ones(2, 5)}, r"row 0 .* attention_mask of shape \(2, 5\)"),
        ({"use_cache": True}, "row 0 .* use_cache=True was passed"),
        ({"has_past": True}, "row 0 .* past_key_values was passed"),
        ({"attention": "paged|sdpa"}, "'paged|sdpa' is not known to respect"),
    ],
)
def test_every_leak_raises_and_names_the_row(changes, message):
    with pytest.raises(ValueError, match=message):
        check(PACKED, **changes)
