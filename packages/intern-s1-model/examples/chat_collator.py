"""Conversations to training batches: the loss is taken on the assistant's messages alone."""

from collections.abc import Sequence
from typing import Any

import torch


class ChatCollator:
    """Encode conversations whose last message is the answer to learn.

    Args:
        processor: An `InternS1Processor`.
    """

    def __init__(self, processor: Any) -> None:
        self.processor = processor

    def __call__(self, examples: Sequence[dict[str, Any]]) -> dict[str, Any]:
        """Encode `{"messages": [...]}` examples; `labels` is -100 outside the answers."""
        conversations = [example["messages"] for example in examples]
        encode = self.processor.apply_chat_template
        batch = encode(
            conversations,
            tokenize=True,
            return_dict=True,
            processor_kwargs={"padding": True, "padding_side": "right", "return_tensors": "pt"},
        )
        labels = batch["input_ids"].clone()
        labels[batch["attention_mask"] == 0] = -100
        for row, messages in enumerate(conversations):
            # What precedes the answer, encoded alone: its length is where the loss begins.
            prompt = encode(
                messages[:-1], add_generation_prompt=True, tokenize=True, return_dict=True
            )
            ids = torch.as_tensor(prompt["input_ids"]).flatten()
            if not torch.equal(ids, batch["input_ids"][row, : len(ids)]):
                raise ValueError(
                    f"Conversation {row} is encoded otherwise without its answer, so its loss "
                    "cannot be placed; end the prompt with a special token."
                )
            labels[row, : len(ids)] = -100
        return {**batch, "labels": labels}
