"""The sandbox: a simulated account behind a real HTTP server on the loopback interface."""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from email.utils import formatdate
from typing import Any, Literal, Self
from urllib.parse import parse_qsl

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from ..answers.series import Anchor, SeriesOptions
from ..history.account import Account
from ..history.spec import AccountSpec
from ..history.surprises import Surprises, with_enough_teams
from .account_api import AccountApi, Pairs
from .broken_answers import break_answer
from .faults import Fault, Faults
from .platform import (
    RETRY_AFTER,
    SITES_PATH,
    TOKEN_PATH,
    Answer,
    Encoded,
    LoggedRequest,
    RateLimiter,
    Tokens,
    error,
    oauth_error,
    too_many,
)
from .server import RunningServer, serve_app

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
WORKERS = 2
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


class Sandbox:
    """A stand-in Help Scout account.

        spec = AccountSpec(until=datetime(2026, 6, 1, tzinfo=UTC))
        with Sandbox(spec) as sandbox, sandbox.serve() as server:
            httpx.post(f"{server.base_url}/v2/oauth2/token", data=...)

    `account` can be changed while it serves; `faults` can be switched on; `requests` lists every
    request. `anchor`, `omit_empty_buckets` and `received_messages_as` choose between behaviours
    that the provider does not document; `surprises` are what live accounts do; `forbidden` holds
    path prefixes that answer 403, as on a plan without these reports. `clock` drives rate limit
    and token expiry only; `clock_skew_seconds` is how far the Date header is ahead of this
    machine's time.
    """

    def __init__(
        self,
        spec: AccountSpec,
        *,
        rate_limit: int = 100_000,
        client_id: str = "sandbox-id",
        client_secret: str = "sandbox-secret",  # noqa: S107 - it guards nothing
        docs_api_key: str = "sandbox-docs-key",
        token_seconds: int = 172_800,
        anchor: Anchor = "request",
        omit_empty_buckets: bool = False,
        received_messages_as: Literal["start/count", "date/messages"] = "start/count",
        surprises: Surprises | None = None,
        forbidden: Collection[str] = (),
        list_page_size: int = 50,
        latency_ms: float = 0,
        clock_skew_seconds: float = 0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.client_id = client_id
        self.client_secret = client_secret
        self.docs_api_key = docs_api_key
        self.clock = clock
        self.forbidden = set(forbidden)
        self.latency_ms = latency_ms
        self.clock_skew_seconds = clock_skew_seconds
        self.surprises = surprises or Surprises()
        if self.surprises.received_messages_date:
            received_messages_as = "date/messages"
        self.series = SeriesOptions(
            anchor,
            omit_empty_buckets,
            received_messages_as,
            "touched" if self.surprises.channels_count_touched else "new",
        )
        self.limiter = RateLimiter(rate_limit, clock)
        self.faults = Faults()
        self.log: list[LoggedRequest] = []
        self.account = Account(with_enough_teams(spec, self.surprises))
        self.tokens = Tokens(client_id, client_secret, token_seconds, clock)
        self._api = AccountApi(
            account=self.account,
            surprises=self.surprises,
            series=self.series,
            forbidden=self.forbidden,
            page_size=list_page_size,
        )
        self._arrived = 0
        self._pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="sandbox-report")
        self._starlette = Starlette(routes=[Route("/{path:path}", self._answer, methods=METHODS)])

    @property
    def requests(self) -> list[LoggedRequest]:
        """Every request answered so far, oldest first."""
        return list(self.log)

    def count(self, path: str) -> int:
        """How many requests for exactly this path were answered so far."""
        return sum(request.path == path for request in self.requests)

    def serve(self, port: int = 0) -> AbstractContextManager[RunningServer]:
        """Serves in a background thread, on a free port unless one is given, until left."""
        return serve_app(self._asgi, port)

    def close(self) -> None:
        """Ends the worker threads and deletes the temporary database."""
        self._pool.shutdown(wait=True)
        self.account.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    async def _asgi(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI application; the connection itself goes along, for faults that break it."""
        scope["sandbox.transport"] = send.__self__.transport  # type: ignore[attr-defined]
        await self._starlette(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        path = request.url.path
        pairs: Pairs = request.query_params.multi_items()
        query = dict(pairs)
        at = self.clock()
        self._arrived += 1
        correlation = f"sandbox-{self._arrived:08d}"
        allowed, headers = self.limiter.take()
        headers["Correlation-Id"] = correlation
        headers["Date"] = formatdate(time.time() + self.clock_skew_seconds, usegmt=True)
        fault = self.faults.next_for(path, query) if allowed else None
        await self._prepare(fault, path, pairs)
        if not allowed:
            encoded = self._too_many(headers)
        elif fault is not None and fault.kind == "status":
            encoded = self._failed(fault, correlation, headers)
        else:
            encoded = await self._encoded(request, path, pairs, correlation)
        self.log.append(LoggedRequest(request.method, path, query, encoded[0], at))
        return break_answer(encoded, headers, fault)

    async def _prepare(self, fault: Fault | None, path: str, pairs: Pairs) -> None:
        """Waits, and does what a fault does before its request is answered."""
        seconds = self.latency_ms / 1_000
        if fault is not None and fault.kind in ("latency", "stall"):
            seconds += fault.seconds
        if seconds:
            await asyncio.sleep(seconds)
        if fault is not None and fault.kind == "expire_tokens":
            self.tokens.expire_all()
        if fault is not None and fault.kind == "page_shift":
            await self._in_pool(self._api.shift_pages, path, pairs)

    def _failed(self, fault: Fault, correlation: str, headers: dict[str, str]) -> Encoded:
        if fault.retry_after is not None:
            headers[RETRY_AFTER] = str(fault.retry_after)
        if fault.status == 429 and self.surprises.rate_limit_in_body:
            return self._too_many(headers)
        return error(fault.status, "A fault was switched on", correlation).encode()

    def _too_many(self, headers: dict[str, str]) -> Encoded:
        return too_many(headers, only_in_body=self.surprises.rate_limit_in_body).encode()

    async def _encoded(
        self, request: Request, path: str, pairs: Pairs, correlation: str
    ) -> Encoded:
        if path in (TOKEN_PATH, SITES_PATH):  # they take other credentials than a token
            answer = self._docs_sites(request) if path == SITES_PATH else await self._token(request)
            return answer.encode()
        if not self.tokens.is_valid(request.headers.get("authorization", "")):
            return error(401, "The access token is missing or expired", correlation).encode()
        if request.method != "GET":
            return error(405, "Only GET is supported here", correlation).encode()
        refused = self._api.refuse(path, pairs)
        if refused is not None:
            return error(*refused, correlation).encode()
        remembered = self._api.recall(path, pairs)
        if remembered is not None:
            return remembered
        version = self.account.version
        base_url = str(request.base_url).rstrip("/")
        encoded: Encoded = await self._in_pool(
            self._api.compute, path, pairs, correlation, base_url
        )
        if encoded[0] == 200:
            self._api.remember(path, pairs, encoded, version)
        return encoded

    def _docs_sites(self, request: Request) -> Answer:
        """The Docs API's sites; its key is the user name of HTTP Basic, whatever the password."""
        scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
        try:
            user = base64.b64decode(encoded, validate=True).decode().partition(":")[0]
        except ValueError:
            user = ""
        if scheme.lower() != "basic" or user != self.docs_api_key:
            return Answer(401, {"code": 401, "error": "Unauthorized"})
        return self._api.list_docs_sites(int(request.query_params.get("page", "1")))

    async def _token(self, request: Request) -> Answer:
        if request.method != "POST":
            return oauth_error(405, "invalid_request", "tokens are requested with POST")
        fields = await _token_fields(request)
        if fields is None:
            return oauth_error(400, "invalid_request", f"send {FORM} or {JSON}")
        return self.tokens.grant(fields)

    async def _in_pool(self, function: Callable[..., Any], *args: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._pool, function, *args)


async def _token_fields(request: Request) -> dict[str, str] | None:
    """The fields of a token request, sent as a form or as JSON; None where it is neither."""
    content_type = request.headers.get("content-type", "").partition(";")[0].strip()
    if content_type == FORM:
        return dict(parse_qsl((await request.body()).decode(), keep_blank_values=True))
    try:
        fields = orjson.loads(await request.body()) if content_type == JSON else None
    except orjson.JSONDecodeError:
        return None
    return fields if isinstance(fields, dict) else None
