"""OAuth2 client credentials for httpx: one token for all threads.

The token is asked for before the first request, renewed shortly before it expires, and renewed
once when the API answers 401. The credentials travel in the body of the token request only.
https://developer.helpscout.com/mailbox-api/overview/authentication/
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator

import httpx
import orjson

from .errors import ApiError, CredentialsError, Unreachable
from .rate_limit import RateLimiter

TOKEN_PATH = "/v2/oauth2/token"  # noqa: S105  a path, not a secret
RENEW_BEFORE_EXPIRY_SECONDS = 300.0


class ClientCredentials(httpx.Auth):
    """Adds `Authorization: Bearer …` to each request."""

    def __init__(
        self,
        base_url: str,
        client_id: str,
        client_secret: str,
        *,
        clock: Callable[[], float],
        limiter: RateLimiter,
    ) -> None:
        self._url = base_url + TOKEN_PATH
        self._form = {
            "grant_type": "client_credentials",
            "client_id": client_id,
            "client_secret": client_secret,
        }
        self._clock = clock
        self._limiter = limiter
        self._lock = threading.Lock()
        self._token: str | None = None
        self._renew_at = 0.0

    def sync_auth_flow(
        self, request: httpx.Request
    ) -> Generator[httpx.Request, httpx.Response, None]:
        """The request with a valid token; once more with a new one when it is answered 401."""
        token = yield from self._valid_token(refused=None)
        request.headers["Authorization"] = f"Bearer {token}"
        response = yield request
        if response.status_code == httpx.codes.UNAUTHORIZED:
            token = yield from self._valid_token(refused=token)
            request.headers["Authorization"] = f"Bearer {token}"
            self._limiter.acquire()
            yield request

    def _valid_token(self, refused: str | None) -> Generator[httpx.Request, httpx.Response, str]:
        with self._lock:
            stale = self._clock() >= self._renew_at
            if self._token is None or stale or self._token == refused:
                self._limiter.acquire()
                response = yield httpx.Request("POST", self._url, data=self._form)
                response.read()
                self._limiter.observe(response.headers)
                self._keep(response)
            assert self._token is not None
            return self._token

    def _keep(self, response: httpx.Response) -> None:
        """Keeps the token of the answer; raises when there is none."""
        status = response.status_code
        if status in (400, 401, 403):
            raise CredentialsError(
                f"the token endpoint refused the credentials ({status}). Check client_id and "
                "client_secret of the app under Your Profile > My Apps, and that the user who "
                "owns the app is active."
            )
        if status == httpx.codes.TOO_MANY_REQUESTS:
            self._limiter.pause_after(response.headers)
        if status >= 500 or status == httpx.codes.TOO_MANY_REQUESTS:
            raise Unreachable(f"the token endpoint answered {status}", status=status)
        try:
            body = orjson.loads(response.content)
            token, lifetime = body["access_token"], float(body["expires_in"])
        except (orjson.JSONDecodeError, KeyError, TypeError, ValueError):
            token, lifetime = None, 0.0
        if not isinstance(token, str) or not token:
            raise ApiError(
                f"the token endpoint answered {status} without a token: is base_url right?",
                status=status,
            )
        self._token = token
        margin = min(RENEW_BEFORE_EXPIRY_SECONDS, lifetime / 2)
        self._renew_at = self._clock() + lifetime - margin
