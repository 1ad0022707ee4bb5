"""`intern-rl`: an Intern-S1 model from raw data to reinforcement learning.

```text
intern-rl quickstart                     the whole chain in small, on a CPU, in ten minutes
intern-rl quickstart --resume RUN        go on after Ctrl-C or a kill
intern-rl report RUN                     write report.html again
```
"""

import os
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


def quickstart(
    *,
    config: Path | None = None,
    set_: Assignments = (),
    steps: int | None = None,
    seed: int | None = None,
    output: Path | None = None,
    resume: Path | None = None,
) -> int:
    """Train a small Intern-S1 from raw data to reinforcement learning and write a report.

    Args:
        config: TOML file; by default the quickstart's own.
        set_: Configuration keys, as in --set rl.steps=20.
        steps: Steps of online reinforcement learning.
        seed: Key of every random draw.
        output: New run folder; by default runs/quickstart-DATE-TIME.
        resume: Run folder to go on with; no other flag is needed, none may be given.
    """
    folder = resume or output or Path("runs") / time.strftime("quickstart-%Y%m%d-%H%M%S")

    def program() -> None:
        from intern_rl.pipeline import open_run, run_pipeline

        given = (config, set_ or None, steps, seed, output)
        run, settings = open_run(folder, config, set_, steps, seed, resume, given)
        report_path = run_pipeline(run, settings)
        print(f"report: {report_path}")

    return run_program(program, resume_hint=f"resume with: intern-rl quickstart --resume {folder}")


def report(run: tyro.conf.Positional[Path], /) -> int:
    """Write a run's report.html again from what the run folder holds.

    Args:
        run: The run folder.
    """

    def program() -> None:
        from intern_rl.report import write_report
        from intern_runs import RunFolder

        print(f"report: {write_report(RunFolder.open(run))}")

    return run_program(program)


def main(argv: Sequence[str] | None = None) -> None:
    """Run the program; the exit code is 0, or 2 for what the user can mend."""
    # Before torch is loaded: OpenMP threads that spin while they wait make a busy machine crawl.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    sys.exit(
        tyro.extras.subcommand_cli_from_dict(
            {"quickstart": quickstart, "report": report},
            prog="intern-rl",
            description="An Intern-S1 model from raw data to reinforcement learning.",
            args=argv,
        )
    )
