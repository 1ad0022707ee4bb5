"""The embedded sampler: a key/value-cache loop around the training model itself.

Each distinct prompt runs once; its cache rows are then repeated for the samples of the group.
Prompts are padded on the left. Rows that have ended are dropped from the cache when enough of them
have. There is nothing to sync: the sampler reads the weights that are trained. Tokens are read one
at a time by `decoding.ModelSteps`, the model's own forward, or, for the architectures it knows, by
`fused_decoding.FusedSteps`, several times faster on small models; draws are the same.

Shape legend: P prompts of a chunk, S longest prompt, R live rows, T drawn positions.
"""

import copy
import inspect
import logging
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from oreal_rl.errors import SamplerError
from oreal_rl.protocols import SamplingParams, Tokenizer
from oreal_rl.router_replay import FREE, find_routers, recording
from oreal_rl.samplers.decoding import ModelSteps, Prompts, Steps, agree, text_stack
from oreal_rl.samplers.drawing import Draw, draw_tokens
from oreal_rl.samplers.fused_decoding import FusedSteps
from oreal_rl.samplers.modes import generating
from oreal_rl.scoring import join_extras
from oreal_rl.seeding import derive_generator
from oreal_rl.types import Prompt, Rollout

LOGGER = logging.getLogger(__name__)


