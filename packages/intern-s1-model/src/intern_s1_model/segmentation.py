"""Cutting a text into special tokens, tagged regions, detected molecules and plain text.

A tag opens a region only if its own closing tag follows: `<SMILES>` without `</SMILES>` is a token
like any other, and the text after it is read as plain text. Tags nest; a closing tag ends the
innermost open region of its kind and cancels unclosed ones inside it. Conversation tokens
(`<|im_end|>` and the like) cancel everything open, so a tag left open in one message never reaches
another. Inside a region nothing is detected.
"""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from .detection import find_sequences

# Tag pairs and the sub-tokenizer of what lies between; None: the general vocabulary, undetected.
DOMAIN_OF_TAG: dict[str, str | None] = {
    "SMILES": "SMILES",
    "SELFIES": "SMILES",
    "IUPAC": "IUPAC",
    "FASTA": "FASTA",
    "MOLFORMULA": None,
}
BOUNDARY_TOKENS = ("<|im_start|>", "<|im_end|>", "<|endoftext|>")

SPECIAL = "special"  # one token of the added vocabulary
PLAIN = "plain"  # the general vocabulary


class Segment(NamedTuple):
    """A stretch of the text and who encodes it.

    Attributes:
        start: First character.
        end: One past the last character.
        kind: SPECIAL, PLAIN or the name of a sub-tokenizer.
    """

    start: int
    end: int
    kind: str


class Segmenter:
    """Cut texts by a fixed set of special tokens.

    Args:
        special_tokens: Strings that are one token each.
        domains: Sub-tokenizers at hand; regions of others are plain text.
        detect: Whether to look for untagged molecules and sequences.
    """

    def __init__(
        self, special_tokens: Iterable[str], domains: Iterable[str], *, detect: bool = True
    ) -> None:
        self.special_tokens = frozenset(special_tokens)
        self.domains = frozenset(domains)
        self.detect = detect
        # <MOLFORMULA> has no id in the published vocabulary and yet switches detection off.
        protected = {"<MOLFORMULA>", "</MOLFORMULA>"}
        known = sorted(self.special_tokens | protected, key=lambda token: (-len(token), token))
        self._pattern = re.compile("|".join(map(re.escape, known)))
        self._tags = {
            f"<{slash}{tag}>": (tag, not slash)
            for tag in DOMAIN_OF_TAG
            for slash in ("", "/")
            if f"<{slash}{tag}>" in self.special_tokens | protected
        }

    def __call__(self, text: str) -> list[Segment]:
        """Cut one text.

        Returns:
            Segments that cover the text in order, none empty.
        """
        marks = [(m.start(), m.end(), m.group()) for m in self._pattern.finditer(text)]
        if not marks:
            return self._plain(text, 0, len(text))
        regions = self._regions([mark[2] for mark in marks])
        segments: list[Segment] = []
        position, region = 0, _NO_REGION
        for index, (start, end, token) in enumerate(marks):
            self._fill(segments, text, position, start, region)
            kind = SPECIAL if token in self.special_tokens else PLAIN
            segments.append(Segment(start, end, kind))
            position, region = end, regions[index]
        self._fill(segments, text, position, len(text), region)
        return segments

    def _regions(self, tokens: Sequence[str]) -> list[str]:
        """For each special token, the tag whose region the text after it lies in."""
        pairs: dict[int, int] = {}
        open_tags: list[tuple[int, str]] = []
        for index, token in enumerate(tokens):
            if token in BOUNDARY_TOKENS:
                open_tags.clear()
            if token not in self._tags:
                continue
            tag, opens = self._tags[token]
            if opens:
                open_tags.append((index, tag))
                continue
            depth = next(
                (d for d in range(len(open_tags) - 1, -1, -1) if open_tags[d][1] == tag), None
            )
            if depth is not None:
                pairs[open_tags[depth][0]] = index
                del open_tags[depth:]
        closing = set(pairs.values())
        stack: list[str] = []
        regions = []
        for index, token in enumerate(tokens):
            if index in pairs:
                stack.append(self._tags[token][0])
            elif index in closing:
                stack.pop()
            regions.append(stack[-1] if stack else _NO_REGION)
        return regions

    def _fill(self, segments: list[Segment], text: str, start: int, end: int, region: str) -> None:
        if start == end:
            return
        if region == _NO_REGION:
            segments.extend(self._plain(text, start, end))
            return
        domain = DOMAIN_OF_TAG[region]
        segments.append(Segment(start, end, domain if domain in self.domains else PLAIN))

    def _plain(self, text: str, start: int, end: int) -> list[Segment]:
        """Cut untagged text by what is detected in it."""
        if start == end:
            return []
        if not self.detect:
            return [Segment(start, end, PLAIN)]
        part = text if (start, end) == (0, len(text)) else text[start:end]
        segments, position = [], start
        for first, last, domain in find_sequences(part):
            if domain not in self.domains:
                continue
            if start + first > position:
                segments.append(Segment(position, start + first, PLAIN))
            segments.append(Segment(start + first, start + last, domain))
            position = start + last
        if position < end:
            segments.append(Segment(position, end, PLAIN))
        return segments


def check_tags(texts: Iterable[str]) -> None:
    """Refuse texts whose tags would not do what their author meant.

    The tokenizer itself takes any text: a tag that opens nothing is encoded as it stands. Data for
    training should have no such tags, and this says where they are.

    Args:
        texts: Texts as the tokenizer will read them.

    Raises:
        ValueError: At the first tag in capitals that is unknown, not closed, or closes nothing; the
            message names the row and the character.
    """
    for row, text in enumerate(texts):
        open_tags: list[tuple[str, int]] = []
        for match in _TAG_OR_BOUNDARY.finditer(text):
            tag, place = match.group("tag"), match.start()
            if tag is None:
                _refuse_open(open_tags, row, f"before {match.group()!r}")
            elif tag not in DOMAIN_OF_TAG:
                raise ValueError(
                    f"Row {row} has the unknown tag {match.group()!r} at character {place}; known "
                    f"are {', '.join(DOMAIN_OF_TAG)}."
                )
            elif not match.group("slash"):
                open_tags.append((tag, place))
            elif open_tags and open_tags[-1][0] == tag:
                open_tags.pop()
            else:
                inner = f"while <{open_tags[-1][0]}> is open" if open_tags else "that opens nowhere"
                raise ValueError(f"Row {row} has </{tag}> at character {place} {inner}.")
        _refuse_open(open_tags, row, "before the end")


def _refuse_open(open_tags: list[tuple[str, int]], row: int, where: str) -> None:
    if open_tags:
        tag, place = open_tags[-1]
        raise ValueError(
            f"Row {row} opens <{tag}> at character {place} and does not close it {where}; add "
            f"</{tag}>, or the text after it is encoded without the {tag} pieces."
        )


_NO_REGION = ""
# Placeholders such as <IMG_CONTEXT> hold an underscore, and so are no tags.
_TAG_OR_BOUNDARY = re.compile(
    r"<(?P<slash>/?)(?P<tag>[A-Z]{3,20})>|" + "|".join(map(re.escape, BOUNDARY_TOKENS))
)
