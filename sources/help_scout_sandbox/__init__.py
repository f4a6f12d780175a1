"""A stand-in Help Scout account, served over real HTTP, for the demo, tests and benchmarks."""

from .account import Account
from .faults import Fault, Faults
from .platform import LoggedRequest
from .server import RunningServer, Sandbox
from .spec import AccountSpec
from .surprises import Surprises

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
