"""A stand-in Help Scout account, served over real HTTP, for the demo, tests and benchmarks."""

from .history.account import Account
from .history.spec import AccountSpec
from .history.surprises import Surprises
from .http.faults import Fault, Faults
from .http.platform import LoggedRequest
from .http.sandbox import Sandbox
from .http.server import RunningServer

__all__ = [
    "Account",
    "AccountSpec",
    "Fault",
    "Faults",
    "LoggedRequest",
    "RunningServer",
    "Sandbox",
    "Surprises",
]
