"""The HTTP service keeps what its OpenAPI schema promises, whatever is sent to it."""

import pytest

schemathesis = pytest.importorskip("schemathesis", reason="schemathesis is not installed")
pytest.importorskip("fastapi", reason="the extra server is not installed")
from fastapi.testclient import TestClient  # noqa: E402
from hypothesis import HealthCheck, settings  # noqa: E402

from internbootcamp_env.server import create_app  # noqa: E402

# The test client of starlette announces its own change of HTTP library.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

APP = create_app(workers=1, rate=1e6, burst=1e6)
schema = schemathesis.openapi.from_dict(APP.openapi())
schema.app = APP


@pytest.fixture(scope="module", autouse=True)
def service():
    with TestClient(APP) as client:  # starts the scoring pool
        yield client


@schema.parametrize()
@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_every_answer_is_one_the_schema_names(case):
    case.call_and_validate()


def test_the_schema_names_every_route(service):
    paths = service.get("/openapi.json").json()["paths"]
    assert set(paths) == {"/health", "/metrics", "/tasks", "/generate", "/score", "/play"}
