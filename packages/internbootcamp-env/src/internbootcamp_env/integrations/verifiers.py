"""verifiers (v1): a taskset of endless cases, a reward on the trace, an environment for turns.

    config = BootcampTasksetConfig(patterns=["chem.*"], level=(1, 5))
    for task in BootcampTaskset(config).take(100): ...

verifiers finds a taskset by the name of a top-level module, so export `BootcampTaskset` from one of
your own (`examples/bootcamp_v1.py`). It plays in `SingleAgentEnv` for single-turn tasks, and in
`BootcampTurnsEnv` for any.

Written for and tested with verifiers 0.4. An internal error of a verifier raises, which verifiers
records as a failed trace; it is never a reward of 0.
"""

from collections.abc import Iterator

import verifiers.v1 as vf
from pydantic import Field

from internbootcamp_env.integrations.playing import Play
from internbootcamp_env.registry import get, stream
from internbootcamp_env.task import Case

__all__ = ["BootcampTaskset", "BootcampTurnsEnv"]


class BootcampTasksetConfig(vf.TasksetConfig):
    """Which mixture to load, under `--env.taskset.*`."""

    patterns: list[str] = Field(default_factory=lambda: ["*"])
    split: str = "train"
    seed: int = 0
    level: tuple[int, int] = (1, 1)
    lang: str = "en"
    wording: int | str = "any"
    weights: dict[str, int] | None = None


class BootcampData(vf.TaskData):
    """A case on the wire."""

    case: str
    lang: str = "en"


class BootcampTask(vf.Task[BootcampData, vf.State, vf.TaskConfig]):
    """A case with its verifier."""

    @property
    def key(self) -> str:
        """Identity by the name of the case, whatever its place in the stream."""
        case = Case.from_json(self.data.case)
        return f"{case.task}/{case.version}/{case.split}/{case.seed}/{case.index}/{case.level}"

    @vf.reward
    async def correct(self, trace: vf.Trace) -> float:
        """Judge the last reply; a game's outcome stands on the trace already."""
        if "bootcamp_reward" in trace.info:
            return trace.info["bootcamp_reward"]
        case = Case.from_json(self.data.case)
        score = get(case.task).score(case, trace.last_reply)
        trace.info["bootcamp_status"] = score.status
        assert score.value is not None, "without a flag, an internal error raises"
        return score.value


class BootcampTaskset(vf.Taskset[BootcampTask, BootcampTasksetConfig]):
    """Cases without end, lazily."""

    INFINITE = True

    def load(self) -> Iterator[BootcampTask]:
        """Yield tasks; item i depends on the configuration and i only."""
        config = self.config
        cases = stream(
            *config.patterns,
            split=config.split,
            seed=config.seed,
            level=config.level,
            weights=config.weights,
        )
        for case in cases:
            prompt = get(case.task).prompt(case, lang=config.lang, wording=config.wording)
            data = BootcampData(
                name=case.task, prompt=prompt, case=case.to_json(), lang=config.lang
            )
            yield BootcampTask(data, config.task)


class BootcampTurnsEnvConfig(vf.EnvConfig):
    """One player, who needs no tools: the null harness is a plain conversation."""

    player: vf.AgentConfig = vf.AgentConfig(harness={"id": "null"})


class BootcampTurnsEnv(vf.Env[BootcampTurnsEnvConfig]):
    """Plays every case turn by turn; a single-turn task is over after one reply."""

    async def run(self, task: BootcampTask, agents: vf.Agents) -> None:
        """Let the player act until the episode ends; the reward goes onto the trace."""
        play = Play(Case.from_json(task.data.case), lang=task.data.lang)
        async with agents.player.interaction(task) as interaction:
            trace = interaction.trace
            segment = await interaction.turn()
            while not segment.terminated:
                turn = play.step(segment.last_reply)
                if turn.done:
                    trace.info["bootcamp_reward"] = turn.reward
                    trace.info["bootcamp_status"] = turn.status
                    break
                segment = await interaction.turn(turn.observation)
            else:  # cut off by a limit of turns or tokens before the end
                trace.info["bootcamp_reward"] = 0.0
                trace.info["bootcamp_status"] = "wrong"
