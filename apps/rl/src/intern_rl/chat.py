"""Questions and answers as token ids, in the chat format of the Intern-S1 and Qwen3 models."""

from collections.abc import Sequence
from typing import Any

IM_START = "<|im_start|>"
IM_END = "<|im_end|>"


class ChatFormat:
    """One turn each: `<|im_start|>user … <|im_end|>`, then the assistant's answer.

    Args:
        tokenizer: Knows the two markers; an answer ends with `<|im_end|>`.
    """

    def __init__(self, tokenizer: Any) -> None:
        self.tokenizer = tokenizer
        self.end_id = int(tokenizer.convert_tokens_to_ids(IM_END))

    @property
    def stop_token_ids(self) -> tuple[int, ...]:
        """What ends an answer."""
        return (self.end_id,)

    def encode_question(self, question: str) -> tuple[int, ...]:
        """Token ids up to where the answer begins."""
        text = f"{IM_START}user\n{question}{IM_END}\n{IM_START}assistant\n"
        return tuple(self.tokenizer.encode(text, add_special_tokens=False))

    def encode_answer(self, answer: str) -> tuple[int, ...]:
        """Token ids of an answer and of its end."""
        return (*self.tokenizer.encode(answer, add_special_tokens=False), self.end_id)

    def decode(self, token_ids: Sequence[int]) -> str:
        """Text of an answer without its end."""
        return self.tokenizer.decode(token_ids, skip_special_tokens=True)
