"""Real time series that installed packages ship, cut into windows with captions that state facts.

PyWavelets gives an electrocardiogram and a Niño index; statsmodels gives sunspots, carbon dioxide,
sea surface temperature, river flow and economic series, all in the public domain. Each series is
cut into chunks; a chunk belongs to one split, and windows never leave their chunk, so no sample of
a test window is seen in training.
"""

import csv
import importlib.util
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np
from numpy.typing import NDArray

from intern_pretrain.keyed import generator
from intern_runs import DataError

DAY_SECONDS = 86_400.0
YEAR_SECONDS = 365.25 * DAY_SECONDS
SHORTEST_WINDOW = 16
# A window trends if a straight line explains at least this share of its variance.
TREND_R_SQUARED = 0.3


@dataclass(frozen=True, kw_only=True)
class Series:
    """A recorded series.

    Attributes:
        name: Short identifier.
        title: What was measured, as captions say it.
        unit: Unit of the values, as captions say it; empty for numbers without one.
        interval: Time between samples in words; None where the source does not say.
        sampling_rate: Samples per second; None where the source does not say.
        values: Samples, float32, [L]; NaN where the record has a gap.
    """

    name: str
    title: str
    unit: str
    interval: str | None
    sampling_rate: float | None
    values: NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class Window:
    """A stretch of a series.

    Attributes:
        series: Where it comes from.
        chunk: Number of the chunk that it lies in.
        start: First sample, counted in the series.
        values: Samples, float32, [length].
    """

    series: Series
    chunk: int
    start: int
    values: NDArray[np.float32]


def read_series() -> list[Series]:
    """Read every series, in a fixed order.

    Raises:
        DataError: If a package is missing or a file is not what is expected.
    """
    return [*_from_pywavelets(), *_from_statsmodels()]


