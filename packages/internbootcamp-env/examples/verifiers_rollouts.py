"""Roll out cases with the verifiers library, single-turn and in turns, against a local endpoint.

    uv run python packages/internbootcamp-env/examples/verifiers_rollouts.py

The endpoint speaks OpenAI's chat protocol and stands in for a model: it knows the right replies
of the cases it is asked about, and gives a wrong one to every other conversation. Exits with 1
unless every rollout completes and the rewards are those that the replies deserve.
"""

import asyncio
import json
import os
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import verifiers.v1 as vf
from verifiers.v1.clients import EvalClientConfig, ModelContext
from verifiers.v1.envs.single_agent import SingleAgentEnv, SingleAgentEnvConfig

import internbootcamp_env as bootcamp
from internbootcamp_env.integrations.verifiers import (
    BootcampTasksetConfig,
    BootcampTurnsEnv,
    BootcampTurnsEnvConfig,
)

REPLIES: dict[str, list[str]] = {}
"""Prompt to the replies that a conversation opened by it should get, in order."""


class Endpoint(BaseHTTPRequestHandler):
    """Answers chat completions from `REPLIES`, by the number of replies already given."""

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        messages = [m for m in body["messages"] if m["role"] in ("user", "assistant")]
        first = messages[0]["content"]
        first = first if isinstance(first, str) else first[0]["text"]
        given = sum(message["role"] == "assistant" for message in messages)
        content, streamed = REPLIES[first][given], body.get("stream", False)
        part = "delta" if streamed else "message"
        answer = {
            "id": "x",
            "object": "chat.completion.chunk" if streamed else "chat.completion",
            "created": 0,
            "model": body["model"],
            "choices": [
                {
                    "index": 0,
                    "finish_reason": "stop",
                    part: {"role": "assistant", "content": content},
                }
            ],
            "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
        }
        text = json.dumps(answer)
        data = (f"data: {text}\n\ndata: [DONE]\n\n" if streamed else text).encode()
        self.send_response(200)
        kind = "text/event-stream" if streamed else "application/json"
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def player(kind: str) -> dict:
    """Configure the agent: a plain conversation, in a process of this machine."""
    return {kind: {"harness": {"id": "null"}, "runtime": {"type": "subprocess"}}}


def prepare(env: vf.Env, count: int) -> tuple[list, list[float]]:
    """Take tasks, and lay out the replies to each and the reward that they deserve."""
    tasks, deserved = list(env.taskset.take(count)), []
    for number, task in enumerate(tasks):
        case = bootcamp.Case.from_json(task.data.case)
        good = number % 2 == 0
        answers = case.answer if case.task.startswith("multi.") else None
        if answers is None:
            answers = [bootcamp.get(case.task).oracle(case)]
        if not good:
            answers = ["-"] * case.question.get("budget", 1)
        REPLIES[task.data.prompt] = [f"<answer>{answer}</answer>" for answer in answers]
        deserved.append(float(good))
    return tasks, deserved


async def roll_out(env: vf.Env, tasks: list, context: ModelContext) -> list[float]:
    """Run one episode per task."""
    async with env.serving():
        episodes = await asyncio.gather(*(env.run_episode(task, context) for task in tasks))
    for episode in episodes:
        for error in [*episode.errors, *(e for trace in episode.traces for e in trace.errors)]:
            print(error, file=sys.stderr)
    return [episode.traces[0].reward for episode in episodes]


def main() -> int:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    os.environ["BOOTCAMP_ENDPOINT_KEY"] = "none"
    context = ModelContext(
        "stand-in",
        EvalClientConfig(
            base_url=f"http://127.0.0.1:{server.server_port}/v1",
            api_key_var="BOOTCAMP_ENDPOINT_KEY",
        ),
    )
    single = BootcampTasksetConfig(id="bootcamp_v1", patterns=["strings.*", "chem.*"])
    turns = single.model_copy(update={"patterns": ["multi.guess_number"]})
    runs = (
        SingleAgentEnv(SingleAgentEnvConfig(taskset=single, **player("agent"))),
        BootcampTurnsEnv(BootcampTurnsEnvConfig(taskset=turns, **player("player"))),
    )
    failed = False
    for env in runs:
        tasks, deserved = prepare(env, 2)
        rewards = asyncio.run(roll_out(env, tasks, context))
        print(type(env).__name__, [task.data.name for task in tasks], rewards)
        failed |= rewards != deserved
    server.shutdown()
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
