"""The program: `intern-detection-kd quickstart`.

Each subcommand reads one configuration, makes or finds one run folder and runs the stages in it.
"""

import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import tyro


@dataclass(frozen=True, kw_only=True)
class Quickstart:
    """Digits on photographs: teacher, student, and students with each distillation loss.

    Attributes:
        steps: Optimizer steps of every student.
        config: TOML file; the built-in settings without one.
        set: Override a key of the configuration, as key=value; may be repeated.
        seed: Seed of data, weights and batches.
        framework: Whose detectors: torchvision (the program's own on its operators) or mmdet.
        output: Run folder; runs/detection-kd-TIME by default.
        resume: Run folder to continue with the configuration it was started with.
    """

    steps: int | None = None
    config: Path | None = None
    set: tyro.conf.UseAppendAction[tuple[str, ...]] = ()
    seed: int | None = None
    framework: Literal["torchvision", "mmdet"] | None = None
    output: Path | None = None
    resume: Path | None = None


@dataclass(frozen=True, kw_only=True)
class Train(Quickstart):
    """Teacher, student and distilled students on data of your own, from one TOML file.

    Attributes:
        mmdet: An MMDetection configuration to train instead, with its own runner.
    """

    mmdet: Path | None = None


@dataclass(frozen=True, kw_only=True)
class Eval:
    """COCO metrics of a detector of a finished run, or of a file of detections.

    Attributes:
        run: Run folder.
        model: Stage whose detector to evaluate; all by default.
        annotations: COCO or VOC file to evaluate on; the run's own evaluation set by default.
        folder: Folder of its images.
        detections: A COCO result file to score against the annotations instead of a run.
    """

    run: Path | None = None
    model: str = ""
    annotations: Path | None = None
    folder: str = ""
    detections: Path | None = None


@dataclass(frozen=True, kw_only=True)
class Report:
    """Join finished runs of several seeds into one table with intervals.

    Attributes:
        runs: Run folders, one per seed.
        output: HTML file to write; a JSON file of the same name goes beside it.
    """

    runs: tyro.conf.Positional[tuple[Path, ...]]
    output: Path = Path("report.html")


@dataclass(frozen=True, kw_only=True)
class FetchRecipe:
    """Get a data set or a teacher, and write the configuration that uses it.

    Attributes:
        name: digits (built, with an MMDetection configuration), coco2017, or a configuration that
            `pcc-distill config` lists.
        output: Folder to put everything in.
        images: Training images of the digits set.
        dry_run: List the addresses and download nothing.
    """

    name: tyro.conf.Positional[str]
    output: Path = Path("data")
    images: int = 2400
    dry_run: bool = False


COMMANDS = {
    "quickstart": Quickstart,
    "train": Train,
    "eval": Eval,
    "report": Report,
    "fetch-recipe": FetchRecipe,
}


def main(argv: list[str] | None = None) -> int:
    """Run the program; the exit code is 0 when done, 2 for a mistake of the user."""
    command = tyro.extras.subcommand_cli_from_dict(
        COMMANDS,
        args=argv,
        prog="intern-detection-kd",
        description="Knowledge distillation of object detectors on COCO-format data.",
        config=(tyro.conf.OmitArgPrefixes,),
    )
    from intern_runs import run_program

    if isinstance(command, Eval):
        return run_program(lambda: evaluate(command))
    if isinstance(command, Report):
        return run_program(lambda: report(command))
    if isinstance(command, FetchRecipe):
        return run_program(lambda: fetch_recipe(command))
    path = command.resume or command.output or _new_folder()
    name = "train" if isinstance(command, Train) else "quickstart"
    return run_program(
        lambda: quickstart(command, path),
        resume_hint=f"intern-detection-kd {name} --resume {path}",
    )


def quickstart(command: Quickstart, path: Path) -> None:
    """Load the configuration, make or find the run folder, run."""
    from intern_detection_kd.config import RunConfig
    from intern_detection_kd.stages import PACKAGES, check_inputs, run, stages
    from intern_detection_kd.workers import FollowerFolder, Workers
    from intern_runs import ConfigError, RunDisplay, RunFolder, load_config

    if isinstance(command, Train) and command.mmdet is not None:
        from intern_detection_kd.mmdet_runner import train_with_mmdet

        train_with_mmdet(command.mmdet, path, command.set, is_resumed=command.resume is not None)
        return
    workers = Workers.join()
    if command.resume is not None:
        changed = (command.set, command.config, command.steps, command.framework)
        if any(changed) or command.seed is not None:
            raise ConfigError("--resume continues with the run's own configuration; give it alone")
        folder = RunFolder.open(path) if workers.is_first else FollowerFolder(path)
        config = load_config(RunConfig, overrides=folder.config())
    else:
        overrides = {"steps": command.steps, "seed": command.seed, "framework": command.framework}
        config = load_config(RunConfig, command.config, command.set, overrides)
        if isinstance(command, Train) and not config.data.train:
            raise ConfigError(
                "train needs data.train and data.val in --config or --set; "
                "`quickstart` builds a data set of its own"
            )
        check_inputs(config)
        if workers.is_first:
            RunFolder.create(path, config, PACKAGES)
        folder = RunFolder(path) if workers.is_first else FollowerFolder(path)
    try:
        with RunDisplay(stages(config), workers.console()) as display:
            results = run(config, folder, display, workers)
    finally:
        folder.close()
        workers.close()
    if not workers.is_first:
        return
    for stage, result in results.items():
        print(f"{stage:<10} mAP {result['map']:.3f}  AP50 {result['map50']:.3f}")
    print(f"report: {folder.path / 'report.html'}")


def evaluate(command: Eval) -> None:
    """Print COCO metrics."""
    from intern_detection_kd.evaluation import METRICS
    from intern_detection_kd.stages import evaluate_detections, evaluate_run
    from intern_runs import ConfigError

    if command.detections is not None:
        if command.annotations is None:
            raise ConfigError("--detections needs --annotations, the file to score against")
        results = {"detections": evaluate_detections(command.detections, command.annotations)}
    elif command.run is not None:
        results = evaluate_run(command.run, command.model, command.annotations, command.folder)
    else:
        raise ConfigError("give --run, a run folder, or --detections with --annotations")
    for stage, result in results.items():
        print(f"{stage:<10} " + "  ".join(f"{name} {result[name]:.4f}" for name in METRICS))


def report(command: Report) -> None:
    """Write the joined report and print its table."""
    from intern_detection_kd.report import write_joined_report
    from intern_runs import RunFolderError

    if not command.runs:
        raise RunFolderError("report needs at least one run folder")
    print(write_joined_report(command.runs, command.output), end="")
    print(f"report: {command.output}")


def fetch_recipe(command: FetchRecipe) -> None:
    """Download, showing one progress bar per file."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

    from intern_detection_kd.recipes import fetch, recipe

    found = recipe(command.name, command.images)
    if command.dry_run:
        print("\n".join(found.addresses))
        return
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        bars: dict[str, Any] = {}

        def show(name: str, done: int, total: int) -> None:
            if name not in bars:
                bars[name] = progress.add_task(name)
            progress.update(bars[name], completed=done, total=total or None)

        target = fetch(found, command.output, show)
    print(f"configuration: {target}")


def _new_folder() -> Path:
    return Path("runs") / f"detection-kd-{time.strftime('%Y%m%d-%H%M%S')}"


if __name__ == "__main__":
    sys.exit(main())
