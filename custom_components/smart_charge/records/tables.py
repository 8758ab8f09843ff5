"""The tables, the same on SQLite and PostgreSQL. Instants are UTC, energy whole watt-hours, money millionths.

What belongs to one outlet refers to ``outlets`` by a small number: a year of half-hours stays small.
A ``site`` is one installation of Home Assistant; on PostgreSQL many share the tables.
"""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final, override

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.types import TypeEngine

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
LONGEST_TEXT: Final = 255


class Instant(TypeDecorator[datetime]):
    """An aware UTC instant: ``timestamptz`` on PostgreSQL, whole microseconds since 1970 on SQLite."""

    impl = BigInteger
    cache_ok = True

    @override
    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        is_native = dialect.name == "postgresql"
        return dialect.type_descriptor(DateTime(timezone=True) if is_native else BigInteger())

    @override
    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | int | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("An instant without a time zone cannot be recorded")
        return value.astimezone(UTC) if dialect.name == "postgresql" else (value - _EPOCH) // _MICROSECOND

    @override
    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.astimezone(UTC) if dialect.name == "postgresql" else _from_microseconds(value)


def _from_microseconds(value: Any) -> datetime:
    """Return the instant. SQLite keeps whatever is put there by hand: that is 1970, and all else can be read."""
    try:
        return _EPOCH + timedelta(microseconds=value)
    except TypeError, OverflowError:
        return _EPOCH


class Words(TypeDecorator[str]):
    """Text from outside, made fit to store: no NUL (PostgreSQL has none), no half characters, not too long."""

    impl = String
    cache_ok = True

    @override
    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else as_words(value)


class Money(TypeDecorator[Decimal]):
    """An amount in the site's currency, kept as whole millionths so that sums are exact."""

    impl = BigInteger
    cache_ok = True

    @override
    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> int | None:
        return None if value is None else to_micro(value)

    @override
    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        return None if value is None else from_micro(int(value))


def as_words(value: str) -> str:
    """Return text as `Words` stores it."""
    whole = value.replace("\0", "\ufffd").encode("utf-8", "replace").decode("utf-8")
    return whole[:LONGEST_TEXT]


def to_micro(amount: Decimal) -> int:
    """Return an amount in millionths, the nearest."""
    return int((amount * 1_000_000).to_integral_value())


def from_micro(amount: int) -> Decimal:
    """Return an amount from its millionths."""
    return Decimal(amount) / 1_000_000


metadata = MetaData()

versions = Table("smart_charge_version", metadata, Column("version", Integer, primary_key=True))

places = Table("smart_charge_place", metadata, Column("id", String(32), primary_key=True))
"""One row: the database's own id."""

outlets = Table(
    "outlets",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("site", Words(64), nullable=False),
    Column("charge_point", Words(LONGEST_TEXT), nullable=False),
    Column("connector", Integer, nullable=False),
    Column("public_id", Words(LONGEST_TEXT)),
    Column("rated_w", Integer),
    Column("is_dc", Boolean, nullable=False, default=False),
    Column("operational_at", Instant),
    UniqueConstraint("site", "charge_point", "connector"),
)


def _outlet(**more: Any) -> Column[int]:
    return Column("outlet_id", ForeignKey("outlets.id"), nullable=False, **more)


sessions = Table(
    "sessions",
    metadata,
    _outlet(primary_key=True),
    Column("plugged_in_at", Instant, primary_key=True),
    Column("seen_at", Instant, nullable=False),
    Column("charge_started_at", Instant),
    Column("charge_ended_at", Instant),
    Column("unplugged_at", Instant),
    Column("is_open", Boolean, nullable=False),
    Column("import_wh", BigInteger, nullable=False),
    Column("export_wh", BigInteger, nullable=False),
    Column("charging_s", BigInteger, nullable=False),
    Column("cost", Money),
    Column("priced_wh", BigInteger, nullable=False, default=0, server_default=text("0")),
    Column("is_metered", Boolean, nullable=False),
    Column("integrated_wh", BigInteger),
    Column("compared_wh", BigInteger),
    Column("doubt_wh", BigInteger),
    Column("interruptions", Integer, nullable=False, default=0),
    Column("is_recovered", Boolean, nullable=False, default=False, server_default=false()),
    Column("may_be_several", Boolean, nullable=False, default=False, server_default=false()),
    Column("tag", Words(LONGEST_TEXT)),
    Column("who", Words(LONGEST_TEXT)),
    sqlite_with_rowid=False,
)
Index("sessions_by_plug_in", sessions.c.plugged_in_at)

