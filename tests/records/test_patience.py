"""A server that stands still, or a firewall that swallows what it says: nobody waits for ever."""

from collections.abc import Iterator
from contextlib import contextmanager
import os
import signal

import pytest
from sqlalchemy import Connection, text

from custom_components.smart_charge.records import errors
from custom_components.smart_charge.records.store import Store

from .ledger import a_session, new_journal, new_outlet


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch, postgresql_url: str) -> Iterator[Store]:
    """A store that waits for a second and a half."""
    from custom_components.smart_charge.records import patience

    monkeypatch.setattr(patience, "LONGEST_S", 1.5)
    store = Store.at_url(postgresql_url)
    yield store
    store.close()


def process_of(connection: Connection) -> int:
    """Return the server's process for one connection."""
    number: int = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
    return number


@contextmanager
def standing_still(process: int) -> Iterator[None]:
    """It answers nothing."""
    os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(process, signal.SIGCONT)


def test_a_server_that_falls_silent_amid_a_transaction_is_given_up(hurried: Store) -> None:
    with (
        pytest.raises(errors.LedgerUnreachable, match="not answered"),
        hurried.write() as connection,
        standing_still(process_of(connection)),
    ):
        connection.execute(text("SELECT 1"))


def test_a_connection_that_fell_silent_while_nobody_used_it_is_replaced(hurried: Store) -> None:
    with hurried.read() as connection:
        process = process_of(connection)
    with standing_still(process):
        assert new_journal(hurried).write(a_session(new_outlet())) == 1
