"""The chain of a run: a policy that is pretrained or loaded, cold start, evaluation, RL, report.

Every stage leaves its result in the run folder; a resumed run passes over the finished ones and
goes on inside the one that was interrupted.
"""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from intern_pretrain import stages as pretraining
from intern_rl.chat import ChatFormat
from intern_rl.cold_start import ColdStart
from intern_rl.config import RunConfig, shipped_config_path
from intern_rl.evaluate import Evaluation, average, change, evaluate
from intern_rl.models import freeze, hide_progress_bars, load_model, load_policy, save_model
from intern_rl.online import OnlineTraining
from intern_rl.placement import OneProcess
from intern_rl.questions import Questions
from intern_rl.report import write_report
from intern_rl.workers import open_workers, require_ray
from intern_runs import ConfigError, RunDisplay, RunFolder, load_config
from oreal_rl.samplers.kv_loop import KVLoopSampler

PACKAGES = (
    "intern-s1-model", "oreal-rl", "internbootcamp-env", "fp8-grouped-gemm", "intern-pretrain",
    "intern-rl", "torch", "transformers", "numpy", "rdkit", "chemicals",
)  # fmt: skip
RL_STAGES = {
    "cold-start": "Cold start",
    "evaluate-before": "Evaluation before RL",
    "rl": "Online RL",
    "evaluate-after": "Evaluation after RL",
}
TOKENIZER_QUESTIONS = 60
"""Training questions per task whose wording the tokenizer is trained on, beside the corpus."""


def packages_of(config: RunConfig) -> tuple[str, ...]:
    """Packages whose versions a run records."""
    return (*PACKAGES, "ray") if config.workers.are_used else PACKAGES


def stages_of(config: RunConfig) -> dict[str, str]:
    """Name and description of each stage that a run has, in order."""
    stages = dict(pretraining.STAGES) if config.pretrain is not None else {}
    left_out = () if config.cold_start is not None else ("cold-start",)
    return stages | {name: text for name, text in RL_STAGES.items() if name not in left_out}


def open_run(
    folder: Path,
    config_path: Path | None,
    assignments: Sequence[str],
    steps: int | None,
    seed: int | None,
    resume: Path | None,
    given: tuple[Any, ...],
) -> tuple[RunFolder, RunConfig]:
    """Make a new run folder, or find the one to resume, and its configuration.

    Raises:
        ConfigError: If the configuration is wrong, or flags come with `--resume`.
        RunFolderError: If the folder cannot be made or holds no run.
    """
    if resume is not None:
        if any(value is not None for value in given):
            raise ConfigError(
                "--resume goes on with the run's own configuration; give it no other flag"
            )
        run = RunFolder.open(resume)
        settings = RunConfig.model_validate(run.config())
        require_ray(settings)
        return run, settings
    overrides = {"rl.steps": steps, "seed": seed}
    settings = load_config(RunConfig, config_path or shipped_config_path(), assignments, overrides)
    require_ray(settings)
    Questions.of(settings)  # a pattern that matches nothing must not leave a folder behind
    return RunFolder.create(folder, settings, packages_of(settings)), settings


def run_pipeline(run: RunFolder, config: RunConfig, display: RunDisplay | None = None) -> Path:
    """Run all stages that are left.

    Args:
        run: The run folder.
        config: Its configuration.
        display: Where progress is drawn; by default the terminal.

    Returns:
        Path of the report.
    """
    hide_progress_bars()
    torch.set_num_threads(config.threads)
    torch.manual_seed(config.seed)
    with display or RunDisplay(stages_of(config)) as shown:
        shown.console.print(f"run folder: {run.path}", highlight=False)
        pipeline = Pipeline(run, config, shown)
        pipeline.run_all()
    run.close()
    return write_report(run)


