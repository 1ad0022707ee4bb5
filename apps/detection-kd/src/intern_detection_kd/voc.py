"""Reading PASCAL VOC sets: an image list in `ImageSets/Main`, one XML file per image.

```text
VOC2007/ImageSets/Main/train.txt     one image name per line (perhaps with a second column)
VOC2007/Annotations/NAME.xml         size and objects
VOC2007/JPEGImages/FILE              as the XML names it
```

VOC counts pixels from 1 and includes the last, so a box becomes (xmin - 1, ymin - 1, xmax, ymax).
"""

import math
from pathlib import Path
from typing import Any
from xml.parsers import expat

from intern_detection_kd.coco import CocoSet, ImageRecord, read_coco
from intern_runs import DataError

MAX_XML_BYTES = 2_000_000
SLACK_PIXELS = 1.0


def read_data(path: str | Path, folder: str | Path = "") -> CocoSet:
    """Read a COCO file (`.json`) or a VOC image list (`.txt`).

    Raises:
        DataError: As `read_coco` and `read_voc`.
    """
    return read_voc(path) if Path(path).suffix == ".txt" else read_coco(path, folder)


def read_voc(path: str | Path) -> CocoSet:
    """Read and check a VOC set; objects marked difficult are left out, as in VOC's own scoring.

    Args:
        path: Image list, two folders below the set's own.

    Returns:
        The set; categories are the names that occur, sorted, with ids from 1.

    Raises:
        DataError: Missing file, broken XML, boxes that are no boxes or lie outside their image, or
            no objects at all; the message begins with `file:line`.
    """
    path = Path(path)
    if not path.is_file():
        raise DataError(f"{path}: no such image list; check the path")
    root = path.parent.parent.parent
    found = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if line.strip():
            annotation = root / "Annotations" / f"{line.split()[0]}.xml"
            if not annotation.is_file():
                raise DataError(f"{path}:{number}: annotation {annotation} is missing")
            found.append(_parse(annotation))
    names = sorted({item["name"] for parsed in found for item in parsed["objects"]})
    if not names:
        raise DataError(f"{path}: has no objects; expected at least one box to learn from")
    records = [
        _record(index, root, parsed, {name: label for label, name in enumerate(names)})
        for index, parsed in enumerate(found, start=1)
    ]
    return CocoSet(
        path=path,
        records=records,
        category_ids=list(range(1, len(names) + 1)),
        category_names=names,
    )


class _Reader:
    """Collects size, file name and objects of one XML file with the lines of the objects."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.stack: list[str] = []
        self.text = ""
        self.top: dict[str, str] = {}
        self.objects: list[dict[str, Any]] = []
        self.parser = expat.ParserCreate()
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.end
        self.parser.CharacterDataHandler = self.characters
        self.parser.EntityDeclHandler = self.refuse

    def start(self, name: str, _attributes: Any) -> None:
        self.stack.append(name)
        self.text = ""
        if self.stack == ["annotation", "object"]:
            self.objects.append({"line": self.parser.CurrentLineNumber})

    def characters(self, text: str) -> None:
        self.text += text

    def end(self, name: str) -> None:
        place, value = tuple(self.stack), self.text.strip()
        self.stack.pop()
        self.text = ""
        if place[:2] == ("annotation", "object") and len(place) in (3, 4):
            if len(place) == 3 or place[2] == "bndbox":
                self.objects[-1][name] = value
        elif place in (("annotation", "filename"), *(("annotation", "size", k) for k in SIZE)):
            self.top[name] = value

    def refuse(self, *_arguments: Any) -> None:
        line = self.parser.CurrentLineNumber
        raise DataError(f"{self.path}:{line}: declares an entity; VOC annotations have none")


SIZE = ("width", "height")
CORNERS = ("xmin", "ymin", "xmax", "ymax")


def _parse(path: Path) -> dict[str, Any]:
    if path.stat().st_size > MAX_XML_BYTES:
        raise DataError(f"{path}: larger than {MAX_XML_BYTES:,} bytes")
    reader = _Reader(path)
    try:
        reader.parser.Parse(path.read_bytes(), True)
    except expat.ExpatError as error:
        raise DataError(f"{path}:{error.lineno}: not valid XML: {error}") from None
    size = [_number(path, 1, key, reader.top.get(key)) for key in SIZE]
    if not all(0 < value <= 65_535 for value in size):
        raise DataError(f"{path}: size {size[0]:g} x {size[1]:g}, expected 1 to 65535")
    objects = []
    for item in reader.objects:
        if not item.get("name"):
            raise DataError(f"{path}:{item['line']}: object without a name")
        if item.get("difficult", "0") != "1":
            objects.append({"name": item["name"], "box": _box(path, item, size)})
    return {
        "path": path,
        "file": reader.top.get("filename", ""),
        "size": (int(size[0]), int(size[1])),
        "objects": objects,
    }


def _box(path: Path, item: dict[str, Any], size: list[float]) -> tuple[float, ...]:
    line = item["line"]
    x1, y1, x2, y2 = (_number(path, line, key, item.get(key)) for key in CORNERS)
    if x2 <= x1 or y2 <= y1:
        raise DataError(f"{path}:{line}: box ({x1:g}, {y1:g}, {x2:g}, {y2:g}) has no area")
    if min(x1, y1) < 1 - SLACK_PIXELS or x2 > size[0] + SLACK_PIXELS or y2 > size[1] + SLACK_PIXELS:
        raise DataError(
            f"{path}:{line}: box ({x1:g}, {y1:g}, {x2:g}, {y2:g}) reaches outside the image of "
            f"{size[0]:g} x {size[1]:g} pixels; clip it"
        )
    return (max(x1 - 1, 0), max(y1 - 1, 0), min(x2, size[0]), min(y2, size[1]))


def _number(path: Path, line: int, key: str, text: str | None) -> float:
    try:
        value = float(text or "")
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise DataError(f"{path}:{line}: {key} is {text!r}, expected a number of pixels")
    return value


def _record(index: int, root: Path, parsed: dict[str, Any], labels: dict[str, int]) -> ImageRecord:
    image = root / "JPEGImages" / (Path(parsed["file"]).name or "?")
    if not image.is_file():
        raise DataError(f"{parsed['path']}: image file {image} is missing")
    return ImageRecord(
        id=index,
        path=image,
        width=parsed["size"][0],
        height=parsed["size"][1],
        where=str(parsed["path"]),
        boxes=[item["box"] for item in parsed["objects"]],
        labels=[labels[item["name"]] for item in parsed["objects"]],
    )
