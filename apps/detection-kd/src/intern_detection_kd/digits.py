"""A detection set in COCO format from real things: handwritten digits pasted on photographs.

Digits: scikit-learn's 1,797 scans of 8 x 8 pixels (UCI, Alpaydin and Kaynak). Photographs: those
that ship inside scikit-image and scikit-learn; no download. Training and evaluation share neither a
digit nor a photograph. Every draw is keyed by a hash of (name, split, seed, index).
"""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from intern_runs import RunFolderError

NAME = "digits-on-photographs"
PHOTOGRAPHS = {
    "train": (
        "astronaut",
        "coffee",
        "rocket",
        "stereo_motorcycle",
        "immunohistochemistry",
        "grass",
        "gravel",
        "moon",
        "china.jpg",
    ),
    "val": ("chelsea", "hubble_deep_field", "brick", "coins", "flower.jpg"),
}
VAL_SHARE = 0.25  # of the digits
DIGITS_PER_IMAGE = (2, 5)
DIGIT_PIXELS = (14, 40)  # side of the pasted 8 x 8 scan at an image side of 96
MAX_OVERLAP = 0.05  # intersection over union of two pasted digits
MIN_CONTRAST = 70  # mean absolute difference from the photograph below, in grey levels


def generator(*key: Any) -> np.random.Generator:
    """A generator keyed by a hash, so that neighbouring seeds share nothing."""
    digest = hashlib.sha256("/".join(map(str, key)).encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:8], "little"))


def build_digits(
    folder: Path,
    *,
    num_train: int,
    num_val: int,
    size: int,
    seed: int,
    on_image: Callable[[], None] = lambda: None,
) -> dict[str, Path]:
    """Write both splits.

    Args:
        folder: Where to write `train/`, `val/` and an annotation file per split.
        num_train: Images to train on.
        num_val: Images to evaluate on.
        size: Side of the square images, in pixels.
        seed: Which set; the evaluation split is the same for every seed.
        on_image: Called after each image.

    Returns:
        Annotation file per split.

    Raises:
        RunFolderError: If the folder cannot be made.
    """
    files = {}
    for split, count in (("train", num_train), ("val", num_val)):
        files[split] = folder / f"{split}.json"
        if files[split].exists():
            continue
        try:
            (folder / split).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RunFolderError(f"{folder}: cannot be made: {error.strerror}") from None
        photographs, digits = _photographs(split), _digits(split)
        images, annotations = [], []
        for index in range(count):
            draw = generator(NAME, split, seed if split == "train" else 0, index)
            pixels, found = _compose(draw, photographs, digits, size)
            name = f"{split}/{index:05d}.png"
            Image.fromarray(pixels).save(folder / name)
            images.append({"id": index + 1, "file_name": name, "width": size, "height": size})
            for box, digit in found:
                annotations.append(
                    {
                        "id": len(annotations) + 1,
                        "image_id": index + 1,
                        "category_id": digit + 1,
                        "bbox": box,
                        "area": box[2] * box[3],
                        "iscrowd": 0,
                    }
                )
            on_image()
        _write(files[split], images, annotations)
    return files


def _write(path: Path, images: list[Any], annotations: list[Any]) -> None:
    """One record per line, so that a message's line number points at one record."""
    categories = [{"id": digit + 1, "name": str(digit)} for digit in range(10)]
    lists = {"images": images, "annotations": annotations, "categories": categories}
    body = ",\n".join(
        f'"{name}": [\n' + ",\n".join(json.dumps(item) for item in items) + "\n]"
        for name, items in lists.items()
    )
    draft = path.with_suffix(".draft")
    draft.write_text("{" + body + "}\n", encoding="utf-8")
    draft.replace(path)


def _photographs(split: str) -> list[np.ndarray]:
    import skimage.data
    from sklearn.datasets import load_sample_image

    loaded = []
    for name in PHOTOGRAPHS[split]:
        if name.endswith(".jpg"):
            picture = load_sample_image(name)
        else:
            picture = getattr(skimage.data, name)()
            picture = picture[0] if isinstance(picture, tuple) else picture
        if picture.ndim == 2:
            picture = np.repeat(picture[..., None], 3, axis=2)
        loaded.append(np.ascontiguousarray(picture[..., :3]))
    return loaded


def _digits(split: str) -> list[tuple[np.ndarray, int]]:
    from sklearn.datasets import load_digits

    scans = load_digits()
    chosen = []
    for index, (scan, label) in enumerate(zip(scans.images, scans.target, strict=True)):
        is_val = generator(NAME, "split", index).random() < VAL_SHARE
        if is_val == (split == "val"):
            chosen.append(((scan / 16.0).astype(np.float32), int(label)))
    return chosen


def _compose(
    draw: np.random.Generator,
    photographs: list[np.ndarray],
    digits: list[tuple[np.ndarray, int]],
    size: int,
) -> tuple[np.ndarray, list[tuple[list[int], int]]]:
    """One image: a random crop with digits in random places, sizes and colours."""
    photograph = photographs[draw.integers(len(photographs))]
    side = int(draw.integers(size, min(3 * size, *photograph.shape[:2]) + 1))
    top, left = (int(draw.integers(0, full - side + 1)) for full in photograph.shape[:2])
    crop = Image.fromarray(photograph[top : top + side, left : left + side])
    canvas = np.asarray(crop.resize((size, size), Image.Resampling.BILINEAR), dtype=np.float32)
    canvas = canvas.copy()
    found: list[tuple[list[int], int]] = []
    wanted = int(draw.integers(DIGITS_PER_IMAGE[0], DIGITS_PER_IMAGE[1] + 1))
    for _ in range(8 * wanted):
        if len(found) == wanted:
            break
        scan, label = digits[draw.integers(len(digits))]
        box = _paste(draw, canvas, scan, [box for box, _ in found])
        if box is not None:
            found.append((box, label))
    return canvas.clip(0, 255).astype(np.uint8), found


def _paste(
    draw: np.random.Generator, canvas: np.ndarray, scan: np.ndarray, taken: list[list[int]]
) -> list[int] | None:
    size = canvas.shape[0]
    pixels = int(draw.integers(*DIGIT_PIXELS) * size / 96)
    ink = Image.fromarray(scan).resize((pixels, pixels), Image.Resampling.BICUBIC)
    alpha = np.asarray(ink).clip(0, 1)
    rows, columns = np.where(alpha.max(1) > 0.3)[0], np.where(alpha.max(0) > 0.3)[0]
    alpha = alpha[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    height, width = alpha.shape
    x, y = int(draw.integers(0, size - width + 1)), int(draw.integers(0, size - height + 1))
    box = [x, y, width, height]
    if any(_iou(box, other) > MAX_OVERLAP for other in taken):
        return None
    region = canvas[y : y + height, x : x + width]
    colour = draw.integers(0, 256, 3).astype(np.float32)
    if np.abs(colour - region).mean() < MIN_CONTRAST:
        colour = np.where(region.mean((0, 1)) > 127, colour / 4, 255 - colour / 4)
    region += alpha[..., None] * (colour - region)
    return box


def _iou(one: list[int], other: list[int]) -> float:
    width = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
    height = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
    both = max(width, 0) * max(height, 0)
    return both / (one[2] * one[3] + other[2] * other[3] - both)