class Pipeline:
    """The stages of one run, in order, each built on what the ones before left behind."""

    def __init__(self, run: RunFolder, config: RunConfig, display: RunDisplay) -> None:
        self.run, self.config, self.display = run, config, display
        self.questions = Questions.of(config)

    def run_all(self) -> None:
        """Run every stage."""
        model, processor = self.policy()
        chat = ChatFormat(getattr(processor, "tokenizer", processor))
        if self.config.cold_start is not None:
            self.cold_start(model, processor, chat)
        before = self.evaluate("evaluate-before", model, chat)
        self.online(model, processor, chat)
        after = self.evaluate("evaluate-after", model, chat)
        if before.rates:
            self.display.console.print(
                f"pass@1 over {len(before.rates)} tasks: {average(before.rates)} -> "
                f"{average(after.rates)}, change {change(before, after)}",
                highlight=False,
            )

    def policy(self) -> tuple[Any, Any]:
        """The model that the run starts from, and its processor or tokenizer."""
        settings = self.config.policy
        if settings is None:
            return self.pretrain()
        model, processor = load_policy(settings.path, dtype=settings.dtype)
        frozen = freeze(model, settings.freeze)
        self.display.console.print(
            f"policy: {settings.path}, {sum(p.numel() for p in model.parameters()):,} parameters, "
            f"{frozen:,} of them frozen",
            highlight=False,
        )
        return model, processor

    def pretrain(self) -> tuple[Any, Any]:
        """Data, tokenizer, model and continual pretraining; `intern_pretrain` owns them."""
        run, display, seed, config = self.run, self.display, self.config.seed, self.config.pretrain
        assert config is not None, (
            "a run without [policy] has [pretrain]: the configuration says so"
        )
        corpus = pretraining.prepare_data(config.data, run, display, seed=seed)
        mixture = self.questions.mixture
        texts = mixture.wordings(TOKENIZER_QUESTIONS) if mixture is not None else []
        tokenizer = pretraining.train_tokenizer(
            config.tokenizer, corpus, run, display, extra_texts=texts
        )
        model, processor = pretraining.build_model(config.model, tokenizer, run, display, seed=seed)
        pretraining.pretrain(config.training, model, processor, corpus, run, display, seed=seed)
        return model, processor

    def cold_start(self, model: Any, processor: Any, chat: ChatFormat) -> None:
        """Supervised start; leaves checkpoints/cold-start."""
        name, path = "cold-start", self.run.path / "checkpoints" / "cold-start"
        if self._load_finished(name, path, model):
            return
        settings, mixture = self.config.cold_start, self.questions.mixture
        assert settings is not None, "run_all asks first"
        assert mixture is not None, "a cold start has tasks: the configuration says so"
        training = ColdStart(model, chat, mixture, KVLoopSampler(model, chat.tokenizer), settings)
        restored = self.run.restore(name)
        step = 0
        if restored is not None:
            step, state = restored
            training.load_state_dict(state)
        self.display.begin(name, settings.steps, completed=step)
        while step == 0 or not training.is_done(step):
            step += 1
            started = time.perf_counter()
            metrics = training.step(step)
            self.run.log(name, step, metrics, seconds=time.perf_counter() - started)
            self.run.save(name, step, training.state_dict())
            self.display.advance(name, {"loss": metrics["loss"], "lr": metrics["learning_rate"]})
        save_model(model, processor, path)
        self.run.finish(name, {"steps": step, "best_of_n": training.filtered})
        self.display.end(name, f"{step} steps, loss {training.recent_losses[-1]:.3f}")

    def evaluate(self, name: str, model: Any, chat: ChatFormat) -> Evaluation:
        """pass@1 on held-out questions."""
        done = self.run.result(name)
        if done is not None:
            evaluation = Evaluation.from_json(done)
        else:
            settings = self.config.evaluation
            questions = self.questions.held_out(settings.questions_per_task)
            self.display.begin(name, sum(map(len, questions.values())))
            evaluation = evaluate(
                KVLoopSampler(model, chat.tokenizer),
                chat,
                questions,
                num_samples=settings.num_samples,
                max_new_tokens=settings.max_new_tokens,
                seed=self.config.seed,
                on_batch=lambda done: self.display.advance(name, steps=done),
            )
            if evaluation.rates:
                values = {
                    "pass_at_1": average(evaluation.rates).mean,
                    "greedy_accuracy": average(evaluation.greedy).mean,
                }
                self.run.log(name, 1, values, seconds=0.0)
            self.run.finish(name, evaluation.to_json())
        self.display.end(name, evaluation.summary())
        return evaluation

    def online(self, model: Any, processor: Any, chat: ChatFormat) -> None:
        """OREAL with Mixture-of-Rewards; leaves checkpoints/final."""
        name, path = "rl", self.run.path / "checkpoints" / "final"
        if self._load_finished(name, path, model):
            return
        placement = OneProcess(model)
        config, questions = self.config, self.questions
        with open_workers(config, model, chat, questions, placement) as workers:
            training = OnlineTraining(self.run, config, placement, chat, questions, workers)
            result = training.train(self.display)
        save_model(model, processor, path)
        self.run.finish(name, result)
        counters = result["counters"]
        self.display.end(
            name,
            f"{self.config.rl.steps} steps, {counters['rollouts']} rollouts, "
            f"{counters['groups_kept']} of {counters['prompts_taken']} groups trained on",
        )

    def _load_finished(self, name: str, path: Path, model: Any) -> bool:
        if self.run.result(name) is None:
            return False
        model.load_state_dict(load_model(path).state_dict())
        self.display.end(name, "done before")
        return True
