"""COCO evaluation of a detector with pycocotools."""

import contextlib
import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from intern_detection_kd.coco import CocoSet
from intern_detection_kd.detector import Detector
from intern_detection_kd.pictures import Pictures

EVAL_BATCH = 50
METRICS = ("map", "map50", "map75")  # COCO's first three numbers


def evaluate(model: Detector, pictures: Pictures) -> dict[str, float]:
    """Mean average precision over IoU 0.50 to 0.95, and at 0.50 and 0.75; each in [0, 1].

    Args:
        model: The detector; left in the mode it was in.
        pictures: What to evaluate on.

    Returns:
        "map", "map50" and "map75".
    """
    return score(pictures.data, detections(model, pictures))


def detections(model: Detector, pictures: Pictures) -> list[dict[str, Any]]:
    """Detections in COCO's result format, boxes in pixels of the files."""
    was_training = model.training
    model.eval()
    found = []
    for start in range(0, len(pictures), EVAL_BATCH):
        indices = range(start, min(start + EVAL_BATCH, len(pictures)))
        images, _ = pictures.batch(indices)
        found_here = model.detect(images.to(next(model.parameters()).device))
        for index, (boxes, scores, labels) in zip(indices, found_here, strict=True):
            record = pictures.data.records[index]
            boxes = boxes / pictures.scale(index)
            for box, one, label in zip(
                boxes.tolist(), scores.tolist(), labels.tolist(), strict=True
            ):
                x1, y1, x2, y2 = box
                x2, y2 = min(x2, record.width), min(y2, record.height)
                found.append(
                    {
                        "image_id": record.id,
                        "category_id": pictures.data.category_ids[label],
                        "bbox": [x1, y1, max(x2 - x1, 0.0), max(y2 - y1, 0.0)],
                        "score": one,
                    }
                )
    model.train(was_training)
    return found


def score(data: CocoSet, found: Sequence[dict[str, Any]]) -> dict[str, float]:
    """COCO's numbers of detections in result format; 0 without any detection."""
    if not found:
        return dict.fromkeys(METRICS, 0.0)
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO()
        truth.dataset = _as_coco(data)
        truth.createIndex()
        judge = COCOeval(truth, truth.loadRes(list(found)), "bbox")
        # Only what METRICS needs: not numbers by size, nor of 1 and 10 detections an image.
        judge.params.areaRng, judge.params.areaRngLbl = judge.params.areaRng[:1], ["all"]
        judge.params.maxDets = judge.params.maxDets[-1:]
        judge.evaluate()
        judge.accumulate()
    precision = judge.eval["precision"]  # IoU thresholds 0.50, 0.55, ..., 0.95 come first
    parts = (precision, precision[0], precision[5])
    return {
        name: float(np.round(part[part > -1].mean(), 6)) if (part > -1).any() else 0.0
        for name, part in zip(METRICS, parts, strict=True)
    }


def _as_coco(data: CocoSet) -> dict[str, Any]:
    annotations = [
        {
            "id": 0,
            "image_id": record.id,
            "category_id": data.category_ids[label],
            "bbox": [x1, y1, x2 - x1, y2 - y1],
            "area": (x2 - x1) * (y2 - y1),
            "iscrowd": 0,
        }
        for record in data.records
        for (x1, y1, x2, y2), label in zip(record.boxes, record.labels, strict=True)
    ]
    for number, annotation in enumerate(annotations, start=1):
        annotation["id"] = number
    return {
        "info": {},
        "images": [{"id": r.id, "width": r.width, "height": r.height} for r in data.records],
        "annotations": annotations,
        "categories": [
            {"id": i, "name": n}
            for i, n in zip(data.category_ids, data.category_names, strict=True)
        ],
    }
