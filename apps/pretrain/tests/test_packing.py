from types import SimpleNamespace

import numpy as np
import pytest
import torch

from intern_pretrain.documents import Document
from intern_pretrain.packing import (
    EncodedDocument,
    imbalance,
    pack_documents,
    pack_order,
    to_pixels,
)
from intern_runs import DataError

SPECIAL = {"<IMG_CONTEXT>": 90, "<TS_CONTEXT>": 91, "<img>": 92, "</img>": 93, "<ts>": 94}
TOKENIZER = SimpleNamespace(
    pad_token_id=0, convert_tokens_to_ids=lambda token: SPECIAL.get(token, 95)
)


def encoded(ids, **fields):
    given = {"modality": "text", "kind": "k", "key": "k", "text": "t", **fields}
    return EncodedDocument(ids=list(ids), document=Document(**given))


def pack(documents, length=16, weighting="square", seed=0):
    return pack_documents(
        documents, TOKENIZER, sequence_length=length, weighting=weighting, seed=seed
    )


def test_positions_restart_and_targets_stop_at_each_document():
    packs, report = pack([encoded([5, 6, 7]), encoded([5, 6, 7])], length=8)
    (one,) = packs
    assert one.input_ids.tolist() == [5, 6, 7, 5, 6, 7, 0, 0]
    assert one.position_ids.tolist() == [0, 1, 2, 0, 1, 2, 0, 1]
    assert one.targets.tolist() == [6, 7, -100, 6, 7, -100, -100, -100]
    assert one.is_real.tolist() == [True] * 6 + [False] * 2
    assert (report.tokens, report.padding, report.packs) == (6, 2, 1)


def test_nothing_is_predicted_where_a_picture_stands():
    document = encoded(
        [92, 90, 90, 93, 5, 6], modality="image", image=np.zeros((2, 2, 3), dtype=np.uint8)
    )
    (one,), report = pack([document], length=8)
    assert one.targets.tolist()[:6] == [-100, -100, -100, 5, 6, -100]
    assert report.images == 1


@pytest.mark.parametrize(
    ("weighting", "long", "short"),
    [("token", 1.0, 1.0), ("square", 0.5, 1.0), ("sample", 0.25, 1.0)],
)
def test_a_document_of_l_predictions_weighs_its_power_of_l(weighting, long, short):
    (one,), _ = pack([encoded([1, 2, 3, 4, 5]), encoded([8, 9])], length=7, weighting=weighting)
    by_target = dict(zip(one.targets.tolist(), one.weights.tolist(), strict=True))
    assert [by_target[t] for t in (2, 3, 4, 5)] == [long] * 4
    assert by_target[9] == short
    assert by_target[-100] == 0.0


def test_no_token_is_lost_whatever_the_lengths():
    random = np.random.default_rng(0)
    documents = [
        encoded(range(start, start + int(random.integers(1, 60))))
        for start in range(100, 9000, 100)
    ]
    packs, report = pack(documents)
    expected = sorted(i for document in documents for i in document.ids)
    found = sorted(i for one in packs for i in one.input_ids[one.is_real].tolist())
    assert found == expected
    assert report.split_documents == sum(len(d.ids) > 16 for d in documents)
    assert report.padding / (16 * report.packs) < 0.1
    assert all(sum(one.lengths) == int(one.is_real.sum()) for one in packs)


def test_a_picture_that_does_not_fit_a_pack_is_refused_rather_than_cut():
    document = encoded(range(20), modality="image", image=np.zeros((2, 2, 3), dtype=np.uint8))
    with pytest.raises(
        DataError, match=r"has 20 tokens, more than training.sequence_length \(16\)"
    ):
        pack([document])


def many_packs():
    random = np.random.default_rng(1)
    lengths = np.clip(random.lognormal(2.0, 1.0, size=600).astype(int), 1, 64)
    return pack([encoded(range(int(n))) for n in lengths], length=64)[0]


@pytest.mark.parametrize("order", ["random", "balanced"])
def test_an_order_visits_every_pack_once_and_depends_on_seed_and_epoch(order):
    packs = many_packs()
    orders = [
        pack_order(packs, epoch=e, seed=s, order=order, group=4)
        for e, s in ((0, 0), (1, 0), (0, 1))
    ]
    for one in orders:
        assert sorted(one) == list(range(len(packs)))
    assert orders[0] != orders[1] != orders[2]
    assert orders[0] == pack_order(packs, epoch=0, seed=0, order=order, group=4)


def test_the_balanced_order_costs_its_groups_more_evenly_than_the_random_one():
    packs = many_packs()
    values = {
        order: imbalance(packs, pack_order(packs, epoch=0, seed=0, order=order, group=4), 4)
        for order in ("random", "balanced")
    }
    assert 1.0 <= values["balanced"] < values["random"]
    assert values["balanced"] - 1 < 0.5 * (values["random"] - 1)


def test_imbalance_is_the_largest_cost_over_the_mean():
    packs = [SimpleNamespace(attention_cost=cost) for cost in (1, 3, 2, 2)]
    assert imbalance(packs, [0, 1, 2, 3], 2) == pytest.approx((1.5 + 1.0) / 2)


def test_pictures_become_the_pixels_that_the_processor_makes(small_corpus):
    from transformers.models.got_ocr2.image_processing_got_ocr2 import GotOcr2ImageProcessor

    image = next(d.image for d in small_corpus.train if d.image is not None)
    processor = GotOcr2ImageProcessor(
        size={"height": 56, "width": 56},
        image_mean=[0.485, 0.456, 0.406],
        image_std=[0.229, 0.224, 0.225],
    )
    expected = processor(images=image, return_tensors="pt")["pixel_values"]
    # One float32 rounding: the processor folds the factor 1/255 into mean and deviation.
    torch.testing.assert_close(to_pixels(image[None]), expected, rtol=0, atol=2e-6)
