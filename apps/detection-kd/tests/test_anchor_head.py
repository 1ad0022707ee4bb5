import pytest
import torch

from intern_detection_kd.anchor_head import (
    NUM_ANCHORS,
    anchor_losses,
    decode,
    encode,
    make_anchors,
    match,
)
from intern_detection_kd.config import DetectorConfig
from intern_detection_kd.detector import Detector, Targets

ANCHORS = make_anchors([(12, 12), (6, 6), (3, 3)], (8, 16, 32))


def test_anchors_stand_around_the_centres_of_their_cells_with_the_sizes_of_their_level():
    assert len(ANCHORS) == NUM_ANCHORS * (144 + 36 + 9)
    assert ANCHORS[0].tolist() == [-4, -4, 12, 12]  # 16 pixels around (4, 4)
    sizes = ANCHORS[:, 2:] - ANCHORS[:, :2]
    torch.testing.assert_close(sizes[1, 1] / sizes[1, 0], torch.tensor(2.0))
    torch.testing.assert_close(sizes[:4].prod(1), torch.tensor([256.0, 256.0, 512.0, 512.0]))
    assert sizes[-4:].prod(1).tolist() == pytest.approx([4096, 4096, 8192, 8192])


def test_decoding_undoes_encoding():
    draws = torch.Generator().manual_seed(0)
    low = torch.rand(len(ANCHORS), 2, generator=draws) * 80
    boxes = torch.cat([low, low + 4 + torch.rand(len(ANCHORS), 2, generator=draws) * 30], 1)
    # Sums of float32 values up to about 100, exponentials of logarithms.
    torch.testing.assert_close(decode(encode(boxes, ANCHORS), ANCHORS), boxes, rtol=1e-5, atol=1e-4)


def test_matching_by_overlap_leaves_out_the_middle_and_forgets_no_box():
    boxes = torch.stack([ANCHORS[40], torch.tensor([0.0, 0.0, 3.0, 3.0])])
    which = match(boxes, ANCHORS)
    assert which[40] == 0
    assert (which == 1).sum() == 1  # overlaps no anchor by half, and still has its best
    # Shifted by 8 of 16 pixels, two squares overlap by a third: background.
    assert which[44] == -1
    shifted = ANCHORS[40] + torch.tensor([6.0, 0, 6.0, 0])  # (16 - 6) / (16 + 6) = 0.4545
    assert match(torch.stack([shifted, ANCHORS[40]]), ANCHORS)[40] == 1
    assert (match(shifted[None], ANCHORS) == -2).any()
    assert (match(torch.zeros(0, 4), ANCHORS) == -1).all()


def test_perfect_predictions_have_almost_no_loss_and_empty_images_a_finite_one():
    boxes, labels = [torch.tensor([[10.0, 10.0, 28.0, 34.0]])], [torch.tensor([1])]
    which = match(boxes[0], ANCHORS)
    classes = torch.full((1, len(ANCHORS), 3), -12.0)
    classes[0, which >= 0, 1] = 12.0
    offsets = encode(boxes[0].expand(len(ANCHORS), 4), ANCHORS)[None]
    losses = anchor_losses(classes, offsets, ANCHORS, boxes, labels)
    assert losses["classes"] < 1e-6  # sigmoid(-12) is about 6e-6, squared by the focal weight
    assert losses["boxes"] == 0
    empty = Targets(boxes=[torch.zeros(0, 4)], labels=[torch.zeros(0, dtype=torch.int64)])
    model = Detector(DetectorConfig(width=4, neck_channels=8, head="retina"), 3)
    losses = model(torch.zeros(1, 3, 96, 96), empty)
    assert losses["boxes"] == 0
    assert torch.isfinite(losses["classes"])


def test_a_detector_with_anchors_learns_one_image_by_heart():
    torch.manual_seed(0)
    model = Detector(DetectorConfig(width=4, neck_channels=16, head="retina"), 2)
    image = torch.zeros(1, 3, 64, 64)
    image[:, :, 8:40, 16:36] = 2.0
    box = torch.tensor([[16.0, 8.0, 36.0, 40.0]])
    targets = Targets(boxes=[box], labels=[torch.tensor([1])])
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)
    for _ in range(60):
        loss = torch.stack(list(model(image, targets).values())).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    boxes, scores, labels = model.train().detect(image)[0]
    assert labels[0] == 1
    assert scores[0] > 0.5
    assert (boxes[0] - box[0]).abs().max() < 3