class KVLoopSampler:
    """Draws from a `Policy` held in this process.

    Args:
        model: The policy; its forward follows `protocols.Policy`.
        tokenizer: Decodes responses.
        max_batch_rows: Most rollouts generated at once.
        compact_below: Drop ended rows once the live share is at or below this, in (0, 1].
        record_routes: Record the experts that a mixture-of-experts policy picks for each response
            token, so that training replays them (`router_replay.py`); needs the own forward.
        fused_steps: Read tokens with `FusedSteps` where the model allows (`decoding.text_stack`);
            checked against the model once, at the first call. False always calls the model.

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
        fused_steps: bool = True,
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
        self.fused_steps = fused_steps
        self._is_checked = False

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
            SamplerError: For an empty prompt, and for logits that are not finite.
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

    def make_steps(self, prompts: Prompts) -> Steps:
        """Decide how the tokens after these prompts are read.

        Args:
            prompts: After the prompts were read; the cache is taken over.

        Returns:
            Fused steps for a model that allows them and agreed with them, else the model's own.
        """
        stack = text_stack(self.model) if self.fused_steps and not self.record_routes else None
        if stack is None or not FusedSteps.can_follow(stack, prompts):
            return ModelSteps(self.model, prompts)
        fused = FusedSteps(self.model, stack, prompts)
        if not self._is_checked:
            if not self._do_agree(fused, prompts):
                LOGGER.warning(
                    "%s: fused decoding steps do not give the model's logits; going on with the "
                    "model's own forward, which is slower",
                    type(self.model).__name__,
                )
                self.fused_steps = False
                return ModelSteps(self.model, prompts)
            self._is_checked = True
        return fused

    def _do_agree(self, fused: FusedSteps, prompts: Prompts) -> bool:
        """Read the last prompt tokens once more in both ways; what that leaves is written over."""
        own = ModelSteps(self.model, prompts._replace(cache=copy.deepcopy(prompts.cache)))
        token_ids = prompts.last_ids.repeat_interleave(prompts.num_samples)
        try:
            return agree(fused.read(token_ids, 0), own.read(token_ids, 0))
        except AttributeError:  # a hook on the output wants more of it than the logits
            return False


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
        pad = sampler.tokenizer.pad_token_id or 0
        input_ids = torch.full((len(prompts), self.width), pad)
        mask = torch.zeros((len(prompts), self.width), dtype=torch.long)
        for row, ids in enumerate(prompts):
            input_ids[row, self.width - len(ids) :] = torch.tensor(ids)
            mask[row, self.width - len(ids) :] = 1
        self.input_ids, self.prompt_mask = input_ids.to(self.device), mask.to(self.device)
        self.drawn: list[tuple[Tensor, list[Draw]]] = []  # live rows, and their draws in order
        self.routes: Tensor | None = None  # [rows, steps, layers, experts per token]
        self.support: list[list[tuple[int, ...]]] = [[] for _ in range(self.num_rows)]
        self.stop_ids = torch.tensor(params.stop_token_ids, dtype=torch.long, device=self.device)

    def generate(
        self, generator: torch.Generator, extras: dict[str, Tensor], picked: list[list[Tensor]]
    ) -> list[Rollout]:
        """Run prefill and the loop; `picked` grows with the experts of each forward pass."""
        logits, cache = self._read_prompts(extras)
        last = self.params.max_new_tokens - 1
        steps = self.sampler.make_steps(
            Prompts(
                cache=cache,
                mask=self.prompt_mask,
                last_ids=self.input_ids[:, -1],
                num_samples=self.num_samples,
                max_new_tokens=self.params.max_new_tokens,
            )
        )
        rows = torch.arange(self.num_rows, device=self.device)
        alive = torch.ones(self.num_rows, dtype=torch.bool, device=self.device)
        draws: list[Draw] = []
        self.drawn.append((rows, draws))
        for step in range(last + 1):
            draw = draw_tokens(logits, self.params, generator)
            draws.append(draw._replace(support=None))
            if self.params.record_support and draw.support is not None:
                self._record_support(rows[alive], draw.support[alive])
            token_ids = draw.token_ids
            if len(self.stop_ids):
                alive = alive & ~torch.isin(token_ids, self.stop_ids)
                num_alive = int(alive.sum())
                if num_alive == 0:
                    break
                if step < last and num_alive <= self.sampler.compact_below * len(rows):
                    kept = alive.nonzero().flatten()
                    steps.keep(kept)
                    rows, token_ids, alive = rows[kept], token_ids[kept], alive[kept]
                    draws = []
                    self.drawn.append((rows, draws))
            if step == last:
                break
            logits = steps.read(token_ids, step)
            if picked:
                self._record_routes(step, rows, picked)
        return self._rollouts()

    def _read_prompts(self, extras: dict[str, Tensor]) -> tuple[Tensor, Any]:
        """Logits of the first token of every row, [rows, vocabulary], and the prompts' cache."""
        model = self.sampler.model
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
        logits = output.logits[:, -1].repeat_interleave(self.num_samples, dim=0)
        return logits, output.past_key_values

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

    def _record_support(self, rows: Tensor, support: Tensor) -> None:
        for row, inside in zip(rows.tolist(), support, strict=True):
            self.support[row].append(tuple(inside.nonzero().flatten().tolist()))

    def _gather(self) -> tuple[Tensor, Tensor, Tensor]:
        """Token ids, log-probabilities and log-mass of every row, [rows, steps drawn]."""
        steps = sum(len(draws) for _, draws in self.drawn)
        tokens = torch.zeros((self.num_rows, steps), dtype=torch.long, device=self.device)
        logprobs = torch.zeros((self.num_rows, steps), device=self.device)
        logmass = torch.zeros((self.num_rows, steps), device=self.device)
        start = 0
        for rows, draws in self.drawn:
            if draws:
                place = slice(start, start + len(draws))
                tokens[rows, place] = torch.stack([one.token_ids for one in draws], dim=1)
                logprobs[rows, place] = torch.stack([one.logprobs for one in draws], dim=1)
                logmass[rows, place] = torch.stack([one.support_logmass for one in draws], dim=1)
                start += len(draws)
        return tokens, logprobs, logmass

    def _rollouts(self) -> list[Rollout]:
        tokens, logprobs, logmass = self._gather()
        ends = torch.isin(tokens, self.stop_ids) if len(self.stop_ids) else tokens < 0
        stopped = ends.any(dim=1).tolist()
        lengths = torch.where(ends.any(dim=1), ends.int().argmax(dim=1) + 1, tokens.shape[1])
        inside = torch.arange(tokens.shape[1], device=self.device) < lengths[:, None]
        if not bool(logprobs[inside].isfinite().all()):
            raise SamplerError(
                "the policy's logits are not finite; expected numbers; look for a diverged update "
                "(learning rate, clipping) or weights that were not loaded"
            )
        rows = zip(
            lengths.tolist(), tokens.tolist(), logprobs.tolist(), logmass.tolist(), strict=True
        )
        routes = self._routes_read()
        decode = self.sampler.tokenizer.decode
        results = []
        for row, (length, ids, row_logprobs, row_logmass) in enumerate(rows):
            results.append(
                Rollout(
                    response_ids=tuple(ids[:length]),
                    logprobs=tuple(row_logprobs[:length]),
                    support_logmass=tuple(row_logmass[:length]),
                    finish_reason="stop" if stopped[row] else "length",
                    text=decode(ids[:length], skip_special_tokens=True),
                    policy_versions=(self.sampler.version,) * length,
                    support_ids=tuple(self.support[row]) if self.support[row] else None,
                    routed_experts=None if routes is None else routes[row, : length - 1].clone(),
                )
            )
        return results
