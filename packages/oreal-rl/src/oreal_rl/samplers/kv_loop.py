"""The embedded sampler: a key/value-cache loop around the training model itself.

Each distinct prompt runs once; its cache rows are then repeated for the samples of the group.
Prompts are padded on the left. Rows that have ended are dropped from the cache when enough of them
have. There is nothing to sync: the sampler reads the weights that are trained.

Shape legend: P prompts of a chunk, S longest prompt, R live rows, T drawn positions.
"""

import inspect
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from oreal_rl.errors import SamplerError
from oreal_rl.protocols import SamplingParams, Tokenizer
from oreal_rl.router_replay import FREE, find_routers, recording
from oreal_rl.samplers.drawing import Draw, draw_tokens
from oreal_rl.samplers.modes import generating
from oreal_rl.scoring import join_extras
from oreal_rl.seeding import derive_generator
from oreal_rl.types import Prompt, Rollout


class KVLoopSampler:
    """Draws from a `Policy` held in this process.

    Args:
        model: The policy; its forward follows `protocols.Policy`.
        tokenizer: Decodes responses.
        max_batch_rows: Most rollouts generated at once.
        compact_below: Drop ended rows once the live share is at or below this, in (0, 1].
        record_routes: Record the experts that a mixture-of-experts policy picks for each response
            token, so that training replays them (`router_replay.py`).

    Raises:
        SamplerError: For `record_routes` on a policy without routers.
    """

    def __init__(
        self,
        model: nn.Module,
        tokenizer: Tokenizer,
        *,
        max_batch_rows: int = 1024,
        compact_below: float = 0.8,
        record_routes: bool = False,
    ) -> None:
        if record_routes and not find_routers(model):
            raise SamplerError(
                f"{type(model).__name__} has no router to record; expected modules named "
                "...TopKRouter; leave record_routes off for a dense policy"
            )
        self.model = model
        self.record_routes = record_routes
        self.tokenizer = tokenizer
        self.max_batch_rows = max_batch_rows
        self.compact_below = compact_below
        self.version = 0

    def sync(self, policy: nn.Module, version: int) -> None:
        """Stamp the version; the weights are shared.

        Args:
            policy: Must be the model this sampler was made with.
            version: Number of updates so far.

        Raises:
            SamplerError: For another model.
        """
        if policy is not self.model:
            raise SamplerError(
                "this sampler draws from the model it was made with, but was synced with another "
                "one; make a new KVLoopSampler for it"
            )
        self.version = version

    def sample(
        self,
        prompt_ids: Sequence[tuple[int, ...]],
        *,
        num_samples: int,
        params: SamplingParams,
        seed: int,
        prompts: Sequence[Prompt] | None = None,
    ) -> list[list[Rollout]]:
        """Draw `num_samples` responses per prompt.

        Args:
            prompt_ids: Token ids of each prompt, at least one each.
            num_samples: Responses per prompt.
            params: How to draw.
            seed: Key of the draws; the same call gives the same rollouts.
            prompts: The prompts themselves, for their `extras`.

        Returns:
            Rollouts per prompt, in the order of `prompt_ids`.

        Raises:
            SamplerError: For an empty prompt.
        """
        if any(len(ids) == 0 for ids in prompt_ids):
            raise SamplerError("a prompt has no tokens; expected at least one; start it with BOS")
        results: list[list[Rollout]] = [[] for _ in prompt_ids]
        order = sorted(range(len(prompt_ids)), key=lambda index: -len(prompt_ids[index]))
        chunk = max(1, self.max_batch_rows // num_samples)
        device = next(self.model.parameters()).device
        with generating(self.model):
            for start in range(0, len(order), chunk):
                members = order[start : start + chunk]
                generator = derive_generator("kv_loop", seed, start, device=device)
                extras = [prompts[index].extras for index in members] if prompts else []
                run = _Run(self, [prompt_ids[index] for index in members], num_samples, params)
                with recording(self.model if self.record_routes else None) as picked:
                    rollouts = run.generate(generator, join_extras(extras, device), picked)
                for place, index in enumerate(members):
                    results[index] = rollouts[place * num_samples : (place + 1) * num_samples]
        return results


class _Run:
    """State of one chunk's generation."""

    def __init__(
        self,
        sampler: KVLoopSampler,
        prompts: list[tuple[int, ...]],
        num_samples: int,
        params: SamplingParams,
    ) -> None:
        self.sampler, self.params, self.num_samples = sampler, params, num_samples
        self.device = next(sampler.model.parameters()).device
        self.num_rows = len(prompts) * num_samples
        self.width = max(len(ids) for ids in prompts)
        steps = params.max_new_tokens
        pad = sampler.tokenizer.pad_token_id or 0
        input_ids = torch.full((len(prompts), self.width), pad)
        mask = torch.zeros((len(prompts), self.width), dtype=torch.long)
        for row, ids in enumerate(prompts):
            input_ids[row, self.width - len(ids) :] = torch.tensor(ids)
            mask[row, self.width - len(ids) :] = 1
        self.input_ids, self.prompt_mask = input_ids.to(self.device), mask.to(self.device)
        self.tokens = torch.zeros((self.num_rows, steps), dtype=torch.long, device=self.device)
        self.logprobs = torch.zeros((self.num_rows, steps), device=self.device)
        self.logmass = torch.zeros((self.num_rows, steps), device=self.device)
        self.lengths = torch.zeros(self.num_rows, dtype=torch.long, device=self.device)
        self.stopped = torch.zeros(self.num_rows, dtype=torch.bool, device=self.device)
        self.routes: Tensor | None = None  # [rows, steps, layers, experts per token]
        self.support: list[list[tuple[int, ...]]] = [[] for _ in range(self.num_rows)]
        self.stop_ids = torch.tensor(params.stop_token_ids, dtype=torch.long, device=self.device)

    def generate(
        self, generator: torch.Generator, extras: dict[str, Tensor], picked: list[list[Tensor]]
    ) -> list[Rollout]:
        """Run prefill and the loop; `picked` grows with the experts of each forward pass."""
        model, samples = self.sampler.model, self.num_samples
        keep = {}
        if "logits_to_keep" in inspect.signature(model.forward).parameters:
            keep = {"logits_to_keep": 1}
        output = model(
            input_ids=self.input_ids,
            attention_mask=self.prompt_mask,
            position_ids=(self.prompt_mask.cumsum(dim=1) - 1).clamp(min=0),
            use_cache=True,
            **keep,
            **extras,
        )
        cache = output.past_key_values
        if samples > 1:
            cache.batch_repeat_interleave(samples)
        logits = output.logits[:, -1].repeat_interleave(samples, dim=0)
        steps = self.params.max_new_tokens
        prompt_mask = self.prompt_mask.repeat_interleave(samples, dim=0)
        mask = torch.cat([prompt_mask, prompt_mask.new_ones((self.num_rows, steps))], dim=1)
        positions = prompt_mask.sum(dim=1, keepdim=True)
        rows = torch.arange(self.num_rows, device=self.device)
        for step in range(steps):
            draw = draw_tokens(logits, self.params, generator)
            self._record(step, rows, draw)
            alive = ~self.stopped[rows]
            num_alive = int(alive.sum())
            if num_alive == 0 or step == steps - 1:
                break
            token_ids = draw.token_ids
            if num_alive <= self.sampler.compact_below * len(rows):
                kept = alive.nonzero().flatten()
                cache.batch_select_indices(kept)
                rows, mask, positions = rows[kept], mask[kept], positions[kept]
                token_ids = token_ids[kept]
            logits = model(
                input_ids=token_ids[:, None],
                attention_mask=mask[:, : self.width + step + 1],
                position_ids=positions + step,
                past_key_values=cache,
                use_cache=True,
            ).logits[:, -1]
            if picked:
                self._record_routes(step, rows, picked)
        return self._rollouts()

    def _record_routes(self, step: int, rows: Tensor, picked: list[list[Tensor]]) -> None:
        """Keep the experts of the tokens just read, [live rows, layers, experts per token]."""
        routes = torch.stack([calls.pop() for calls in picked], dim=1)
        if self.routes is None:
            shape = (self.num_rows, self.params.max_new_tokens, *routes.shape[1:])
            self.routes = routes.new_full(shape, FREE)
        self.routes[rows, step] = routes
        for calls in picked:
            calls.clear()

    def _routes_read(self) -> Tensor | None:
        """Routes on the CPU; a batch whose responses all end at once has read no token."""
        if not self.sampler.record_routes:
            return None
        if self.routes is None:
            routers = find_routers(self.sampler.model)
            width = getattr(routers[0], "top_k", 1)
            return torch.full((self.num_rows, 0, len(routers), width), FREE)
        return self.routes.cpu()

    def _record(self, step: int, rows: Tensor, draw: Draw) -> None:
        writing = ~self.stopped[rows]
        targets = rows[writing]
        self.tokens[targets, step] = draw.token_ids[writing]
        self.logprobs[targets, step] = draw.logprobs[writing]
        self.logmass[targets, step] = draw.support_logmass[writing]
        self.lengths[targets] = step + 1
        self.stopped[targets] = torch.isin(draw.token_ids[writing], self.stop_ids)
        if self.params.record_support and draw.support is not None:
            for place in writing.nonzero().flatten().tolist():
                ids = draw.support[place].nonzero().flatten().tolist()
                self.support[int(rows[place])].append(tuple(ids))

    def _rollouts(self) -> list[Rollout]:
        lengths, stopped = self.lengths.tolist(), self.stopped.tolist()
        tokens, logprobs = self.tokens.tolist(), self.logprobs.tolist()
        logmass = self.logmass.tolist()
        routes = self._routes_read()
        decode = self.sampler.tokenizer.decode
        results = []
        for row, length in enumerate(lengths):
            ids = tokens[row][:length]
            results.append(
                Rollout(
                    response_ids=tuple(ids),
                    logprobs=tuple(logprobs[row][:length]),
                    support_logmass=tuple(logmass[row][:length]),
                    finish_reason="stop" if stopped[row] else "length",
                    text=decode(ids, skip_special_tokens=True),
                    policy_versions=(self.sampler.version,) * length,
                    support_ids=tuple(self.support[row]) if self.support[row] else None,
                    routed_experts=None if routes is None else routes[row, : length - 1].clone(),
                )
            )
        return results
