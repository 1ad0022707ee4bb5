"""Intern-S1's dynamic tokenizer: byte-level BPE plus piece vocabularies for scientific strings.

Text is cut into segments (see `segmentation`); each goes to the general BPE or to the SMILES, IUPAC
or FASTA pieces, whose ids lie in ranges of their own. Everything is bytes underneath, so
`decode(encode(x)) == x` for every text that can be encoded as UTF-8.

Against the published code: ids do not depend on RDKit being installed; a tag without its closing
tag changes nothing around it; text is not normalised (NFC would break exact decoding); segments of
a whole batch are encoded together by the Rust library.

Id layout, as published: general vocabulary, its special tokens, then per domain its pieces followed
by its tags, then the remaining special tokens.

Longer than other files because transformers expects a tokenizer's class in one module.
"""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

from tokenizers import Regex, Tokenizer, decoders, pre_tokenizers
from tokenizers.models import BPE
from transformers import BatchEncoding, PreTrainedTokenizer
from transformers.tokenization_utils_base import AddedToken, TruncationStrategy
from transformers.utils import PaddingStrategy

from .segmentation import DOMAIN_OF_TAG, PLAIN, SPECIAL, Segmenter
from .sentencepiece_file import read_piece_model, write_piece_model
from .sub_tokenizer import SubTokenizer

DOMAINS = ("SMILES", "IUPAC", "FASTA")
VOCAB_FILES_NAMES = {
    "vocab_file": "vocab.json",
    "merges_file": "merges.txt",
    **{f"sp_model_{domain}": f"tokenizer_{domain}.model" for domain in DOMAINS},
}
# Tags that the published tokenizer adds by itself behind each domain's pieces.
_TAGS_BEHIND = {"SMILES": ("SMILES", "SELFIES"), "IUPAC": ("IUPAC",), "FASTA": ()}
_MODALITY_TOKENS = {
    "start_image_token": "<img>",
    "end_image_token": "</img>",
    "context_image_token": "<IMG_CONTEXT>",
    "video_token": "<video>",
    "start_ts_token": "<ts>",
    "end_ts_token": "</ts>",
    "context_ts_token": "<TS_CONTEXT>",
}
# Words, single digits, punctuation, newlines, spaces: the split of Qwen2's vocabulary.
PRETOKENIZE_REGEX = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
# Marks piece tokens by domain in token strings; the general vocabulary cannot contain it.
_PIECE_MARK = "⟩"
_TEXTS_AT_A_TIME = 64
"""Texts whose segments are alive at once. Where tens of thousands of objects pile up, Python's
collector walks through all that the process holds, which doubled the time of every second batch."""

CHAT_TEMPLATE = (
    "{%- for message in messages %}"
    "{{- '<|im_start|>' + message['role'] + '\n' }}"
    "{%- if message['content'] is string %}{{- message['content'] }}{%- else %}"
    "{%- for part in message['content'] %}"
    "{%- if part['type'] == 'image' %}{{- '<IMG_CONTEXT>\n' }}"
    "{%- elif part['type'] == 'video' %}{{- '<video>\n' }}"
    "{%- elif part['type'] == 'time_series' %}{{- '<TS_CONTEXT>\n' }}"
    "{%- elif part['type'] == 'text' %}{{- part['text'] }}"
    "{%- else %}{{- raise_exception('Unknown content type ' + (part['type'] | string) + "
    "'; expected text, image, video or time_series.') }}{%- endif %}"
    "{%- endfor %}{%- endif %}"
    "{{- '<|im_end|>\n' }}"
    "{%- endfor %}"
    "{%- if add_generation_prompt %}{{- '<|im_start|>assistant\n' }}{%- endif %}"
)


