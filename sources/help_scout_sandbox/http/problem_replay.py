"""A file of `help-scout report-problem`, served: the answers of an account without the account."""

from __future__ import annotations

import gzip
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.utils import formatdate
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from .platform import SITES_PATH, TOKEN_PATH, Answer, RateLimiter, Tokens, error
from .server import RunningServer, serve_app

KIND = "help-scout problem report"
ELSEWHERE = b"https://example.invalid/v"
"""How addresses of the API begin in the file: those that a list names for its next page."""

NO_ANSWER = 502
"""What a request gets that was never answered."""

Key = tuple[str, frozenset[tuple[str, str]]]


class Replay:
    """Answers requests with what the file has for them, in its order; the last answer again where
    more is asked. `on_missing` is told of requests that it does not have."""

    def __init__(
        self,
        file: Path,
        *,
        rate_limit: int = 100_000,
        on_missing: Callable[[str], None] = lambda _: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.header, answers = _read(file)
        self.client_id, self.client_secret = "sandbox-id", "sandbox-secret"
        self.docs_api_key = "sandbox-docs-key"
        self._answers = answers
        self._given: dict[Key, int] = {}
        self._on_missing = on_missing
        self._limiter = RateLimiter(rate_limit, clock)
        self._tokens = Tokens(self.client_id, self.client_secret, 172_800, clock)
        self._base_url = ""

    @contextmanager
    def serve(self, port: int = 0) -> Iterator[RunningServer]:
        """Serves in a background thread, on a free port unless one is given, until left."""
        app = Starlette(routes=[Route("/{path:path}", self._answer, methods=["GET", "POST"])])
        with serve_app(app, port) as server:
            self._base_url = server.base_url
            yield server

    async def _answer(self, request: Request) -> Response:
        allowed, headers = self._limiter.take()
        headers["Date"] = formatdate(usegmt=True)
        if not allowed:
            answer = Answer(429, {"message": "API rate limit exceeded"})
        elif request.url.path == TOKEN_PATH:
            form = dict(parse_qsl((await request.body()).decode(), keep_blank_values=True))
            answer = self._tokens.grant(form)
        elif not self._is_known(request):
            answer = error(401, "The access token is missing or expired", "replay")
        else:
            answer = self._recorded(request)
        content = orjson.dumps(answer.body).replace(ELSEWHERE, f"{self._base_url}/v".encode())
        return Response(content, answer.status, headers, answer.media_type)

    def _is_known(self, request: Request) -> bool:
        """Whether the request carries a token; the Docs API knows a key instead, any will do."""
        told = request.headers.get("authorization", "")
        return request.url.path == SITES_PATH or self._tokens.is_valid(told)

    def _recorded(self, request: Request) -> Answer:
        pairs = parse_qsl(request.url.query, keep_blank_values=True)
        key = (request.url.path, frozenset(pairs))
        recorded = self._answers.get(key)
        if recorded is None:
            asked = f"{request.url.path}?{request.url.query}".rstrip("?")
            self._on_missing(asked)
            return error(404, f"The file has no answer to {asked}", "replay")
        place = min(self._given.get(key, 0), len(recorded) - 1)
        self._given[key] = place + 1
        status, body = recorded[place]
        if body is None:
            status = NO_ANSWER if status in (None, 200) else status
            return error(status or NO_ANSWER, "As it was recorded", "replay")
        return Answer(status or 200, body)


def _read(file: Path) -> tuple[dict[str, Any], dict[Key, list[tuple[int | None, Any]]]]:
    """The first line, and the answers to each request; ValueError when it is another file."""
    answers: dict[Key, list[tuple[int | None, Any]]] = {}
    try:
        with gzip.open(file) as lines:
            header: dict[str, Any] = orjson.loads(next(lines))
            if header.get("kind") != KIND:
                raise ValueError(f"{file} is no file of help-scout report-problem")
            for line in lines:
                one = orjson.loads(line)
                key = (one["path"], frozenset(one["query"].items()))
                answers.setdefault(key, []).append((one["status"], one["body"]))
    except (OSError, EOFError, StopIteration, orjson.JSONDecodeError, AttributeError) as broken:
        raise ValueError(f"{file} is no whole file of help-scout report-problem") from broken
    return header, answers
