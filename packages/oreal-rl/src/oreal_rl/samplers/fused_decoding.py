"""Decoding steps of Qwen3 text stacks, straight from their weights.

A step of a small model through its own forward is mostly Python: masks, cache objects, dispatch of
attention and experts, some hundred calls of modules. This one is a few tensor operations per layer:

- One matrix product for queries, keys and values, one normalisation and one rotation for queries
  and keys together. Joined weights are made anew for every batch of prompts, so that no copy
  outlives an update.
- The keys and values of a prompt are held once for all its samples, whose queries meet them in one
  matrix product; only what was drawn is held per sample, in tensors that grow by doubling.
- At few rows, every expert reads every row and the router's weights, zero for those not chosen,
  sum them: more arithmetic, but two matrix products in place of sorting and gathering. At more
  rows the layer's own experts are called.

Shape legend: P prompts, M samples per prompt, S longest prompt, R live rows, T drawn positions,
D width, H query heads, C key/value heads, Q = H / C, W head width, E experts, F their inner width.
A grid is [P, M] in this order; rows that have ended leave holes in it until it is made anew.
"""

from types import SimpleNamespace
from typing import Any, NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F

from oreal_rl.samplers.decoding import Prompts, output_hooks

_FIRST_CAPACITY = 32  # drawn positions that there is room for at first
_DENSE_LIMIT = 10e6  # multiplications by zero that are cheaper than sorting rows; measured


class _Experts(NamedTuple):
    """Router and experts of a layer, its own weights."""

    router: Tensor  # [E, D]
    top_k: int
    is_normalised: bool
    gate_up: Tensor  # [E, 2 * F, D]
    down: Tensor  # [E, D, F]
    wasted_per_row: int  # multiplications by zero if every expert read every row


class _Layer(NamedTuple):
    """Weights of a layer; those of the norms are multiplied by the root of their width."""

    input_norm: Tensor  # [D]
    qkv: Tensor  # [(H + 2 C) * W, D]
    qkv_bias: Tensor | None
    qk_norm: Tensor  # [H + C, W], the scale of attention inside
    out: Tensor
    out_bias: Tensor | None
    post_norm: Tensor  # [D]
    mlp: Any
    experts: _Experts | None


