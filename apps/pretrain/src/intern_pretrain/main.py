"""`intern-pretrain`: data, tokenizer, model and continual pretraining of a small Intern-S1.

```text
intern-pretrain quickstart                                the tuned run on two cores
intern-pretrain train --config X --set training.steps=500 a run of one's own
intern-pretrain train --resume RUN                        go on after Ctrl-C or a kill
intern-pretrain report RUN                                write report.html again
```
"""

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import tyro

from intern_runs import run_program

Assignments = Annotated[
    tuple[str, ...],
    tyro.conf.UseAppendAction,
    tyro.conf.arg(name="set", metavar="KEY=VALUE", help="set a configuration key; repeatable"),
]


def train(
    *,
    config: Path | None = None,
    set_: Assignments = (),
    steps: int | None = None,
    seed: int | None = None,
    output: Path | None = None,
    resume: Path | None = None,
) -> int:
    """Pretrain a model and write a report.

    Args:
        config: TOML file; by default the quickstart's own.
        set_: Configuration keys, as in --set training.learning_rate=1e-3.
        steps: Optimizer steps.
        seed: Key of every random draw.
        output: New run folder; by default runs/pretrain-DATE-TIME.
        resume: Run folder to go on with; no other flag may be given.
    """
    folder = resume or output or Path("runs") / time.strftime("pretrain-%Y%m%d-%H%M%S")

    def program() -> None:
        from intern_pretrain.pipeline import open_run, run_pipeline

        given = any(flag is not None for flag in (config, set_ or None, steps, seed, output))
        overrides = {"training.steps": steps, "seed": seed}
        run, settings = open_run(folder, config, set_, overrides, resume=resume, given=given)
        print(f"report: {run_pipeline(run, settings)}")

    return run_program(program, resume_hint=f"resume with: intern-pretrain train --resume {folder}")


def report(run: tyro.conf.Positional[Path], /) -> int:
    """Write a run's report.html again from what the run folder holds.

    Args:
        run: The run folder.
    """

    def program() -> None:
        from intern_pretrain.report import write_report
        from intern_runs import RunFolder

        print(f"report: {write_report(RunFolder.open(run))}")

    return run_program(program)


def main(argv: Sequence[str] | None = None) -> None:
    """Run the program; the exit code is 0, or 2 for what the user can mend."""
    sys.exit(
        tyro.extras.subcommand_cli_from_dict(
            {"quickstart": train, "train": train, "report": report},
            prog="intern-pretrain",
            description="Continual pretraining of Intern-S1 models.",
            args=argv,
        )
    )


if __name__ == "__main__":
    main()
