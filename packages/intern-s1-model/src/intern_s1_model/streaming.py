"""Decoding while tokens arrive, without ever showing half a character."""

import codecs
from collections.abc import Iterable, Iterator

from .tokenization_intern_s1 import InternS1Tokenizer


class StreamDecoder:
    """Turn token ids into text as they come.

    A character may take several tokens; its bytes are held back until it is whole. The pieces
    returned, joined, are what `tokenizer.decode` gives for all ids.

    Args:
        tokenizer: Whose ids these are.
        skip_special_tokens: Leave special tokens out.
    """

    def __init__(self, tokenizer: InternS1Tokenizer, *, skip_special_tokens: bool = False) -> None:
        self._tokenizer = tokenizer
        self._skipped = frozenset(tokenizer.all_special_ids) if skip_special_tokens else frozenset()
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")

    def push(self, index: int) -> str:
        """Take one id; return the text that is certain now, maybe none."""
        if index in self._skipped:
            return ""
        return self._decoder.decode(self._tokenizer.token_bytes(index))

    def finish(self) -> str:
        """End the stream; bytes of a character that never became whole give U+FFFD."""
        return self._decoder.decode(b"", final=True)


def stream_decode(
    tokenizer: InternS1Tokenizer, ids: Iterable[int], *, skip_special_tokens: bool = False
) -> Iterator[str]:
    """Decode an iterator of ids, yielding text whenever there is some.

    Args:
        tokenizer: Whose ids these are.
        ids: Token ids, consumed one by one.
        skip_special_tokens: Leave special tokens out.

    Yields:
        Non-empty pieces of text.
    """
    decoder = StreamDecoder(tokenizer, skip_special_tokens=skip_special_tokens)
    for index in ids:
        if text := decoder.push(int(index)):
            yield text
    if text := decoder.finish():
        yield text