def windows(series: Series, *, chunk: int, longest: int, count: int) -> Iterator[Window]:
    """Draw windows from a series, without repeating one.

    Args:
        series: The series.
        chunk: Samples per chunk.
        longest: Longest window in samples, at most `chunk`.
        count: Windows wanted; fewer come if chance repeats itself.

    Yields:
        Windows of 16 to `longest` samples with at least half of the samples present.
    """
    random = generator("windows", series.name)
    num_chunks = max(1, len(series.values) // chunk)
    seen: set[tuple[int, int]] = set()
    for _ in range(count):
        number = random.randrange(num_chunks)
        end = len(series.values) if number == num_chunks - 1 else (number + 1) * chunk
        length = random.randint(SHORTEST_WINDOW, min(longest, end - number * chunk))
        start = random.randint(number * chunk, end - length)
        values = series.values[start : start + length]
        present = values[np.isfinite(values)]
        if (start, length) in seen or len(present) < length // 2 or np.ptp(present) == 0:
            continue
        seen.add((start, length))
        yield Window(series=series, chunk=number, start=start, values=values)


def caption(window: Window, random: Random) -> str:
    """Describe a window by facts that its samples and its source bear out.

    Args:
        window: What to describe.
        random: Chooses among the wordings.

    Returns:
        Text that starts with the placeholder of the series.
    """
    series, values = window.series, window.values
    unit = f" {series.unit}" if series.unit else ""
    length = len(values)
    highest, lowest = int(np.nanargmax(values)), int(np.nanargmin(values))
    mean = float(np.nanmean(values.astype(np.float64)))
    facts = [
        f"The highest value is at sample {highest + 1} of {length}.",
        f"The lowest value is at sample {lowest + 1} of {length}.",
        f"The trend is {trend(values)}.",
        f"The values lie between {_short(values[lowest])} and {_short(values[highest])}{unit}, "
        f"with a mean of {_short(mean)}{unit}.",
    ]
    if gaps := int(np.isnan(values).sum()):
        facts.append(f"{gaps} of {length} samples are missing.")
    spacing = f", one sample per {series.interval}" if series.interval else ""
    first = random.choice(
        [
            f"This series shows {series.title}{spacing}.",
            f"{length} samples of {series.title}{spacing}.",
        ]
    )
    shown = random.sample(facts, k=random.randint(2, len(facts)))
    return "<TS_CONTEXT>\n" + " ".join([first, *shown])


def trend(values: NDArray[np.float32]) -> str:
    """Whether a straight line through the samples rises or falls: rising, falling or flat.

    A line that explains less than 0.3 of the variance counts as flat. NaN samples do not count.
    """
    present = np.flatnonzero(np.isfinite(values))
    if len(present) < 3 or np.ptp(values[present]) == 0:
        return "flat"
    correlation = float(np.corrcoef(present, values[present].astype(np.float64))[0, 1])
    if correlation**2 < TREND_R_SQUARED:
        return "flat"
    return "rising" if correlation > 0 else "falling"


def _from_pywavelets() -> Iterator[Series]:
    import pywt.data

    # The source states no sampling rate.
    yield Series(
        name="ecg",
        title="an electrocardiogram",
        unit="",
        interval=None,
        sampling_rate=None,
        values=np.asarray(pywt.data.ecg(), dtype=np.float32),
    )
    _, index = pywt.data.nino()
    yield Series(
        name="nino3",
        title="the standardised Niño 3 sea surface temperature",
        unit="",
        interval="three months",
        sampling_rate=4 / YEAR_SECONDS,
        values=np.asarray(index, dtype=np.float32),
    )


@dataclass(frozen=True)
class _Table:
    """Where a statsmodels series stands, and what it is."""

    dataset: str
    column: str
    title: str
    unit: str
    interval: str
    per_year: float


_TABLES = (
    _Table("sunspots", "SUNACTIVITY", "yearly sunspot numbers", "", "year", 1),
    _Table("nile", "volume", "the yearly flow of the Nile at Aswan", "10^8 m^3", "year", 1),
    _Table(
        "co2",
        "co2",
        "atmospheric carbon dioxide at Mauna Loa",
        "ppmv",
        "week",
        YEAR_SECONDS / (7 * DAY_SECONDS),
    ),
    _Table(
        "elec_equip",
        "STS.M.I7.W.TOVT.NS0016.4.000",
        "the turnover index of electrical equipment makers in the euro area",
        "",
        "month",
        12,
    ),
    _Table("macrodata", "unemp", "unemployment in the United States", "%", "quarter", 4),
    _Table("macrodata", "infl", "inflation in the United States", "%", "quarter", 4),
    _Table("macrodata", "tbilrate", "the United States treasury bill rate", "%", "quarter", 4),
    _Table(
        "macrodata",
        "realgdp",
        "the real gross domestic product of the United States",
        "billion dollars",
        "quarter",
        4,
    ),
)


def _from_statsmodels() -> Iterator[Series]:
    for table in _TABLES:
        values = [_number(row[table.column]) for row in _rows(table.dataset, [table.column])]
        yield Series(
            name=f"{table.dataset}.{table.column}",
            title=table.title,
            unit=table.unit,
            interval=table.interval,
            sampling_rate=table.per_year / YEAR_SECONDS,
            values=np.asarray(values, dtype=np.float32),
        )
    months = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
    rows = _rows("elnino", months)
    yield Series(
        name="elnino",
        title="the sea surface temperature of the Niño 1+2 region",
        unit="degrees Celsius",
        interval="month",
        sampling_rate=12 / YEAR_SECONDS,
        values=np.asarray([_number(row[m]) for row in rows for m in months], dtype=np.float32),
    )


def _rows(dataset: str, columns: list[str]) -> list[dict[str, str]]:
    """Rows of a statsmodels CSV, read from the installed files: its loaders would import pandas."""
    found = importlib.util.find_spec("statsmodels")
    if found is None or found.origin is None:
        raise DataError("the package `statsmodels` is not installed; it ships time series")
    path = Path(found.origin).parent / "datasets" / dataset / f"{dataset}.csv"
    if not path.is_file():
        raise DataError(f"{path}: missing; the installed `statsmodels` lacks it, reinstall it")
    with path.open(newline="", encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    if not rows or not set(columns) <= rows[0].keys():
        raise DataError(f"{path}: expected a table with the columns {', '.join(columns)}")
    return rows


def _number(cell: str) -> float:
    return float(cell) if cell.strip() else math.nan


def _short(value: float) -> str:
    """Four significant digits, without an exponent where one can do without."""
    return f"{float(value):.4g}"
