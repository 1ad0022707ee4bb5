"""A checkpoint saved here, served by a real vLLM on the CPU, against transformers; skips without.

`uv run python tools/make_vllm_env.py` makes the environment with vLLM. It lacks torchvision, which
the image processor needs, so it is joined with this one for the test: an empty environment whose
path names both. `INTERN_S1_WRITE_RESULTS=1` writes `benchmarks/results/vllm_engine.json`.
"""

import json
import os
import subprocess
import sys
import sysconfig
import venv
from importlib.metadata import distributions, version
from pathlib import Path

import pytest
import torch
from PIL import Image

import intern_s1_model as im
from intern_s1_model.integrations.vllm import export_for_vllm

PACKAGE = Path(__file__).parents[1]
ENVIRONMENT = Path(os.environ.get("VLLM_ENV", PACKAGE.parents[1] / ".venv-vllm"))
SITE = next(ENVIRONMENT.glob("lib/python*/site-packages"), ENVIRONMENT / "none")
THEIR_TORCH = next((d.version for d in distributions(name="torch", path=[str(SITE)])), "none")
REQUESTS = [
    {"prompt": "benzene reacts with <SMILES>CC(=O)O</SMILES>", "image": None},
    {"prompt": "water CC(=O)Oc1ccccc1C(=O)O is é 你", "image": None},
    {"prompt": "<IMG_CONTEXT>\nthe mass of water", "image": "red.png"},
    {"prompt": "heat <IMG_CONTEXT> acid", "image": "wide.png"},
]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1500),  # importing vLLM and starting the engine take a minute of processor
    pytest.mark.skipif(
        THEIR_TORCH.split("+")[0] != version("torch").split("+")[0],
        reason=f"no vLLM with torch {version('torch')} at {ENVIRONMENT} (found {THEIR_TORCH}); "
        "make it: uv run python tools/make_vllm_env.py",
    ),
]


def join_environments(folder):
    """An environment whose path is this one's packages, then vLLM's; nothing is installed."""
    venv.create(folder)
    ours = sysconfig.get_paths()["purelib"]
    [target] = folder.glob("lib/python*/site-packages")
    lines = [f"import site; site.addsitedir({str(path)!r})" for path in (ours, SITE.resolve())]
    (target / "joined.pth").write_text("\n".join(lines))
    return folder / "bin" / "python"


@pytest.fixture(scope="module")
def served(tokenizer, config, tmp_path_factory):
    """The model, its processor, the requests, and what the engine answered."""
    folder = tmp_path_factory.mktemp("vllm")
    torch.manual_seed(0)
    model = im.InternS1ForConditionalGeneration(config).eval()
    processor = im.InternS1Processor.for_config(config, tokenizer)
    model.save_pretrained(folder / "saved")
    processor.save_pretrained(folder / "saved")
    export_for_vllm(folder / "saved", folder / "exported", dtype="float32")
    Image.new("RGB", (60, 50), "red").save(folder / "red.png")
    Image.linear_gradient("L").resize((200, 90)).convert("RGB").save(folder / "wide.png")
    requests = [{**r, "image": r["image"] and str(folder / r["image"])} for r in REQUESTS]
    (folder / "requests.json").write_text(json.dumps(requests))
    environment = {
        **os.environ,
        "VLLM_CPU_KVCACHE_SPACE": "1",  # GiB
        "VLLM_CPU_OMP_THREADS_BIND": "nobind",
        "VLLM_NO_USAGE_STATS": "1",
        "VLLM_ENABLE_V1_MULTIPROCESSING": "0",  # each process imports for half a minute
        "VLLM_LOGGING_LEVEL": "WARNING",
        "OMP_NUM_THREADS": "1",
        "GOMP_SPINCOUNT": "0",
        "HF_HUB_OFFLINE": "1",
    }
    script = Path(__file__).with_name("vllm_engine.py")
    files = [folder / "exported", folder / "requests.json", folder / "answers.json"]
    done = subprocess.run(
        [join_environments(folder / "environment"), script, *files],
        capture_output=True,
        text=True,
        env=environment,
        timeout=1400,
        check=False,
        cwd=folder,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-6000:]
    return model, processor, requests, json.loads((folder / "answers.json").read_text())


def test_the_engine_answers_as_transformers_does(served):
    model, processor, requests, answers = served
    assert answers["architectures"] == ["InternS1ForConditionalGeneration"]
    worst = 0.0
    for request, output in zip(requests, answers["outputs"], strict=True):
        images = Image.open(request["image"]) if request["image"] else None
        batch = processor(text=request["prompt"], images=images, return_tensors="pt")
        assert batch["input_ids"][0].tolist() == output["prompt_ids"]
        how = {"max_new_tokens": 8, "min_new_tokens": 8, "do_sample": False}
        made = model.generate(**batch, **how, output_logits=True, return_dict_in_generate=True)
        ids = made.sequences[0, batch["input_ids"].shape[1] :]
        assert ids.tolist() == output["ids"]
        assert processor.tokenizer.decode(ids, skip_special_tokens=True) == output["text"]
        # Logits, not scores: those leave out the end that `min_new_tokens` forbids.
        steps = torch.cat(made.logits).log_softmax(-1).gather(1, ids[:, None])[:, 0]
        worst = max(worst, (steps - torch.tensor(output["logprobs"])).abs().max().item())
    # Float32 on both sides with other kernels: some units in the last place of logits near 1,
    # added up over layers.
    assert worst <= 1e-4
    if os.environ.get("INTERN_S1_WRITE_RESULTS"):
        kept = {key: answers[key] for key in ("vllm", "torch", "architectures", "refusal")}
        kept |= {
            "command": "INTERN_S1_WRITE_RESULTS=1 pytest "
            "packages/intern-s1-model/tests/test_vllm_engine.py",
            "python": sys.version.split()[0],
            "requests": len(requests),
            "requests_with_images": sum(bool(r["image"]) for r in requests),
            "tokens_equal_to_transformers": sum(len(o["ids"]) for o in answers["outputs"]),
            "largest_difference_of_logprobs": worst,
        }
        target = PACKAGE / "benchmarks" / "results" / "vllm_engine.json"
        target.write_text(json.dumps(kept, indent=2) + "\n")


def test_time_series_are_refused_by_the_engine(served):
    refusal = served[3]["refusal"]
    assert "time_series" in refusal or "time series" in refusal
