"""The judge playground: what a judge is asked, what it replies, and what that counts as."""

import sys
from pathlib import Path

from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from intern_rl.groups import read_groups
from intern_runs import ConfigError, RunFolder
from oreal_rl.errors import OrealError
from oreal_rl.rewards.judge import Judge, JudgeConfig
from oreal_rl.rewards.sources import Failed
from oreal_rl.types import Prompt

VERDICTS = {True: "right", False: "wrong", None: "no verdict (abstains)"}


class RecordingJudge(Judge):
    """A judge that keeps its last message and reply."""

    message = ""
    reply = ""

    def ask(self, text: str) -> str:
        """Send one message, see `Judge.ask`."""
        self.message, self.reply = text, ""
        self.reply = super().ask(text)
        return self.reply


class Playground:
    """Asks a judge and shows all of it.

    Args:
        base_url: OpenAI-compatible endpoint.
        model: Name of the model there.
        timeout_seconds: Longest wait per request.

    Raises:
        ConfigError: For an impossible endpoint.
    """

    def __init__(self, base_url: str, model: str, timeout_seconds: float) -> None:
        try:
            config = JudgeConfig(
                base_url=base_url, model=model, timeout_seconds=timeout_seconds, max_parallel=1
            )
        except OrealError as error:
            raise ConfigError(str(error)) from None
        self.judge = RecordingJudge(config)
        self.console = Console()

    def judge_one(self, question: str | None, wanted: str | None, response: str | None) -> None:
        """Judge one answer; what is not given is asked for on the terminal.

        Raises:
            ConfigError: If something is missing and there is no terminal, or the judge is away.
        """
        fields = {"question": question, "wanted": wanted, "response": response}
        missing = [name for name, value in fields.items() if value is None]
        if missing and not sys.stdin.isatty():
            names = ", ".join(f"--{name}" for name in missing)
            raise ConfigError(f"{names}: missing, and there is no terminal to ask on; give them")
        for name in missing:
            fields[name] = self.console.input(f"[bold]{name}[/bold]: ")
        verdict = self._ask(*(fields[name] or "" for name in fields))
        self.console.print(Panel(Text(self.judge.message), title="asked"))
        self.console.print(Panel(Text(self.judge.reply), title="reply"))
        self.console.print(f"counts as: [bold]{VERDICTS[verdict]}[/bold]")

    def judge_run(self, folder: Path, limit: int) -> None:
        """Judge the answers of a run's kept groups again and count disagreements.

        Raises:
            RunFolderError: If there is no such run.
            ConfigError: If it kept no groups, or the judge is away.
        """
        kept = [
            group for groups in read_groups(RunFolder.open(folder)).values() for group in groups
        ]
        if not kept:
            raise ConfigError(
                f"{folder}: keeps no groups; set rl.record_every in its configuration"
            )
        table = Table("task", "answer", "wanted", "run's reward", "judge")
        judged = disagreed = abstained = 0
        for group, row in [(g, r) for g in kept for r in g["rollouts"]][:limit]:
            verdict = self._ask(group["prompt"], group["oracle"], row["text"])
            judged += 1
            abstained += verdict is None
            reward = row["reward"]
            differs = None not in (verdict, reward) and verdict != (reward >= 0.5)
            disagreed += differs
            table.add_row(
                group["task"],
                Text(row["text"][:60]),
                Text(group["oracle"][:60]),
                "–" if reward is None else f"{reward:.2f}",
                f"[red]{VERDICTS[verdict]}[/red]" if differs else VERDICTS[verdict],
            )
        self.console.print(table)
        self.console.print(
            f"{judged} answers judged: {disagreed} verdicts differ from the run's, {abstained} "
            "replies were no verdict"
        )

    def _ask(self, question: str, wanted: str, response: str) -> bool | None:
        prompt = Prompt(text=question, case=wanted)
        try:
            (verdict,) = self.judge([prompt], [response])
        except OrealError as error:
            raise ConfigError(f"{error}; check --base-url and --model") from None
        return None if isinstance(verdict, Failed) else verdict