class InternS1Tokenizer(PreTrainedTokenizer):
    """Tokenizer of Intern-S1.

    Args:
        vocab_file: JSON of the general vocabulary.
        merges_file: Its merges, one pair per line.
        sp_model_SMILES: Piece files of the domains; a domain without one is plain text.
        sp_model_IUPAC: See above.
        sp_model_FASTA: See above.
        detect: Whether untagged molecules and sequences are found and encoded by their pieces.
        piece_starts: First id of each domain's pieces; None follows the published layout.
        **kwargs: Of `PreTrainedTokenizer`.

    Raises:
        ValueError: If id ranges overlap or a file is damaged.
    """

    vocab_files_names = VOCAB_FILES_NAMES
    model_input_names: ClassVar[list[str]] = ["input_ids", "attention_mask"]

    def __init__(
        self,
        vocab_file: str,
        merges_file: str,
        sp_model_SMILES: str | None = None,
        sp_model_IUPAC: str | None = None,
        sp_model_FASTA: str | None = None,
        detect: bool = True,
        piece_starts: dict[str, int] | None = None,
        eos_token: str = "<|im_end|>",
        pad_token: str = "<|endoftext|>",
        **kwargs: Any,
    ) -> None:
        self.detect = detect
        # Kept as they are, so that saving writes the same bytes wherever the files went since.
        self._general_files = {
            "vocab.json": Path(vocab_file).read_bytes(),
            "merges.txt": Path(merges_file).read_bytes(),
        }
        self._base_vocab: dict[str, int] = json.loads(self._general_files["vocab.json"])
        self._bpe = build_bpe(self._base_vocab, read_merges(merges_file))
        files = {"SMILES": sp_model_SMILES, "IUPAC": sp_model_IUPAC, "FASTA": sp_model_FASTA}
        self.sub_tokenizers = {
            domain: SubTokenizer(read_piece_model(path), domain)
            for domain, path in files.items()
            if path is not None
        }
        added = _as_added_tokens(kwargs.pop("added_tokens_decoder", {}))
        self.piece_starts = self._lay_out(added, piece_starts)
        self._vocab: dict[str, int] | None = None
        self._tables_ready = False
        known = {token.content for token in added.values()} | self._base_vocab.keys()
        for name, token in _MODALITY_TOKENS.items():
            if token in known:
                kwargs.setdefault(name, token)
        kwargs.setdefault("chat_template", CHAT_TEMPLATE)
        super().__init__(
            added_tokens_decoder=added,
            detect=detect,
            piece_starts=self.piece_starts,
            eos_token=eos_token,
            pad_token=pad_token,
            special_tokens_pattern="none",
            **kwargs,
        )
        self._prepare_tables()

    def _lay_out(
        self, added: dict[int, AddedToken], starts: dict[str, int] | None
    ) -> dict[str, int]:
        """Place the pieces (and, in the published layout, the tags) and check that ids differ."""
        placed, taken = {}, set(added) | set(self._base_vocab.values())
        next_id = max(self._base_vocab.values(), default=-1) + 1
        for domain, sub in self.sub_tokenizers.items():
            while starts is None and next_id in added:
                next_id += 1
            start = next_id if starts is None else starts[domain]
            span = range(start, start + len(sub))
            clash = sorted(taken.intersection(span))
            if clash:
                raise ValueError(
                    f"The {domain} pieces take ids {start} to {start + len(sub) - 1}, of which "
                    f"{clash[:3]} belong to other tokens; check piece_starts and the added tokens."
                )
            placed[domain] = start
            taken.update(span)
            next_id = start + len(sub)
            names = {token.content for token in added.values()}
            for tag in (f"<{s}{t}>" for t in _TAGS_BEHIND[domain] for s in ("", "/")):
                if starts is None and tag not in names and next_id not in taken:
                    added[next_id] = AddedToken(tag, special=False, normalized=False)
                    taken.add(next_id)
                    next_id += 1
        return placed

    def _prepare_tables(self) -> None:
        """Build what encoding and decoding read: bytes per id, special ids, the segmenter."""
        decode_byte = _byte_of_character()
        size = max(self.get_vocab().values(), default=-1) + 1
        table = [b""] * size
        for token, index in self._base_vocab.items():
            table[index] = bytes(decode_byte[c] for c in token if c in decode_byte)
        for domain, sub in self.sub_tokenizers.items():
            start = self.piece_starts[domain]
            for index in range(len(sub)):
                table[start + index] = sub.piece_bytes(index)
        for index, token in self._added_tokens_decoder.items():
            table[index] = token.content.encode("utf-8")
        self._bytes_of_id = table
        self._segmenter = Segmenter(
            self._added_tokens_encoder, self.sub_tokenizers, detect=self.detect
        )
        self._unsplit = Segmenter((), self.sub_tokenizers, detect=self.detect)
        self._tables_ready = True

    @property
    def vocab_size(self) -> int:
        """Ids in use, general vocabulary, pieces and special tokens together."""
        return len(self)

    def __len__(self) -> int:
        return max(self.get_vocab().values(), default=-1) + 1

    def get_vocab(self) -> dict[str, int]:
        """Token strings to ids; pieces are written `DOMAIN⟩piece`, since `C` is also a letter."""
        if self._vocab is None:
            vocab = dict(self._base_vocab)
            for domain, sub in self.sub_tokenizers.items():
                start = self.piece_starts[domain]
                for index, piece in enumerate(sub.model.pieces):
                    vocab[f"{domain}{_PIECE_MARK}{piece}"] = start + index
            vocab.update(self._added_tokens_encoder)
            self._vocab = vocab
            self._token_of_id = {index: token for token, index in vocab.items()}
        return self._vocab

    def _add_tokens(
        self, new_tokens: Sequence[str | AddedToken], special_tokens: bool = False
    ) -> int:
        """Give new tokens the ids after the largest one in use."""
        count = 0
        for token in new_tokens or ():
            if isinstance(token, str):
                token = AddedToken(token, special=special_tokens, normalized=False)
            if not token.content or token.content in self._added_tokens_encoder:
                continue
            vocab = self.get_vocab()
            index = vocab.get(token.content)
            if index is None:
                index, count = len(self), count + 1
            if special_tokens:
                token.special = True
                if token.content not in self.all_special_tokens:
                    self._extra_special_tokens.append(token)
            self._added_tokens_decoder[index] = token
            self._added_tokens_encoder[token.content] = index
            self._vocab = None
        self._update_total_vocab_size()
        if self._tables_ready:
            self._prepare_tables()
        return count

    # Encoding

    def encode_batch_ids(
        self, texts: Sequence[str], *, split_special_tokens: bool = False
    ) -> list[list[int]]:
        """Encode many texts at once.

        Args:
            texts: Any strings.
            split_special_tokens: Treat special tokens in the text as ordinary characters.

        Returns:
            Ids per text.

        Raises:
            ValueError: If a text holds a lone surrogate, which no UTF-8 text can.
        """
        return [ids for ids, _ in self._encode(texts, split_special_tokens, offsets=False)]

    def encode_with_offsets(
        self, text: str, *, split_special_tokens: bool = False
    ) -> tuple[list[int], list[tuple[int, int]]]:
        """Encode one text and say which characters each token came from.

        Args:
            text: Any string.
            split_special_tokens: Treat special tokens in the text as ordinary characters.

        Returns:
            Ids and `(start, end)` character spans; tokens that share a character of several bytes
            share its span.
        """
        return next(self._encode([text], split_special_tokens, offsets=True))

    def _encode(
        self, texts: Sequence[str], split: bool, *, offsets: bool
    ) -> Iterator[tuple[list[int], list[tuple[int, int]]]]:
        """Encode texts, as many at a time as `_TEXTS_AT_A_TIME`."""
        for start in range(0, len(texts), _TEXTS_AT_A_TIME):
            yield from self._encode_together(
                texts[start : start + _TEXTS_AT_A_TIME], split, offsets=offsets
            )

    def _encode_together(
        self, texts: Sequence[str], split: bool, *, offsets: bool
    ) -> Iterator[tuple[list[int], list[tuple[int, int]]]]:
        """Segment all texts, encode the segments of each kind together, and join them again."""
        segmenter = self._unsplit if split else self._segmenter
        plans = [segmenter(text) for text in texts]
        work: dict[str, list[str]] = {PLAIN: []}
        for text, plan in zip(texts, plans, strict=True):
            for segment in plan:
                if segment.kind != SPECIAL:
                    work.setdefault(segment.kind, []).append(text[segment.start : segment.end])
        done = {
            domain: iter(self._encode_pieces(domain, parts, offsets=offsets))
            for domain, parts in work.items()
            if domain != PLAIN
        }
        done[PLAIN] = iter(self._encode_plain(work[PLAIN], offsets=offsets))
        for text, plan in zip(texts, plans, strict=True):
            ids: list[int] = []
            spans: list[tuple[int, int]] = []
            for segment in plan:
                if segment.kind == SPECIAL:
                    ids.append(self._added_tokens_encoder[text[segment.start : segment.end]])
                    if offsets:
                        spans.append((segment.start, segment.end))
                    continue
                part_ids, part_spans = next(done[segment.kind])
                ids += part_ids
                if offsets:
                    spans += [(a + segment.start, b + segment.start) for a, b in part_spans]
            yield ids, spans

    def _encode_plain(
        self, parts: list[str], *, offsets: bool
    ) -> list[tuple[list[int], list[tuple[int, int]]]]:
        for part in parts:
            if not part.isascii():
                _refuse_surrogates(part)
        if offsets:
            encodings = self._bpe.encode_batch(parts, add_special_tokens=False)
            return [(e.ids, e.offsets) for e in encodings]
        encodings = self._bpe.encode_batch_fast(parts, add_special_tokens=False)
        return [(e.ids, []) for e in encodings]

    def _encode_pieces(
        self, domain: str, parts: list[str], *, offsets: bool
    ) -> list[tuple[list[int], list[tuple[int, int]]]]:
        """Encode segments by pieces; stretches without pieces go to the general vocabulary."""
        for part in parts:
            if not part.isascii():
                _refuse_surrogates(part)
        start, sub = self.piece_starts[domain], self.sub_tokenizers[domain]
        if offsets:
            return self._with_spans(parts, sub.encode_batch(parts), start)
        known = sub.encode_batch_ids(parts)
        rest = [part for part, ids in zip(parts, known, strict=True) if ids is None]
        others = iter(self._with_spans(rest, sub.encode_batch(rest), start))
        return [
            next(others) if ids is None else ([start + index for index in ids], []) for ids in known
        ]

    def _with_spans(
        self, parts: list[str], cuts: list[list[tuple[int, int, int]]], start: int
    ) -> list[tuple[list[int], list[tuple[int, int]]]]:
        """Ids and spans of segments cut into pieces."""
        joined = [list(_join_unknown(pieces)) for pieces in cuts]
        stretches = [
            part[first:last]
            for part, pieces in zip(parts, joined, strict=True)
            for index, first, last in pieces
            if index < 0
        ]
        encoded = iter(self._encode_plain(stretches, offsets=True))
        results = []
        for pieces in joined:
            ids: list[int] = []
            spans: list[tuple[int, int]] = []
            for index, first, last in pieces:
                if index >= 0:
                    ids.append(start + index)
                    spans.append((first, last))
                    continue
                more, more_spans = next(encoded)
                ids += more
                spans += [(a + first, b + first) for a, b in more_spans]
            results.append((ids, spans))
        return results

    def _encode_plus(
        self,
        text: Any,
        text_pair: Any = None,
        add_special_tokens: bool = True,
        padding_strategy: PaddingStrategy = PaddingStrategy.DO_NOT_PAD,
        truncation_strategy: TruncationStrategy = TruncationStrategy.DO_NOT_TRUNCATE,
        max_length: int | None = None,
        stride: int = 0,
        is_split_into_words: bool = False,
        return_offsets_mapping: bool = False,
        return_overflowing_tokens: bool = False,
        **kwargs: Any,
    ) -> BatchEncoding:
        batched = isinstance(text, list | tuple)
        texts = list(text) if batched else [text]
        simple = text_pair is None and not is_split_into_words and not return_overflowing_tokens
        if not simple or not all(isinstance(one, str) for one in texts):
            if return_offsets_mapping:
                raise ValueError(
                    "return_offsets_mapping is available for a string or a list of strings, "
                    "without pairs, pre-split words or overflowing tokens."
                )
            return super()._encode_plus(
                text=text,
                text_pair=text_pair,
                add_special_tokens=add_special_tokens,
                padding_strategy=padding_strategy,
                truncation_strategy=truncation_strategy,
                max_length=max_length,
                stride=stride,
                is_split_into_words=is_split_into_words,
                return_overflowing_tokens=return_overflowing_tokens,
                **kwargs,
            )
        split = kwargs.get("split_special_tokens", self.split_special_tokens)
        limit = max_length
        if truncation_strategy == TruncationStrategy.DO_NOT_TRUNCATE:
            limit = None
        rows = []
        for ids, spans in self._encode(texts, split, offsets=return_offsets_mapping):
            if limit is not None and len(ids) > limit:
                kept = slice(len(ids) - limit, None)
                kept = kept if self.truncation_side == "left" else slice(limit)
                ids, spans = ids[kept], spans[kept]
            rows.append((ids, spans))
        return self._as_encoding(
            rows,
            batched=batched,
            offsets=return_offsets_mapping,
            padding_strategy=padding_strategy,
            max_length=max_length,
            **kwargs,
        )

    def _as_encoding(
        self,
        rows: list[tuple[list[int], list[tuple[int, int]]]],
        *,
        batched: bool,
        offsets: bool,
        padding_strategy: PaddingStrategy,
        max_length: int | None,
        pad_to_multiple_of: int | None = None,
        padding_side: str | None = None,
        return_tensors: Any = None,
        return_token_type_ids: bool | None = None,
        return_attention_mask: bool | None = None,
        return_special_tokens_mask: bool = False,
        return_length: bool = False,
        **_: Any,
    ) -> BatchEncoding:
        """Pad rows and put them into the form that `PreTrainedTokenizer` callers expect."""
        data: dict[str, Any] = {"input_ids": [ids for ids, _ in rows]}
        if return_special_tokens_mask:
            special = set(self.all_special_ids)
            data["special_tokens_mask"] = [[int(i in special) for i in ids] for ids, _ in rows]
        if return_token_type_ids:
            data["token_type_ids"] = [[0] * len(ids) for ids, _ in rows]
        if return_length:
            data["length"] = [len(ids) for ids, _ in rows]
        data = dict(
            self.pad(
                data,
                padding=padding_strategy.value,
                max_length=max_length,
                pad_to_multiple_of=pad_to_multiple_of,
                padding_side=padding_side,
                return_attention_mask=return_attention_mask,
            )
        )
        if offsets:
            side = padding_side or self.padding_side
            data["offset_mapping"] = [
                _pad_spans(spans, len(ids), side)
                for (_, spans), ids in zip(rows, data["input_ids"], strict=True)
            ]
        if not batched and return_tensors is None:
            data = {key: value[0] for key, value in data.items()}
        return BatchEncoding(data, tensor_type=return_tensors)

    def tokenize(self, text: str, **kwargs: Any) -> list[str]:
        """Token strings of a text; see `get_vocab` for how pieces are written."""
        split = kwargs.get("split_special_tokens", self.split_special_tokens)
        [ids] = self.encode_batch_ids([text], split_special_tokens=split)
        return [self._convert_id_to_token(index) for index in ids]

    # Decoding

    def token_bytes(self, index: int) -> bytes:
        """UTF-8 bytes that a token stands for; ids past the vocabulary (its padding) give none.

        Raises:
            ValueError: If the id is negative.
        """
        if index < 0:
            raise ValueError(f"Token ids are not negative, got {index}.")
        return self._bytes_of_id[index] if index < len(self._bytes_of_id) else b""

    def _decode(
        self,
        token_ids: int | Sequence[int],
        skip_special_tokens: bool = False,
        clean_up_tokenization_spaces: bool | None = None,
        **kwargs: Any,
    ) -> str:
        ids = [token_ids] if isinstance(token_ids, int) else token_ids
        skipped = set(self.all_special_ids) if skip_special_tokens else ()
        parts = [self.token_bytes(int(index)) for index in ids if int(index) not in skipped]
        return b"".join(parts).decode("utf-8", errors="replace")

    def convert_tokens_to_string(self, tokens: Sequence[str]) -> str:
        """Text of token strings as `tokenize` and `convert_ids_to_tokens` write them.

        Raises:
            ValueError: If a string is no token; the empty one, which stands for ids past the
                vocabulary, gives no text.
        """
        ids = [self._convert_token_to_id(token) for token in tokens if token]
        if None in ids:
            unknown = [token for token in tokens if token][ids.index(None)]
            raise ValueError(f"{unknown!r} is not a token of this tokenizer.")
        return self._decode(ids)

    def _convert_token_to_id(self, token: str) -> Any:
        return self.get_vocab().get(token, self.unk_token_id)

    def _convert_id_to_token(self, index: int) -> str:
        self.get_vocab()
        return self._token_of_id.get(index, "")

    def save_vocabulary(
        self, save_directory: str, filename_prefix: str | None = None
    ) -> tuple[str, ...]:
        """Write `vocab.json`, `merges.txt` and one `.model` file per domain."""
        prefix = f"{filename_prefix}-" if filename_prefix else ""
        folder = Path(save_directory)
        written = []
        for name, content in self._general_files.items():
            target = folder / f"{prefix}{name}"
            target.write_bytes(content)
            written.append(str(target))
        for domain, sub in self.sub_tokenizers.items():
            target = folder / f"{prefix}tokenizer_{domain}.model"
            write_piece_model(sub.model, target)
            written.append(str(target))
        return tuple(written)


