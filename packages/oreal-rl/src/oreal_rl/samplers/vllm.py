"""vLLM in this process; the only importer of vllm.

Weights travel as a checkpoint folder: `save_weights(policy, folder)`, then the engine's workers
reload from it. That works on any device; on the CPU build it is the only way. Wrap the sampler in
`CheckedSampler`: vLLM leaves a tied output head stale on the CPU without a word; start the engine
from a folder that `engine.save_untied` wrote, and give it as `save_weights`, and there is no such
head. With `engine_options={"enable_return_routed_experts": True}` rollouts carry their experts.
"""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from oreal_rl.errors import SamplerError
from oreal_rl.protocols import SamplingParams, Tokenizer
from oreal_rl.samplers.engine import MAX_SUPPORT, make_rollout, require_awake, save_pretrained
from oreal_rl.types import Prompt, Rollout


class VllmSampler:
    """Draws with an embedded vLLM engine.

    Args:
        model: Checkpoint folder to start from.
        tokenizer: Decodes responses.
        save_weights: Writes the policy as a checkpoint folder.
        engine: A ready `vllm.LLM`; default: one is made.
        engine_options: Passed to `vllm.LLM`, such as `gpu_memory_utilization`.
    """

    def __init__(
        self,
        model: str,
        tokenizer: Tokenizer,
        *,
        save_weights: Callable[[nn.Module, Path | None], None] = save_pretrained,
        engine: Any = None,
        engine_options: dict[str, Any] | None = None,
    ) -> None:
        self.tokenizer = tokenizer
        self.save_weights = save_weights
        self.version = 0
        self.is_asleep = False
        if engine is None:
            try:
                from vllm import LLM
            except ImportError as error:
                raise SamplerError(
                    f"vllm cannot be imported ({error}); install the extra: "
                    "pip install 'oreal-rl[vllm]', or use KVLoopSampler"
                ) from error
            # Log-probabilities of the distribution drawn from, not of the raw softmax.
            options = {"logprobs_mode": "processed_logprobs", **(engine_options or {})}
            engine = LLM(model=model, skip_tokenizer_init=True, **options)
        self.engine = engine

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
            prompt_ids: Token ids of each prompt.
            num_samples: Responses per prompt.
            params: How to draw.
            seed: Key of the draws.
            prompts: The prompts themselves; must have no `extras`.

        Returns:
            Rollouts per prompt, in order.

        Raises:
            SamplerError: For prompts with extras, which this sampler cannot pass on.
        """
        if any(prompt.extras for prompt in prompts or ()):
            raise SamplerError(
                "a prompt has extras (such as images), which VllmSampler cannot pass on; use "
                "KVLoopSampler for it"
            )
        wanted = self._vllm_params(params, num_samples, seed)
        inputs = [{"prompt_token_ids": list(ids)} for ids in prompt_ids]
        outputs = self.engine.generate(inputs, wanted, use_tqdm=False)
        return [
            [self._rollout(sample, len(ids), params) for sample in out.outputs]
            for ids, out in zip(prompt_ids, outputs, strict=True)
        ]

    def _vllm_params(self, params: SamplingParams, num_samples: int, seed: int) -> Any:
        from vllm import SamplingParams as VllmParams

        return VllmParams(
            n=num_samples,
            temperature=params.temperature,
            top_p=params.top_p,
            max_tokens=params.max_new_tokens,
            stop_token_ids=list(params.stop_token_ids),
            ignore_eos=True,  # only the given tokens end a response
            logprobs=MAX_SUPPORT if params.record_support else 0,
            detokenize=False,
            seed=seed % 2**31,
        )

    def _rollout(self, sample: Any, prompt_tokens: int, params: SamplingParams) -> Rollout:
        ids = tuple(sample.token_ids)
        rows = [
            {token: entry.logprob for token, entry in row.items()} for row in sample.logprobs or ()
        ]
        rollout = make_rollout(
            ids, rows, sample.finish_reason, self.tokenizer, self.version, params
        )
        routes = getattr(sample, "routed_experts", None)  # [prompt + response, layers, top_k]
        if routes is None:
            return rollout
        own = torch.as_tensor(routes[prompt_tokens : prompt_tokens + len(ids) - 1])
        return replace(rollout, routed_experts=own.long())

    def sync(self, policy: nn.Module, version: int) -> None:
        """Write the weights to a folder and let the engine reload them.

        Args:
            policy: The trained policy.
            version: Number of updates so far.

        Raises:
            WeightSyncError: While the engine sleeps: vLLM would crash.
        """
        require_awake(self.is_asleep)
        with tempfile.TemporaryDirectory(prefix="oreal-weights-") as folder:
            self.save_weights(policy, Path(folder))
            self.engine.collective_rpc("reload_weights", kwargs={"weights_path": folder})
        self.engine.reset_prefix_cache()
        self.version = version

    def sleep(self, level: int = 1) -> None:
        """Free the engine's memory; level 1 keeps the weights in host memory, 2 drops them."""
        self.engine.sleep(level=level)
        self.is_asleep = True

    def wake_up(self) -> None:
        """Bring the engine back; sync weights afterwards where level 2 dropped them."""
        self.engine.wake_up()
        self.is_asleep = False
