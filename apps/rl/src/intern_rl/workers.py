"""Rollout workers and verifier workers on Ray, for the online stage.

`oreal_rl.ray_workers` owns the pools; this file tells them what a worker is made of. A rollout
worker builds the policy's architecture and takes the weights at each sync, checked against the
policy's own log-probabilities; a verifier worker holds the run's Mixture-of-Rewards. Each piece of
work has its own key, so that neither the number of workers nor who did what changes a result.

What is lost is counted in the metrics: see `LOST`.
"""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from typing import Any

from intern_rl.chat import ChatFormat
from intern_rl.config import RunConfig, WorkersConfig
from intern_rl.models import make_rollout_sampler
from intern_rl.placement import Placement
from intern_rl.questions import Questions
from intern_rl.rewards import make_verifier
from intern_runs import ConfigError, ProgramError
from oreal_rl.errors import ConfigError as ConfigDefect
from oreal_rl.errors import OrealError, SamplerError, WeightSyncError
from oreal_rl.samplers.selfcheck import CheckedSampler

AUTH_MODE = "RAY_AUTH_MODE"
PROBES = 2
PROBE_TOKENS = 8
LOST = {
    "count/rollout_workers_lost": "rollout workers that went away, replaced",
    "count/rollout_workers_timeouts": "rollout workers that took too long, replaced",
    "count/rollout_workers_errors": "pieces of rollout work that raised an error",
    "count/rollouts_repeated": "rollouts given to another worker",
    "count/rollouts_given_up": "rollouts that no worker could draw, left out",
    "count/verifier_workers_lost": "verifier workers that went away, replaced",
    "count/verifier_workers_timeouts": "verifier workers that took too long, replaced",
    "count/verifier_workers_errors": "pieces of verification that raised an error",
    "count/verifications_repeated": "verifications given to another worker",
    "count/verifications_given_up": "verifications that no worker could do, abstained on",
}


@dataclass(frozen=True)
class Workers:
    """What workers do for a run; None for what the training process does itself."""

    sampler: Any = None
    verifier: Any = None


def require_ray(config: RunConfig) -> None:
    """Check that Ray is there where a run asks for workers.

    Raises:
        ConfigError: If it is not installed.
    """
    if config.workers.are_used and find_spec("ray") is None:
        raise ConfigError(
            f"workers.rollout is {config.workers.rollout} and workers.verifier "
            f"{config.workers.verifier}, and Ray is not installed; install the extra "
            "intern-rl[ray], or set both to 0"
        )


@contextmanager
def open_workers(
    config: RunConfig, policy: Any, chat: ChatFormat, questions: Questions, placement: Placement
) -> Iterator[Workers]:
    """The workers of a run, ended with the context; all ranks call it.

    Args:
        config: The run's configuration.
        policy: The trained policy, sharded or not.
        chat: Turns text into token ids.
        questions: Where probes of the sync check come from.
        placement: Where the policy lives.

    Raises:
        ConfigError: Without Ray, or where no cluster can be had.
        ProgramError: Where workers cannot start, all fail, or do not hold the weights.
    """
    settings = config.workers
    if not settings.are_used:
        yield Workers()
        return
    require_ray(config)
    ray_workers = _join(settings, placement)
    try:
        sampler = _sampler(ray_workers, config, policy, chat, questions, placement)
        yield Workers(sampler, _verifier(ray_workers, config))
        placement.together(None)  # nobody ends workers that another rank may still ask
        if not placement.is_first:
            ray_workers.disconnect()
        placement.together(None)
    except (ConfigDefect, SamplerError, WeightSyncError) as error:
        raise ProgramError(f"workers: {error}") from error
    finally:
        ray_workers.disconnect()  # ends the workers that this process has made


def _load_ray() -> Any:
    # Before Ray is loaded: under `uv run` it would make an environment anew for every worker.
    os.environ.setdefault("RAY_ENABLE_UV_RUN_RUNTIME_ENV", "0")
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    from oreal_rl import ray_workers

    return ray_workers


def _join(settings: WorkersConfig, placement: Placement) -> Any:
    """Join the cluster; the first rank starts one for all where it is local."""
    is_local = settings.address == "local"
    told: dict[str, str] = {}
    if placement.is_first:
        told["namespace"] = f"intern-rl-{uuid.uuid4().hex}"
        cpus = settings.rollout + settings.verifier
        try:
            told["address"] = _load_ray().connect(
                settings.address, namespace=told["namespace"], num_cpus=cpus if is_local else None
            )
            told["auth_mode"] = os.environ.get(AUTH_MODE, "")
        except OrealError as error:
            told["error"] = f"workers.address: {error}"
    told = placement.together(told)[0]
    if "error" in told:
        raise ConfigError(told["error"])
    if not placement.is_first:
        if is_local and told["auth_mode"]:  # a local cluster may ask for the user's token
            os.environ[AUTH_MODE] = told["auth_mode"]
        address = told["address"] if is_local else settings.address
        try:
            _load_ray().connect(address, namespace=told["namespace"])
        except OrealError as error:
            raise ConfigError(f"workers.address: {error}") from error
    return _load_ray()


def _sampler(
    ray_workers: Any,
    config: RunConfig,
    policy: Any,
    chat: ChatFormat,
    questions: Questions,
    placement: Placement,
) -> CheckedSampler | None:
    settings = config.workers
    if not settings.rollout:
        return None
    make = partial(
        make_rollout_sampler,
        policy.config,
        chat.tokenizer,
        dtype=next(policy.parameters()).dtype,
        device="cuda" if settings.rollout_gpus else "cpu",
        is_silenced=placement.world_size > 1,
    )
    pool = ray_workers.RaySampler(
        make,
        num_workers=settings.rollout,
        chunk_prompts=settings.chunk_prompts,
        ranks=placement.parts().get("ranks"),
        timeout_seconds=settings.timeout_seconds,
        max_attempts=settings.max_attempts,
        worker_options={"num_gpus": settings.rollout_gpus},
    )
    weights = dict.fromkeys(questions.tasks, 1.0)
    probes = questions.draw("sync-check", 0, PROBES, weights)
    return CheckedSampler(
        pool,
        probe_prompt_ids=[chat.encode_question(question.prompt) for question in probes],
        stop_token_ids=chat.stop_token_ids,
        tolerance=settings.sync_tolerance,
        max_new_tokens=PROBE_TOKENS,
    )


def _verifier(ray_workers: Any, config: RunConfig) -> Any:
    settings = config.workers
    if not settings.verifier:
        return None
    group_size = config.rl.oreal_config(seed=config.seed).group_size
    return ray_workers.RayVerifier(
        partial(make_verifier, config.rewards),
        num_workers=settings.verifier,
        chunk_responses=settings.chunk_prompts * group_size,
        timeout_seconds=settings.timeout_seconds,
        max_attempts=settings.max_attempts,
    )