def build_bpe(vocab: dict[str, int], merges: list[tuple[str, str]]) -> Tokenizer:
    """Assemble the general byte-level BPE, without normalisation or special tokens."""
    tokenizer = Tokenizer(BPE(vocab=vocab, merges=merges, fuse_unk=False, byte_fallback=False))
    tokenizer.pre_tokenizer = general_pre_tokenizer()
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def general_pre_tokenizer() -> pre_tokenizers.PreTokenizer:
    """Split as Qwen2 does, then turn bytes into the byte-level alphabet."""
    return pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(PRETOKENIZE_REGEX), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )


def read_merges(path: str | Path) -> list[tuple[str, str]]:
    """Read `merges.txt`.

    Raises:
        ValueError: If a line is not two tokens.
    """
    merges = []
    for number, line in enumerate(Path(path).read_text("utf-8").split("\n"), start=1):
        if not line or (number == 1 and line.startswith("#version")):
            continue
        parts = line.rstrip("\r").split(" ")
        if len(parts) != 2:
            raise ValueError(f"{path}, line {number}: expected two tokens, got {line!r}.")
        merges.append((parts[0], parts[1]))
    return merges


def _as_added_tokens(value: dict[Any, Any]) -> dict[int, AddedToken]:
    """Accept the forms in which transformers hands over the added tokens."""
    tokens = {}
    for index, token in value.items():
        if isinstance(token, dict):
            token = AddedToken(**{k: v for k, v in token.items() if k != "__type"})
        tokens[int(index)] = AddedToken(token) if isinstance(token, str) else token
    return tokens


