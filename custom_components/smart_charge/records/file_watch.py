"""Is a SQLite file still the one that was opened? Asked without opening it again.

To close any descriptor of a file lets go of all locks that this process has on it, SQLite's among them, and whoever
else opens the database then takes itself for the only one: https://www.sqlite.org/howtocorrupt.html section 2.2.
"""

import os
from pathlib import Path
from typing import Final

_MAGIC: Final = b"SQLite format 3\0"


class FileWatch:
    """One descriptor for as long as the database is open. Close it last."""

    def __init__(self, path: Path) -> None:
        """Begin to watch.

        Raises:
            OSError: it is not there, or may not be read.
        """
        self._path = path
        self._descriptor: int | None = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self._identity = _identity(os.fstat(self._descriptor))

    @property
    def is_in_place(self) -> bool:
        """Whether the path still leads to that file, and it begins as a database."""
        if self._descriptor is None:
            return False
        try:
            is_same = _identity(self._path.stat()) == self._identity
            return is_same and os.pread(self._descriptor, len(_MAGIC), 0) == _MAGIC
        except OSError:
            return False

    def close(self) -> None:
        """Let go. Safe to call again."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)


def _identity(stat: os.stat_result) -> tuple[int, int]:
    return stat.st_dev, stat.st_ino
