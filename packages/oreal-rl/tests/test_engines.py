"""Separate engines: the weight self-check, the server sampler on the loopback, vLLM's answers."""

import copy
import http.server
import json
import threading
from types import SimpleNamespace

import pytest
import torch

from oreal_rl.errors import ConfigError, SamplerError, WeightSyncError
from oreal_rl.protocols import Sampler, SamplingParams
from oreal_rl.samplers import KVLoopSampler
from oreal_rl.samplers.engine import make_rollout, save_untied
from oreal_rl.samplers.selfcheck import CheckedSampler
from oreal_rl.samplers.server import ServerSampler
from oreal_rl.samplers.vllm import VllmSampler
from oreal_rl.testing import CharTokenizer, SortTask, TinyPolicy

TOKENIZER = CharTokenizer(SortTask.alphabet)
PROBE = [(2, 3, 12), (5, 12)]


class CopyEngine:
    """An engine with weights of its own; can leave some of them stale."""

    def __init__(self, policy, *, stale=(), noise=0.0):
        self.model = copy.deepcopy(policy)
        self.loop = KVLoopSampler(self.model, TOKENIZER)
        self.stale, self.noise, self.num_syncs = set(stale), noise, 0

    def sample(self, *args, **kwargs):
        return self.loop.sample(*args, **kwargs)

    def sync(self, policy, version):
        self.num_syncs += 1
        self.loop.version = version
        state = {k: v + self.noise for k, v in policy.state_dict().items() if k not in self.stale}
        self.model.load_state_dict(state, strict=False)


def moved(policy):
    other = copy.deepcopy(policy)
    with torch.no_grad():
        for parameter in other.parameters():
            parameter.add_(0.01 * torch.randn_like(parameter))
    return other


def test_a_faithful_engine_passes_the_check():
    policy = TinyPolicy(TOKENIZER.vocabulary_size)
    sampler = CheckedSampler(CopyEngine(policy), probe_prompt_ids=PROBE)
    assert isinstance(sampler, Sampler)
    sampler.sync(moved(policy), 1)
    assert sampler.last_gap.max_gap < 1e-5
    assert sampler.last_gap.num_tokens > 8


def test_a_stale_head_is_refused():
    policy = TinyPolicy(TOKENIZER.vocabulary_size)
    engine = CopyEngine(policy, stale=["lm_head.weight"])
    sampler = CheckedSampler(engine, probe_prompt_ids=PROBE)
    with pytest.raises(WeightSyncError, match="tied heads"):
        sampler.sync(moved(policy), 1)
    assert engine.num_syncs == 2  # one retry


def test_an_engine_full_of_nan_is_refused():
    policy = TinyPolicy(TOKENIZER.vocabulary_size)
    sampler = CheckedSampler(CopyEngine(policy), probe_prompt_ids=PROBE, tolerance=1e9)
    rollout = make_rollout(
        (3,), [{3: float("nan")}], "stop", TOKENIZER, 0, SamplingParams(max_new_tokens=1)
    )
    sampler.inner = SimpleNamespace(
        sync=lambda policy, version: None, sample=lambda ids, **kwargs: [[rollout]] * len(ids)
    )
    with pytest.raises(WeightSyncError, match="inf nats"):
        sampler.sync(policy, 1)


def test_a_probe_is_needed():
    with pytest.raises(ConfigError, match="probe"):
        CheckedSampler(CopyEngine(TinyPolicy(13)), probe_prompt_ids=[])


