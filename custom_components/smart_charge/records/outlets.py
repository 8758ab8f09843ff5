"""The outlets that records belong to, and the ids that they have in public reports (O6, O8)."""

from datetime import datetime

from sqlalchemy import Connection, Row, insert, select, update

from .errors import LedgerError
from .store import Store
from .tables import as_words, outlets
from .values import Outlet, OutletKey


class IdTaken(LedgerError):
    """Another charge point has this id, or had it: an id is unique for life (O6)."""


class IdIsSet(LedgerError):
    """The charge point has an id; changing it must be confirmed (O6)."""


class IdUnfit(LedgerError):
    """Empty, too long, or with characters that a spreadsheet or a registry would not keep."""


class Outlets:
    """The outlets of one site."""

    def __init__(self, store: Store, site: str) -> None:
        self._store = store
        self._site = site

    def all(self, *, every_site: bool = False) -> tuple[Outlet, ...]:
        """Return what is known of each outlet, in order of charge point and connector."""
        wanted = select(outlets).order_by(outlets.c.site, outlets.c.charge_point, outlets.c.connector)
        with self._store.read() as connection:
            rows = connection.execute(wanted if every_site else wanted.where(outlets.c.site == self._site)).all()
        return tuple(to_outlet(row) for row in rows)

    def describe(
        self, key: OutletKey, *, rated_w: int | None, is_dc: bool = False, operational_at: datetime | None = None
    ) -> None:
        """Note what an outlet is; since when it serves the public is set once."""
        with self._store.write() as connection:
            outlet_id = outlet_id_of(connection, self._site, key)
            known = connection.execute(select(outlets.c.operational_at).where(outlets.c.id == outlet_id)).scalar()
            connection.execute(
                update(outlets)
                .where(outlets.c.id == outlet_id)
                .values(rated_w=rated_w, is_dc=is_dc, operational_at=known or operational_at)
            )

    def set_public_id(self, key: OutletKey, public_id: str, *, is_confirmed: bool = False) -> None:
        """Give an outlet the id that it has in public reports for life.

        Raises:
            IdUnfit: it cannot be an id.
            IdTaken: another charge point of any site in this database has it.
            IdIsSet: there is another one already, and the change was not confirmed.
        """
        wanted = public_id.strip()
        if not wanted or not wanted.isprintable() or as_words(wanted) != wanted or wanted[0] in "=+-@":
            raise IdUnfit("A charge point id is one line of text that does not begin with =, +, - or @")
        with self._store.write() as connection:
            outlet_id = outlet_id_of(connection, self._site, key)
            holders = connection.execute(select(outlets).where(outlets.c.public_id == wanted)).all()
            if any((row.site, row.charge_point) != (self._site, key.charge_point) for row in holders):
                raise IdTaken("Another charge point has this id")
            present = connection.execute(select(outlets.c.public_id).where(outlets.c.id == outlet_id)).scalar()
            if present not in (None, wanted) and not is_confirmed:
                raise IdIsSet("This charge point already has an id, which should stay the same for its life")
            connection.execute(update(outlets).where(outlets.c.id == outlet_id).values(public_id=wanted))


def known_outlet(connection: Connection, site: str, key: OutletKey) -> int | None:
    """Return the number that records of this outlet carry; None before its first use."""
    return connection.execute(
        select(outlets.c.id).where(
            outlets.c.site == site,
            outlets.c.charge_point == key.charge_point,
            outlets.c.connector == key.connector,
        )
    ).scalar()


def outlet_id_of(connection: Connection, site: str, key: OutletKey) -> int:
    """Return the number that records of this outlet carry, made at its first use."""
    found = known_outlet(connection, site, key)
    if found is not None:
        return found
    fresh = {"site": site, "charge_point": key.charge_point, "connector": key.connector, "is_dc": False}
    made: int = connection.execute(insert(outlets).values(**fresh).returning(outlets.c.id)).scalar_one()
    return made


def to_outlet(row: Row[tuple[object, ...]]) -> Outlet:
    """Return a row of the table, or of a join with it, as a value."""
    return Outlet(
        key=OutletKey(charge_point=row.charge_point, connector=row.connector),
        site=row.site,
        public_id=row.public_id,
        rated_w=row.rated_w,
        is_dc=row.is_dc,
        operational_at=row.operational_at,
    )
