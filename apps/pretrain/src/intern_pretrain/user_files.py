r"""The user's own documents: JSON lines with a text, and the path of a picture or a series.

```text
{"text": "Ethanol is <SMILES>CCO</SMILES>."}
{"text": "<IMG_CONTEXT>\nA microscope picture of a grain.", "image": "grain.png"}
{"text": "<TS_CONTEXT>\nA seismogram.", "series": "quake.npy", "sampling_rate": 100}
```

Paths are relative to the file. Without a placeholder, picture or series comes before the text.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from intern_pretrain.documents import IMAGE, SERIES, Document
from intern_runs import DataError, read_jsonl

KEYS = ("text", "image", "series", "sampling_rate")
MAX_PIXELS = 50_000_000


def read_documents(path: str | Path, *, image_size: int) -> Iterator[Document]:
    """Yield the documents of a JSON-lines file.

    Args:
        path: The file.
        image_size: Height and width that pictures are scaled to, in pixels.

    Raises:
        DataError: At the first bad line; the message begins with `file:line`.
    """
    path = Path(path)
    # The reader passes over empty lines, so the numbers of the others are found first.
    numbers: list[int] = []
    if path.is_file():
        with path.open("rb") as lines:
            numbers = [number for number, line in enumerate(lines, start=1) if line.strip()]
    values = read_jsonl(path, required=("text",))
    for index, value in enumerate(values):
        yield _document(value, path, f"{path}:{numbers[index]}", image_size)


def _document(value: dict[str, Any], path: Path, where: str, image_size: int) -> Document:
    if unknown := sorted(set(value) - set(KEYS)):
        raise DataError(f"{where}: unknown key {unknown[0]!r}; known keys: {', '.join(KEYS)}")
    text = value["text"]
    if not isinstance(text, str) or not text.strip():
        raise DataError(f"{where}: text must be a string that is not empty, got {text!r}")
    if "image" in value and "series" in value:
        raise DataError(f"{where}: has both image and series; a document takes one of them")
    image = series = None
    rate = value.get("sampling_rate")
    if "image" in value:
        image = _read_image(_beside(path, value["image"], where), where, image_size)
    if "series" in value:
        series, own_rate = _read_series(_beside(path, value["series"], where), where)
        rate = own_rate if rate is None else rate
    if rate is not None and (
        not isinstance(rate, int | float) or isinstance(rate, bool) or not 0 < rate < float("inf")
    ):
        raise DataError(f"{where}: sampling_rate must be a positive number, got {rate!r}")
    for placeholder, array in ((IMAGE, image), (SERIES, series)):
        count = text.count(placeholder)
        if array is not None and count == 0:
            text = f"{placeholder}\n{text}"
        elif count != (array is not None):
            expected = "one" if array is not None else "none"
            raise DataError(
                f"{where}: text has {count} {placeholder}, expected {expected} for what the line "
                "brings"
            )
    modality = "image" if image is not None else "series" if series is not None else "text"
    return Document(
        modality=modality,
        kind=path.name,
        key=f"user/{text}",
        text=text,
        image=image,
        series=series,
        sampling_rate=float(rate) if series is not None and rate is not None else None,
    )


def _beside(path: Path, name: object, where: str) -> Path:
    if not isinstance(name, str) or not name:
        raise DataError(f"{where}: a path must be a string, got {name!r}")
    found = path.parent / name
    if not found.is_file():
        raise DataError(f"{where}: {found}: no such file; paths are relative to {path.parent}")
    return found


def _read_image(path: Path, where: str, size: int) -> NDArray[np.uint8]:
    try:
        with Image.open(path) as picture:
            if picture.width * picture.height > MAX_PIXELS:
                raise DataError(f"{where}: {path}: larger than {MAX_PIXELS:,} pixels")
            scaled = picture.convert("RGB").resize((size, size), Image.Resampling.BICUBIC)
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"{where}: {path}: not a picture that can be read: {error}") from None
    return np.array(scaled)


def _read_series(path: Path, where: str) -> tuple[NDArray[np.float32], float | None]:
    from intern_s1_model.series_io import load_series

    try:
        values, rate = load_series(path)
    except (ValueError, OSError, ImportError) as error:
        raise DataError(f"{where}: {path}: {error}") from None
    return values.numpy(), rate
