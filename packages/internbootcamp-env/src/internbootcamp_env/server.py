"""HTTP service: generation and scoring, with limits, health and metrics.

`internbootcamp-env serve` runs it; `create_app` returns the FastAPI application. Bodies above
`MAX_BODY_BYTES` are refused before they are read in whole, and every client address has a token
bucket. Scoring runs in a `ScoringPool`, never in the event loop.
"""

import time
from collections import Counter, OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any, Literal

import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from .batch import ScoringPool
from .errors import BootcampError
from .registry import get, names
from .task import Case, Options, canonical_json
from .task_index import INDEX

MAX_BODY_BYTES = 8 << 20
MAX_PAIRS = 1_024
_CLIENTS = 4_096


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class GenerateRequest(_Body):
    """Which case to make."""

    task: str = Field(max_length=200)
    split: Literal["train", "validation", "test"]
    seed: int = Field(ge=-(2**63), lt=2**63)
    index: int = Field(ge=0, lt=2**63)
    level: int = Field(default=1, ge=1, le=10)
    lang: Literal["en", "zh"] = "en"
    wording: int | Literal["terse", "any"] = 0


class Answer(_Body):
    """One response and the case it answers."""

    case: dict[str, Any]
    response: str


class ScoreRequest(_Body):
    """Responses to score."""

    items: Annotated[list[Answer], Field(max_length=MAX_PAIRS)]
    wrapper: Literal["auto", "plain", "answer", "boxed", "fence", "line"] = "auto"


class Buckets:
    """A token bucket per client; the least recent client is forgotten first.

    Args:
        rate: Tokens gained a second.
        burst: Most tokens held.
    """

    def __init__(self, rate: float, burst: float) -> None:
        self._rate, self._burst = rate, burst
        self._held: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, client: str, now: float) -> bool:
        """Take a token of a client at a time in seconds; False if there is none."""
        tokens, then = self._held.pop(client, (self._burst, now))
        tokens = min(self._burst, tokens + (now - then) * self._rate)
        self._held[client] = (max(0.0, tokens - 1), now)
        while len(self._held) > _CLIENTS:
            self._held.popitem(last=False)
        return tokens >= 1


def create_app(*, workers: int = 2, rate: float = 50.0, burst: float = 200.0) -> FastAPI:
    """Return the application.

    Args:
        workers: Scoring processes.
        rate: Requests a second that one client address may keep up.
        burst: Requests that one client address may make at once.
    """
    counts: Counter[str] = Counter()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        with ScoringPool(workers) as pool:
            app.state.pool = pool
            yield

    app = FastAPI(title="internbootcamp-env", lifespan=lifespan)
    _add_limits(app, counts, Buckets(rate, burst))
    _add_reading(app, counts)
    _add_work(app, counts)
    return app


def _add_limits(app: FastAPI, counts: Counter[str], buckets: Buckets) -> None:
    """Refuse too many and too long requests; explain this package's own errors."""

    @app.middleware("http")
    async def limits(request: Request, call_next: Any) -> Response:
        counts["requests"] += 1
        client = request.client.host if request.client else ""
        if not buckets.take(client, time.monotonic()):
            counts["refused_rate"] += 1
            return JSONResponse({"detail": "too many requests; slow down"}, 429)
        length = request.headers.get("content-length")
        if request.method == "POST" and (length is None or not length.isdigit()):
            return JSONResponse({"detail": "a Content-Length header is required"}, 411)
        if length and int(length) > MAX_BODY_BYTES:
            counts["refused_size"] += 1
            return JSONResponse({"detail": f"at most {MAX_BODY_BYTES} bytes"}, 413)
        return await call_next(request)

    @app.exception_handler(BootcampError)
    async def explain(request: Request, error: BootcampError) -> JSONResponse:
        return JSONResponse({"detail": str(error)}, 422)


def _add_reading(app: FastAPI, counts: Counter[str]) -> None:
    """Health, metrics and the list of tasks."""

    @app.get("/health")
    async def health() -> dict[str, Any]:
        return {"status": "ok", "tasks": len(INDEX)}

    @app.get("/metrics", response_class=PlainTextResponse)
    async def metrics() -> str:
        return "".join(f"internbootcamp_env_{k}_total {n}\n" for k, n in sorted(counts.items()))

    @app.get("/tasks")
    async def tasks(pattern: Annotated[str, Field(max_length=200)] = "*") -> list[dict[str, str]]:
        return [{"id": name, "title": INDEX[name][1]} for name in names(pattern)]


def _add_work(app: FastAPI, counts: Counter[str]) -> None:
    """Generation and scoring."""

    @app.post("/generate")
    def generate(body: GenerateRequest) -> dict[str, Any]:
        task = get(body.task)
        case = task.generate(split=body.split, seed=body.seed, index=body.index, level=body.level)
        counts["generated"] += 1
        prompt = task.prompt(case, lang=body.lang, wording=body.wording)
        return {"prompt": prompt, "case": {name: getattr(case, name) for name in Case.__slots__}}

    @app.post("/score")
    async def score(body: ScoreRequest) -> list[dict[str, Any]]:
        pairs = [(_case(item.case), item.response) for item in body.items]
        options = Options(wrapper=body.wrapper, on_internal_error="flag")
        scores = await run_in_threadpool(app.state.pool.score_batch, pairs, options)
        for verdict in scores:
            counts[f"scored_{verdict.status}"] += 1
        return [{"value": s.value, "status": s.status, "reason": s.reason} for s in scores]


def _case(fields: dict[str, Any]) -> Case:
    """Rebuild a case that this service made; anything else about it is refused."""
    case = Case.from_json(canonical_json(fields))
    if not isinstance(case.task, str) or not isinstance(case.seed, int):
        raise BootcampError("a case must be one that /generate returned")
    task = get(case.task)
    again = task.generate(split=case.split, seed=case.seed, index=case.index, level=case.level)
    if again != case:
        raise BootcampError(f"this case of {case.task} is not one that /generate returned")
    return again


def serve(host: str, port: int, *, workers: int) -> None:
    """Run the service until interrupted."""
    uvicorn.run(create_app(workers=workers), host=host, port=port, log_level="info")
