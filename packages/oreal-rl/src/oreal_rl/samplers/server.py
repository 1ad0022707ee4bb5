"""A vLLM server (or one that speaks the same routes) as sampler.

Generation goes through `/v1/completions` with token ids in and out, requests side by side. Weights
go through a folder both sides can read, with generation paused: `/pause`, `/collective_rpc` with
`reload_weights`, `/reset_prefix_cache`, `/resume`. Those routes exist only on a server started with
`VLLM_SERVER_DEV_MODE=1`; keep such a server on a private network. A request that fails is tried
again on the next server; rollouts that no server gives come back as aborted, never as wrong.
"""

import json
import logging
import tempfile
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from torch import nn

from oreal_rl.errors import ConfigError, SamplerError, WeightSyncError
from oreal_rl.protocols import SamplingParams, Tokenizer
from oreal_rl.ranks import OneProcess, Ranks
from oreal_rl.samplers.engine import MAX_SUPPORT, make_rollout, require_awake, save_pretrained
from oreal_rl.seeding import derive_seed
from oreal_rl.types import Prompt, Rollout

logger = logging.getLogger(__name__)


class ServerSampler:
    """Draws from one or more servers.

    Args:
        base_urls: Such as "http://127.0.0.1:8000"; prompts are spread over them.
        model: Model name at the servers.
        tokenizer: Decodes responses.
        save_weights: Writes the policy as a checkpoint folder; is given None for the folder on all
            training processes but the first, see `engine.save_pretrained`.
        weights_folder: Folder that trainer and servers both see; default: a temporary one.
        timeout_seconds: Longest wait per request.
        max_parallel: Requests at the same time.
        ranks: The training processes that share the servers; the first one sends the weights.

    Raises:
        ConfigError: Without a server or with an address that is not http.
    """

    def __init__(
        self,
        base_urls: Sequence[str],
        model: str,
        tokenizer: Tokenizer,
        *,
        save_weights: Callable[[nn.Module, Path | None], None] = save_pretrained,
        weights_folder: str | Path | None = None,
        timeout_seconds: float = 600.0,
        max_parallel: int = 32,
        ranks: Ranks | None = None,
    ) -> None:
        if not base_urls or not all(u.startswith(("http://", "https://")) for u in base_urls):
            raise ConfigError(f"base_urls is {list(base_urls)}; expected http(s):// addresses")
        self.base_urls = [url.rstrip("/") for url in base_urls]
        self.model = model
        self.tokenizer = tokenizer
        self.save_weights = save_weights
        self.weights_folder = weights_folder
        self.timeout_seconds = timeout_seconds
        self.max_parallel = max_parallel
        self.ranks = ranks or OneProcess()
        self.version = 0
        self.is_asleep = False
        self.num_failed_requests = 0
        self._counts: Counter = Counter()

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
            Rollouts per prompt, in order; a prompt that every server failed on has aborted,
            empty rollouts.

        Raises:
            SamplerError: Where every prompt failed, or a prompt has extras.
        """
        if any(prompt.extras for prompt in prompts or ()):
            raise SamplerError("ServerSampler cannot pass on a prompt's extras (such as images)")

        def one(place: int) -> list[Rollout] | None:
            return self._sample_one(prompt_ids[place], place, num_samples, params, seed)

        with ThreadPoolExecutor(self.max_parallel, thread_name_prefix="rollout") as pool:
            groups = list(pool.map(one, range(len(prompt_ids))))
        if groups and all(group is None for group in groups):
            raise SamplerError(
                f"no server of {self.base_urls} answered any of {len(groups)} prompts; look at "
                "their logs and addresses"
            )
        self._counts["rollouts_given_up"] += num_samples * sum(g is None for g in groups)
        aborted = Rollout(response_ids=(), logprobs=(), finish_reason="abort")
        return [[aborted] * num_samples if group is None else group for group in groups]

    def _sample_one(
        self, ids: tuple[int, ...], place: int, num_samples: int, params: SamplingParams, seed: int
    ) -> list[Rollout] | None:
        body = {
            "model": self.model,
            "prompt": list(ids),
            "n": num_samples,
            "temperature": params.temperature,
            "top_p": params.top_p,
            "max_tokens": params.max_new_tokens,
            "stop_token_ids": list(params.stop_token_ids),
            "ignore_eos": True,
            "logprobs": MAX_SUPPORT if params.record_support else 1,
            "return_token_ids": True,
            "return_tokens_as_token_ids": True,
            "seed": derive_seed("server", seed, place) % 2**31,
        }
        for attempt in range(len(self.base_urls)):
            url = self.base_urls[(place + attempt) % len(self.base_urls)]
            try:
                answer = self._post(url, "/v1/completions", body)
                group = [self._rollout(choice, params) for choice in answer["choices"]]
                if len(group) != num_samples:
                    raise SamplerError(f"{len(group)} choices in place of {num_samples}")
                return group
            except (OSError, ValueError, KeyError, TypeError, SamplerError) as error:
                self.num_failed_requests += 1
                self._counts["server_requests_failed"] += 1
                logger.warning("%s failed: %s: %s", url, type(error).__name__, error)
        return None

    def _rollout(self, choice: dict[str, Any], params: SamplingParams) -> Rollout:
        ids = tuple(int(token) for token in choice["token_ids"])
        details = choice["logprobs"]
        tops = details.get("top_logprobs") or [{}] * len(ids)
        rows = []
        for token, logprob, top in zip(ids, details["token_logprobs"], tops, strict=True):
            row = {
                int(name.removeprefix("token_id:")): value for name, value in (top or {}).items()
            }
            rows.append({**row, token: float(logprob)})
        reason = choice.get("finish_reason")
        return make_rollout(ids, rows, reason, self.tokenizer, self.version, params)

    def sync(self, policy: nn.Module, version: int) -> None:
        """Write the weights and let every server reload them while paused.

        Args:
            policy: The trained policy.
            version: Number of updates so far.

        Raises:
            WeightSyncError: Where a server does not confirm.
        """
        require_awake(self.is_asleep)
        failure: WeightSyncError | None = None
        if self.ranks.rank == 0:
            try:
                self._send(policy, version)
            except WeightSyncError as error:
                failure = error
        else:
            self.save_weights(policy, None)
        if self.ranks.max(int(failure is not None)):
            raise failure or WeightSyncError(
                f"version {version} was not taken by a server; see the first training process"
            )
        self.version = version

    def _send(self, policy: nn.Module, version: int) -> None:
        with tempfile.TemporaryDirectory(prefix="weights-", dir=self.weights_folder) as folder:
            self.save_weights(policy, Path(folder))
            for url in self.base_urls:
                try:
                    self._post(url, "/pause?mode=wait", None)
                    rpc = {"method": "reload_weights", "kwargs": {"weights_path": folder}}
                    self._post(url, "/collective_rpc", rpc)
                    self._post(url, "/reset_prefix_cache", None)
                    self._post(url, "/resume", None)
                except (OSError, ValueError) as error:
                    raise WeightSyncError(
                        f"{url} did not take version {version} ({type(error).__name__}: {error}); "
                        "start it with VLLM_SERVER_DEV_MODE=1 and check that it can read "
                        f"{self.weights_folder or folder}"
                    ) from error

    def drain_counts(self) -> Counter:
        """Failed requests and given-up rollouts since the last call."""
        counts, self._counts = self._counts, Counter()
        return counts

    def sleep(self, level: int = 1) -> None:
        """Free the servers' memory; level 1 keeps the weights in host memory, 2 drops them."""
        for url in self.base_urls:
            self._post(url, f"/sleep?level={level}", None)
        self.is_asleep = True

    def wake_up(self) -> None:
        """Bring the servers back; sync weights afterwards where level 2 dropped them."""
        for url in self.base_urls:
            self._post(url, "/wake_up", None)
        self.is_asleep = False

    def _post(self, url: str, route: str, body: Any) -> Any:
        request = urllib.request.Request(
            url + route,
            data=b"" if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
            method="POST",
        )
        try:
            with urllib.request.urlopen(request, timeout=self.timeout_seconds) as reply:
                payload = reply.read()
        except urllib.error.HTTPError as error:
            with error:  # what the server says about it is worth more than the status
                message = error.read(500).decode("utf-8", "replace")
            raise OSError(f"{route} gave status {error.code}: {message}") from None
        return json.loads(payload) if payload.strip() else None
