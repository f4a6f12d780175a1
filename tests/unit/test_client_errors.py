"""The errors of the client: each is refused or retried as it should be, and gives nothing away."""

from __future__ import annotations

import ssl

import httpx
import pytest

from sources.help_scout.api.auth import ClientCredentials
from sources.help_scout.api.client import check_base_url
from sources.help_scout.errors import (
    ConfigurationError,
    ReportUnavailable,
    RequestRefused,
)
from tests.helpers.stand_in_api import (
    SECRET,
    Api,
    always,
    failure,
)

BAD_REQUEST = {
    "logRef": "x",
    "message": "Bad request",
    "_embedded": {
        "errors": [
            {"path": "mailboxes", "message": "unknown inbox", "rejectedValue": "4711"},
            {"path": "start", "message": "malformed date", "rejectedValue": "2026"},
        ]
    },
}


def test_a_refused_request_names_the_parameters_and_no_values() -> None:
    api = Api(always(lambda: httpx.Response(400, json=BAD_REQUEST)))
    error = failure(api)
    assert (type(error), error.status, error.requests) == (RequestRefused, 400, 1)
    assert str(error) == (
        "/v2/reports/company: the API refused the request (400): mailboxes (unknown inbox), "
        "start (malformed date)"
    )


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b"null", b'{"_embedded": 5}', b'{"_embedded":{"errors":[5]}}']
)
def test_a_refusal_without_a_reason_is_a_refusal(body: bytes) -> None:
    error = failure(Api(always(lambda: httpx.Response(404, content=body))))
    assert str(error) == "/v2/reports/company: the API refused the request (404)"


@pytest.mark.parametrize("status", [204, 300, 304, 404, 410, 422])
def test_what_asking_again_does_not_help_is_asked_once(status: int) -> None:
    api = Api(always(lambda: httpx.Response(status, headers={"Location": "https://evil.test/"})))
    error = failure(api)
    assert (type(error), error.status, len(api.requests)) == (RequestRefused, status, 1)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("location", ["https://evil.test/x", "/v2/elsewhere"])
def test_a_redirect_is_not_followed_wherever_it_leads(status: int, location: str) -> None:
    api = Api(always(lambda: httpx.Response(status, headers={"Location": location})))
    told = str(failure(api))
    assert (len(api.requests), "not followed" in told) == (1, True)
    assert ("evil.test" in told) == ("evil" in location)


@pytest.mark.parametrize("status", [302, 304])
@pytest.mark.parametrize("headers", [{}, {"Location": "http://[bad"}])
def test_a_redirect_to_nowhere_is_refused_in_words(status: int, headers: dict[str, str]) -> None:
    told = str(failure(Api(always(lambda: httpx.Response(status, headers=headers)))))
    assert "redirect" in told
    assert "not followed" in told


def test_what_the_api_says_of_a_refusal_gives_no_address_away() -> None:
    errors = [{"path": "query", "message": "may not be jane@example.com"}]

    def refused() -> httpx.Response:
        return httpx.Response(400, json={"_embedded": {"errors": errors}})

    assert str(failure(Api(always(refused)))).endswith("(400): query (may not be …)")


def test_a_certificate_that_is_not_trusted_is_told_at_once() -> None:
    def respond(_request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("self-signed") from ssl.SSLCertVerificationError(1, "self-signed")

    api = Api(respond)
    error = failure(api)
    assert (type(error), len(api.requests)) == (RequestRefused, 1)
    assert "the certificate of api.example.test is not trusted" in str(error)


def test_a_report_that_the_plan_lacks_is_asked_once() -> None:
    api = Api(always(lambda: httpx.Response(403, headers={"Correlation-Id": "abc"})))
    error = failure(api)
    assert (type(error), error.status, error.correlation_id) == (ReportUnavailable, 403, "abc")
    assert "Plus or Pro" in str(error)
    assert len(api.requests) == 1


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500])
def test_no_error_gives_a_secret_or_a_token_away(status: int) -> None:
    api = Api(always(lambda: httpx.Response(status, json={"echo": f"{SECRET} t1"})))
    error: BaseException | None = failure(api)
    told = f"{api.client!r} {vars(api.client)} {vars(api.client.limiter)}"
    while error is not None:
        told += f"{error!r} {error}"
        error = error.__cause__
    assert (SECRET in told, "Bearer" in told) == (False, False)
    auth = ClientCredentials(
        "https://a.test", "app-id", SECRET, clock=api.clock, limiter=api.client.limiter
    )
    assert SECRET not in repr(auth)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://api.helpscout.net", "https://api.helpscout.net"),
        ("https://api.helpscout.net/", "https://api.helpscout.net"),
        ("http://127.0.0.1:8000/", "http://127.0.0.1:8000"),
        ("http://localhost:8000", "http://localhost:8000"),
        ("http://[::1]:8000", "http://[::1]:8000"),
    ],
)
def test_a_good_address_loses_its_slash_only(url: str, expected: str) -> None:
    assert check_base_url(url) == expected


@pytest.mark.parametrize(
    "url",
    ["http://api.helpscout.net", "http://127.0.0.1.evil.test", "http://localhost@evil.test",
     "https://id:TOPSECRET@api.helpscout.net", "https://[x",
     "ftp://api.helpscout.net", "api.helpscout.net", "", "https://", "file:///etc/passwd"],
)  # fmt: skip
def test_credentials_go_to_no_address_without_https(url: str) -> None:
    with pytest.raises(ConfigurationError, match=r"^base_url=(?!.*TOPSECRET)"):
        check_base_url(url)
