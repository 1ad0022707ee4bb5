"""Questions and answers as token ids, in the chat format of the Intern-S1 and Qwen3 models."""

from collections.abc import Sequence
from typing import Any

from intern_runs import ConfigError

IM_START = "<|im_start|>"
IM_END = "<|im_end|>"


class ChatFormat:
    """One turn each: `<|im_start|>user … <|im_end|>`, then the assistant's answer.

    A tokenizer without the two markers is asked for its own chat template.

    Args:
        tokenizer: Where it knows the markers, an answer ends with `<|im_end|>`, else with its end
            token.

    Raises:
        ConfigError: If it has neither the markers nor a template and an end token.
    """

    def __init__(self, tokenizer: Any) -> None:
        self.tokenizer = tokenizer
        end = tokenizer.convert_tokens_to_ids(IM_END)
        self.has_markers = end is not None and end != tokenizer.unk_token_id
        if not self.has_markers and not (
            getattr(tokenizer, "chat_template", None) and tokenizer.eos_token_id is not None
        ):
            raise ConfigError(
                f"the policy's tokenizer has no {IM_END}, and no chat template with an end token; "
                "give it a chat template (tokenizer.chat_template)"
            )
        self.end_id = int(end if self.has_markers else tokenizer.eos_token_id)

    @property
    def stop_token_ids(self) -> tuple[int, ...]:
        """What ends an answer."""
        return (self.end_id,)

    def encode_question(self, question: str) -> tuple[int, ...]:
        """Token ids up to where the answer begins."""
        if not self.has_markers:
            messages = [{"role": "user", "content": question}]
            text = self.tokenizer.apply_chat_template(
                messages, add_generation_prompt=True, tokenize=False
            )
            return tuple(self.tokenizer.encode(text, add_special_tokens=False))
        text = f"{IM_START}user\n{question}{IM_END}\n{IM_START}assistant\n"
        return tuple(self.tokenizer.encode(text, add_special_tokens=False))

    def encode_answer(self, answer: str) -> tuple[int, ...]:
        """Token ids of an answer and of its end."""
        return (*self.tokenizer.encode(answer, add_special_tokens=False), self.end_id)

    def decode(self, token_ids: Sequence[int]) -> str:
        """Text of an answer without its end."""
        return self.tokenizer.decode(token_ids, skip_special_tokens=True)
