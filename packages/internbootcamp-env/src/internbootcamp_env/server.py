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
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, PlainTextResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from .batch import ScoringPool
from .episodes import MAX_TURNS, Episode, Step
from .errors import BootcampError, CaseError, UnknownTaskError
from .registry import get, names
from .task import Case, Options, canonical_json
from .task_index import INDEX

MAX_BODY_BYTES = 8 << 20
MAX_PAIRS = 1_024
MAX_INTEGER = 2**53 - 1  # what every JSON reader keeps exact
_CLIENTS = 4_096


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class GenerateRequest(_Body):
    """Which case to make."""

    task: str = Field(max_length=200)
    split: Literal["train", "validation", "test"]
    seed: int = Field(ge=-MAX_INTEGER, le=MAX_INTEGER)
    index: int = Field(ge=0, le=MAX_INTEGER)
    level: int = Field(default=1, ge=1, le=10)
    lang: Literal["en", "zh"] = "en"
    wording: int | Literal["terse", "any"] = 0


Action = Annotated[str, Field(max_length=10_000)]


class CaseFields(_Body):
    """A case, as `/generate` returned it."""

    task: str = Field(max_length=200)
    version: int = Field(ge=1, lt=2**31)
    split: Literal["train", "validation", "test"]
    seed: int = Field(ge=-MAX_INTEGER, le=MAX_INTEGER)
    index: int = Field(ge=0, le=MAX_INTEGER)
    level: int = Field(ge=1, le=10)
    question: dict[str, Any]
    answer: Any
    fingerprint: str = Field(max_length=64)


class Answer(_Body):
    """One response and the case it answers."""

    case: CaseFields
    response: str


class ScoreRequest(_Body):
    """Responses to score."""

    items: Annotated[list[Answer], Field(max_length=MAX_PAIRS)]
    wrapper: Literal["auto", "plain", "answer", "boxed", "fence", "line"] = "auto"


class PlayRequest(_Body):
    """Where an episode of a multi-turn task stands: nothing is kept between requests."""

    case: CaseFields
    log: Annotated[list[Action], Field(max_length=MAX_TURNS)] = []
    lang: Literal["en", "zh"] = "en"


class Generated(BaseModel):
    """A case and how it is asked."""

    prompt: str
    case: CaseFields


class Verdict(BaseModel):
    """A score; the value is null only if the status is `internal_error`."""

    value: Annotated[float, Field(ge=0, le=1)] | None
    status: Literal["correct", "wrong", "unparsable", "over_limit", "internal_error"]
    reason: str


class Played(BaseModel):
    """What the last action of a log brought, or the prompt if there is none yet."""

    observation: str
    reward: float
    done: bool
    turns_left: int


class Problem(BaseModel):
    """What was wrong with a request."""

    detail: str


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


_REFUSALS: dict[int | str, dict[str, Any]] = {
    400: {"model": Problem, "description": "the body is not JSON"},
    404: {"model": Problem, "description": "no task has that name"},
    409: {"model": Problem, "description": "the task does not offer this, or made no such case"},
    411: {"model": Problem, "description": "a Content-Length header is required"},
    413: {"model": Problem, "description": "the body is too long"},
    422: {"description": "a value is not one of the allowed ones; the detail says which"},
    429: {"model": Problem, "description": "too many requests from this address"},
}


def create_app(*, workers: int = 2, rate: float = 50.0, burst: float = 200.0) -> FastAPI:
    """Return the application.

    Args:
        workers: Scoring processes.
        rate: Requests a second that one client address may keep up.
        burst: Requests that one client address may make at once.
    """
    counts: Counter[str] = Counter(
        requests=0, refused_rate=0, refused_size=0, generated=0, played=0
    )

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        with ScoringPool(workers) as pool:
            app.state.pool = pool
            yield

    app = FastAPI(title="internbootcamp-env", lifespan=lifespan, responses=dict(_REFUSALS))
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
        status = 404 if isinstance(error, UnknownTaskError) else 409
        return JSONResponse({"detail": str(error)}, status)

    @app.exception_handler(RequestValidationError)
    async def refuse(request: Request, error: RequestValidationError) -> JSONResponse:
        # Without the offending input: it may be what JSON cannot hold, such as NaN.
        found = [{name: one[name] for name in ("loc", "msg", "type")} for one in error.errors()]
        return JSONResponse({"detail": found}, 422)


def _add_reading(app: FastAPI, counts: Counter[str]) -> None:
    """Health, metrics and the list of tasks."""

    @app.get("/health")
    async def health() -> dict[str, Any]:
        return {"status": "ok", "tasks": len(INDEX)}

    @app.get("/metrics", response_class=PlainTextResponse)
    async def metrics() -> str:
        return "".join(
            f"# TYPE internbootcamp_env_{name}_total counter\n"
            f"internbootcamp_env_{name}_total {count}\n"
            for name, count in sorted(counts.items())
        )

    @app.get("/tasks")
    async def tasks(pattern: Annotated[str, Field(max_length=200)] = "*") -> list[dict[str, str]]:
        return [{"id": name, "title": INDEX[name][1]} for name in names(pattern)]


def _add_work(app: FastAPI, counts: Counter[str]) -> None:
    """Generation and scoring."""

    @app.post("/generate")
    def generate(body: GenerateRequest) -> Generated:
        task = get(body.task)
        case = task.generate(split=body.split, seed=body.seed, index=body.index, level=body.level)
        counts["generated"] += 1
        prompt = task.prompt(case, lang=body.lang, wording=body.wording)
        return Generated(prompt=prompt, case=CaseFields(**_fields(case)))

    @app.post("/score")
    async def score(body: ScoreRequest) -> list[Verdict]:
        pairs = await run_in_threadpool(
            lambda: [(_case(item.case), item.response) for item in body.items]
        )
        options = Options(wrapper=body.wrapper, on_internal_error="flag")
        scores = await run_in_threadpool(app.state.pool.score_batch, pairs, options)
        for verdict in scores:
            counts[f"scored_{verdict.status}"] += 1
        return [Verdict(value=s.value, status=s.status, reason=s.reason) for s in scores]

    @app.post("/play")
    def play(body: PlayRequest) -> Played:
        case = _case(body.case)
        episode = Episode(get(case.task), case, lang=body.lang)
        last = Step(episode.prompt, 0.0, False, "")
        for action in body.log:
            last = episode.step(action)
        counts["played"] += 1
        return Played(
            observation=last.observation,
            reward=last.reward,
            done=last.done,
            turns_left=episode.turns_left,
        )


def _fields(case: Case) -> dict[str, Any]:
    return {name: getattr(case, name) for name in Case.__slots__}


def _case(fields: CaseFields) -> Case:
    """Rebuild a case that this service made; anything else about it is refused."""
    task = get(fields.task)
    case = task.generate(
        split=fields.split, seed=fields.seed, index=fields.index, level=fields.level
    )
    if canonical_json(_fields(case)) != canonical_json(fields.model_dump()):
        raise CaseError(f"this case of {fields.task} is not one that /generate returns")
    return case


def serve(host: str, port: int, *, workers: int) -> None:
    """Run the service until interrupted."""
    uvicorn.run(create_app(workers=workers), host=host, port=port, log_level="info")
