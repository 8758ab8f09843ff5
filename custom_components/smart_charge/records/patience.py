"""A connection to PostgreSQL that does not wait for ever. Imported only where ``psycopg`` is installed.

A firewall that drops what it should pass on, or a server that stands still, answers nothing at all: the driver would
wait for as long as Home Assistant runs, and with it everything that is written after.
"""

from collections.abc import Generator, Mapping
from time import monotonic
from typing import Any, Final, override

from psycopg import Connection, OperationalError

LONGEST_S: Final = 35.0
"""Longer than the server gives itself for any statement of ours: `store`."""

OVER_TCP: Final[Mapping[str, int]] = {
    "keepalives_idle": 20,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
}
"""A connection that is cut without a word is given up by the kernel, where it can tell."""


class Patient(Connection[Any]):
    """Gives up, and lets go of the socket, when nothing has been heard for `LONGEST_S`."""

    @override
    def wait[AnswerT](
        self, gen: Generator[Any, Any, AnswerT], interval: float = 0.1, timeout: float | None = None
    ) -> AnswerT:
        began = monotonic()
        try:
            return super().wait(gen, interval, LONGEST_S if timeout is None else timeout)
        except OperationalError as err:
            if timeout is not None or monotonic() - began < LONGEST_S:
                raise
            self.pgconn.finish()  # what became of the statement is not known, so nothing may follow it
            raise OperationalError(f"the server has not answered for {LONGEST_S:.0f} s") from err
