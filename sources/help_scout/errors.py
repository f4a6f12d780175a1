"""Every error this package raises on purpose.

HelpScoutError
├── ConfigurationError        the caller can fix it: a wrong option, date, report name
│   └── CredentialsError      the token endpoint refused client id or secret
├── ApiError                  the API failed, or could not be reached
│   ├── Unreachable           no connection, time-out, or a 5xx/429 that outlasted the retries
│   ├── RequestRefused        400, 404 and the like: another request gets the same answer
│   ├── Stopped               not sent: the run is to end
│   └── ReportUnavailable     403: the plan or the user's permissions do not include this report
├── NoRoom                    this machine has no room for the rows of a large window
├── ArchiveError              the archive cannot be written or read
└── AnswerError               the answer came, but it is not the report that was requested
    ├── UnexpectedResponse    the part that makes the body this report is missing
    ├── WrongAnswer           the body is for another day, user or page than requested
    ├── CoercionError         a list or the numbers of a page cannot be read
    └── BucketMismatch        a series' buckets are not the windows that were requested

Messages name the report or path, say what happened and what to do next, and never hold a
secret or a customer's words.
"""

from __future__ import annotations


class HelpScoutError(Exception):
    """Base of all errors raised on purpose."""


class ConfigurationError(HelpScoutError):
    """An option is wrong or missing; the message says which and what to write instead."""


class CredentialsError(ConfigurationError):
    """The token endpoint refused the credentials."""


class NoRoom(HelpScoutError):
    """A temporary file cannot be written."""


class ArchiveError(HelpScoutError):
    """The archive cannot be written or read, or does not hold what was asked for."""


class ApiError(HelpScoutError):
    """The API did not give a usable answer.

    `status` is the HTTP status, None when there was no answer. `correlation_id` is what Help
    Scout's support asks for. `requests` is how many requests were sent in vain.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        correlation_id: str | None = None,
        requests: int = 1,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.correlation_id = correlation_id
        self.requests = requests


class Unreachable(ApiError):
    """No answer, or only passing failures, until the retries were used up."""


class RequestRefused(ApiError):
    """The API will not answer this request, however often it is asked."""


STOPPED = "the run was asked to stop"


class Stopped(ApiError):
    """The run is to end: nothing is asked any more."""


class ReportUnavailable(ApiError):
    """403: reports need the Plus or Pro plan and the permission "Reports: View reports"."""


class AnswerError(HelpScoutError):
    """The answer is not what was asked for."""


class UnexpectedResponse(AnswerError):
    """The part that makes the body this report is missing: it must not pass for an empty one."""


class WrongAnswer(AnswerError):
    """The body says that it is for another window, user or page than was asked for."""


class CoercionError(AnswerError):
    """A list of the body or the numbers of a page cannot be read.

    `coerce` also raises it for a single value. That value becomes null and is counted as a repair.
    """


class BucketMismatch(AnswerError):
    """The buckets of a series are not the windows that were asked for."""
