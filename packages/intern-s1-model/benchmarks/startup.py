"""Import time beside transformers' own, and peak memory while loading a checkpoint.

Run: `python packages/intern-s1-model/benchmarks/startup.py`. Import: fresh interpreters, one for
this package and one for the transformers classes that do the same work (InternVL, Qwen3-MoE,
their processor and tokenizer, the Auto classes), alternately; processor time of the whole process,
that of an empty interpreter taken off. Memory: a fresh interpreter loads a checkpoint of several
shards with `checkpoint.load_model`; counted is by how much its peak grew beyond the model itself,
in units of the largest shard.
"""

import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import torch
import transformers

import intern_s1_model as im

RESULT = Path(__file__).parent / "results" / "startup.json"
PEER = """
from transformers import AutoConfig, AutoModel, AutoModelForImageTextToText, AutoProcessor
from transformers import AutoTokenizer, InternVLForConditionalGeneration, InternVLProcessor
from transformers import InternVLVideoProcessor, GotOcr2ImageProcessor, Qwen3MoeForCausalLM
from transformers import Qwen2Tokenizer
"""
MEASURE = """
import sys, torch
from intern_s1_model.checkpoint import load_model
def peak():
    line = next(l for l in open("/proc/self/status") if l.startswith("VmHWM"))
    return int(line.split()[1]) * 1024
torch.set_num_threads(1)
load_model(sys.argv[2])  # a small one first: code pages and allocator pools are not the files' size
before = peak()
model = load_model(sys.argv[1])
print(peak() - before - sum(p.nbytes for p in model.parameters()))
"""


def processor_seconds(code):
    """User and system time of a fresh interpreter that runs the code."""
    process = subprocess.Popen([sys.executable, "-c", code])
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = status
    if status:
        raise SystemExit(f"{code!r} failed")
    return usage.ru_utime + usage.ru_stime


def imports(repeats=3):
    for code in ("import intern_s1_model", PEER):  # files into the page cache, bytecode written
        processor_seconds(code)
    empty = processor_seconds("pass")
    ours, theirs = [], []
    for _ in range(repeats):
        ours.append(processor_seconds("import intern_s1_model") - empty)
        theirs.append(processor_seconds(PEER) - empty)
    ratios = [a / b for a, b in zip(ours, theirs, strict=True)]
    return {
        "our_seconds": statistics.median(ours),
        "transformers_seconds": statistics.median(theirs),
        "ours_over_transformers": statistics.median(ratios),
        "ratios": ratios,
    }


def write_checkpoint(folder, text, max_shard_size):
    config = im.InternS1Config.preset("tiny", text_config=text, ts_config=None, dtype="bfloat16")
    with torch.device("meta"):
        model = im.InternS1ForConditionalGeneration(config).to(torch.bfloat16)
    model.to_empty(device="cpu").save_pretrained(folder, max_shard_size=max_shard_size)
    return max(path.stat().st_size for path in folder.glob("*.safetensors"))


def loading():
    large = {"hidden_size": 512, "moe_intermediate_size": 512, "num_experts": 64, "vocab_size": 512}
    with tempfile.TemporaryDirectory() as name:
        shard = write_checkpoint(Path(name) / "large", large, "80MB")
        write_checkpoint(Path(name) / "small", {"vocab_size": 512}, "80MB")
        extra = subprocess.run(
            [sys.executable, "-c", MEASURE, f"{name}/large", f"{name}/small"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        files = list((Path(name) / "large").glob("*.safetensors"))
        total = sum(path.stat().st_size for path in files)
    return {
        "checkpoint_megabytes": total / 1e6,
        "shards": len(files),
        "largest_shard_megabytes": shard / 1e6,
        "peak_beyond_the_model_over_largest_shard": int(extra) / shard,
    }


def main():
    result = {
        "command": "python packages/intern-s1-model/benchmarks/startup.py",
        "machine": platform.machine(),
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "loading": loading(),
        "import": imports(),
    }
    RESULT.write_text(json.dumps(result, indent=2) + "\n")
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
