"""How requests get their credentials, each at its turn: OAuth2 client credentials, API keys.

One token serves all threads. It is asked for before the first request, renewed shortly before it
expires, and renewed once when the API answers 401. The credentials travel in the body of the token
request only. Every request passes the limiter here, those for tokens too.
https://developer.helpscout.com/mailbox-api/overview/authentication/
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator

import httpx
import orjson

from ..errors import ApiError, CredentialsError, Unreachable
from .rate_limit import RETRY_AFTER, RateLimiter

TOKEN_PATH = "/v2/oauth2/token"  # noqa: S105  a path, not a secret
RENEW_BEFORE_EXPIRY_SECONDS = 300.0


Exchange = Generator[httpx.Request, httpx.Response, httpx.Response]


def paced(limiter: RateLimiter, request: httpx.Request) -> Exchange:
    """Sends the request when the limiter lets it through; the limiter learns from the answer."""
    with limiter.slot() as answered_before:
        response = yield request
    limiter.observe(response.headers, answered_before)
    if response.status_code == httpx.codes.TOO_MANY_REQUESTS:
        if RETRY_AFTER not in response.headers:
            response.read()  # some accounts are sent it in the body alone
            limiter.pause_after(response.headers, response.content)
        else:
            limiter.pause_after(response.headers)
    return response


class DocsKey(httpx.BasicAuth):
    """The Docs API's key: the user name of HTTP Basic, any password will do.

    https://developer.helpscout.com/docs-api/
    """

    def __init__(self, api_key: str, limiter: RateLimiter) -> None:
        super().__init__(api_key, "X")
        self._limiter = limiter

    def sync_auth_flow(
        self, request: httpx.Request
    ) -> Generator[httpx.Request, httpx.Response, None]:
        """The request with the key."""
        yield from paced(self._limiter, next(self.auth_flow(request)))


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
        token = yield from self._valid_token(request, refused=None)
        request.headers["Authorization"] = f"Bearer {token}"
        response = yield from paced(self._limiter, request)
        if response.status_code == httpx.codes.UNAUTHORIZED:
            token = yield from self._valid_token(request, refused=token)
            request.headers["Authorization"] = f"Bearer {token}"
            yield from paced(self._limiter, request)

    def _valid_token(
        self, request: httpx.Request, refused: str | None
    ) -> Generator[httpx.Request, httpx.Response, str]:
        with self._lock:
            stale = self._clock() >= self._renew_at
            if self._token is None or stale or self._token == refused:
                # The extensions hold the time-outs: without them a stalled answer hangs for ever.
                asking = httpx.Request(
                    "POST", self._url, data=self._form, extensions=request.extensions
                )
                response = yield from paced(self._limiter, asking)
                response.read()
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
        if status >= 500 or status == httpx.codes.TOO_MANY_REQUESTS:
            raise Unreachable(f"the token endpoint answered {status}", status=status)
        nothing = f"the token endpoint answered {status} without a token: is base_url right?"
        try:
            body = orjson.loads(response.content)
        except orjson.JSONDecodeError as error:  # cut short, or a page of a proxy: it may pass
            raise Unreachable(nothing, status=status) from error
        try:
            token, lifetime = body["access_token"], float(body["expires_in"])
        except (KeyError, TypeError, ValueError):
            token, lifetime = None, 0.0
        if not isinstance(token, str) or not token:
            raise ApiError(nothing, status=status)
        self._token = token
        margin = min(RENEW_BEFORE_EXPIRY_SECONDS, lifetime / 2)
        self._renew_at = self._clock() + lifetime - margin
