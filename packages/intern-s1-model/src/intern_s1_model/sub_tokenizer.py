"""Sub-tokenizers: small piece vocabularies for molecules, names and sequences.

A sub-tokenizer cuts a string into pieces of its own vocabulary and says which stretches it does
not know; the caller gives those to the general vocabulary. Space is written "▁" inside pieces, as
SentencePiece does; a literal "▁" is never matched, so that decoding is exact.
"""

from collections.abc import Sequence

from tokenizers import Tokenizer
from tokenizers.models import BPE as BpeModel
from tokenizers.models import Unigram

from .sentencepiece_file import BPE, NORMAL, PieceModel

SPACE = "▁"
# A stand-in for a literal "▁", which is a piece nowhere (it is a control character).
_LITERAL = "\x00"

Piece = tuple[int, int, int]  # piece id or -1, start, end


class SubTokenizer:
    """Cut strings into the pieces of one model.

    Args:
        model: Pieces in id order; only those of type NORMAL are matched.
        name: Domain, for messages.

    Raises:
        ValueError: If a piece occurs twice.
    """

    def __init__(self, model: PieceModel, name: str) -> None:
        self.model = model
        self.name = name
        normal = [
            (index, piece)
            for index, (piece, kind) in enumerate(zip(model.pieces, model.types, strict=True))
            if kind == NORMAL and piece and _LITERAL not in piece
        ]
        if len({piece for _, piece in normal}) != len(normal):
            raise ValueError(f"The {name} sub-tokenizer holds a piece twice.")
        self._ids = [-1, *(index for index, _ in normal)]
        self._has_space = any(SPACE in piece for _, piece in normal)
        self._backend = Tokenizer(self._build(normal))

    def _build(self, normal: Sequence[tuple[int, str]]) -> Unigram | BpeModel:
        scores = self.model.scores
        if self.model.kind != BPE:
            return Unigram([(_LITERAL, -100.0), *((p, scores[i]) for i, p in normal)], unk_id=0)
        vocab = {_LITERAL: 0} | {piece: n + 1 for n, (_, piece) in enumerate(normal)}
        merges = [
            (piece[:cut], piece[cut:])
            for _, piece in sorted(normal, key=lambda entry: (-scores[entry[0]], entry[0]))
            for cut in range(1, len(piece))
            if piece[:cut] in vocab and piece[cut:] in vocab
        ]
        return BpeModel(vocab=vocab, merges=merges, unk_token=_LITERAL, fuse_unk=True)

    def __len__(self) -> int:
        return len(self.model.pieces)

    def encode_batch(self, texts: Sequence[str]) -> list[list[Piece]]:
        """Cut strings.

        Args:
            texts: Any strings.

        Returns:
            Per string, `(piece id, start, end)` triples that cover it in order; id -1 marks a
            stretch without pieces.
        """
        ids = self._ids
        encodings = self._backend.encode_batch(_prepared(texts), add_special_tokens=False)
        return [
            [(ids[n], start, end) for n, (start, end) in zip(e.ids, e.offsets, strict=True)]
            for e in encodings
        ]

    def encode_batch_ids(self, texts: Sequence[str]) -> list[list[int] | None]:
        """Cut strings, without saying where.

        Args:
            texts: Any strings.

        Returns:
            Per string, its piece ids, or None if some stretch is without pieces.
        """
        table = self._ids
        encodings = self._backend.encode_batch_fast(_prepared(texts), add_special_tokens=False)
        found = (e.ids for e in encodings)
        return [None if 0 in ids else [table[n] for n in ids] for ids in found]

    def piece_bytes(self, index: int) -> bytes:
        """UTF-8 text of a piece; empty for control pieces."""
        if self.model.types[index] != NORMAL:
            return b""
        return self.model.pieces[index].replace(SPACE, " ").encode("utf-8")


def _prepared(texts: Sequence[str]) -> list[str]:
    return [text.replace(SPACE, _LITERAL).replace(" ", SPACE) for text in texts]