def _byte_of_character() -> dict[str, int]:
    """The byte-level alphabet: printable Latin-1 stands for itself, the rest is shifted up."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    table = {chr(byte): byte for byte in printable}
    shifted = (byte for byte in range(256) if byte not in set(printable))
    return table | {chr(256 + rank): byte for rank, byte in enumerate(shifted)}


def _join_unknown(pieces: list[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    """Join neighbouring stretches without pieces."""
    joined: list[tuple[int, int, int]] = []
    for index, start, end in pieces:
        if index < 0 and joined and joined[-1][0] < 0:
            joined[-1] = (-1, joined[-1][1], end)
        else:
            joined.append((index, start, end))
    return joined


def _pad_spans(spans: list[tuple[int, int]], length: int, side: str) -> list[tuple[int, int]]:
    padding = [(0, 0)] * (length - len(spans))
    return [*padding, *spans] if side == "left" else [*spans, *padding]


def _refuse_surrogates(text: str) -> None:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise ValueError(
            f"The text holds a lone surrogate at character {error.start} "
            f"({text[error.start]!r}), which is not Unicode text; decode the source with "
            "errors='replace' first."
        ) from None


def domain_tags() -> list[str]:
    """All opening and closing tags, in a fixed order."""
    return [f"<{slash}{tag}>" for tag in DOMAIN_OF_TAG for slash in ("", "/")]


__all__ = ["InternS1Tokenizer"]
