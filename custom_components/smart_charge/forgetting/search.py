"""Look through Home Assistant's configuration folder for what erasing has left (S7.2). Blocks."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
import json
import os
from pathlib import Path
import re
from typing import Final

SHORTEST: Final = 4
"""A shorter word is found in any file by chance."""

_PASSED_OVER: Final = frozenset({"backups", "custom_components", "deps", "tts", "media", ".git", "__pycache__"})
"""Folders, directly below the configuration folder, that are programs or cannot be read: backups are packed."""

_MAY_HOLD_ANYTHING: Final = (".git", "media")
"""Of those, what may hold things about people: earlier versions of files, and whatever was put there."""

_SHARED_MEMORY: Final = "-shm"
"""Of SQLite: numbers of pages only, and whoever opens and closes it lets go of the locks on it."""

_PIECE: Final = 2**18
_LONGEST: Final = 2**10
"""Of a word in bytes, with all that JSON may make of it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """What a search of the files came upon: files with one of the words, and files that could not be read."""

    files: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class NotSearched:
    """What of the configuration folder no search looks into: archives of backups, folders that may hold anything."""

    archives: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()


def not_searched(folder: Path) -> NotSearched:
    """Return what is there of it; each backup, as all that are there were made before this."""
    backups = folder / "backups"
    archives = sorted(str(each.relative_to(folder)) for each in backups.rglob("*") if each.is_file())
    return NotSearched(
        archives=tuple(archives),
        folders=tuple(name for name in _MAY_HOLD_ANYTHING if (folder / name).is_dir()),
    )


def needles(words: Iterable[str], patterns: Iterable[str] = ()) -> re.Pattern[bytes] | None:
    """Return what finds words in files, however JSON spells them and whatever their case; None for no words.

    ``patterns`` are regular expressions to look for beside them.
    """
    spelt = {spelling for word in words if len(word) >= SHORTEST for spelling in _spellings(word)}
    wanted = [re.escape(word.encode()) for word in sorted(spelt)] + [pattern.encode() for pattern in patterns]
    return re.compile(b"|".join(wanted), re.IGNORECASE) if wanted else None


def _spellings(word: str) -> Iterator[str]:
    for case in (word, word.lower(), word.upper(), word.casefold()):
        yield case
        yield json.dumps(case)[1:-1]
        yield json.dumps(case, ensure_ascii=False)[1:-1]


def search(folder: Path, wanted: re.Pattern[bytes] | None, besides: Iterable[Path] = ()) -> Found:
    """Search all files of a folder, and some besides."""
    if wanted is None:
        return Found()
    files, unread = [], []
    for file in sorted({*_files(folder), *(path for path in besides if path.is_file())}):
        name = str(file.relative_to(folder)) if file.is_relative_to(folder) else str(file)
        try:
            if _holds(file, wanted):
                files.append(name)
        except OSError:
            unread.append(name)
    return Found(files=tuple(files), unread=tuple(unread))


def _files(folder: Path) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder):
        if Path(parent) == folder:
            folders[:] = [each for each in folders if each not in _PASSED_OVER]
        paths = (Path(parent, name) for name in names if not name.endswith(_SHARED_MEMORY))
        yield from (path for path in paths if path.is_file() and not path.is_symlink())


def _holds(file: Path, wanted: re.Pattern[bytes]) -> bool:
    """Read in small pieces: a search in one large one would keep the event loop waiting."""
    tail = b""
    with file.open("rb") as opened:
        while piece := opened.read(_PIECE):
            if wanted.search(tail + piece):
                return True
            tail = piece[-_LONGEST:]
    return False
