"""One polite HTTP client per account: limiter, time-outs, retries, errors with a reason.

`get` answers one request. It is called from many threads; the limiter and the token are shared.
"""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import httpx
import orjson
from tenacity import RetryCallState, Retrying, retry_if_exception_type
from tenacity.wait import wait_exponential_jitter

from .auth import ClientCredentials, DocsKey
from .errors import (
    ApiError,
    ConfigurationError,
    ReportUnavailable,
    RequestRefused,
    Stopped,
    Unreachable,
)
from .plan import Request
from .rate_limit import RateLimiter

DEFAULT_BASE_URL = "https://api.helpscout.net"
DEFAULT_DOCS_BASE_URL = "https://docsapi.helpscout.net"
TIMEOUT = httpx.Timeout(30.0, connect=10.0)
ANSWER_SECONDS = 120.0  # for a whole body: one that trickles never runs into the time-out above
MAX_TRIES = 5
MAX_TRIES_OVER_LIMIT = 15  # 429 is the turn of others, not a failure
MAX_TRYING_SECONDS = 900.0
FIRST_WAIT_SECONDS = 0.5
MAX_WAIT_SECONDS = 60.0
LOOPBACK_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})
MAX_CONNECTIONS = 32


@dataclass(frozen=True, slots=True)
class Answer:
    """A JSON body, when it arrived, and how many requests it took (retries included)."""

    body: Any
    request: Request
    fetched_at: datetime
    requests: int
    correlation_id: str | None


def utc_now() -> datetime:
    """The wall clock, UTC. Injected wherever time matters."""
    return datetime.now(UTC)


