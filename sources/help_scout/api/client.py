"""One polite HTTP client per account: limiter, time-outs, retries, errors with a reason.

`get` answers one request. It is called from many threads; the limiter and the token are shared.
"""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from types import TracebackType
from typing import Any, Protocol, Self
from urllib.parse import urlsplit

import httpx
import orjson
from tenacity import Retrying, retry_if_exception_type

from ..errors import STOPPED, ApiError, ConfigurationError, Stopped, Unreachable
from ..planning.request_plan import Request
from .auth import ClientCredentials, DocsKey
from .connections import transport_for
from .rate_limit import RateLimiter
from .retries import StopTrying, wait_seconds
from .status_errors import broken, check_status, correlation_id

DEFAULT_BASE_URL = "https://api.helpscout.net"
DEFAULT_DOCS_BASE_URL = "https://docsapi.helpscout.net"
TIMEOUT = httpx.Timeout(30.0, connect=10.0)
ANSWER_SECONDS = 120.0  # for a whole body: one that trickles never runs into the time-out above
SILENT_REQUESTS = 20
SILENT_SECONDS = 120.0
"""The API counts as away after so many requests in a row, and so long, without any answer."""
LOOK_EVERY_SECONDS = 30.0
LOOPBACK_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})


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


@cache
def _trust() -> ssl.SSLContext:
    """Whom all clients trust: reading the certificates costs each that does it 30 ms."""
    return httpx.create_ssl_context()


class AnswerKeeper(Protocol):
    """Keeps what the API answers: `archive.answer_archive.Archive` does."""

    def keep_answer(
        self,
        request: Request,
        body: Any,
        content: bytes,
        *,
        headers: Mapping[str, str],
        fetched_at: datetime,
        requests: int,
        correlation_id: str | None,
    ) -> None:
        """An answer: its body, and its bytes as they came."""

    def keep_failure(self, request: Request, error: ApiError, fetched_at: datetime) -> None:
        """A request that was refused, not answered to the end, or not sent any more."""


