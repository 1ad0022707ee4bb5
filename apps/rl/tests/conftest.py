"""A run small enough for a test: every stage, a few steps each."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

TINY = """
threads = 1
[pretrain.data]
num_compounds = 60
texts_per_compound = 1
num_images = 12
num_series = 40
test_fraction = 0.3
[pretrain.tokenizer]
vocab_size = 300
smiles_vocab_size = 64
iupac_vocab_size = 96
fasta_vocab_size = 40
[pretrain.training]
steps = 3
sequence_length = 256
batch_sizes = "0:2"
eval_packs = 1
[tasks]
patterns = ["logic.majority", "chem.smiles_rings", "logic.parity"]
[cold_start]
steps = 30
batch_size = 8
best_of_n_steps = 3
best_of_n = 2
best_of_n_questions = 8
max_new_tokens = 4
[rl]
steps = 6
[rl.oreal]
prompts_per_step = 6
group_size = 4
num_minibatches = 1
max_new_tokens = 4
learning_rate = 1e-3
truncated = "wrong"
[evaluation]
questions_per_task = 3
num_samples = 2
max_new_tokens = 4
"""


@pytest.fixture(scope="session")
def tiny_config(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("config") / "tiny.toml"
    path.write_text(TINY)
    return path


class CommandLine:
    """The program in a process of its own."""

    def __init__(self) -> None:
        self.environment = {**os.environ, "OMP_NUM_THREADS": "1"}

    def command(self, *arguments: object) -> list[str]:
        start = "from intern_rl.main import main; main()"
        return [sys.executable, "-c", start, *map(str, arguments)]

    def run(self, *arguments: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*arguments),
            capture_output=True,
            text=True,
            check=False,
            env=self.environment,
        )

    def metrics(self, folder: Path) -> list[dict]:
        """Every line of metrics without its one clock value."""
        lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
        return [{k: v for k, v in line.items() if k != "seconds"} for line in lines]


@pytest.fixture(scope="session")
def cli() -> CommandLine:
    return CommandLine()


@pytest.fixture(scope="session")
def finished_run(cli, tiny_config, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "whole"
    done = cli.run("quickstart", "--config", tiny_config, "--output", folder)
    assert done.returncode == 0, done.stderr
    return folder


class JudgeEndpoint:
    """A judge on the loopback, which can go away and come back at the same address."""

    def __init__(self, is_right: Callable[[str], bool]) -> None:
        class Judge(BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                verdict = "CORRECT" if is_right(body["messages"][0]["content"]) else "INCORRECT"
                reply = json.dumps({"choices": [{"message": {"content": verdict}}]}).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(reply)))
                self.end_headers()
                self.wfile.write(reply)

            def log_message(self, *arguments):
                pass

        self.judge, self.port = Judge, 0
        self.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def start(self) -> None:
        self.server = ThreadingHTTPServer(("127.0.0.1", self.port), self.judge)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture(scope="session")
def judge_endpoint() -> type[JudgeEndpoint]:
    return JudgeEndpoint