class Client:
    """GETs JSON from one account, with client id and secret unless `auth` says otherwise.

    `clock` and `sleep` drive the limiter and the waits between tries, `now` stamps answers,
    `transport` replaces the network in tests.
    """

    def __init__(
        self,
        base_url: str,
        client_id: str,
        client_secret: str,
        *,
        auth: Callable[[RateLimiter], httpx.Auth] | None = None,
        rate_limit_share: float = 1.0,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] | None = None,
        now: Callable[[], datetime] = utc_now,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        base_url = check_base_url(base_url)
        self.base_url = base_url
        """Address of the API."""
        self._clock = clock
        self._sleep = sleep or self._wait
        self.limiter = RateLimiter(clock=clock, sleep=self._sleep, share=rate_limit_share)
        self._stopping = threading.Event()
        self._now = now
        self._lock = threading.Lock()
        self.sent = 0
        """Requests sent so far, retries included."""
        self.clock_skew_seconds: float | None = None
        """By how much the API's clock is ahead of this machine's; None before it has told."""
        if auth is None:
            credentials: httpx.Auth = ClientCredentials(
                base_url, client_id, client_secret, clock=clock, limiter=self.limiter
            )
        else:
            credentials = auth(self.limiter)
        self._http = httpx.Client(
            base_url=base_url,
            auth=credentials,
            timeout=TIMEOUT,
            limits=httpx.Limits(max_connections=MAX_CONNECTIONS),
            headers={"User-Agent": "help-scout-reports", "Accept": "application/json"},
            transport=transport,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connections."""
        self._http.close()

    def stop(self) -> None:
        """Has every thread that asks or waits end with Stopped; answers under way still come."""
        self._stopping.set()

    def _wait(self, seconds: float) -> None:
        if self._stopping.wait(seconds):
            raise Stopped("the run was asked to stop")

    def get(self, request: Request) -> Answer:
        """The answer to the request, tried again with the same query for as long as it may help.

        Raises ReportUnavailable (403), RequestRefused (other 4xx), Stopped, Unreachable (the rest,
        after `MAX_TRIES` tries or `MAX_TRYING_SECONDS`).
        """
        tries, began = 0, self._clock()
        try:
            for attempt in Retrying(
                retry=retry_if_exception_type(Unreachable),
                stop=Patience(self._clock),
                wait=self._wait_seconds,
                sleep=self._sleep,
                reraise=True,
            ):
                with attempt:
                    tries += 1
                    return self._try_once(request, tries)
        except Unreachable as error:
            seconds = self._clock() - began
            told = f"{error} ({_times(tries)} in {seconds:.0f} s)"
            raise Unreachable(
                told, status=error.status, correlation_id=error.correlation_id, requests=tries
            ) from error
        except ApiError as error:
            error.requests = tries
            raise
        raise AssertionError("unreachable: Retrying returns or raises")

    def _try_once(self, request: Request, tries: int) -> Answer:
        self._wait(0)
        with self._lock:
            self.sent += 1
        try:
            response, content = self._exchange(request)
        except httpx.TimeoutException as error:
            raise Unreachable(f"{request.path}: no answer in time") from error
        except httpx.RequestError as error:
            if isinstance(_root_of(error), ssl.SSLCertVerificationError):
                raise RequestRefused(_certificate_words(self.base_url, error)) from error
            raise Unreachable(f"{request.path}: {_transport_words(error)}") from error
        self._note_clock(response)
        self._raise_for_status(request, response, content)
        try:
            body = orjson.loads(content)
        except orjson.JSONDecodeError as error:
            raise Unreachable(
                f"{request.path}: the answer is not JSON, or was cut short",
                status=response.status_code,
                correlation_id=_correlation_id(response),
            ) from error
        return Answer(body, request, self._now(), tries, _correlation_id(response))

    def _note_clock(self, response: httpx.Response) -> None:
        told = response.headers.get("Date")
        if self.clock_skew_seconds is not None or told is None:
            return
        try:
            skew = parsedate_to_datetime(told) - self._now()
        except (TypeError, ValueError):  # no date, or one without a zone
            return
        self.clock_skew_seconds = skew.total_seconds()

    def _exchange(self, request: Request) -> tuple[httpx.Response, bytes]:
        """One request, its answer, and the answer's whole body, within `ANSWER_SECONDS`."""
        with self._http.stream("GET", request.path, params=list(request.query)) as response:
            latest = self._clock() + ANSWER_SECONDS
            chunks = []
            for chunk in response.iter_bytes():
                chunks.append(chunk)
                if self._clock() > latest:
                    raise httpx.ReadTimeout("the body trickles", request=response.request)
            return response, b"".join(chunks)

    def _raise_for_status(self, request: Request, response: httpx.Response, content: bytes) -> None:
        status = response.status_code
        if status == httpx.codes.OK:
            return
        details: dict[str, Any] = {"status": status, "correlation_id": _correlation_id(response)}
        if status == httpx.codes.TOO_MANY_REQUESTS:
            raise Unreachable(f"{request.path}: over the account's rate limit (429)", **details)
        if status >= 500:
            raise Unreachable(f"{request.path}: the API answered {status}", **details)
        if status == httpx.codes.UNAUTHORIZED:
            raise Unreachable(
                f"{request.path}: the API refuses even a new token (401). Is the user who owns "
                "the app active?",
                **details,
            )
        if response.is_redirect:
            raise RequestRefused(
                f"{request.path}: the API answered with a redirect ({status}) to "
                f"{urlsplit(response.headers['Location']).hostname or 'elsewhere'}, which is not "
                "followed, since credentials would go with it. Is base_url right?",
                **details,
            )
        if status == httpx.codes.FORBIDDEN:
            raise ReportUnavailable(
                f"{request.path}: not available to this user (403). Reports need the Plus or Pro "
                "plan and the permission 'Reports: View reports'",
                **details,
            )
        raise RequestRefused(
            f"{request.path}: the API refused the request ({status}){_reason(content)}", **details
        )

    def _wait_seconds(self, state: RetryCallState) -> float:
        """Before the next try: the limiter alone after a 429, else growing with jitter."""
        if _is_over_limit(state):
            return 0.0
        wait = wait_exponential_jitter(multiplier=FIRST_WAIT_SECONDS, max=MAX_WAIT_SECONDS)
        return float(wait(state))


class Patience:
    """When trying one request ends: after so many tries, and after so long in any case."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._latest = clock() + MAX_TRYING_SECONDS
        self._over_limit = 0

    def __call__(self, state: RetryCallState) -> bool:
        """Whether the try just made was the last."""
        self._over_limit += _is_over_limit(state)
        return (
            state.attempt_number - self._over_limit >= MAX_TRIES
            or self._over_limit >= MAX_TRIES_OVER_LIMIT
            or self._clock() >= self._latest
        )


def _is_over_limit(state: RetryCallState) -> bool:
    error = state.outcome.exception() if state.outcome is not None else None
    return isinstance(error, ApiError) and error.status == httpx.codes.TOO_MANY_REQUESTS


def docs_client(base_url: str, api_key: str, now: Callable[[], datetime] = utc_now) -> Client:
    """A client of the Docs API, which knows its callers by a key."""
    return Client(base_url, "", "", auth=lambda limiter: DocsKey(api_key, limiter), now=now)


def check_base_url(base_url: str) -> str:
    """The base URL without a trailing slash; https unless it is this machine."""
    parts = urlsplit(base_url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigurationError(f"base_url={base_url!r}: expected an address like https://host")
    if parts.scheme == "http" and parts.hostname not in LOOPBACK_HOSTS:
        raise ConfigurationError(f"base_url={base_url!r}: credentials travel over https only")
    return base_url.rstrip("/")


def _transport_words(error: httpx.RequestError) -> str:
    if isinstance(error, httpx.ConnectError):
        return f"cannot connect ({error}): is base_url right, and the network up?"
    return f"the connection broke ({type(error).__name__})"


def _certificate_words(base_url: str, error: httpx.RequestError) -> str:
    return (
        f"the certificate of {urlsplit(base_url).hostname} is not trusted ({error}). Is base_url "
        "right? Where a company's proxy opens TLS, name its certificate in SSL_CERT_FILE"
    )


def _root_of(error: BaseException) -> BaseException:
    """The first cause of the error."""
    while (cause := error.__cause__ or error.__context__) is not None:
        error = cause
    return error


def _times(tries: int) -> str:
    return "1 try" if tries == 1 else f"{tries} tries"


def _correlation_id(response: httpx.Response) -> str | None:
    value = response.headers.get("Correlation-Id")
    return None if value is None else str(value)


def _reason(content: bytes) -> str:
    """What the error body says of each parameter, ': start (malformed date)'; never values."""
    try:
        body = orjson.loads(content)
        errors = body["_embedded"]["errors"]
        return ": " + ", ".join(f"{e.get('path')} ({e.get('message')})" for e in errors)
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError):
        return ""
