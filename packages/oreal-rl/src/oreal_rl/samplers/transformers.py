"""Sampling through the `generate` method of a Hugging Face model.

Slower on small models than `kv_loop`, but follows whatever the model's own `generate` does. Works
on any object with that method, so nothing is imported from transformers here.
"""

from collections.abc import Sequence

import torch
from torch import nn

from oreal_rl.errors import SamplerError
from oreal_rl.protocols import SamplingParams, Tokenizer
from oreal_rl.samplers.modes import generating
from oreal_rl.scoring import join_extras
from oreal_rl.seeding import derive_seed
from oreal_rl.types import Prompt, Rollout


class GenerateSampler:
    """Draws with `model.generate`.

    Args:
        model: A model with `generate`.
        tokenizer: Decodes responses.
        max_batch_rows: Most rollouts generated at once.
    """

    def __init__(
        self, model: nn.Module, tokenizer: Tokenizer, *, max_batch_rows: int = 256
    ) -> None:
        if not callable(getattr(model, "generate", None)):
            raise SamplerError(
                f"{type(model).__name__} has no generate(); use KVLoopSampler for a bare model"
            )
        self.model = model
        self.tokenizer = tokenizer
        self.max_batch_rows = max_batch_rows
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
            raise SamplerError("synced with another model than the one sampled; make a new sampler")
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
        """Draw `num_samples` responses per prompt; see `protocols.Sampler`.

        Args:
            prompt_ids: Token ids of each prompt, at least one each.
            num_samples: Responses per prompt.
            params: How to draw.
            seed: Key of the draws.
            prompts: The prompts themselves, for their `extras`.

        Returns:
            Rollouts per prompt, in order.

        Raises:
            SamplerError: For an empty prompt.
        """
        if any(len(ids) == 0 for ids in prompt_ids):
            raise SamplerError("a prompt has no tokens; expected at least one; start it with BOS")
        results: list[list[Rollout]] = []
        chunk = max(1, self.max_batch_rows // num_samples)
        device = next(self.model.parameters()).device
        devices = [device] if device.type == "cuda" else []
        with generating(self.model), torch.random.fork_rng(devices=devices):
            for start in range(0, len(prompt_ids), chunk):
                torch.manual_seed(derive_seed("generate", seed, start))
                members = prompt_ids[start : start + chunk]
                extras = [p.extras for p in prompts[start : start + chunk]] if prompts else []
                results += self._chunk(members, num_samples, params, join_extras(extras, device))
        return results

    def _chunk(
        self,
        members: Sequence[tuple[int, ...]],
        num_samples: int,
        params: SamplingParams,
        extras: dict[str, torch.Tensor],
    ) -> list[list[Rollout]]:
        device = next(self.model.parameters()).device
        pad = self.tokenizer.pad_token_id or 0
        width = max(len(ids) for ids in members)
        input_ids = torch.tensor([[pad] * (width - len(ids)) + list(ids) for ids in members])
        mask = torch.tensor([[0] * (width - len(ids)) + [1] * len(ids) for ids in members])
        greedy = params.temperature == 0
        settings = {} if greedy else {"temperature": params.temperature, "top_p": params.top_p}
        output = self.model.generate(
            input_ids=input_ids.to(device),
            attention_mask=mask.to(device),
            do_sample=not greedy,
            top_k=0 if not greedy else None,
            num_return_sequences=num_samples,
            max_new_tokens=params.max_new_tokens,
            eos_token_id=list(params.stop_token_ids) or None,
            pad_token_id=pad,
            return_dict_in_generate=True,
            output_scores=True,
            output_logits=True,
            **settings,
            **extras,
        )
        sequences = output.sequences[:, width:]
        raw = torch.stack(output.logits, dim=1).float()
        tempered = torch.log_softmax(raw / (params.temperature or 1.0), dim=-1)
        scores = tempered
        if not greedy:
            scores = torch.log_softmax(torch.stack(output.scores, dim=1).float(), dim=-1)
        index = sequences[..., None]
        full = tempered.gather(-1, index)[..., 0]
        drawn = scores.gather(-1, index)[..., 0]
        rows = [
            self._rollout(ids, lp, mass, params)
            for ids, lp, mass in zip(
                sequences.tolist(), drawn.tolist(), (full - drawn).tolist(), strict=True
            )
        ]
        return [rows[i : i + num_samples] for i in range(0, len(rows), num_samples)]

    def _rollout(
        self, ids: list[int], logprobs: list[float], mass: list[float], params: SamplingParams
    ) -> Rollout:
        ends = [place for place, token in enumerate(ids) if token in params.stop_token_ids]
        length = ends[0] + 1 if ends else len(ids)
        return Rollout(
            response_ids=tuple(ids[:length]),
            logprobs=tuple(logprobs[:length]),
            support_logmass=tuple(mass[:length]),
            finish_reason="stop" if ends else "length",
            text=self.tokenizer.decode(ids[:length], skip_special_tokens=True),
            policy_versions=(self.version,) * length,
        )
