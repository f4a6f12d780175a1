"""The ASGI application: the platform's rules around the reports, list endpoints and faults."""

from __future__ import annotations

import asyncio
import base64
import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from email.utils import formatdate
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from ..answers.lists import docs_sites, is_saved_replies, list_body, saved_replies
from ..answers.paging import Paging
from ..answers.routes import Endpoint
from ..history.surprises import refusal
from .faults import Fault
from .parameters import BadRequest, Problem, parse_request
from .platform import RETRY_AFTER, Answer, LoggedRequest, error, oauth_error, too_many

if TYPE_CHECKING:
    from .server import Sandbox

TOKEN_PATH = "/v2/oauth2/token"  # noqa: S105 - a path
FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
SITES_PATH = "/v1/sites"  # the Docs API's
WORKERS = 2
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
HTML = b"<html><body><h1>502 Bad Gateway</h1></body></html>"
Encoded = tuple[int, bytes, dict[str, str], str]
BREAKS: dict[str, Callable[[int], tuple[int, int]]] = {
    "drop": lambda size: (size, 0),
    "reset": lambda size: (size, size // 2),
    "stall_body": lambda size: (size, size // 2),
    "short_length": lambda size: (max(0, size - 20), size),
    "long_length": lambda size: (size + 20, size),
}
"""What a fault makes of a body's size: the Content-Length that is told, the bytes that are sent."""


class BrokenResponse(Response):
    """Bytes as no server should send them, then a connection that breaks.

    They go past the server's own checks, straight to the connection: it would promise no wrong
    length. `seconds` is how long the connection stays open after them, unless the client ends it.
    """

    def __init__(self, head_and_body: bytes, seconds: float = 0) -> None:
        super().__init__()
        self._bytes = head_and_body
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, _send: Send) -> None:
        transport: asyncio.Transport = scope["sandbox.transport"]
        transport.write(self._bytes)
        gone = asyncio.create_task(_disconnected(receive))
        await asyncio.wait([gone], timeout=self._seconds)
        transport.close()
        await gone


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


class Application:
    """Answers requests for one sandbox. Everything but the reports runs on the event loop."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="sandbox-report")
        self._requests = 0
        self._starlette = Starlette(routes=[Route("/{path:path}", self._answer, methods=METHODS)])

    async def asgi(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI application; the connection itself goes along, for faults that break it."""
        scope["sandbox.transport"] = send.__self__.transport  # type: ignore[attr-defined]
        await self._starlette(scope, receive, send)

    def close(self) -> None:
        """Ends the worker threads."""
        self._pool.shutdown(wait=True)

    async def _answer(self, request: Request) -> Response:
        sandbox = self._sandbox
        path = request.url.path
        pairs = parse_qsl(request.url.query, keep_blank_values=True)
        at = sandbox.clock()
        self._requests += 1
        correlation = f"sandbox-{self._requests:08d}"
        allowed, headers = sandbox.limiter.take()
        headers["Correlation-Id"] = correlation
        headers["Date"] = formatdate(time.time() + sandbox.clock_skew_seconds, usegmt=True)
        fault = sandbox.faults.next_for(path, dict(pairs)) if allowed else None
        await self._delay(fault)
        if fault is not None and fault.kind == "expire_tokens":
            sandbox.tokens.expire_all()
        if not allowed:
            in_body = sandbox.surprises.rate_limit_in_body
            encoded = _encode(too_many(headers, only_in_body=in_body))
        elif fault is not None and fault.kind == "status":
            encoded = _encode(error(fault.status, "A fault was switched on", correlation))
            if fault.retry_after is not None:
                headers[RETRY_AFTER] = str(fault.retry_after)
            if fault.status == 429 and sandbox.surprises.rate_limit_in_body:
                encoded = _encode(too_many(headers, only_in_body=True))
        else:
            if fault is not None and fault.kind == "page_shift":
                await self._in_pool(self._shift_pages, path, pairs)
            encoded = await self._encoded(request, path, pairs, correlation)
        status, content, more, media_type = _with_fault(encoded, fault)
        query = dict(pairs)
        sandbox.log.add(LoggedRequest(request.method, path, query, status, at))
        response = Response(content, status, {**headers, **more}, media_type)
        if fault is not None and fault.kind in BREAKS:
            return _broken(response, fault)
        return response

    async def _delay(self, fault: Fault | None) -> None:
        seconds = self._sandbox.latency_ms / 1_000
        if fault is not None and fault.kind in ("latency", "stall"):
            seconds += fault.seconds
        if seconds:
            await asyncio.sleep(seconds)

    async def _encoded(
        self, request: Request, path: str, pairs: list[tuple[str, str]], correlation: str
    ) -> Encoded:
        sandbox = self._sandbox
        if path in (TOKEN_PATH, SITES_PATH):  # they know other credentials than a token
            answer = self._docs_sites(request) if path == SITES_PATH else await self._token(request)
            return _encode(answer)
        if not sandbox.tokens.is_valid(request.headers.get("authorization", "")):
            return _encode(error(401, "The access token is missing or expired", correlation))
        if request.method != "GET":
            return _encode(error(405, "Only GET is supported here", correlation))
        refused = self._refusal(path, dict(pairs))
        if refused is not None:
            return _encode(error(*refused, correlation))
        key = (path, tuple(sorted(pairs)))
        remembered = sandbox.recall(key)
        if remembered is not None:
            return remembered
        version = sandbox.account.version
        encoded: Encoded = await self._in_pool(
            self._compute, path, pairs, correlation, str(request.base_url).rstrip("/")
        )
        if encoded[0] == 200:
            sandbox.remember(key, encoded, version)
        return encoded

    def _refusal(self, path: str, query: dict[str, str]) -> tuple[int, str] | None:
        """The status and the message with which a request is refused; None where it is not."""
        sandbox = self._sandbox
        if any(path.startswith(prefix) for prefix in sandbox.forbidden):
            return 403, "No access: the plan or the user's permissions do not include this"
        return refusal(sandbox.surprises, sandbox.account.roster, path, query)

    def _docs_sites(self, request: Request) -> Answer:
        """The Docs API's sites; its key is the user name of HTTP Basic, whatever the password."""
        sandbox = self._sandbox
        scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
        try:
            user = base64.b64decode(encoded, validate=True).decode().partition(":")[0]
        except ValueError:
            user = ""
        if scheme.lower() != "basic" or user != sandbox.docs_api_key:
            return Answer(401, {"code": 401, "error": "Unauthorized"})
        page = int(request.query_params.get("page", "1"))
        with sandbox.account.reading():
            return Answer(200, docs_sites(sandbox.account, page, sandbox.list_page_size))

    async def _in_pool(self, function: Any, *args: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._pool, function, *args)

    async def _token(self, request: Request) -> Answer:
        if request.method != "POST":
            return oauth_error(405, "invalid_request", "tokens are requested with POST")
        content_type = request.headers.get("content-type", "").partition(";")[0].strip()
        content = await request.body()
        form = _token_fields(content_type, content)
        if form is None:
            return oauth_error(400, "invalid_request", f"send {FORM} or {JSON}")
        return self._sandbox.tokens.grant(form)

    def _compute(
        self, path: str, pairs: list[tuple[str, str]], correlation: str, base_url: str
    ) -> Encoded:
        """The encoded answer of a report or a list; runs in a worker thread."""
        sandbox = self._sandbox
        endpoint = sandbox.endpoints.get(path)
        try:
            with sandbox.account.reading():
                if endpoint is None:
                    return _encode(self._list(path, pairs, correlation, base_url))
                return _encode(self._report(endpoint, pairs))
        except BadRequest as refused:
            return _encode(error(400, "Bad request", correlation, refused.problems))

    def _report(self, endpoint: Endpoint, pairs: list[tuple[str, str]]) -> Answer:
        sandbox = self._sandbox
        request = parse_request(pairs, endpoint, sandbox.account.roster)
        body = endpoint.body(sandbox.account, request, sandbox.series, sandbox.surprises)
        return Answer(200, body, media_type=endpoint.media_type)

    def _list(
        self, path: str, pairs: list[tuple[str, str]], correlation: str, base_url: str
    ) -> Answer:
        sandbox = self._sandbox
        surprises = sandbox.surprises
        paged_by = "cursor" if surprises.cursor_lists else "page"
        ignored = ("size", "page") if surprises.cursor_lists else ("size",)
        query = {name: value for name, value in pairs if name not in ignored}
        page = query.pop(paged_by, "1")
        chat_replies = is_saved_replies(path) and query.pop("includeChatReplies", "") == "true"
        problems = [Problem(name, "not supported by the sandbox", query[name]) for name in query]
        number = int(page) if re.fullmatch("[1-9][0-9]{0,8}", page) else 1
        if str(number) != page:
            problems.append(Problem(paged_by, "invalid number", page))
        paging = Paging(number, sandbox.list_page_size, base_url, surprises.cursor_lists)
        try:
            if is_saved_replies(path):
                body = saved_replies(sandbox.account, path, surprises, chat_replies)
            else:
                body = list_body(sandbox.account, path, paging, surprises)
        except KeyError:
            body = None
        if body is None:
            return error(404, "Unknown URL", correlation)
        if problems:
            raise BadRequest(problems)
        return Answer(200, body, media_type="application/hal+json")

    def _shift_pages(self, path: str, pairs: list[tuple[str, str]]) -> None:
        """Moves the conversation at the end of a drilldown to the top of it."""
        sandbox = self._sandbox
        endpoint = sandbox.endpoints.get(path)
        if endpoint is None or "rows" not in endpoint.params:
            return
        others = [pair for pair in pairs if pair[0] not in ("page", "rows")]

        def read(**page: int) -> dict[str, Any]:
            asked = [*others, *((name, str(value)) for name, value in page.items())]
            with sandbox.account.reading():
                body: dict[str, Any] = self._report(endpoint, asked).body["conversations"]
                return body

        try:
            count = read(rows=1)["count"]
            if count:
                last = read(rows=1, page=count)["results"][0]["id"]
                sandbox.account.touch(last)
        except BadRequest:
            return


def _token_fields(content_type: str, content: bytes) -> dict[str, str] | None:
    """What a token is asked with, as a form or as JSON; None where it is neither."""
    if content_type == FORM:
        return dict(parse_qsl(content.decode(), keep_blank_values=True))
    try:
        fields = orjson.loads(content) if content_type == JSON else None
    except orjson.JSONDecodeError:
        return None
    return fields if isinstance(fields, dict) else None


def _broken(response: Response, fault: Fault) -> BrokenResponse:
    """The bytes that the fault makes of a response."""
    body = bytes(response.body)
    length, sent = BREAKS[fault.kind](len(body))
    headers = [(k, v) for k, v in response.raw_headers if k != b"content-length"]
    lines = [b"HTTP/1.1 %d Broken" % response.status_code, *(k + b": " + v for k, v in headers)]
    head = b"\r\n".join([*lines, b"Content-Length: %d" % length, b"", b""])
    if fault.kind == "drop":
        return BrokenResponse(b"")
    return BrokenResponse(head + body[:sent], 0 if fault.kind == "reset" else fault.seconds)


def _encode(answer: Answer) -> Encoded:
    return answer.status, orjson.dumps(answer.body), dict(answer.headers), answer.media_type


def _with_fault(encoded: Encoded, fault: Fault | None) -> Encoded:
    """The answer as the fault lets it through."""
    status, content, headers, media_type = encoded
    if fault is None or status != 200:
        return encoded
    if fault.kind == "truncate":
        return status, content[: len(content) // 2], headers, media_type
    if fault.kind == "html":
        return status, HTML, headers, "text/html"
    if fault.kind == "change_body" and fault.change is not None:
        changed = fault.change(orjson.loads(content))
        return status, orjson.dumps(changed), headers, media_type
    return encoded
