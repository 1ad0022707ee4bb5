"""Reading COCO annotation files that others wrote, with file, line and index in every message.

The standard JSON reader loses positions, so the three lists of the top level are walked element by
element: each image, annotation and category knows the line it starts on.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from intern_runs import DataError

MAX_FILE_BYTES = 1_000_000_000
LISTS = ("images", "annotations", "categories")
SLACK_PIXELS = 0.5  # boxes rounded outwards by other tools


@dataclass(frozen=True, kw_only=True)
class ImageRecord:
    """One image and its boxes.

    Attributes:
        id: COCO's image id.
        path: The image file.
        width: In pixels.
        height: In pixels.
        where: `file:line` of its record.
        boxes: Corners (x1, y1, x2, y2) in pixels, crowd regions left out.
        labels: Index into the set's categories, one per box.
    """

    id: int
    path: Path
    width: int
    height: int
    where: str
    boxes: list[tuple[float, float, float, float]] = field(default_factory=list)
    labels: list[int] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class CocoSet:
    """A checked detection set.

    Attributes:
        path: The annotation file.
        records: Images in the file's order.
        category_ids: COCO's category ids, ascending; a label is an index into them.
        category_names: Their names.
    """

    path: Path
    records: Sequence[ImageRecord]
    category_ids: Sequence[int]
    category_names: Sequence[str]


class _Located:
    """The elements of one list with the lines they start on."""

    def __init__(self, path: Path, text: str, name: str) -> None:
        self.path, self.text, self.name = path, text, name
        self.items: list[Any] = []
        self.offsets: list[int] = []

    def fail(self, index: int, problem: str) -> DataError:
        """An error about one element."""
        line = self.text.count("\n", 0, self.offsets[index]) + 1
        return DataError(f"{self.path}:{line}: {self.name}[{index}]: {problem}")

    def where(self, index: int) -> str:
        """`file: list[index]` of one element; lines are counted for errors alone."""
        return f"{self.path}: {self.name}[{index}]"


def read_coco(path: str | Path, folder: str | Path = "") -> CocoSet:
    """Read and check an annotation file.

    Args:
        path: COCO "instances" file, JSON.
        folder: Folder of its images; the file's own folder if empty.

    Returns:
        The set.

    Raises:
        DataError: Missing file, broken JSON, missing or doubled ids, unknown images or categories,
            boxes that are no boxes or lie outside their image, or no annotations at all.
    """
    path = Path(path)
    images, annotations, categories = _read_lists(path)
    ids = _categories(categories)
    records = _images(images, Path(folder) if str(folder) else path.parent)
    if not annotations.items:
        raise DataError(f"{path}: has no annotations; expected at least one box to learn from")
    labels = {category: index for index, category in enumerate(sorted(ids))}
    seen: set[int] = set()
    for index, item in enumerate(annotations.items):
        _add_box(annotations, index, item, records, labels, seen)
    return CocoSet(
        path=path,
        records=list(records.values()),
        category_ids=sorted(ids),
        category_names=[ids[i] for i in sorted(ids)],
    )


def read_detections(path: str | Path) -> list[dict[str, Any]]:
    """Read a COCO result file: a list of image_id, category_id, bbox and score.

    Raises:
        DataError: If the file is missing or broken, or an entry is wrong.
    """
    path = Path(path)
    if not path.is_file():
        raise DataError(f"{path}: no such file of detections; check the path")
    if path.stat().st_size > MAX_FILE_BYTES:
        raise DataError(f"{path}: larger than {MAX_FILE_BYTES:,} bytes; split it")
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path}: not valid JSON: {error}") from None
    if not isinstance(found, list):
        raise DataError(f"{path}: got a {type(found).__name__}, expected a list of detections")
    for index, item in enumerate(found):
        keys = ("image_id", "category_id", "bbox", "score")
        if not isinstance(item, dict) or any(key not in item for key in keys):
            raise DataError(f"{path}: [{index}]: expected an object with {', '.join(keys)}")
        if not _is_box(item["bbox"]) or not _is_number(item["score"]):
            raise DataError(
                f"{path}: [{index}]: bbox is {item['bbox']!r} and score {item['score']!r}, "
                "expected [x, y, width, height] in pixels and a number"
            )
    return found


def check_same_categories(train: CocoSet, val: CocoSet) -> None:
    """Both sets must mean the same by a category id.

    Raises:
        DataError: If they differ.
    """
    ours = dict(zip(train.category_ids, train.category_names, strict=True))
    theirs = dict(zip(val.category_ids, val.category_names, strict=True))
    for key in sorted(ours.keys() | theirs.keys()):
        if ours.get(key) != theirs.get(key):
            raise DataError(
                f"{val.path}: category {key} is {theirs.get(key)!r}, but {train.path} has "
                f"{ours.get(key)!r}; give both files the same categories"
            )


def _read_lists(path: Path) -> tuple[_Located, _Located, _Located]:
    if not path.is_file():
        raise DataError(f"{path}: no such annotation file; check the path")
    if path.stat().st_size > MAX_FILE_BYTES:
        raise DataError(f"{path}: larger than {MAX_FILE_BYTES:,} bytes; split the set")
    try:
        text = path.read_text(encoding="utf-8")
        found = _walk(path, text)
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: not UTF-8 text (byte {error.start}), expected JSON") from None
    except json.JSONDecodeError as error:
        raise DataError(f"{path}:{error.lineno}: not valid JSON: {error.msg}") from None
    except RecursionError:
        raise DataError(f"{path}: nested too deeply for a COCO file") from None
    missing = [name for name in LISTS if name not in found]
    if missing:
        raise DataError(
            f"{path}: lacks the list {' and '.join(map(repr, missing))}; a COCO file has images, "
            "annotations and categories"
        )
    return found["images"], found["annotations"], found["categories"]


def _walk(path: Path, text: str) -> dict[str, _Located]:
    """The lists of a JSON object, element by element; other values are parsed and dropped."""
    decoder = json.JSONDecoder()
    space = json.decoder.WHITESPACE  # pyright: ignore[reportAttributeAccessIssue]

    def skip(position: int) -> int:
        return space.match(text, position).end()

    def expect(position: int, allowed: str) -> int:
        if position >= len(text) or text[position] not in allowed:
            raise json.JSONDecodeError(f"expected one of {' '.join(allowed)}", text, position)
        return position + 1

    found: dict[str, _Located] = {}
    at = skip(expect(skip(0), "{"))
    while text[at : at + 1] != "}":
        key, at = decoder.raw_decode(text, at)
        at = skip(expect(skip(at), ":"))
        if isinstance(key, str) and key in LISTS and text[at : at + 1] == "[":
            located = found[key] = _Located(path, text, key)
            at = skip(at + 1)
            while text[at : at + 1] != "]":
                located.offsets.append(at)
                item, at = decoder.raw_decode(text, at)
                located.items.append(item)
                at = skip(at)
                if text[at : at + 1] != "]":
                    at = skip(expect(at, ",]"))
            at += 1
        else:
            _, at = decoder.raw_decode(text, at)
        at = skip(at)
        if text[at : at + 1] != "}":
            at = skip(expect(at, ",}"))
    if skip(at + 1) != len(text):
        raise json.JSONDecodeError("more text after the object", text, skip(at + 1))
    return found


def _categories(located: _Located) -> dict[int, str]:
    names: dict[int, str] = {}
    for index, item in enumerate(located.items):
        identity = _integer(located, index, item, "id")
        if identity in names:
            raise located.fail(index, f"category id {identity} is used twice")
        name = item.get("name")
        if not isinstance(name, str) or not name:
            raise located.fail(index, f"name is {name!r}, expected a text")
        names[identity] = name
    if not names:
        raise DataError(f"{located.path}: categories is empty; list at least one")
    return names


def _images(located: _Located, folder: Path) -> dict[int, ImageRecord]:
    records: dict[int, ImageRecord] = {}
    for index, item in enumerate(located.items):
        identity = _integer(located, index, item, "id")
        if identity in records:
            raise located.fail(index, f"image id {identity} is used twice")
        width, height = (_integer(located, index, item, key) for key in ("width", "height"))
        if not (0 < width <= 65_535 and 0 < height <= 65_535):
            raise located.fail(index, f"width {width} and height {height}, expected 1 to 65535")
        name = item.get("file_name")
        if not isinstance(name, str) or not name:
            raise located.fail(index, f"file_name is {name!r}, expected a file name")
        path = folder / name
        if not path.is_file():
            raise located.fail(index, f"image file {path} is missing; check data.*_folder")
        records[identity] = ImageRecord(
            id=identity, path=path, width=width, height=height, where=located.where(index)
        )
    if not records:
        raise DataError(f"{located.path}: images is empty; list at least one")
    return records


def _add_box(
    located: _Located,
    index: int,
    item: Any,
    records: dict[int, ImageRecord],
    labels: dict[int, int],
    seen: set[int],
) -> None:
    identity = _integer(located, index, item, "id")
    if identity in seen:
        raise located.fail(index, f"annotation id {identity} is used twice")
    seen.add(identity)
    image, category = (_integer(located, index, item, k) for k in ("image_id", "category_id"))
    if image not in records:
        raise located.fail(index, f"image_id {image} is not among the images")
    if category not in labels:
        raise located.fail(
            index,
            f"category_id {category} is not among the categories "
            f"({', '.join(map(str, list(labels)[:20]))}); list it or correct the annotation",
        )
    box = item.get("bbox")
    if not _is_box(box):
        raise located.fail(index, f"bbox is {box!r}, expected [x, y, width, height] in pixels")
    x, y, width, height = map(float, box)
    if width <= 0 or height <= 0:
        raise located.fail(index, f"bbox {box} has no area; width and height must be above 0")
    record = records[image]
    if (
        min(x, y) < -SLACK_PIXELS
        or x + width > record.width + SLACK_PIXELS
        or y + height > record.height + SLACK_PIXELS
    ):
        raise located.fail(
            index,
            f"bbox {box} reaches outside image {image} of {record.width} x {record.height} pixels; "
            "clip it",
        )
    if not item.get("iscrowd"):
        record.boxes.append((x, y, x + width, y + height))
        record.labels.append(labels[category])


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_box(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 4 and all(map(_is_number, value))


def _integer(located: _Located, index: int, item: Any, key: str) -> int:
    if not isinstance(item, dict):
        raise located.fail(index, f"is a {type(item).__name__}, expected an object")
    value = item.get(key)
    if isinstance(value, bool) or not isinstance(value, int):
        got = "is missing" if key not in item else f"is {value!r}"
        raise located.fail(index, f"{key} {got}, expected an integer")
    return value
