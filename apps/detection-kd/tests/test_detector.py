import pytest
import torch

from intern_detection_kd.coco import CocoSet, ImageRecord
from intern_detection_kd.config import DetectorConfig
from intern_detection_kd.detector import (
    Detector,
    Targets,
    assign,
    detection_losses,
    positions,
    to_boxes,
)
from intern_detection_kd.evaluation import score
from intern_detection_kd.pictures import batch_order

SIZES = [(12, 12), (6, 6), (3, 3)]


def grid():
    return positions(SIZES, torch.device("cpu"))


def test_positions_are_the_centres_of_their_cells():
    points, ranges, strides = grid()
    assert len(points) == 144 + 36 + 9
    assert points[0].tolist() == [4, 4]
    assert points[13].tolist() == [12, 12]
    assert points[144].tolist() == [8, 8]
    assert strides[[0, 144, 180]].tolist() == [8, 16, 32]
    assert ranges[144].tolist() == [22, 64]


def test_a_box_is_answered_for_near_its_centre_on_the_level_of_its_size():
    points, ranges, strides = grid()
    boxes = torch.tensor([[10.0, 10.0, 30.0, 34.0], [40.0, 40.0, 90.0, 90.0]])
    label, distances = assign(boxes, torch.tensor([3, 7]), points, ranges, strides)
    assert set(label.tolist()) == {-1, 3, 7}
    small, large = (label == 3).nonzero().flatten(), (label == 7).nonzero().flatten()
    assert small.max() < 144
    assert ((large >= 144) & (large < 180)).all()
    torch.testing.assert_close(to_boxes(points, distances)[small[0]], boxes[0])
    near = (points[small] - torch.tensor([20.0, 22.0])).abs().amax(1)
    assert near.max() < 1.5 * 8


def test_where_boxes_overlap_the_smaller_one_is_answered_for():
    points, ranges, strides = grid()
    boxes = torch.tensor([[10.0, 10.0, 30.0, 30.0], [12.0, 12.0, 28.0, 28.0]])
    label, _ = assign(boxes, torch.tensor([1, 2]), points, ranges, strides)
    inner = ((points > 12) & (points < 28)).all(1) & (strides == 8)
    assert set(label[inner].tolist()) == {2}
    assert 1 in label[~inner].tolist()


def test_images_without_boxes_give_a_finite_loss():
    empty = Targets(boxes=[torch.zeros(0, 4)], labels=[torch.zeros(0, dtype=torch.int64)])
    model = Detector(DetectorConfig(width=4, neck_channels=8), 3)
    losses = model(torch.zeros(1, 3, 96, 96), empty)
    assert losses["boxes"] == losses["centers"] == 0
    assert torch.isfinite(losses["classes"])


def test_perfect_predictions_have_almost_no_class_and_box_loss():
    points, ranges, strides = grid()
    boxes = torch.tensor([[10.0, 10.0, 30.0, 34.0]])
    targets = Targets(boxes=[boxes], labels=[torch.tensor([1])])
    label, distances = assign(boxes, targets.labels[0], points, ranges, strides)
    classes = torch.full((1, len(points), 3), -12.0)
    classes[0, label == 1, 1] = 12.0
    losses = detection_losses(
        classes, distances[None], torch.zeros(1, len(points)), targets, points, ranges, strides
    )
    # sigmoid(-12) is about 6e-6; focal loss weighs it by its square.
    assert losses["classes"] < 1e-6
    assert losses["boxes"] == pytest.approx(0, abs=1e-6)
    assert losses["centers"] == pytest.approx(torch.tensor(2.0).log().item())


def test_coco_metrics_of_perfect_and_shifted_detections(tmp_path):
    record = ImageRecord(
        id=5, path=tmp_path, width=96, height=96, where="", boxes=[(10, 10, 30, 30)], labels=[0]
    )
    data = CocoSet(path=tmp_path, records=[record], category_ids=[4], category_names=["x"])

    def of(x: float) -> dict[str, float]:
        box = [10 + x, 10, 20, 20]
        return score(data, [{"image_id": 5, "category_id": 4, "bbox": box, "score": 0.9}])

    assert of(0) == {"map": 1.0, "map50": 1.0, "map75": 1.0}
    # A shift by 4 of 20 pixels overlaps by 16 / 24: above 0.65 and below 0.70.
    assert of(4) == pytest.approx({"map": 0.4, "map50": 1.0, "map75": 0.0}, abs=1e-6)
    assert score(data, []) == {"map": 0.0, "map50": 0.0, "map75": 0.0}


def test_every_epoch_visits_every_image_once_in_an_order_of_its_own():
    steps = [batch_order(10, 4, 0, step) for step in range(1, 6)]
    flat = [index for batch in steps for index in batch]
    assert sorted(flat[:10]) == sorted(flat[10:20]) == list(range(10))
    assert flat[:10] != flat[10:20]
    assert batch_order(10, 4, 1, 1) != steps[0]
    assert batch_order(3, 8, 0, 2) == batch_order(3, 8, 0, 2)
    assert len(batch_order(3, 8, 0, 2)) == 8