class Client:
    """GETs JSON from one account, with client id and secret unless `auth` says otherwise.

    `clock` and `sleep` drive the limiter and the waits between tries, `now` stamps answers,
    `transport` replaces the network in tests, `archive` keeps what is answered.
    """

    def __init__(
        self,
        base_url: str,
        client_id: str,
        client_secret: str,
        *,
        auth: Callable[[RateLimiter], httpx.Auth] | None = None,
        rate_limit_fraction: float = 1.0,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] | None = None,
        now: Callable[[], datetime] = utc_now,
        transport: httpx.BaseTransport | None = None,
        archive: AnswerKeeper | None = None,
    ) -> None:
        base_url = check_base_url(base_url)
        self.base_url = base_url
        """Address of the API."""
        self._clock = clock
        self._sleep = sleep or self._wait
        self.limiter = RateLimiter(clock=clock, sleep=self._sleep, share=rate_limit_fraction)
        self._stopping = threading.Event()
        self._silent = 0  # requests in a row that nothing answered
        self._silent_since: float | None = None
        self._looked_at = 0.0
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
        self._credentials = credentials
        self._transport = transport
        self._archive = archive
        self._own = threading.local()
        self._all_http: list[httpx.Client] = []

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
        for http in self._all_http:
            http.close()

    def stop(self) -> None:
        """Has every thread that asks or waits end with Stopped; answers under way still come."""
        self._stopping.set()

    def _wait(self, seconds: float) -> None:
        if self._stopping.wait(seconds):
            raise Stopped(STOPPED)

    def get(self, request: Request, *, most_tries: int | None = None) -> Answer:
        """The answer to the request, tried again with the same query for as long as it may help,
        or `most_tries` times.

        Raises ReportUnavailable (403), RequestRefused (other 4xx), Stopped, Unreachable (the rest,
        after `MAX_TRIES` tries or `MAX_TRYING_SECONDS`; at once while the API is away).
        """
        try:
            return self._get_with_retries(request, most_tries)
        except ApiError as error:
            if self._archive is not None:
                self._archive.keep_failure(request, error, self._now())
            raise

    def _get_with_retries(self, request: Request, most_tries: int | None) -> Answer:
        tries, began = 0, self._clock()
        if self._is_away():
            raise Unreachable(
                f"{request.path}: not asked, since nothing has answered for "
                f"{SILENT_SECONDS / 60:.0f} minutes",
                requests=0,
            )
        try:
            for attempt in Retrying(
                retry=retry_if_exception_type(Unreachable),
                stop=StopTrying(self._clock, most_tries),
                wait=wait_seconds,
                sleep=self._sleep,
                reraise=True,
            ):
                with attempt:
                    tries += 1
                    answer = self._try_once(request, tries)
                    self._note_silence(is_silent=False)
                    return answer
        except Unreachable as error:
            self._note_silence(is_silent=error.status is None)
            seconds = self._clock() - began
            told = f"{error} ({tries} {'try' if tries == 1 else 'tries'} in {seconds:.0f} s)"
            raise Unreachable(
                told, status=error.status, correlation_id=error.correlation_id, requests=tries
            ) from error
        except ApiError as error:
            error.requests = tries
            raise
        raise AssertionError("unreachable: Retrying returns or raises")

    def _note_silence(self, *, is_silent: bool) -> None:
        """Remembers since when nothing has answered."""
        with self._lock:
            if not is_silent:
                self._silent, self._silent_since = 0, None
            else:
                self._silent += 1
                self._silent_since = self._silent_since or self._clock()

    def _is_away(self) -> bool:
        """Whether the API has been silent for long, in many requests; one is let through now and
        then, to see whether it is back."""
        with self._lock:
            since, now = self._silent_since, self._clock()
            if since is None or self._silent < SILENT_REQUESTS or now - since < SILENT_SECONDS:
                return False
            if now - self._looked_at >= LOOK_EVERY_SECONDS:
                self._looked_at = now
                return False
            return True

    def _try_once(self, request: Request, tries: int) -> Answer:
        self._wait(0)
        with self._lock:
            self.sent += 1
        try:
            response, content = self._exchange(request)
        except httpx.RequestError as error:
            raise broken(request, self.base_url, error) from error
        self._note_clock(response)
        check_status(request, response, content)
        try:
            body = orjson.loads(content)
        except orjson.JSONDecodeError as error:
            raise Unreachable(
                f"{request.path}: the answer is not JSON, or was cut short",
                status=response.status_code,
                correlation_id=correlation_id(response),
            ) from error
        answer = Answer(body, request, self._now(), tries, correlation_id(response))
        if self._archive is not None:
            self._archive.keep_answer(
                request,
                body,
                content,
                headers=response.headers,
                fetched_at=answer.fetched_at,
                requests=tries,
                correlation_id=answer.correlation_id,
            )
        return answer

    def _note_clock(self, response: httpx.Response) -> None:
        told = response.headers.get("Date")
        if self.clock_skew_seconds is not None or told is None:
            return
        try:
            skew = parsedate_to_datetime(told) - self._now()
        except (TypeError, ValueError):  # no date, or one without a zone
            return
        self.clock_skew_seconds = skew.total_seconds()

    def _http(self) -> httpx.Client:
        """The thread's own connection: a pool that hundreds of threads share looks through all of
        its connections for each request, which takes longer than all else."""
        own: httpx.Client | None = getattr(self._own, "http", None)
        if own is None:
            own = self._own.http = httpx.Client(
                base_url=self.base_url,
                auth=self._credentials,
                timeout=TIMEOUT,
                limits=httpx.Limits(max_connections=1),
                headers={"User-Agent": "help-scout-reports", "Accept": "application/json"},
                transport=self._transport or transport_for(self.base_url, _trust()),
                verify=_trust(),
            )
            with self._lock:
                self._all_http.append(own)
        return own

    def _exchange(self, request: Request) -> tuple[httpx.Response, bytes]:
        """One request, its answer, and the answer's whole body, within `ANSWER_SECONDS`."""
        with self._http().stream("GET", request.path, params=list(request.query)) as response:
            latest = self._clock() + ANSWER_SECONDS
            chunks = []
            for chunk in response.iter_bytes():
                chunks.append(chunk)
                if self._clock() > latest:
                    raise httpx.ReadTimeout("the body trickles", request=response.request)
            return response, b"".join(chunks)


def docs_client(
    base_url: str,
    api_key: str,
    now: Callable[[], datetime] = utc_now,
    archive: AnswerKeeper | None = None,
) -> Client:
    """A client of the Docs API, which knows its callers by a key."""
    return Client(
        base_url,
        "",
        "",
        auth=lambda limiter: DocsKey(api_key, limiter),
        now=now,
        archive=archive,
    )


def check_base_url(base_url: str) -> str:
    """The base URL without a trailing slash; https unless it is this machine."""
    try:
        parts = urlsplit(base_url)
    except ValueError as error:
        raise ConfigurationError(
            f"base_url={base_url!r}: expected an address like https://host"
        ) from error
    if parts.username or parts.password:
        raise ConfigurationError(
            "base_url=… holds a user name or password: credentials belong into client_id and "
            "client_secret"
        )
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigurationError(f"base_url={base_url!r}: expected an address like https://host")
    if parts.scheme == "http" and parts.hostname not in LOOPBACK_HOSTS:
        raise ConfigurationError(f"base_url={base_url!r}: credentials travel over https only")
    return base_url.rstrip("/")