class Server:
    """A vLLM-like server on the loopback around a CopyEngine."""

    def __init__(self, engine, *, broken=False):
        outer = self
        self.engine, self.broken, self.seen = engine, broken, []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                body = json.loads(raw) if raw else None
                outer.seen.append((self.path, body))
                status, answer = (500, {}) if outer.broken else (200, outer.answer(self.path, body))
                payload = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(payload)))
                self.end_headers()
                self.wfile.write(payload)

            def log_message(self, *args):
                pass

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.http.serve_forever, daemon=True)
        self.lock = threading.Lock()

    def answer(self, path, body):
        if path == "/collective_rpc":
            state = torch.load(body["kwargs"]["weights_path"] + "/w.pt", weights_only=True)
            self.engine.model.load_state_dict(state)
            return {"results": [None]}
        if path != "/v1/completions":
            return None
        params = SamplingParams(
            max_new_tokens=body["max_tokens"],
            temperature=body["temperature"],
            top_p=body["top_p"],
            stop_token_ids=tuple(body["stop_token_ids"]),
        )
        with self.lock:
            (group,) = self.engine.sample(
                [tuple(body["prompt"])], num_samples=body["n"], params=params, seed=body["seed"]
            )
        return {
            "choices": [
                {
                    "token_ids": list(r.response_ids),
                    "finish_reason": r.finish_reason,
                    "logprobs": {"token_logprobs": list(r.logprobs), "top_logprobs": None},
                }
                for r in group
            ]
        }

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *args):
        self.http.shutdown()
        self.http.server_close()
        self.thread.join()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.http.server_port}"


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")


def save(policy, folder):
    torch.save(policy.state_dict(), folder / "w.pt")


PARAMS = SamplingParams(max_new_tokens=6, stop_token_ids=(1,))


def test_a_server_samples_and_takes_weights():
    policy = TinyPolicy(TOKENIZER.vocabulary_size)
    with Server(CopyEngine(policy)) as server:
        inner = ServerSampler([server.url], "policy", TOKENIZER, save_weights=save)
        sampler = CheckedSampler(inner, probe_prompt_ids=PROBE)
        groups = sampler.sample(PROBE, num_samples=3, params=PARAMS, seed=0)
        again = sampler.sample(PROBE, num_samples=3, params=PARAMS, seed=0)
        assert groups == again
        assert [len(group) for group in groups] == [3, 3]
        sampler.sync(moved(policy), 7)
        routes = [path for path, _ in server.seen if path != "/v1/completions"]
        assert routes == ["/pause?mode=wait", "/collective_rpc", "/reset_prefix_cache", "/resume"]
        later = sampler.sample(PROBE, num_samples=1, params=PARAMS, seed=0)
        assert set(later[0][0].policy_versions) == {7}
        inner.sleep()
        with pytest.raises(WeightSyncError, match="wake_up"):
            inner.sync(policy, 8)
        inner.wake_up()
        assert [path for path, _ in server.seen[-2:]] == ["/sleep?level=1", "/wake_up"]


def test_a_dead_server_is_stood_in_for_and_a_dead_fleet_is_an_error():
    policy = TinyPolicy(TOKENIZER.vocabulary_size)
    with Server(CopyEngine(policy)) as alive, Server(CopyEngine(policy), broken=True) as dead:
        sampler = ServerSampler([dead.url, alive.url], "policy", TOKENIZER, save_weights=save)
        groups = sampler.sample(PROBE, num_samples=2, params=PARAMS, seed=0)
        assert all(r.num_tokens for group in groups for r in group)
        assert sampler.num_failed_requests >= 1
        with pytest.raises(WeightSyncError, match="DEV_MODE"):
            sampler.sync(policy, 1)
        fleet = ServerSampler([dead.url], "policy", TOKENIZER)
        with pytest.raises(SamplerError, match="no server"):
            fleet.sample(PROBE, num_samples=2, params=PARAMS, seed=0)


def test_a_prompt_that_fails_alone_comes_back_aborted():
    policy = TinyPolicy(TOKENIZER.vocabulary_size)

    class Picky(Server):
        def answer(self, path, body):
            return (
                {"choices": []} if body["prompt"] == list(PROBE[0]) else super().answer(path, body)
            )

    with Picky(CopyEngine(policy)) as server:
        sampler = ServerSampler([server.url], "policy", TOKENIZER)
        groups = sampler.sample(PROBE, num_samples=2, params=PARAMS, seed=0)
    assert [r.finish_reason for r in groups[0]] == ["abort", "abort"]
    assert groups[1][0].num_tokens


def test_server_addresses_are_checked():
    with pytest.raises(ConfigError, match="http"):
        ServerSampler(["localhost:8000"], "policy", TOKENIZER)


