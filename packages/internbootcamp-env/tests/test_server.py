import pytest

pytest.importorskip("fastapi", reason="the extra server is not installed")
pytest.importorskip("httpx", reason="the test client of the extra server is not installed")
from fastapi.testclient import TestClient

import internbootcamp_env as bootcamp
from internbootcamp_env.server import MAX_BODY_BYTES, Buckets, create_app

# The test client of starlette announces its own change of HTTP library.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

REQUEST = {"task": "arith.add", "split": "train", "seed": 1, "index": 2, "level": 3}


@pytest.fixture(scope="module")
def client():
    with TestClient(create_app(workers=1, rate=1000.0, burst=1000.0)) as made:
        yield made


def test_what_is_generated_can_be_scored(client):
    made = client.post("/generate", json=REQUEST).json()
    answer = f"<answer>{made['case']['answer']}</answer>"
    items = [{"case": made["case"], "response": text} for text in (answer, "?")]
    scores = client.post("/score", json={"items": items}).json()
    assert [score["value"] for score in scores] == [1.0, 0.0]
    assert client.get("/health").json()["tasks"] == len(bootcamp.names())
    assert "internbootcamp_env_scored_correct_total 1" in client.get("/metrics").text


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        (REQUEST | {"level": 11}, 422),
        (REQUEST | {"task": "no.such"}, 404),
        (REQUEST | {"extra": 1}, 422),
        (REQUEST | {"seed": 1e300}, 422),
        (REQUEST | {"wording": 99}, 409),
    ],
)
def test_bad_requests_are_explained_and_never_crash(client, body, status):
    answer = client.post("/generate", json=body)
    assert answer.status_code == status
    assert answer.json()["detail"]


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"answer": 1}, 409),
        ({"question": {}}, 409),
        ({"version": 77}, 409),
        ({"level": "x"}, 422),
        ({"task": 5}, 422),
        ({"seed": None}, 422),
        ({"split": "dev"}, 422),
    ],
)
def test_a_case_that_was_tampered_with_is_refused(client, change, status):
    made = client.post("/generate", json=REQUEST).json()["case"]
    items = [{"case": made | change, "response": "<answer>1</answer>"}]
    assert client.post("/score", json={"items": items}).status_code == status


def test_sizes_and_rates_are_limited():
    with TestClient(create_app(workers=1, rate=0.001, burst=2.0)) as client:
        big = "x" * (MAX_BODY_BYTES + 1)
        assert client.post("/score", content=big).status_code == 413
        assert client.get("/health").status_code == 200
        assert client.get("/health").status_code == 429


def test_a_bucket_fills_up_again():
    buckets = Buckets(rate=1.0, burst=1.0)
    assert buckets.take("a", 0.0)
    assert not buckets.take("a", 0.5)
    assert buckets.take("a", 1.5)
    assert buckets.take("b", 0.5)


def test_a_game_is_played_without_the_service_keeping_anything(client):
    request = REQUEST | {"task": "multi.guess_number"}
    made = client.post("/generate", json=request).json()["case"]
    log = made["answer"]
    first = client.post("/play", json={"case": made}).json()
    assert first["turns_left"] == made["question"]["budget"]
    assert not first["done"]
    half = client.post("/play", json={"case": made, "log": log[:1]}).json()
    assert half["turns_left"] == first["turns_left"] - 1
    whole = client.post("/play", json={"case": made, "log": log}).json()
    assert (whole["reward"], whole["done"]) == (1.0, True)
    late = client.post("/play", json={"case": made, "log": [*log, "1"]})
    assert late.status_code == 409
    single = client.post("/generate", json=REQUEST).json()["case"]
    assert "not played in turns" in client.post("/play", json={"case": single}).json()["detail"]


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[" * 100_000, b'{"items": [' + b"9" * 6_000 + b"]}", b"\xff\xfe", b"NaN"]
)
def test_bodies_that_are_not_json_are_refused_and_never_crash(client, body):
    headers = {"Content-Type": "application/json"}
    for path in ("/generate", "/score", "/play"):
        assert client.post(path, content=body, headers=headers).status_code in (400, 422)
