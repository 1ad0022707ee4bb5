"""A run under torchrun: the policy sharded over ranks (FSDP2, experts spread if asked for).

```text
torchrun --nproc-per-node 2 -m intern_rl train CONFIG --output RUN     one machine, two processes
torchrun --nproc-per-node 2 -m intern_rl resume RUN
```

The configuration is that of one process. Every rank samples and verifies its share of the prompts
from a whole copy of the policy, or all share the Ray workers of `[workers]`; rank 0 evaluates and
writes. What comes before the online stage (pretraining, cold start) is done on one process first: a
run on ranks starts from a saved policy.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from rich.console import Console

from intern_rl.chat import ChatFormat
from intern_rl.config import RunConfig
from intern_rl.models import (
    hide_progress_bars,
    load_model,
    save_model,
    silence_placeholders,
)
from intern_rl.online import STAGE, OnlineTraining
from intern_rl.pipeline import Pipeline, stages_of
from intern_rl.placement import Sharded, device_of_rank, start_ranks
from intern_rl.report import write_report
from intern_rl.workers import open_workers
from intern_runs import ConfigError, ProgramError, RunDisplay, RunFolder

OpenRun = Callable[[], tuple[RunFolder, RunConfig]]


def run_on_ranks(open_run: OpenRun) -> Path:
    """Run all stages that are left; every rank calls it.

    Args:
        open_run: Makes or finds the run folder; called on rank 0 alone.

    Returns:
        Path of the report.

    Raises:
        ConfigError: If the configuration has stages for one process only, or is wrong.
    """
    start_ranks()
    try:
        run, config = _open_together(open_run)
        if config.policy is None or config.cold_start is not None:
            raise ConfigError(
                "on several ranks a run starts from a saved policy: do [pretrain] and "
                "[cold_start] on one process first, then set policy.path to their checkpoint"
            )
        return _run(run, config)
    finally:
        dist.destroy_process_group()


def _open_together(open_run: OpenRun) -> tuple[RunFolder, RunConfig]:
    told: list[Any] = [None, None]
    if dist.get_rank() == 0:
        try:
            told[0] = str(open_run()[0].path)
        except ProgramError as error:
            told[1] = str(error)
    dist.broadcast_object_list(told, src=0)
    if told[1] is not None:
        raise ConfigError(told[1])
    run = RunFolder.open(told[0])
    return run, RunConfig.model_validate(run.config())


def _run(run: RunFolder, config: RunConfig) -> Path:
    is_first = dist.get_rank() == 0
    hide_progress_bars()
    torch.set_num_threads(config.threads)
    torch.manual_seed(config.seed)
    console = Console(stderr=True, quiet=not is_first)
    with RunDisplay(stages_of(config), console) as display:
        console.print(f"run folder: {run.path}, {dist.get_world_size()} ranks", highlight=False)
        pipeline = Pipeline(run, config, display)
        model, processor = pipeline.policy()
        chat = ChatFormat(getattr(processor, "tokenizer", processor))
        model.to(device_of_rank())
        silence_placeholders(model)
        placement = Sharded(model, chat.tokenizer, config)
        _evaluate(pipeline, "evaluate-before", placement.whole_policy(), chat)
        replica = _online(pipeline, placement, processor, chat)
        _evaluate(pipeline, "evaluate-after", replica, chat)
        dist.barrier()
    run.close()
    if is_first:
        write_report(run)
    dist.barrier()
    return run.path / "report.html"


def _evaluate(pipeline: Pipeline, name: str, replica: Any, chat: ChatFormat) -> None:
    if dist.get_rank() == 0:
        pipeline.evaluate(name, replica, chat)
    dist.barrier()


def _online(pipeline: Pipeline, placement: Sharded, processor: Any, chat: ChatFormat) -> Any:
    """The online stage; gives the whole policy after it."""
    run, config = pipeline.run, pipeline.config
    path = run.path / "checkpoints" / "final"
    if run.result(STAGE) is not None:
        pipeline.display.end(STAGE, "done before")
        return load_model(path)
    questions = pipeline.questions
    with open_workers(config, placement.policy, chat, questions, placement) as workers:
        training = OnlineTraining(run, config, placement, chat, questions, workers)
        result = training.train(pipeline.display)
    counters = placement.together(result["counters"])
    result["counters"] = {
        name: sum(rank.get(name, 0) for rank in counters)
        for name in dict.fromkeys(name for rank in counters for name in rank)
    }
    result["rewards"] = training.rewards.summary(placement.together(training.rewards.state_dict()))
    replica = placement.whole_policy()
    if placement.is_first:
        save_model(replica, processor, path)
        run.finish(STAGE, result)
        placement.clear(run, STAGE)
        pipeline.display.end(
            STAGE,
            f"{config.rl.steps} steps, {result['counters']['rollouts']} rollouts on all ranks",
        )
    dist.barrier()
    return replica
