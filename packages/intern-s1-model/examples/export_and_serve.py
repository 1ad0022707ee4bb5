"""Save a model, check and reload the files, and serve them over HTTP with `transformers serve`.

Run: `python examples/export_and_serve.py FOLDER [--model NAME] [--port N]`, then stop with Ctrl-C,
or `--once` to send one request and end. The server speaks the OpenAI protocol; it takes text and
images. For vLLM see `intern_s1_model.integrations.vllm.export_for_vllm`.
"""

import argparse
import json
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path

import torch
from tiny_checkpoint import load

import intern_s1_model as im
from intern_s1_model.checkpoint import load_model, verify_checkpoint
from intern_s1_model.integrations.serve import serve


def export(model: im.InternS1ForConditionalGeneration, processor: object, folder: Path) -> None:
    """Save, verify every key, reload, and compare what both compute."""
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    keys = verify_checkpoint(folder)
    reloaded = load_model(folder, dtype=model.dtype)
    ids = torch.arange(16)[None]
    with torch.no_grad():
        difference = (reloaded(ids).logits - model.eval()(ids).logits).abs().max().item()
    if difference > 0:
        raise SystemExit(f"the reloaded model differs by {difference}")
    print(f"{len(keys)} keys in {folder}, reloaded without a difference")


def request(port: int, folder: Path, path: str = "", body: dict | None = None) -> dict:
    url = f"http://localhost:{port}/{path}"
    data = None if body is None else json.dumps({"model": str(folder), **body}).encode()
    headers = {"Content-Type": "application/json"}
    with urllib.request.urlopen(urllib.request.Request(url, data, headers), timeout=120) as answer:
        return json.load(answer)


def wait_until_up(port: int, folder: Path, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            request(port, folder, "health")
            return
        except (urllib.error.URLError, ConnectionError):
            if time.monotonic() > deadline:
                raise SystemExit(f"no server on port {port} after {seconds} s") from None
            time.sleep(0.05)


def main(argv: Sequence[str] | None = None) -> dict | None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--once", action="store_true")
    arguments = parser.parse_args(argv)
    export(*load(arguments.model), arguments.folder)
    port = arguments.port
    if port == 0:
        with socket.socket() as probe:
            probe.bind(("localhost", 0))
            port = probe.getsockname()[1]
    if not arguments.once:
        serve(arguments.folder, port=port, device="cpu")
        return None
    server = serve(arguments.folder, port=port, device="cpu", non_blocking=True)
    try:
        wait_until_up(port, arguments.folder)
        messages = [{"role": "user", "content": "Which molecule is aspirin?"}]
        reply = request(
            port, arguments.folder, "v1/chat/completions", {"messages": messages, "max_tokens": 8}
        )
        print(json.dumps(reply["choices"][0]["message"]))
        return reply
    finally:
        server.kill_server()


if __name__ == "__main__":
    main()
