"""Files for people, written whole or not at all, and what a kill left of one that was not finished."""

import os
from pathlib import Path
from tempfile import mkstemp
import time
from typing import Final

from .const import DOMAIN

_PREFIX: Final = f".{DOMAIN}-"
_SUFFIX: Final = ".unfinished"

LONGEST_S: Final = 3600.0
"""A draft that is older is nobody's any more; a younger one may be another home's, on a share, or under way."""


def write_whole(path: Path, text: str) -> None:
    """Blocks. Write a file for the owner's eyes only; whoever reads it meanwhile has what was there before.

    Raises:
        OSError: the disk refused, and nothing was changed.
    """
    descriptor, draft = mkstemp(prefix=_PREFIX, suffix=_SUFFIX, dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as opened:
            opened.write(text.encode())
            opened.flush()
            os.fsync(opened.fileno())
        Path(draft).replace(path)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise


def clear_away(folder: Path, *, older_than_s: float = LONGEST_S) -> int:
    """Blocks. Delete what was never finished in a folder; returns how many drafts that were."""
    count = 0
    try:
        for draft in folder.glob(f"{_PREFIX}*{_SUFFIX}"):
            if time.time() - draft.lstat().st_mtime >= older_than_s:
                draft.unlink(missing_ok=True)
                count += 1
    except OSError:
        return count  # a folder that is not there now, or another's draft that has just been finished
    return count
