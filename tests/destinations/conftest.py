"""Accounts that several tests of destinations load."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.helpers.fleet import Fleet, fleet


@pytest.fixture(scope="module")
def three_accounts() -> Iterator[Fleet]:
    with fleet(3) as found:
        yield found
