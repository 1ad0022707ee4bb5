"""`intern-rl`: reinforcement learning of Intern-S1 models, from raw data or a saved policy.

```text
intern-rl quickstart                     the whole chain in small, on a CPU, in ten minutes
intern-rl train CONFIG                   a run of a configuration file
intern-rl resume RUN                     go on after Ctrl-C or a kill
intern-rl fork RUN --set KEY=VALUE       another run from where RUN's online stage begins
intern-rl eval MODEL --tasks 'chem.*'    pass@k on held-out questions
intern-rl plan CONFIG                    check a cluster configuration without the cluster
intern-rl report RUN                     write report.html again
intern-rl judge-playground --model NAME  what a judge is asked and what it answers
```
"""

import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

import tyro

from intern_runs import run_program

Assignments = Annotated[
    tuple[str, ...],
    tyro.conf.UseAppendAction,
    tyro.conf.arg(name="set", metavar="KEY=VALUE", help="set a configuration key; repeatable"),
]
RunArgument = Annotated[Path, tyro.conf.Positional]


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
    given = (config, set_ or None, steps, seed, output)
    return _run(
        resume or output or _new_folder("quickstart"), config, set_, steps, seed, resume, given
    )


def train(
    config: RunArgument,
    /,
    *,
    set_: Assignments = (),
    steps: int | None = None,
    seed: int | None = None,
    output: Path | None = None,
) -> int:
    """Train by a configuration file and write a report.

    Args:
        config: TOML file, or config.json of another run.
        set_: Configuration keys, as in --set rl.steps=20.
        steps: Steps of online reinforcement learning.
        seed: Key of every random draw.
        output: New run folder; by default runs/CONFIG-DATE-TIME.
    """
    folder = output or _new_folder(config.stem)
    return _run(folder, config, set_, steps, seed, None, ())


def resume(run: RunArgument, /) -> int:
    """Go on with a run after Ctrl-C or a kill.

    Args:
        run: The run folder.
    """
    return _run(run, None, (), None, None, run, ())


def fork(
    run: RunArgument,
    /,
    *,
    set_: Assignments = (),
    steps: int | None = None,
    output: Path | None = None,
    only_copy: bool = False,
) -> int:
    """Start another run from where a run's online stage begins, with other settings.

    Pretraining, cold start and the evaluation before are taken over, not done again.

    Args:
        run: The run folder.
        set_: Keys of rl, rewards and evaluation, as in --set rl.oreal.learning_rate=1e-4.
        steps: Steps of online reinforcement learning.
        output: New run folder; by default runs/RUN-fork-DATE-TIME.
        only_copy: Make the folder, and leave it to `resume` to run it.
    """
    folder = output or _new_folder(f"{run.name}-fork")

    def program() -> None:
        from intern_rl.forking import fork_run
        from intern_rl.pipeline import run_pipeline

        forked, settings = fork_run(run, folder, set_, steps)
        if only_copy:
            print(f"forked: {folder}; run it with intern-rl resume {folder}")
        else:
            print(f"report: {run_pipeline(forked, settings)}")

    return run_program(program, resume_hint=f"resume with: intern-rl resume {folder}")


def evaluation(
    model: Annotated[str, tyro.conf.Positional],
    /,
    *,
    tasks: tuple[str, ...] = (),
    level: int = 1,
    wording: str = "0",
    prompts: Path | None = None,
    questions: int = 32,
    samples: int = 8,
    k: tuple[int, ...] = (1,),
    max_new_tokens: int = 64,
    seed: int = 0,
    threads: int = 2,
    output: Path | None = None,
) -> int:
    """Evaluate a model on held-out questions: greedy accuracy and pass@k with 95 % intervals.

    Args:
        model: Run folder (its final checkpoint), folder of a model, or hub name.
        tasks: Patterns of tasks, as in 'chem.*' 'logic.parity@3' '!chem.isotopes'.
        level: Difficulty of tasks whose pattern names none.
        wording: Number of the wording, or terse.
        prompts: File of questions in the OREAL-RL-Prompts format.
        questions: Questions per task.
        samples: Samples per question at temperature 1.
        k: Which pass@k to report.
        max_new_tokens: Longest answer.
        seed: Key of cases and draws.
        threads: CPU threads of torch.
        output: JSON file for all results.
    """

    def program() -> None:
        from intern_rl.eval_command import evaluate_model

        evaluate_model(
            model,
            patterns=tasks,
            level=level,
            wording=wording,
            prompts=prompts,
            questions=questions,
            samples=samples,
            ks=k,
            max_new_tokens=max_new_tokens,
            seed=seed,
            threads=threads,
            output=output,
        )

    return run_program(program)


