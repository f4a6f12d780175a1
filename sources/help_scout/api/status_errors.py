"""What it means that a request was not answered with numbers: which error, in which words."""

from __future__ import annotations

import re
import ssl
from typing import Any
from urllib.parse import urlsplit

import httpx
import orjson

from ..errors import ApiError, ReportUnavailable, RequestRefused, Unreachable
from ..planning.request_plan import Request


def check_status(request: Request, response: httpx.Response, content: bytes) -> None:
    """Returns when the answer is 200; raises Unreachable where another try may help (401, 429,
    5xx), ReportUnavailable (403), RequestRefused (the rest)."""
    status = response.status_code
    if status == httpx.codes.OK:
        return
    details: dict[str, Any] = {"status": status, "correlation_id": correlation_id(response)}
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
            f"{_host_of(response.headers.get('Location', ''))}, which is not followed, since "
            "credentials would go with it. Is base_url right?",
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


def broken(request: Request, base_url: str, error: httpx.RequestError) -> ApiError:
    """The error for a connection that failed: RequestRefused where it would fail again, for a
    certificate that is not trusted, else Unreachable."""
    if isinstance(error, httpx.TimeoutException):
        return Unreachable(f"{request.path}: no answer in time")
    if isinstance(_root_of(error), ssl.SSLCertVerificationError):
        return RequestRefused(
            f"the certificate of {urlsplit(base_url).hostname} is not trusted ({error}). Is "
            "base_url right? Where a company's proxy opens TLS, name its certificate in "
            "SSL_CERT_FILE"
        )
    if isinstance(error, httpx.ConnectError):
        words = f"cannot connect ({error}): is base_url right, and the network up?"
    else:
        words = f"the connection broke ({type(error).__name__})"
    return Unreachable(f"{request.path}: {words}")


def correlation_id(response: httpx.Response) -> str | None:
    """What Help Scout's support asks for."""
    value = response.headers.get("Correlation-Id")
    return None if value is None else str(value)


def _host_of(address: str) -> str:
    try:
        return urlsplit(address).hostname or "elsewhere"
    except ValueError:
        return "elsewhere"


def _root_of(error: BaseException) -> BaseException:
    """The first cause of the error."""
    while (cause := error.__cause__ or error.__context__) is not None:
        error = cause
    return error


def _reason(content: bytes) -> str:
    """What the error body says of each parameter, ': start (malformed date)'; never addresses."""
    try:
        body = orjson.loads(content)
        errors = body["_embedded"]["errors"]
        told = ": " + ", ".join(f"{e.get('path')} ({e.get('message')})" for e in errors)
        return re.sub(r"[^\s()]*@[^\s()]*", "…", told)
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError):
        return ""
