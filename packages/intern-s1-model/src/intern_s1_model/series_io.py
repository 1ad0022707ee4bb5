"""Reading time series from files and arrays: .npy, .csv, .wav, .flac, numpy, torch, lists.

A reader returns samples as [L, C] float32 and the sampling rate if the file states one. Files are
data only: .npy files with Python objects inside are refused, CSV cells are numbers or missing.
"""

import csv
import math
import wave
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

MAX_CSV_BYTES = 512 * 1024 * 1024
_PCM_DTYPES = {1: np.uint8, 2: np.dtype("<i2"), 4: np.dtype("<i4")}


def load_series(source: Any) -> tuple[Tensor, float | None]:
    """Read one series.

    Args:
        source: Path of a .npy, .csv, .wav or .flac file; or an array, tensor or nested list of
            [L] or [L, C] real numbers.

    Returns:
        Samples, float32, [L, C], and samples per second if the file states them.

    Raises:
        ValueError: If the file kind is unknown, or the content is not a series.
        ImportError: For .flac, if `soundfile` is not installed.
    """
    if isinstance(source, str | Path):
        path = Path(source)
        reader = _READERS.get(path.suffix.lower())
        if reader is None:
            raise ValueError(
                f"Cannot read a time series from {path.name!r}: the ending {path.suffix!r} is not "
                f"one of {', '.join(sorted(_READERS))}. Pass an array instead."
            )
        values, rate = reader(path)
        return as_samples(values, name=path.name), rate
    return as_samples(source, name=type(source).__name__), None


def as_samples(values: Any, *, name: str) -> Tensor:
    """Bring numbers to float32 [L, C].

    Raises:
        ValueError: If they are not real numbers of one or two dimensions, or there are none.
    """
    if not isinstance(values, Tensor):
        array = np.asarray(values)
        if array.dtype.kind not in "iuf":
            raise ValueError(
                f"The time series ({name}) has dtype {array.dtype}; expected real numbers."
            )
        values = torch.from_numpy(np.ascontiguousarray(array.astype(np.float32)))
    if values.is_complex() or values.dtype == torch.bool:
        raise ValueError(f"The time series ({name}) has dtype {values.dtype}; expected real.")
    if values.ndim not in (1, 2) or 0 in values.shape:
        raise ValueError(
            f"The time series ({name}) has shape {tuple(values.shape)}; expected [samples] or "
            "[samples, channels] with at least one of each."
        )
    values = values.float()
    return values[:, None] if values.ndim == 1 else values


def _read_npy(path: Path) -> tuple[Any, None]:
    try:
        return np.load(path, allow_pickle=False), None
    except (ValueError, EOFError) as error:
        raise ValueError(f"{path.name} is not a plain .npy array: {error}") from error


def _read_csv(path: Path) -> tuple[np.ndarray, None]:
    """Rows are samples, columns are channels; one header row is allowed, empty cells are NaN."""
    if path.stat().st_size > MAX_CSV_BYTES:
        raise ValueError(f"{path.name} is larger than {MAX_CSV_BYTES} bytes; store it as .npy.")
    rows: list[list[float]] = []
    with path.open(newline="", encoding="utf-8-sig") as file:
        for number, cells in enumerate(csv.reader(file), start=1):
            if not cells:
                continue
            try:
                row = [float(cell) if cell.strip() else math.nan for cell in cells]
            except ValueError as error:
                if number == 1:
                    continue
                raise ValueError(
                    f"{path.name}, line {number}: {error}; expected numbers (one header line is "
                    "allowed, empty cells count as missing)."
                ) from error
            if rows and len(row) != len(rows[0]):
                raise ValueError(
                    f"{path.name}, line {number} has {len(row)} columns, the first row has "
                    f"{len(rows[0])}."
                )
            rows.append(row)
    return np.asarray(rows, dtype=np.float32), None


def _read_wav(path: Path) -> tuple[np.ndarray, float]:
    """PCM of 8, 16, 24 or 32 bits, scaled to [-1, 1)."""
    try:
        with wave.open(str(path), "rb") as file:
            width, channels, rate = file.getsampwidth(), file.getnchannels(), file.getframerate()
            data = file.readframes(file.getnframes())
    except (wave.Error, EOFError) as error:
        raise ValueError(f"{path.name} is not a PCM .wav file: {error}") from error
    if width == 3:
        triples = np.frombuffer(data, np.uint8).reshape(-1, 3)
        padded = np.zeros((len(triples), 4), np.uint8)
        padded[:, 1:] = triples
        samples = padded.view(np.dtype("<i4"))[:, 0].astype(np.float32) / 2**31
    elif width == 1:
        samples = np.frombuffer(data, np.uint8).astype(np.float32) / 128 - 1
    else:
        samples = np.frombuffer(data, _PCM_DTYPES[width]).astype(np.float32) / 2 ** (8 * width - 1)
    return samples.reshape(-1, channels), float(rate)


def _read_flac(path: Path) -> tuple[np.ndarray, float]:
    try:
        import soundfile
    except ImportError as error:
        raise ImportError(
            "Reading .flac needs soundfile: pip install intern-s1-model[audio]."
        ) from error
    samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    return samples, float(rate)


_READERS = {".npy": _read_npy, ".csv": _read_csv, ".wav": _read_wav, ".flac": _read_flac}
