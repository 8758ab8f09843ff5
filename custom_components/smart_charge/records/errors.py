"""What can go wrong with the ledger's database, as one family of errors with the cause attached.

A message never holds a statement's values: they are personal data.
"""

from collections.abc import Iterator
from contextlib import contextmanager
import sqlite3

from sqlalchemy.exc import ArgumentError, SQLAlchemyError, StatementError


class LedgerError(Exception):
    """The ledger cannot be read or written now. What was to be written can be kept and written later."""


class LedgerLocked(LedgerError):
    """Somebody else holds the database for longer than we wait."""


class LedgerFull(LedgerError):
    """The disk, or the space granted to the database, is full."""


class LedgerReadOnly(LedgerError):
    """The database may not be written: file mode, mount, role or standby."""


class LedgerDamaged(LedgerError):
    """What is stored is not a database, or no longer a whole one."""


class LedgerUnreachable(LedgerError):
    """The database server or file cannot be reached or opened."""


class LedgerNotAdmitted(LedgerUnreachable):
    """The server does not know this name, or not with this password or from here."""


class LedgerNoDatabase(LedgerUnreachable):
    """The server has no database of this name."""


class LedgerNotEncrypted(LedgerUnreachable):
    """The server and we do not agree on an encrypted connection, or its certificate is not one to trust."""


class LedgerServerFault(LedgerError):
    """The server answers, and something is wrong with itself: its disk, its memory, its tables, its program."""


class LedgerTooNew(LedgerError):
    """A later version of this integration has changed the tables."""


class LedgerShared(LedgerError):
    """Another Home Assistant writes as this one: they have one id, as one was restored from the other's backup."""


class LedgerMisaddressed(LedgerError):
    """The database's URL is not one that we can use."""


class WriteRejected(LedgerError):
    """The database works and refuses this value. Writing it again would not help."""


# Primary result codes: https://www.sqlite.org/rescode.html
_BY_SQLITE_CODE: dict[int, type[LedgerError]] = {
    sqlite3.SQLITE_BUSY: LedgerLocked,
    sqlite3.SQLITE_LOCKED: LedgerLocked,
    sqlite3.SQLITE_FULL: LedgerFull,
    sqlite3.SQLITE_READONLY: LedgerReadOnly,
    sqlite3.SQLITE_PERM: LedgerReadOnly,
    sqlite3.SQLITE_AUTH: LedgerReadOnly,
    sqlite3.SQLITE_CORRUPT: LedgerDamaged,
    sqlite3.SQLITE_NOTADB: LedgerDamaged,
    sqlite3.SQLITE_CONSTRAINT: WriteRejected,
    sqlite3.SQLITE_MISMATCH: WriteRejected,
    sqlite3.SQLITE_TOOBIG: WriteRejected,
}

# Codes and classes of codes: PostgreSQL manual, appendix A. The longest that fits decides.
_BY_SQLSTATE: dict[str, type[LedgerError]] = {
    "0A000": WriteRejected,
    "22": WriteRejected,
    "23": WriteRejected,
    "25006": LedgerReadOnly,
    "3F000": LedgerReadOnly,
    "40": LedgerLocked,
    "42501": LedgerReadOnly,
    "42804": WriteRejected,
    "42846": WriteRejected,
    "53100": LedgerFull,
    "53200": LedgerServerFault,
    "55P03": LedgerLocked,
    "57014": LedgerLocked,
    "58": LedgerServerFault,
    "F0": LedgerServerFault,
    "XX": LedgerServerFault,
}


# While it connects the driver gives no code, only the server's words, in English unless the server was told otherwise.
_BY_WORDS: dict[str, type[LedgerError]] = {
    "password authentication failed": LedgerNotAdmitted,
    "no password supplied": LedgerNotAdmitted,
    "authentication failed": LedgerNotAdmitted,
    "no pg_hba.conf entry": LedgerNotAdmitted,
    "permission denied for database": LedgerNotAdmitted,
    "role ": LedgerNotAdmitted,
    "certificate": LedgerNotEncrypted,
    "ssl": LedgerNotEncrypted,
    "database ": LedgerNoDatabase,
}
_OF_VALUES: tuple[type[Exception], ...] = (
    ValueError, TypeError, ArithmeticError, AttributeError, LookupError, ArgumentError,
)  # fmt: skip
_UNKNOWN_TYPE = ("Error binding parameter", "cannot adapt type")
_SAID_BY_SERVER = ("FATAL:", "fe_sendauth:", "SSL", "certificate")


@contextmanager
def translated() -> Iterator[None]:
    """Raise what the database or its driver says as one of ours."""
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error) as err:
        raise translate(err) from err
    except _OF_VALUES as err:
        raise translate(err) from err


def translate(err: Exception) -> LedgerError:
    """Return ours for what a driver raised."""
    cause = err.orig if isinstance(err, StatementError) and err.orig is not None else err
    kind = _kind_of(cause)
    return kind(f"{type(cause).__name__}: {_first_line(cause)}")


def _kind_of(cause: BaseException) -> type[LedgerError]:
    if isinstance(cause, _OF_VALUES) or any(words in str(cause) for words in _UNKNOWN_TYPE):
        return WriteRejected  # no database was asked: the value is not one that it could take
    if isinstance(cause, sqlite3.Error):
        code = getattr(cause, "sqlite_errorcode", None)
        return _BY_SQLITE_CODE.get((code or 0) & 0xFF, LedgerUnreachable)
    state = getattr(cause, "sqlstate", None) or ""
    if not state:
        return _kind_by_words(_first_line(cause))
    return next((_BY_SQLSTATE[state[:size]] for size in (5, 2) if state[:size] in _BY_SQLSTATE), LedgerUnreachable)


def _kind_by_words(said: str) -> type[LedgerError]:
    """Return what kept us from connecting, where the words for it are known."""
    if not any(sign in said for sign in _SAID_BY_SERVER):
        return LedgerUnreachable
    reason = said.partition("FATAL:")[2] or said
    return next((kind for words, kind in _BY_WORDS.items() if words in reason.lower()), LedgerUnreachable)


def _first_line(cause: BaseException) -> str:
    """Return the driver's own words; the lines after the first may quote a row."""
    return next(iter(str(cause).strip().splitlines()), "no reason was given")
