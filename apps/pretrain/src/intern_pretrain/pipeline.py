"""One run of the program: configuration, run folder, stages, report."""

from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from intern_pretrain.config import RunConfig, default_config_path
from intern_pretrain.stages import (
    PACKAGES,
    STAGES,
    build_model,
    load_model,
    prepare_data,
    pretrain,
    train_tokenizer,
)
from intern_pretrain.user_files import read_documents
from intern_runs import ConfigError, RunDisplay, RunFolder, load_config


def open_run(
    folder: Path,
    config: Path | None,
    assignments: Sequence[str],
    overrides: Mapping[str, Any],
    *,
    resume: Path | None,
    given: bool,
) -> tuple[RunFolder, RunConfig]:
    """Make a new run folder, or find the one to resume.

    Args:
        folder: Of the run.
        config: TOML file, or None for the quickstart's.
        assignments: `key=value` strings.
        overrides: Dotted keys that flags set.
        resume: Run to resume, or None.
        given: Whether any flag came beside `resume`.

    Raises:
        ConfigError: If the configuration is wrong, or flags came with `resume`.
        DataError: If a file of the user's has a bad line.
        RunFolderError: If the folder cannot be made or found.
    """
    if resume is not None:
        if given:
            raise ConfigError("--resume goes on with the run's own configuration; give it alone")
        run = RunFolder.open(resume)
        return run, load_config(RunConfig, overrides=run.config())
    settings = load_config(RunConfig, config or default_config_path(), assignments, overrides)
    for file in settings.data.files:  # read once before anything is written
        deque(read_documents(file, image_size=settings.data.image_size), maxlen=0)
    return RunFolder.create(folder, settings, PACKAGES), settings


def run_pipeline(run: RunFolder, config: RunConfig) -> Path:
    """Do the stages that are not done yet and write the report.

    Returns:
        The report.
    """
    from transformers.utils.logging import disable_progress_bar

    from intern_pretrain.report import write_report

    torch.set_num_threads(config.threads)
    disable_progress_bar()  # the run has a display of its own
    try:
        with RunDisplay(STAGES) as display:
            corpus = prepare_data(config.data, run, display, seed=config.seed)
            if config.model.init_from is None:
                tokenizer = train_tokenizer(config.tokenizer, corpus, run, display)
                parts = build_model(config.model, tokenizer, run, display, seed=config.seed)
            else:
                parts = load_model(config.model, run, display)
            pretrain(config.training, *parts, corpus, run, display, seed=config.seed)
    finally:
        run.close()
    return write_report(run)
