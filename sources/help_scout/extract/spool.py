"""A sequence written once and read in order: in memory while small, in a temporary file after."""

from __future__ import annotations

import pickle
import tempfile
import weakref
from collections.abc import Iterator
from typing import IO, Generic, TypeVar

T = TypeVar("T")


class Spool(Generic[T]):
    """Items kept for one or more readings, whatever their number: memory stays flat.

    The file lies where the system keeps temporary files (TMPDIR) and goes when the spool does.
    """

    def __init__(self, most_in_memory: int) -> None:
        self._room = most_in_memory
        self._items: list[T] = []
        self._file: IO[bytes] | None = None

    def append(self, item: T, weight: int) -> None:
        """Adds an item that counts as `weight` against what fits into memory."""
        self._room -= weight
        if self._file is None and self._room >= 0:
            self._items.append(item)
            return
        if self._file is None:
            self._file = tempfile.TemporaryFile(prefix="help-scout-")  # noqa: SIM115 - closed later
            weakref.finalize(self, self._file.close)
            for kept in self._items:
                pickle.dump(kept, self._file, pickle.HIGHEST_PROTOCOL)
            self._items = []
        pickle.dump(item, self._file, pickle.HIGHEST_PROTOCOL)

    @property
    def is_in_memory(self) -> bool:
        """Whether nothing had to go into a file."""
        return self._file is None

    def __iter__(self) -> Iterator[T]:
        """The items from the first; several readings may go on by turns, in one thread."""
        if self._file is None:
            yield from self._items
            return
        position = 0
        while True:
            self._file.seek(position)
            try:
                item: T = pickle.load(self._file)  # noqa: S301 - written above, by this process
            except EOFError:
                return
            position = self._file.tell()
            yield item

    def close(self) -> None:
        """Drops the items before the spool itself goes."""
        self._items = []
        if self._file is not None:
            self._file.close()