def test_engine_answers_become_rollouts():
    params = SamplingParams(max_new_tokens=2, top_p=0.9, record_support=True)
    rows = [{3: -0.1, 4: -2.0, 5: float("-inf"), 6: -9999.0}, {1: -0.5}]
    rollout = make_rollout((3, 1), rows, "stop", TOKENIZER, 4, params)
    assert rollout.logprobs == (-0.1, -0.5)
    assert rollout.support_ids == ((3, 4), (1,))
    assert rollout.policy_versions == (4, 4)
    wide = [dict.fromkeys(range(20), -3.0)]
    assert make_rollout((3,), wide, None, TOKENIZER, 0, params).support_ids is None
    assert make_rollout((3,), wide, None, TOKENIZER, 0, params).finish_reason == "abort"
    with pytest.raises(SamplerError, match="log-probabilities"):
        make_rollout((3, 1), [{4: -1.0}, {1: -1.0}], "stop", TOKENIZER, 0, params)


def test_vllm_weights_travel_as_a_folder():
    calls = []
    engine = SimpleNamespace(
        collective_rpc=lambda method, kwargs: calls.append((method, list(kwargs))),
        reset_prefix_cache=lambda: calls.append("reset"),
    )
    sampler = VllmSampler("unused", TOKENIZER, engine=engine, save_weights=save)
    sampler.sync(TinyPolicy(TOKENIZER.vocabulary_size), 3)
    assert calls == [("reload_weights", ["weights_path"]), "reset"]
    assert sampler.version == 3
    engine.sleep, engine.wake_up = (lambda level: None), (lambda: None)
    sampler.sleep()
    with pytest.raises(WeightSyncError, match="wake_up"):
        sampler.sync(TinyPolicy(TOKENIZER.vocabulary_size), 4)
    sampler.wake_up()
    with pytest.raises(WeightSyncError, match="save_pretrained"):
        VllmSampler("unused", TOKENIZER, engine=engine).sync(torch.nn.Linear(1, 1), 4)


def test_an_untied_checkpoint_gives_the_same_logits_with_a_head_of_its_own(tmp_path):
    from safetensors import safe_open
    from transformers import AutoModelForCausalLM, Qwen3Config, Qwen3ForCausalLM

    torch.manual_seed(0)
    tied = Qwen3ForCausalLM(
        Qwen3Config(
            vocab_size=16, hidden_size=16, intermediate_size=32, num_hidden_layers=1,
            num_attention_heads=2, num_key_value_heads=1, head_dim=8, tie_word_embeddings=True,
            bos_token_id=None, eos_token_id=1, pad_token_id=0,
        )
    )  # fmt: skip
    save_untied(tied, tmp_path / "untied")
    loaded = AutoModelForCausalLM.from_pretrained(tmp_path / "untied", dtype=torch.float32)
    assert loaded.config.tie_word_embeddings is False
    assert loaded.lm_head.weight.data_ptr() != loaded.model.embed_tokens.weight.data_ptr()
    ids = torch.tensor([[2, 3, 4]])
    with torch.no_grad():
        assert torch.equal(loaded(ids).logits, tied(ids).logits)
    save_untied(loaded, tmp_path / "again")  # already untied: saved as it is
    with safe_open(tmp_path / "again" / "model.safetensors", "pt") as file:
        assert "lm_head.weight" in file.keys()  # noqa: SIM118 - not a mapping
    assert tied.config.tie_word_embeddings is True


def test_vllm_routes_become_those_of_the_response():
    import numpy as np

    routes = np.arange(5 * 2 * 2).reshape(5, 2, 2)  # 3 tokens of prompt, 3 of response
    entry = SimpleNamespace(logprob=-0.5)
    sample = SimpleNamespace(
        token_ids=[4, 5, 1], logprobs=[{4: entry}, {5: entry}, {1: entry}], finish_reason="stop",
        routed_experts=routes,
    )  # fmt: skip
    sampler = VllmSampler("unused", TOKENIZER, engine=object())
    rollout = sampler._rollout(sample, 3, PARAMS)
    assert rollout.routed_experts.tolist() == routes[3:5].tolist()
