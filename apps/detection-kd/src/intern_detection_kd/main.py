"""The program: `intern-detection-kd quickstart`.

Each subcommand reads one configuration, makes or finds one run folder and runs the stages in it.
"""

import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro


@dataclass(frozen=True, kw_only=True)
class Quickstart:
    """Digits on photographs: teacher, student, and students with each distillation loss.

    Attributes:
        steps: Optimizer steps of every student.
        config: TOML file; the built-in settings without one.
        set: Override a key of the configuration, as key=value; may be repeated.
        seed: Seed of data, weights and batches.
        output: Run folder; runs/detection-kd-TIME by default.
        resume: Run folder to continue with the configuration it was started with.
    """

    steps: int | None = None
    config: Path | None = None
    set: tyro.conf.UseAppendAction[tuple[str, ...]] = ()
    seed: int | None = None
    output: Path | None = None
    resume: Path | None = None


Command = Annotated[Quickstart, tyro.conf.subcommand("quickstart")]


def main(argv: list[str] | None = None) -> int:
    """Run the program; the exit code is 0 when done, 2 for a mistake of the user."""
    command = tyro.extras.subcommand_cli_from_dict(
        {"quickstart": Quickstart},
        args=argv,
        prog="intern-detection-kd",
        description="Knowledge distillation of object detectors on COCO-format data.",
        config=(tyro.conf.OmitArgPrefixes,),
    )
    from intern_runs import run_program

    path = command.resume or command.output or _new_folder()
    return run_program(
        lambda: quickstart(command, path),
        resume_hint=f"intern-detection-kd quickstart --resume {path}",
    )


def quickstart(command: Quickstart, path: Path) -> None:
    """Load the configuration, make or find the run folder, run."""
    from intern_detection_kd.config import RunConfig
    from intern_detection_kd.stages import PACKAGES, check_inputs, run, stages
    from intern_runs import ConfigError, RunDisplay, RunFolder, load_config

    if command.resume is not None:
        if command.set or command.config or command.steps or command.seed is not None:
            raise ConfigError("--resume continues with the run's own configuration; give it alone")
        folder = RunFolder.open(path)
        config = load_config(RunConfig, overrides=folder.config())
    else:
        overrides = {"steps": command.steps, "seed": command.seed}
        config = load_config(RunConfig, command.config, command.set, overrides)
        check_inputs(config)
        folder = RunFolder.create(path, config, PACKAGES)
    try:
        with RunDisplay(stages(config)) as display:
            results = run(config, folder, display)
    finally:
        folder.close()
    for stage, result in results.items():
        print(f"{stage:<10} mAP {result['map']:.3f}  AP50 {result['map50']:.3f}")
    print(f"report: {folder.path / 'report.html'}")


def _new_folder() -> Path:
    return Path("runs") / f"detection-kd-{time.strftime('%Y%m%d-%H%M%S')}"


if __name__ == "__main__":
    sys.exit(main())
