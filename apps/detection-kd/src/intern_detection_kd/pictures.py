"""Images of a checked COCO set as tensors, fitted into a square."""

from collections.abc import Sequence

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from intern_detection_kd.coco import CocoSet, ImageRecord
from intern_detection_kd.detector import Targets
from intern_detection_kd.digits import generator
from intern_runs import DataError

MAX_CACHED_BYTES = 1_500_000_000
MEAN, DEVIATION = 114.0, 60.0  # of natural images, in grey levels; one pair serves all channels


class Pictures:
    """Batches of a set; decoded images stay in memory up to a bound.

    Args:
        data: The set.
        size: Side of the square that images are fitted into, in pixels.
    """

    def __init__(self, data: CocoSet, size: int) -> None:
        self.data = data
        self.size = size
        self._cache: dict[int, Tensor] = {}
        self._room = MAX_CACHED_BYTES // (3 * size * size)

    def __len__(self) -> int:
        return len(self.data.records)

    def scale(self, index: int) -> float:
        """Pixels in the square per pixel of the file."""
        record = self.data.records[index]
        return self.size / max(record.width, record.height)

    def batch(self, indices: Sequence[int]) -> tuple[Tensor, Targets]:
        """Images [N, 3, S, S], float32, normalised, and their boxes in pixels of the square.

        Raises:
            DataError: If an image cannot be read or is not of the recorded size.
        """
        pixels = torch.stack([self._pixels(index) for index in indices]).float()
        boxes = [
            torch.tensor(self.data.records[i].boxes, dtype=torch.float32).reshape(-1, 4)
            * self.scale(i)
            for i in indices
        ]
        labels = [torch.tensor(self.data.records[i].labels, dtype=torch.int64) for i in indices]
        return (pixels - MEAN) / DEVIATION, Targets(boxes=boxes, labels=labels)

    def _pixels(self, index: int) -> Tensor:
        if index in self._cache:
            return self._cache[index]
        pixels = _read(self.data.records[index], self.size)
        if len(self._cache) < self._room:
            self._cache[index] = pixels
        return pixels


def batch_order(count: int, batch_size: int, seed: int, step: int) -> list[int]:
    """Indices of one step's batch, steps from 1; an epoch is a permutation keyed by its number."""
    first = (step - 1) * batch_size
    chosen: list[int] = []
    while len(chosen) < batch_size:
        epoch, offset = divmod(first + len(chosen), count)
        order = generator("batch-order", seed, epoch).permutation(count)
        chosen += order[offset : offset + batch_size - len(chosen)].tolist()
    return chosen


def _read(record: ImageRecord, size: int) -> Tensor:
    try:
        with Image.open(record.path) as file:
            if file.size != (record.width, record.height):
                raise DataError(
                    f"{record.where}: {record.path} is {file.size[0]} x {file.size[1]} pixels, but "
                    f"the record says {record.width} x {record.height}; correct the record"
                )
            picture = file.convert("RGB")
    except (OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise DataError(f"{record.where}: {record.path} cannot be read: {error}") from None
    scale = size / max(record.width, record.height)
    if scale != 1:
        fitted = (max(1, round(record.width * scale)), max(1, round(record.height * scale)))
        picture = picture.resize(fitted, Image.Resampling.BILINEAR)
    square = np.full((size, size, 3), round(MEAN), dtype=np.uint8)
    square[: picture.height, : picture.width] = np.asarray(picture)
    return torch.from_numpy(square).permute(2, 0, 1).contiguous()
