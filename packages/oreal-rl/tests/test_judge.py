"""The judge against a real HTTP server on the loopback: healthy, hanging, broken, absurd."""

import http.server
import json
import threading
from contextlib import contextmanager

import pytest

from oreal_rl import Prompt
from oreal_rl.errors import ConfigError
from oreal_rl.rewards import RewardMixture, RewardSource
from oreal_rl.rewards.judge import Judge, JudgeConfig, parse_judgement
from oreal_rl.rewards.preference import preference_source


@contextmanager
def judge_server(answer):
    """Serve `answer(message) -> (status, body bytes)`; None hangs until the server closes."""
    closing = threading.Event()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            length = int(self.headers["Content-Length"])
            request = json.loads(self.rfile.read(length))
            outcome = answer(request["messages"][0]["content"])
            if outcome is None:
                closing.wait(10)
                return
            status, body = outcome
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        closing.set()
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")


def completion(text):
    return 200, json.dumps({"choices": [{"message": {"content": text}}]}).encode()


def ask(answer, prompts, responses, **settings):
    with judge_server(answer) as url:
        judge = Judge(JudgeConfig(base_url=url, model="judge", timeout_seconds=0.5))
        source = RewardSource(name="judge", score=judge, **settings)
        return RewardMixture([source])(prompts, responses)


PROMPTS = [Prompt(text=f"{n}+{n}?", case=str(2 * n), uid=str(n)) for n in range(4)]


def honest(message):
    gold = message.split("Wanted answer:\n")[1].split("\n")[0]
    given = message.split("<given>\n")[1].split("\n</given>")[0]
    return completion("CORRECT" if gold == given else "thinking...\nVerdict: INCORRECT.")


def test_a_healthy_judge_decides():
    verdicts = ask(honest, PROMPTS, [r"\boxed{0}", "2", "5", r"so \boxed{6}"])
    assert [v.reward for v in verdicts] == [1.0, 1.0, 0.0, 1.0]


def test_one_hanging_request_abstains_alone():
    def answer(message):
        return None if "2+2?" in message else honest(message)

    verdicts = ask(answer, PROMPTS, ["0", "2", "4", "6"])
    assert [v.reward for v in verdicts] == [1.0, 1.0, None, 1.0]
    assert [v.audit[0].status for v in verdicts] == ["scored", "scored", "error", "scored"]
    assert "timed out" in verdicts[2].audit[0].detail


@pytest.mark.parametrize(
    "outcome",
    [
        (500, b"oops"),
        (200, b"not json"),
        (200, b"[]"),
        (200, b'{"choices": []}'),
        (200, b'{"choices": [{"message": {"content": null}}]}'),
        (200, b"\xff\xfe"),
        None,
    ],
)
def test_a_broken_endpoint_is_an_error_of_the_source_and_not_a_wrong_answer(outcome):
    verdicts = ask(lambda message: outcome, PROMPTS[:2], ["0", "2"], max_attempts=2)
    assert [v.reward for v in verdicts] == [None, None]
    assert [v.audit[0].status for v in verdicts] == ["error", "error"]
    assert verdicts[0].audit[0].attempts == 2


def test_nonsense_abstains():
    verdicts = ask(lambda message: completion("purple monkey"), PROMPTS[:2], ["0", "2"])
    assert [v.audit[0].status for v in verdicts] == ["abstained", "abstained"]


def test_an_absent_endpoint_is_an_error():
    judge = Judge(JudgeConfig(base_url="http://127.0.0.1:9/v1", model="judge"))
    verdict = RewardMixture([RewardSource(name="judge", score=judge)])(PROMPTS[:1], ["0"])[0]
    assert verdict.audit[0].status == "error"


@pytest.mark.parametrize(
    ("reply", "wanted"),
    [
        ("CORRECT", True),
        ("Incorrect.", False),
        ("**INVALID**", False),
        ("<think>INCORRECT? no</think>\nA", True),
        ("Final verdict: B", False),
        ("reasoning\n\nAnswer: correct\n", True),
        ("not correct", None),
        ("CORRECT or INCORRECT", None),
        ("it is a", None),
        ("", None),
        ("42", None),
        ("correct\nbut I am not sure", None),
    ],
)
def test_judgements_are_read_strictly(reply, wanted):
    assert parse_judgement(reply) is wanted


def test_a_response_cannot_write_into_the_template():
    seen = []

    def spy(message):
        seen.append(message)
        return completion("INCORRECT")

    ask(spy, PROMPTS[:1], ["{gold} {question}"])
    assert "<given>\n{gold} {question}\n</given>" in seen[0]


def test_settings_of_the_judge_are_checked():
    with pytest.raises(ConfigError, match="http"):
        JudgeConfig(base_url="file:///etc", model="m")
    with pytest.raises(ConfigError, match="lacks"):
        JudgeConfig(base_url="http://x", model="m", prompt="hi")


def test_preferences_need_a_reference_and_compare_within_the_group():
    source = preference_source("polar", lambda p, refs, r: [-11.0 + len(x) for x in r])
    prompts = [Prompt(text="a", case="ref")] * 3 + [Prompt(text="b")]
    verdicts = RewardMixture([source])(prompts, ["x", "xx", "xxx", "x"])
    rewards = [v.reward for v in verdicts]
    assert rewards[0] < rewards[1] == 0.5 < rewards[2]
    assert rewards[3] is None
