"""Tiny parts to test with: a causal model in plain torch, a character tokenizer, a sorting task.

The model follows `protocols.Policy` (key/value cache, left padding, `logits_to_keep`) in a few
thousand parameters, so that a training test takes seconds.

Shape legend: B rows, T positions, H heads, D width.
"""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor, nn

from oreal_rl.seeding import derive_generator
from oreal_rl.types import Prompt


class CharTokenizer:
    """One token per character, plus padding and end.

    Args:
        alphabet: Characters that can be encoded.
    """

    def __init__(self, alphabet: str) -> None:
        self.alphabet = alphabet
        self.pad_token_id: int | None = 0
        self.eos_token_id: int | None = 1
        self.index = {char: place + 2 for place, char in enumerate(alphabet)}

    @property
    def vocabulary_size(self) -> int:
        """Number of token ids."""
        return len(self.alphabet) + 2

    def encode(self, text: str, *, add_special_tokens: bool = False) -> list[int]:
        """Map characters to ids."""
        return [self.index[char] for char in text]

    def decode(self, token_ids: Sequence[int], *, skip_special_tokens: bool = True) -> str:
        """Map ids to characters; padding and end vanish."""
        return "".join(self.alphabet[token - 2] for token in token_ids if token >= 2)


class TinyCache:
    """Keys and values per layer, [B, H, T, D / H] each."""

    def __init__(self, num_layers: int) -> None:
        self.layers: list[tuple[Tensor, Tensor] | None] = [None] * num_layers

    def update(self, layer: int, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """Append positions and return all of them."""
        old = self.layers[layer]
        if old is not None:
            keys = torch.cat([old[0], keys], dim=2)
            values = torch.cat([old[1], values], dim=2)
        self.layers[layer] = (keys, values)
        return keys, values

    def batch_select_indices(self, indices: Tensor) -> None:
        """Keep or repeat rows."""
        self.layers = [
            None if kv is None else (kv[0][indices], kv[1][indices]) for kv in self.layers
        ]

    def batch_repeat_interleave(self, repeats: int) -> None:
        """Repeat every row."""
        self.layers = [
            None
            if kv is None
            else (kv[0].repeat_interleave(repeats, 0), kv[1].repeat_interleave(repeats, 0))
            for kv in self.layers
        ]


class TinyBlock(nn.Module):
    """Attention and a feed-forward layer, pre-norm.

    Args:
        width: D.
        num_heads: H.
    """

    def __init__(self, width: int, num_heads: int) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.out = nn.Linear(width, width, bias=False)
        self.up = nn.Linear(width, 2 * width, bias=False)
        self.down = nn.Linear(2 * width, width, bias=False)

    def forward(
        self, x_BTD: Tensor, allowed: Tensor, cache: TinyCache | None, layer: int
    ) -> Tensor:
        """Attend where `allowed` [B, 1, T, keys] is True."""
        batch, length, width = x_BTD.shape
        qkv = self.qkv(self.norm1(x_BTD)).view(batch, length, 3, self.num_heads, -1)
        query, keys, values = qkv.permute(2, 0, 3, 1, 4)
        if cache is not None:
            keys, values = cache.update(layer, keys, values)
        mixed = nn.functional.scaled_dot_product_attention(query, keys, values, attn_mask=allowed)
        x_BTD = x_BTD + self.out(mixed.transpose(1, 2).reshape(batch, length, width))
        return x_BTD + self.down(nn.functional.gelu(self.up(self.norm2(x_BTD))))


class TinyPolicy(nn.Module):
    """A causal transformer that follows `protocols.Policy`.

    Args:
        vocabulary_size: Number of token ids.
        width: D.
        num_layers: Blocks.
        num_heads: H.
        max_positions: Longest sequence.
        seed: Key of the initial weights.
    """

    def __init__(
        self,
        vocabulary_size: int,
        *,
        width: int = 32,
        num_layers: int = 2,
        num_heads: int = 2,
        max_positions: int = 64,
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.embed = nn.Embedding(vocabulary_size, width)
        self.positions = nn.Embedding(max_positions, width)
        self.blocks = nn.ModuleList([TinyBlock(width, num_heads) for _ in range(num_layers)])
        self.norm = nn.LayerNorm(width)
        self.lm_head = nn.Linear(width, vocabulary_size, bias=False)
        generator = derive_generator("tiny_policy", seed)
        with torch.no_grad():
            for parameter in self.parameters():
                if parameter.dim() == 2:
                    parameter.normal_(0, 0.1, generator=generator)

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor | None = None,
        position_ids: Tensor | None = None,
        past_key_values: TinyCache | None = None,
        use_cache: bool = False,
        logits_to_keep: int = 0,
        **extras: Any,
    ) -> SimpleNamespace:
        """Compute logits; see `protocols.Policy`."""
        batch, length = input_ids.shape
        if attention_mask is None:
            attention_mask = torch.ones_like(input_ids)
        total = attention_mask.shape[1]
        cache = past_key_values
        if use_cache and cache is None:
            cache = TinyCache(len(self.blocks))
        if position_ids is None:
            position_ids = torch.arange(total - length, total).expand(batch, length)
        query_place = torch.arange(total - length, total, device=input_ids.device)
        key_place = torch.arange(total, device=input_ids.device)
        allowed = (key_place <= query_place[:, None]) & attention_mask.bool()[:, None, None, :]
        # A padding query sees itself, so that no row of the softmax is empty.
        allowed = allowed | (key_place == query_place[:, None])
        hidden = self.embed(input_ids) + self.positions(position_ids)
        for layer, block in enumerate(self.blocks):
            hidden = block(hidden, allowed, cache, layer)
        hidden = self.norm(hidden)
        return SimpleNamespace(
            logits=self.lm_head(hidden[:, -logits_to_keep:] if logits_to_keep else hidden),
            past_key_values=cache,
        )


class SortTask:
    """Sort digits: prompts "3120>" with the answer "0123".

    Args:
        num_digits: Length of a problem.
        seed: Key of the problems.
    """

    alphabet = "0123456789>"

    def __init__(self, *, num_digits: int = 3, seed: int = 0) -> None:
        self.num_digits = num_digits
        self.seed = seed

    def prompts(self, cursor: int, count: int) -> list[Prompt]:
        """Make problems; pure in the cursor."""
        generator = derive_generator("sort", self.seed, cursor)
        rows = torch.randint(10, (count, self.num_digits), generator=generator).tolist()
        return [
            Prompt(
                text="".join(map(str, row)) + ">", task="sort", case="".join(map(str, sorted(row)))
            )
            for row in rows
        ]

    def verify(self, prompts: Sequence[Prompt], responses: Sequence[str]) -> list[bool]:
        """Compare with the sorted digits."""
        return [
            response == prompt.case for prompt, response in zip(prompts, responses, strict=True)
        ]