half_hours = Table(
    "half_hours",
    metadata,
    _outlet(primary_key=True),
    Column("starts_at", Instant, primary_key=True),
    Column("import_wh", BigInteger, nullable=False, default=0),
    Column("export_wh", BigInteger, nullable=False, default=0),
    Column("charging_s", BigInteger, nullable=False, default=0),
    Column("cost_micro", BigInteger, nullable=False, default=0),
    Column("priced_wh", BigInteger, nullable=False, default=0, server_default=text("0")),
    Column("is_spread", Boolean, nullable=False, default=False),
    sqlite_with_rowid=False,
)

decisions = Table(
    "decisions",
    metadata,
    _outlet(primary_key=True),
    Column("at", Instant, primary_key=True),
    Column("setpoint_ma", Integer, nullable=False),
    Column("reason", Words(64), nullable=False),
    Column("source", Words(64), nullable=False),
    Column("lifted_by", Words(64)),
    Column("until_at", Instant),
    Column("event_id", Words(64)),
    sqlite_with_rowid=False,
)

dsr_events = Table(
    "dsr_events",
    metadata,
    _outlet(primary_key=True),
    Column("event_id", Words(64), primary_key=True),
    Column("announced_at", Instant, primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("source", Words(LONGEST_TEXT)),
    Column("start_at", Instant, nullable=False),
    Column("end_at", Instant, nullable=False),
    Column("limit_ma", BigInteger),
    Column("limit_mw", BigInteger),
    Column("delay_already_applied", Boolean, nullable=False, default=False),
    Column("began_at", Instant),
    Column("ended_at", Instant),
    Column("opted_out_at", Instant),
    Column("is_overridden", Boolean, nullable=False, default=False),
    Column("setpoint_ma", BigInteger),
    Column("taken_wh", BigInteger, nullable=False, default=0),
    Column("expected_wh", BigInteger, nullable=False, default=0),
    Column("unwatched_s", BigInteger, nullable=False, default=0),
    sqlite_with_rowid=False,
)

availability = Table(
    "availability",
    metadata,
    _outlet(primary_key=True),
    Column("began_at", Instant, primary_key=True),
    Column("ended_at", Instant, nullable=False),
    Column("state", String(16), nullable=False),
    sqlite_with_rowid=False,
)

security_log = Table(
    "security_log",
    metadata,
    Column("site", Words(64), primary_key=True),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("event_id", String(36), nullable=False),
    Column("at", Instant, nullable=False),
    Column("kind", Words(64), nullable=False),
    Column("detail", Text, nullable=False),
    Column("previous", String(64), nullable=False),
    Column("digest", String(64), nullable=False),
    UniqueConstraint("site", "event_id"),
)

security_heads = Table(
    "security_heads",
    metadata,
    Column("site", Words(64), primary_key=True),
    Column("first_number", BigInteger, nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("size", BigInteger, nullable=False),
)

sales = Table(
    "sales",
    metadata,
    Column("site", Words(64), primary_key=True),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("entry_id", String(36), nullable=False),
    Column("recorded_at", Instant, nullable=False),
    Column("sold_on", Date, nullable=False),
    Column("model", Words(LONGEST_TEXT), nullable=False),
    Column("serial", Words(LONGEST_TEXT), nullable=False),
    Column("buyer", Words(LONGEST_TEXT), nullable=False),
    Column("address", Words(LONGEST_TEXT), nullable=False),
    Column("note", Words(LONGEST_TEXT), nullable=False),
    Column("corrects", BigInteger),
    UniqueConstraint("site", "entry_id"),
)

reports = Table(
    "reports",
    metadata,
    Column("site", Words(64), primary_key=True),
    Column("quarter", String(7), primary_key=True),
    Column("written_at", Instant, nullable=False),
    Column("file_name", Words(LONGEST_TEXT), nullable=False),
    Column("digest", String(64), nullable=False),
)

claims = Table(
    "report_claims",
    metadata,
    Column("quarter", String(7), primary_key=True),
    Column("scheme", String(64), primary_key=True),
    Column("site", Words(64), nullable=False),
    Column("claimed_at", Instant, nullable=False),
)
"""Which site announces a quarter's report, of all that make the same one."""

writers = Table(
    "writers",
    metadata,
    Column("site", Words(64), primary_key=True),
    Column("run", String(32), nullable=False),
    Column("seen_at", Instant, nullable=False),
    Column("rival_at", Instant),
)
"""Which run of Home Assistant writes as a site, and when another last tried to."""
