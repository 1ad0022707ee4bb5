"""Reading and writing the SentencePiece `.model` files of the sub-tokenizers.

Only what the sub-tokenizers need is read: the pieces with their scores and types, and whether the
model is a unigram or a BPE one. The format is protobuf; fields are read by number, lengths are
checked against the file, and nothing is executed.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

NORMAL, UNKNOWN, CONTROL = 1, 2, 3
UNIGRAM, BPE = 1, 2
_MAX_FILE_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class PieceModel:
    """Pieces of a sub-tokenizer in id order.

    Attributes:
        pieces: Strings; "▁" stands for a space.
        scores: One float per piece: log-probability (unigram) or minus the merge rank (BPE).
        types: NORMAL, UNKNOWN, CONTROL or another SentencePiece type number.
        kind: UNIGRAM or BPE.
    """

    pieces: tuple[str, ...]
    scores: tuple[float, ...]
    types: tuple[int, ...]
    kind: int = UNIGRAM

    def __post_init__(self) -> None:
        if not len(self.pieces) == len(self.scores) == len(self.types):
            raise ValueError(
                f"A piece model needs one score and one type per piece, got {len(self.pieces)} "
                f"pieces, {len(self.scores)} scores, {len(self.types)} types."
            )
        if self.kind not in (UNIGRAM, BPE):
            raise ValueError(
                f"SentencePiece model type {self.kind} is not supported; expected 1 (unigram) or "
                "2 (BPE)."
            )


def read_piece_model(path: str | Path) -> PieceModel:
    """Read a SentencePiece model file.

    Raises:
        ValueError: If the file is not one, is damaged, or is of an unsupported kind.
    """
    path = Path(path)
    if path.stat().st_size > _MAX_FILE_BYTES:
        raise ValueError(f"{path} is larger than {_MAX_FILE_BYTES} bytes; not a sub-tokenizer.")
    data = path.read_bytes()
    pieces, scores, types, kind = [], [], [], UNIGRAM
    try:
        for field, value in _fields(data):
            if field == 1:
                piece = dict(_fields(value))
                pieces.append(piece[1].decode("utf-8"))
                scores.append(struct.unpack("<f", piece[2])[0] if 2 in piece else 0.0)
                types.append(piece.get(3, NORMAL))
            elif field == 2:
                kind = dict(_fields(value)).get(3, UNIGRAM)
    except (ValueError, KeyError, IndexError, AttributeError, TypeError, struct.error) as error:
        raise ValueError(f"{path} is not a readable SentencePiece model: {error}") from error
    if not pieces:
        raise ValueError(f"{path} holds no pieces; expected a SentencePiece model.")
    return PieceModel(pieces=tuple(pieces), scores=tuple(scores), types=tuple(types), kind=kind)


def write_piece_model(model: PieceModel, path: str | Path) -> None:
    """Write a SentencePiece model file that SentencePiece itself can load.

    Normalisation, the dummy prefix and whitespace folding are switched off, as the sub-tokenizers
    keep text as it is.
    """
    body = bytearray()
    for piece, score, kind in zip(model.pieces, model.scores, model.types, strict=True):
        entry = _bytes_field(1, piece.encode("utf-8")) + b"\x15" + struct.pack("<f", score)
        if kind != NORMAL:
            entry += _varint_field(3, kind)
        body += _bytes_field(1, entry)
    trainer = _varint_field(3, model.kind) + _varint_field(4, len(model.pieces))
    body += _bytes_field(2, trainer)
    normalizer = _bytes_field(1, b"identity") + b"".join(
        _varint_field(field, 0) for field in (3, 4)
    )
    body += _bytes_field(3, normalizer)
    Path(path).write_bytes(bytes(body))


def _fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Yield (field number, value) of a protobuf message; integers for varints, bytes otherwise."""
    position = 0
    while position < len(data):
        tag, position = _varint(data, position)
        field, wire = tag >> 3, tag & 7
        if wire == 0:
            value, position = _varint(data, position)
        else:
            if wire == 2:
                size, position = _varint(data, position)
            elif wire in (1, 5):
                size = 8 if wire == 1 else 4
            else:
                raise ValueError(f"wire type {wire} at byte {position}")
            if position + size > len(data):
                raise ValueError(f"field {field} runs past the end at byte {position}")
            value, position = data[position : position + size], position + size
        yield field, value


def _varint(data: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
        shift += 7
        if shift > 63:
            raise ValueError(f"number too long at byte {position}")


def _encode_varint(value: int) -> bytes:
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _varint_field(field: int, value: int) -> bytes:
    return _encode_varint(field << 3) + _encode_varint(value)


def _bytes_field(field: int, value: bytes) -> bytes:
    return _encode_varint(field << 3 | 2) + _encode_varint(len(value)) + value
