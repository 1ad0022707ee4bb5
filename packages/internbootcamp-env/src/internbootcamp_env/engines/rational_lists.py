"""Lists and matrices of exact numbers as answers; fractions or finite decimals are read."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from internbootcamp_env.answers import split_items
from internbootcamp_env.draws import Draws
from internbootcamp_env.errors import OverLimitAnswer, UnparsableAnswer
from internbootcamp_env.numbers import parse_fraction

MAX_CELLS = 400
MAX_CHARS = 20_000


def _read(items: Sequence[str]) -> list[str]:
    if len(items) > MAX_CELLS:
        raise OverLimitAnswer(f"{len(items)} numbers; at most {MAX_CELLS}")
    return [str(parse_fraction(item)) for item in items]


@dataclass(frozen=True)
class Rationals:
    """A list of exact numbers, each stored as `3` or `-3/4`.

    Args:
        ordered: Whether the order matters. If not, values are kept sorted by size.
    """

    ordered: bool = True
    multiline = False

    def parse(self, text: str) -> list[str]:
        """Read `1/2 3 -0.25`, with commas or brackets if wanted."""
        if len(text) > MAX_CHARS:
            raise OverLimitAnswer(f"list of {len(text)} characters; at most {MAX_CHARS}")
        values = _read(split_items(text))
        return values if self.ordered else sorted(values, key=Fraction)

    def format(self, value: Sequence[str]) -> str:
        """Write the numbers separated by spaces."""
        return " ".join(value) or "none"

    def describe(self, lang: str) -> str:
        """Ask for integers or fractions separated by spaces."""
        return {
            "en": "Write the numbers, integers or fractions such as -3/4, separated by spaces.",
            "zh": "写出各数（整数或如 -3/4 的分数），以空格分隔。",
        }[lang]

    def near(self, value: list[str], draws: Draws) -> list[list[str]]:
        """One number changed, negated, lost or added; reversed."""
        place = draws.below(len(value)) if value else 0
        exact = [Fraction(text) for text in value]
        candidates = [exact[:-1], [*exact, Fraction(1)], exact[::-1], [-x for x in exact]]
        if value:
            for step in (Fraction(1), Fraction(-1, 2)):
                candidates.append([x + step * (i == place) for i, x in enumerate(exact)])
        if not self.ordered:
            candidates = [sorted(items) for items in candidates]
        texts = [[str(x) for x in items] for items in candidates]
        return [items for items in texts if items != value]


@dataclass(frozen=True)
class RationalGrid:
    """A matrix of exact numbers, one row a line (or rows separated by `;`)."""

    multiline = True

    def parse(self, text: str) -> list[list[str]]:
        """Read rows of numbers; brackets around rows or the whole are ignored."""
        if len(text) > MAX_CHARS:
            raise OverLimitAnswer(f"matrix of {len(text)} characters; at most {MAX_CHARS}")
        text = text.replace("],", "\n").replace(";", "\n").replace("[", " ").replace("]", " ")
        lines = [line.strip(" ,\t") for line in text.splitlines()]
        rows = [_read(line.replace(",", " ").split()) for line in lines if line]
        if not rows or len({len(row) for row in rows}) != 1 or not rows[0]:
            raise UnparsableAnswer("the rows are missing or of different lengths")
        if len(rows) * len(rows[0]) > MAX_CELLS:
            raise OverLimitAnswer(f"more than {MAX_CELLS} cells")
        return rows

    def format(self, value: list[list[str]]) -> str:
        """Write one row a line."""
        return "\n".join(" ".join(row) for row in value)

    def describe(self, lang: str) -> str:
        """Ask for rows on lines."""
        return {
            "en": "Write one row per line, integers or fractions separated by spaces.",
            "zh": "每行写一排，整数或分数以空格分隔。",
        }[lang]

    def near(self, value: list[list[str]], draws: Draws) -> list[list[list[str]]]:
        """One cell changed, rows turned round, transposed, one row lost."""
        row, column = draws.below(len(value)), draws.below(len(value[0]))
        changed = [list(line) for line in value]
        changed[row][column] = str(Fraction(changed[row][column]) + 1)
        lowered = [list(line) for line in value]
        lowered[row][column] = str(Fraction(lowered[row][column]) - Fraction(1, 2))
        turned = [list(line) for line in zip(*value, strict=True)]
        candidates = [changed, lowered, value[::-1], turned, value[1:]]
        return [grid for grid in candidates if grid and grid != value]
