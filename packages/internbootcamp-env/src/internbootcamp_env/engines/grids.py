"""Rectangular grids of integers or of characters, as questions and as answers."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from internbootcamp_env.draws import Draws
from internbootcamp_env.errors import OverLimitAnswer, UnparsableAnswer
from internbootcamp_env.limits import MAX_ITEMS
from internbootcamp_env.numbers import parse_integer

Numbers = list[list[int]]
_GAPS = re.compile(r"[,\s]+")


def show_numbers(rows: Sequence[Sequence[int]]) -> str:
    """Write one row a line, numbers separated by spaces."""
    return "\n".join(" ".join(map(str, row)) for row in rows)


def show_rows(rows: Sequence[str]) -> str:
    """Write one row of characters a line."""
    return "\n".join(rows)


def around(row: int, column: int, rows: int, columns: int) -> list[tuple[int, int]]:
    """Return the cells that share a side with a cell."""
    cells = ((row - 1, column), (row + 1, column), (row, column - 1), (row, column + 1))
    return [(r, c) for r, c in cells if 0 <= r < rows and 0 <= c < columns]


@dataclass(frozen=True)
class NumberGrid:
    """A matrix of integers, one row a line (or rows separated by `;`)."""

    multiline = True

    def parse(self, text: str) -> Numbers:
        """Read rows of integers; brackets around rows or the whole are ignored."""
        if len(text) > 20 * MAX_ITEMS:
            raise OverLimitAnswer(f"grid of {len(text)} characters")
        text = text.replace("],", "\n").replace(";", "\n").replace("[", " ").replace("]", " ")
        lines = [line for line in text.splitlines() if line.strip(" ,\t")]
        if sum(line.count(" ") + line.count(",") + 1 for line in lines) > 4 * MAX_ITEMS:
            raise OverLimitAnswer(f"more than {MAX_ITEMS} cells")
        rows = [[parse_integer(x) for x in _GAPS.split(line.strip(" ,\t"))] for line in lines]
        if not rows or len({len(row) for row in rows}) != 1:
            raise UnparsableAnswer("the rows are missing or of different lengths")
        return rows

    def format(self, value: Numbers) -> str:
        """Write one row a line."""
        return show_numbers(value)

    def describe(self, lang: str) -> str:
        """Ask for rows on lines."""
        return {
            "en": "Write one row per line, the integers separated by spaces.",
            "zh": "每行写一排，整数以空格分隔。",
        }[lang]

    def near(self, value: Numbers, draws: Draws) -> list[Numbers]:
        """One cell changed, rows swapped, transposed, one row lost."""
        row, column = draws.below(len(value)), draws.below(len(value[0]))
        changed = [list(line) for line in value]
        changed[row][column] += 1
        lowered = [list(line) for line in value]
        lowered[row][column] -= 1
        candidates = [
            changed,
            lowered,
            value[::-1],
            [list(line) for line in zip(*value, strict=True)],
            [line[::-1] for line in value],
            value[1:],
        ]
        return [grid for grid in candidates if grid and grid != value]


@dataclass(frozen=True)
class CharGrid:
    """Rows of characters from a small alphabet, one row a line, spaces between cells ignored.

    Args:
        alphabet: The allowed characters.
    """

    alphabet: str
    multiline = True

    def parse(self, text: str) -> list[str]:
        """Read the rows."""
        rows = ["".join(line.split()) for line in text.splitlines() if line.strip()]
        if not rows or len({len(row) for row in rows}) != 1:
            raise UnparsableAnswer("the rows are missing or of different lengths")
        if not set("".join(rows)) <= set(self.alphabet):
            raise UnparsableAnswer(f"a cell is not one of {self.alphabet!r}")
        return rows

    def format(self, value: list[str]) -> str:
        """Write one row a line."""
        return show_rows(value)

    def describe(self, lang: str) -> str:
        """Ask for rows on lines."""
        return {
            "en": f"Write one row per line, using only the characters {self.alphabet}",
            "zh": f"每行写一排，只用字符 {self.alphabet}",
        }[lang]

    def near(self, value: list[str], draws: Draws) -> list[list[str]]:
        """One cell changed, upside down, mirrored, one row lost."""
        candidates = [value[::-1], [row[::-1] for row in value], value[1:]]
        for _ in range(3):
            row, column = draws.below(len(value)), draws.below(len(value[0]))
            cell = value[row][column]
            other = draws.pick(self.alphabet.replace(cell, ""))
            changed = value[row][:column] + other + value[row][column + 1 :]
            candidates.append([*value[:row], changed, *value[row + 1 :]])
        kept: list[list[str]] = []
        for grid in candidates:
            if grid and grid != value and grid not in kept:
                kept.append(grid)
        return kept
