"""The provider's platform around the reports: tokens, the rate limit and error bodies."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from .parameters import Problem

ERRORS_PAGE = "http://developer.helpscout.com/mailbox-api/overview/errors"
MINUTE = 60.0
RETRY_AFTER = "X-RateLimit-Retry-After"
TOKEN_PATH = "/v2/oauth2/token"  # noqa: S105 - a path
SITES_PATH = "/v1/sites"
"""The Docs API's list."""
Encoded = tuple[int, bytes, str]
"""A status, a body and its media type."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A status and a body that can be written as JSON."""

    status: int
    body: Any
    media_type: str = "application/json"

    def encode(self) -> Encoded:
        """The answer with its body as bytes."""
        return self.status, orjson.dumps(self.body), self.media_type


@dataclass(frozen=True, slots=True)
class LoggedRequest:
    """One request as the sandbox answered it; `at` is the clock's time of arrival."""

    method: str
    path: str
    query: dict[str, str]
    status: int
    at: float


class RateLimiter:
    """Counts requests in fixed windows of a minute, which begin with their first request."""

    def __init__(self, limit: int, clock: Callable[[], float]) -> None:
        self.limit = limit
        self._clock = clock
        self._began = float("-inf")
        self._used = 0

    def take(self) -> tuple[bool, dict[str, str]]:
        """Whether the request may pass, and the headers that tell what is left."""
        now = self._clock()
        if now - self._began >= MINUTE:
            self._began, self._used = now, 0
        allowed = self._used < self.limit
        self._used += allowed
        headers = {
            "X-RateLimit-Limit-Minute": str(self.limit),
            "X-RateLimit-Remaining-Minute": str(self.limit - self._used),
        }
        if not allowed:
            left = self._began + MINUTE - now
            headers[RETRY_AFTER] = str(max(1, -int(-left // 1)))
        return allowed, headers


class Tokens:
    """Issues access tokens to the one application that is registered, and knows which are valid.

    Only the event loop calls it, so it needs no lock; `expire_all` replaces a dict at once.
    """

    def __init__(
        self, client_id: str, client_secret: str, seconds: int, clock: Callable[[], float]
    ) -> None:
        self._credentials = (client_id, client_secret)
        self._seconds = seconds
        self._clock = clock
        self._expiry: dict[str, float] = {}
        self._refresh_token = ""
        self._issued = 0

    def is_valid(self, authorization: str) -> bool:
        """Whether an Authorization header carries a token that has not expired."""
        scheme, _, token = authorization.partition(" ")
        expires = self._expiry.get(token)
        return scheme.lower() == "bearer" and expires is not None and self._clock() < expires

    def expire_all(self) -> None:
        """Ends all tokens now, as when the application's secret is changed."""
        self._expiry = {}

    def grant(self, form: Mapping[str, str]) -> Answer:
        """The answer of the token endpoint to the fields of a form or of a JSON object."""
        grant = form.get("grant_type", "")
        if grant not in ("client_credentials", "authorization_code", "refresh_token"):
            return oauth_error(400, "unsupported_grant_type", f"no such grant type: {grant!r}")
        if (form.get("client_id"), form.get("client_secret")) != self._credentials:
            return oauth_error(401, "invalid_client", "Client authentication failed")
        if grant == "authorization_code" and not form.get("code"):
            return oauth_error(400, "invalid_request", "code is missing")
        known = self._refresh_token and form.get("refresh_token") == self._refresh_token
        if grant == "refresh_token" and not known:
            return oauth_error(400, "invalid_grant", "the refresh token is not valid")
        self._issued += 1
        token = f"sandbox-token-{self._issued}"
        self._expiry[token] = self._clock() + self._seconds
        body = {"token_type": "bearer", "access_token": token, "expires_in": self._seconds}
        if grant != "client_credentials":  # refresh tokens rotate with every use
            self._refresh_token = f"sandbox-refresh-{self._issued}"
            body["refresh_token"] = self._refresh_token
        return Answer(200, body)


def too_many(headers: dict[str, str], *, only_in_body: bool) -> Answer:
    """The answer over the rate limit; `only_in_body` moves the wait from `headers` into it."""
    body: dict[str, Any] = {"message": "API rate limit exceeded"}
    if only_in_body:
        body |= {"interval": "minute", "retry_after": int(headers.pop(RETRY_AFTER, "1"))}
    return Answer(429, body)


def oauth_error(status: int, error: str, description: str) -> Answer:
    """An error of the token endpoint, in OAuth's own shape."""
    return Answer(status, {"error": error, "error_description": description})


def error(status: int, message: str, correlation: str, problems: Sequence[Problem] = ()) -> Answer:
    """An error body: what happened, a reference for support, and the parameters at fault."""
    body: dict[str, Any] = {
        "logRef": correlation,
        "message": message,
        "_links": {"about": {"href": ERRORS_PAGE}},
    }
    if problems:
        body["_embedded"] = {"errors": [_entry(problem) for problem in problems]}
    return Answer(status, body, media_type="application/vnd.error+json")


def _entry(problem: Problem) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "path": problem.path,
        "message": problem.message,
        "source": "QUERY",
        "_links": {"about": {"href": f"{ERRORS_PAGE}#{problem.path}"}},
    }
    if problem.rejected is not None:
        entry["rejectedValue"] = problem.rejected
    return entry