class FusedSteps:
    """Steps of a model in which `decoding.text_stack` found a stack.

    Args:
        model: The policy, for its output head and the hooks on its output.
        stack: From `text_stack`.
        prompts: After the prompts were read; the cache is read, not changed.
    """

    def __init__(self, model: Any, stack: Any, prompts: Prompts) -> None:
        self.model, self.hooks = model, output_hooks(model)
        attention = stack.layers[0].self_attn
        self.head_dim = attention.head_dim
        self.num_kv_heads = attention.k_proj.out_features // self.head_dim
        self.num_heads = attention.q_proj.out_features // self.head_dim
        self.num_prompts, self.num_samples = prompts.mask.shape[0], prompts.num_samples
        self.head, self.embed = model.lm_head, stack.embed_tokens.weight
        width = self.embed.shape[1]
        self.norm = stack.norm.weight * width**0.5
        self.eps_D = self.embed.new_tensor(width * stack.norm.variance_epsilon).sqrt()
        self.eps_W = self.embed.new_tensor(self.head_dim * stack.norm.variance_epsilon).sqrt()
        self.layers = [_read_layer(layer) for layer in stack.layers]
        self.joined_down: dict[int, Tensor] = {}  # [D, E * F] of layers whose experts read all rows
        self.lengths = prompts.mask.sum(dim=1).repeat_interleave(self.num_samples)
        self.bias: Tensor | None = None  # [P, S], minus infinity at padding
        if not bool(prompts.mask.all()):
            self.bias = torch.zeros_like(prompts.mask, dtype=self.embed.dtype)
            self.bias.masked_fill_(prompts.mask == 0, float("-inf"))
        # Of each layer, P * C times [S, W].
        self.prompt_keys = [layer.keys.flatten(0, 1) for layer in prompts.cache.layers]
        self.prompt_values = [layer.values.flatten(0, 1) for layer in prompts.cache.layers]
        self.capacity = min(_FIRST_CAPACITY, prompts.max_new_tokens)
        # Drawn keys, then values, of each layer.
        shape = (2, self.num_prompts, self.num_kv_heads, self.num_samples, self.capacity)
        self.drawn = [self.embed.new_zeros(*shape, self.head_dim) for _ in self.layers]
        self.places: Tensor | None = None  # place of each row in the grid, [R]
        self.row_of: Tensor | None = None  # row at each place, [P * M]; 0 in a hole
        self.cos, self.sin = _rotary_tables(
            stack.rotary_emb, self.embed, prompts.mask.shape[1] + prompts.max_new_tokens
        )

    @staticmethod
    def can_follow(stack: Any, prompts: Prompts) -> bool:
        """Whether these prompts' cache can be read and every position has its rotation."""
        longest = prompts.mask.shape[1] + prompts.max_new_tokens
        layers = getattr(prompts.cache, "layers", ())
        return (
            longest <= stack.config.max_position_embeddings
            and len(layers) == len(stack.layers)
            and all(type(layer).__name__ == "DynamicLayer" for layer in layers)
        )

    def read(self, token_ids: Int[Tensor, "R"], step: int) -> Float[Tensor, "R V"]:
        """Read one token per row; see `decoding.Steps`."""
        if step == self.capacity:
            self._grow()
        with torch.inference_mode():
            positions = self.lengths + step
            cos, sin = self.cos[positions][:, None], self.sin[positions][:, None]
            x = F.embedding(token_ids, self.embed)
            for index, layer in enumerate(self.layers):
                normed = _normalise(x, layer.input_norm, self.eps_D)
                x = x + self._attend(index, layer, normed, cos, sin, step)
                normed = _normalise(x, layer.post_norm, self.eps_D)
                x = x + self._feed_forward(index, layer, normed)
            normed = _normalise(x, self.norm, self.eps_D)
            logits = F.linear(normed, self.head.weight, self.head.bias)
        return self._through_hooks(logits) if self.hooks else logits

    def _through_hooks(self, logits: Tensor) -> Tensor:
        """Call the hooks on the model's output, as the model would: with nothing but its logits."""
        output: Any = SimpleNamespace(logits=logits.clone()[:, None])
        for hook in self.hooks:
            changed = hook(self.model, (), output)
            output = output if changed is None else changed
        return output.logits[:, -1]

    def keep(self, kept: Int[Tensor, "kept"]) -> None:
        """Drop the other rows, `kept` ascending; the grid is made anew where that is smaller."""
        self.lengths = self.lengths[kept]
        places = kept if self.places is None else self.places[kept]
        group = torch.div(places, self.num_samples, rounding_mode="floor")
        counts = torch.bincount(group, minlength=self.num_prompts)
        live, width = counts.nonzero().flatten(), int(counts.max())
        if (len(live), width) != (self.num_prompts, self.num_samples):
            rank = torch.arange(len(places)) - (counts.cumsum(0) - counts)[group]
            moved = ((counts > 0).cumsum(0) - 1)[group] * width + rank
            sources = places[:1].repeat(len(live) * width)  # a hole holds copies of the first row
            sources[moved] = places
            self._take(live, sources.view(len(live), width))
            places = moved
        self.places = self.row_of = None
        if len(places) < self.num_prompts * self.num_samples:
            self.places = places
            self.row_of = places.new_zeros(self.num_prompts * self.num_samples)
            self.row_of[places] = torch.arange(len(places))

    def _take(self, live: Tensor, sources: Tensor) -> None:
        """Keep the prompts `live` and fill the grid from the old places `sources`, [P, M]."""
        prompt = torch.div(sources, self.num_samples, rounding_mode="floor")
        sample = sources % self.num_samples
        for index, old in enumerate(self.drawn):
            taken = old.transpose(2, 3)[:, prompt, sample]  # [2, P, M, C, capacity, W]
            self.drawn[index] = taken.transpose(2, 3).contiguous()
        if len(live) < self.num_prompts:
            for held in (self.prompt_keys, self.prompt_values):
                held[:] = [
                    one.view(self.num_prompts, -1, *one.shape[1:])[live].flatten(0, 1)
                    for one in held
                ]
            self.bias = None if self.bias is None else self.bias[live]
        self.num_prompts, self.num_samples = sources.shape

    def _grow(self) -> None:
        for index, old in enumerate(self.drawn):
            self.drawn[index] = torch.cat([old, torch.zeros_like(old)], dim=4)
        self.capacity *= 2

    def _attend(
        self, index: int, layer: _Layer, x_RD: Tensor, cos: Tensor, sin: Tensor, step: int
    ) -> Tensor:
        """Attention of one token per row to its prompt and to what was drawn before it."""
        heads, groups, width = self.num_heads, self.num_kv_heads, self.head_dim
        prompts, samples = self.num_prompts, self.num_samples
        qkv = F.linear(x_RD, layer.qkv, layer.qkv_bias).view(-1, heads + 2 * groups, width)
        qk = qkv[:, : heads + groups]
        normed = _normalise(qk, layer.qk_norm, self.eps_W)
        torch.addcmul(normed * cos, normed.roll(width // 2, dims=-1), sin, out=qk)
        if self.row_of is not None:
            qkv = qkv[self.row_of]
        pairs = qkv[:, heads:].view(prompts, samples, 2, groups, width)
        self.drawn[index][:, :, :, :, step] = pairs.permute(2, 0, 3, 1, 4)
        queries = qkv[:, :heads].view(prompts, samples, groups, -1, width).transpose(1, 2)
        mixed = self._mix(index, queries, step + 1).transpose(1, 2).reshape(-1, heads * width)
        if self.places is not None:
            mixed = mixed[self.places]
        return F.linear(mixed, layer.out, layer.out_bias)

    def _mix(self, index: int, queries: Tensor, length: int) -> Tensor:
        """Softmax over prompt and `length` drawn positions of `queries` [P, C, M, Q, W]."""
        num_prompts, groups, samples, per_group, width = shape = queries.shape
        shared = (num_prompts * groups, samples * per_group)  # samples side by side
        single = (num_prompts * groups * samples, per_group)
        queries = queries.reshape(*shared, width)
        prompt_keys = self.prompt_keys[index]  # [P * C, S, W]
        scores = torch.bmm(queries, prompt_keys.transpose(1, 2))  # [P * C, M * Q, S]
        if self.bias is not None:
            scores.view(num_prompts, groups, shared[1], -1).add_(self.bias[:, None, None])
        keys, values = self.drawn[index].view(2, single[0], -1, width)[:, :, :length].unbind()
        own = torch.bmm(queries.view(*single, width), keys.transpose(1, 2)).view(*shared, length)
        weights = torch.cat((scores, own), dim=-1).softmax(dim=-1)
        width_S = prompt_keys.shape[1]
        mixed = torch.bmm(weights[:, :, :width_S], self.prompt_values[index])
        to_own = weights.view(*single, -1)[:, :, width_S:]
        return torch.baddbmm(mixed.view(*single, width), to_own, values).view(shape)

    def _feed_forward(self, index: int, layer: _Layer, x_RD: Tensor) -> Tensor:
        num_rows, experts = x_RD.shape[0], layer.experts
        if experts is None or (num_rows > 1 and experts.wasted_per_row * num_rows > _DENSE_LIMIT):
            return layer.mlp(x_RD[:, None])[:, 0]
        scores = F.linear(x_RD, experts.router)
        best, chosen = scores.topk(experts.top_k, dim=-1)
        if experts.is_normalised:  # over the chosen, which is the softmax of them alone
            best = best.softmax(dim=-1)
        else:
            best = scores.softmax(dim=-1).gather(1, chosen)
        if num_rows == 1:
            return _one_row(experts, x_RD, chosen, best)
        weights_ER = torch.zeros_like(scores).scatter_(1, chosen, best).t()
        both = torch.mm(experts.gate_up.flatten(0, 1), x_RD.t())
        both = both.view(weights_ER.shape[0], 2, -1, num_rows)  # [E, 2, F, R]
        inner = F.silu(both[:, 0]).mul_(both[:, 1]).mul_(weights_ER[:, None])
        if index not in self.joined_down:
            self.joined_down[index] = experts.down.transpose(0, 1).flatten(1)
        return torch.mm(self.joined_down[index], inner.view(-1, num_rows)).t()


def _one_row(experts: _Experts, x_1D: Tensor, chosen: Tensor, best: Tensor) -> Tensor:
    """Read one row with the experts chosen for it, whose weights are all that is moved."""
    outputs = []
    for expert, weight in zip(chosen[0].tolist(), best[0].unbind(), strict=True):
        gate, up = F.linear(x_1D, experts.gate_up[expert]).chunk(2, dim=-1)
        inner = F.silu(gate).mul_(up).mul_(weight)
        outputs.append(F.linear(inner, experts.down[expert]))
    return torch.stack(outputs).sum(dim=0)


def _normalise(x: Tensor, weight: Tensor, eps: Tensor) -> Tensor:
    """Give x / sqrt(mean(x^2) + e) * w, for `weight` w sqrt(D) and `eps` sqrt(D e)."""
    return x.div(torch.linalg.vector_norm(x, dim=-1, keepdim=True).hypot_(eps)).mul_(weight)


def _read_layer(layer: Any) -> _Layer:
    """Collect a layer's weights; the joined ones are copies, the others are the layer's own."""
    attention = layer.self_attn
    projections = (attention.q_proj, attention.k_proj, attention.v_proj)
    biases = [one.bias for one in projections if one.bias is not None]
    heads, groups = (one.out_features // attention.head_dim for one in projections[:2])
    scale = attention.scaling * attention.head_dim**0.5
    width = layer.input_layernorm.weight.shape[0]
    return _Layer(
        input_norm=layer.input_layernorm.weight * width**0.5,
        qkv=torch.cat([one.weight for one in projections]),
        qkv_bias=torch.cat(biases) if biases else None,
        qk_norm=torch.cat(
            [
                (attention.q_norm.weight * scale).expand(heads, -1),
                (attention.k_norm.weight * attention.head_dim**0.5).expand(groups, -1),
            ]
        ),
        out=attention.o_proj.weight,
        out_bias=attention.o_proj.bias,
        post_norm=layer.post_attention_layernorm.weight * width**0.5,
        mlp=layer.mlp,
        experts=_read_experts(layer.mlp) if hasattr(layer.mlp, "experts") else None,
    )


def _read_experts(mlp: Any) -> _Experts:
    router, down = mlp.gate, mlp.experts.down_proj
    return _Experts(
        router=router.weight,
        top_k=router.top_k,
        is_normalised=router.norm_topk_prob,
        gate_up=mlp.experts.gate_up_proj,
        down=down,
        wasted_per_row=(down.shape[0] - router.top_k) * 3 * down[0].numel(),
    )


def _rotary_tables(rotary: Any, like: Tensor, length: int) -> tuple[Tensor, Tensor]:
    """Cosines and signed sines of each position, [length, W].

    x * cos + x.roll(W / 2) * sin is the rotation.
    """
    cos, sin = rotary(like, torch.arange(length)[None])
    cos, sin = cos[0].to(like.dtype), sin[0].to(like.dtype)
    first, second = sin.chunk(2, dim=-1)
    return cos, torch.cat([-first, second], dim=-1)