def plan(config: RunArgument, /, *, set_: Assignments = (), as_json: bool = False) -> int:
    """Check a configuration for a cluster without the cluster: layout, memory, divisibility.

    Exits with 2 if anything does not fit.

    Args:
        config: TOML file with a table [cluster].
        set_: Configuration keys, as in --set cluster.nodes=8.
        as_json: Print JSON in place of a table.
    """

    def program() -> None:
        from intern_rl.plan import check_plan

        check_plan(config, set_, as_json=as_json)

    return run_program(program)


def report(run: RunArgument, /) -> int:
    """Write a run's report.html again from what the run folder holds.

    Args:
        run: The run folder.
    """

    def program() -> None:
        from intern_rl.report import write_report
        from intern_runs import RunFolder

        print(f"report: {write_report(RunFolder.open(run))}")

    return run_program(program)


def judge_playground(
    *,
    model: str,
    base_url: str = "http://127.0.0.1:8000/v1",
    question: str | None = None,
    wanted: str | None = None,
    response: str | None = None,
    run: Path | None = None,
    limit: int = 20,
    timeout_seconds: float = 30.0,
) -> int:
    """Show what a judge is asked and what it answers, for one answer or for a run's kept groups.

    With --run, the judge's verdicts stand beside those that the run went by, and disagreements are
    counted. Without --run and --question it asks on the terminal.

    Args:
        model: Name of the judge's model at the endpoint.
        base_url: OpenAI-compatible endpoint.
        question: The question.
        wanted: The right answer.
        response: The answer to judge.
        run: Run folder whose kept groups are judged again.
        limit: Most answers of a run to judge.
        timeout_seconds: Longest wait per request.
    """

    def program() -> None:
        from intern_rl.playground import Playground

        playground = Playground(base_url, model, timeout_seconds)
        if run is not None:
            playground.judge_run(run, limit)
        else:
            playground.judge_one(question, wanted, response)

    return run_program(program)


COMMANDS: dict[str, Callable[..., Any]] = {
    "quickstart": quickstart,
    "train": train,
    "resume": resume,
    "fork": fork,
    "eval": evaluation,
    "plan": plan,
    "report": report,
    "judge-playground": judge_playground,
}


def main(argv: Sequence[str] | None = None) -> None:
    """Run the program; the exit code is 0, or 2 for what the user can mend."""
    sys.exit(
        tyro.extras.subcommand_cli_from_dict(
            COMMANDS,
            prog="intern-rl",
            description="Reinforcement learning of Intern-S1 models with verifiable rewards.",
            args=argv,
        )
    )


def _new_folder(name: str) -> Path:
    return Path("runs") / time.strftime(f"{name}-%Y%m%d-%H%M%S")


def _run(
    folder: Path,
    config: Path | None,
    assignments: tuple[str, ...],
    steps: int | None,
    seed: int | None,
    resumed: Path | None,
    given: tuple[Any, ...],
) -> int:
    def program() -> None:
        from intern_rl.pipeline import open_run, run_pipeline
        from intern_rl.placement import is_on_ranks

        def opened() -> Any:
            return open_run(folder, config, assignments, steps, seed, resumed, given)

        if is_on_ranks():
            from intern_rl.on_ranks import run_on_ranks

            path = run_on_ranks(opened)
            if os.environ.get("RANK") == "0":
                print(f"report: {path}")
        else:
            print(f"report: {run_pipeline(*opened())}")

    return run_program(program, resume_hint=f"resume with: intern-rl resume {folder}")
