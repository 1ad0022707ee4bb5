# /// script
# requires-python = ">=3.11"
# dependencies = ["openenv-core==0.3.0", "internbootcamp-env"]
# [tool.uv]
# exclude-newer = "2026-11-23T00:00:00Z"
# [tool.uv.sources]
# internbootcamp-env = { path = "..", editable = true }
# ///
"""Serve the tasks with OpenEnv, and play episodes through its own WebSocket client.

    uv run packages/internbootcamp-env/examples/openenv_episode.py

OpenEnv pins other versions of what the workspace uses, so this script names its own dependencies
and `uv run` makes it an environment of its own. Exits with 1 unless right replies earn 1 and wrong
ones 0, in tasks of one turn and of several.
"""

import json
import socket
import sys
import threading
import time

import uvicorn
from openenv.core.generic_client import GenericEnvClient

import internbootcamp_env as bootcamp
from internbootcamp_env.episodes import MultiTurnTask
from internbootcamp_env.integrations.openenv import create_app
from internbootcamp_env.integrations.playing import draw_case

PATTERNS = ("arith.add", "multi.guess_number")


def right_replies(seed: int) -> list[str]:
    """Return the replies that solve the case a seed draws, one a turn."""
    case = draw_case(bootcamp.names(*PATTERNS), seed, split="train", seed=0, level=(1, 2))
    task = bootcamp.get(case.task)
    log = case.answer if isinstance(task, MultiTurnTask) else [task.oracle(case)]
    return [f"<answer>{answer}</answer>" for answer in log]


def play(env, seed: int, *, right: bool) -> tuple[str, float, int]:
    """Play one episode; return its task, its last reward and the number of steps."""
    result = env.reset(seed=seed)
    replies = right_replies(seed) if right else ["-"] * 1_000
    while not result.done:
        result = env.step({"text": replies.pop(0)})
    state = env.state()
    return state["task"], result.reward, state["step_count"]


def main() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    app = create_app(*PATTERNS, level=(1, 2))
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="warning"))
    threading.Thread(target=server.run, daemon=True).start()
    while not server.started:
        time.sleep(0.05)
    played = []
    with GenericEnvClient(base_url=f"ws://127.0.0.1:{port}").sync() as env:
        for seed in range(8):
            played.append((*play(env, seed, right=seed % 2 == 0), float(seed % 2 == 0)))
    server.should_exit = True
    for row in played:
        print(json.dumps(dict(zip(("task", "reward", "steps", "deserved"), row, strict=True))))
    kinds = {task for task, *_ in played}
    fair = all(reward == deserved for _, reward, _, deserved in played)
    return 0 if fair and kinds == set(PATTERNS) else 1


if __name__ == "__main__":
    sys.exit(main())
