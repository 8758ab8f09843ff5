"""The register of sales: every charge point sold, kept ten years (reg 14, 14.1). For sellers and installers.

Append-only: a mistake is put right by an entry that corrects an earlier one. Erasing an owner's data
leaves it alone, as the law asks for it.
"""

import csv
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
import io
from uuid import uuid4

from sqlalchemy import Connection, and_, delete, func, insert, select

from .errors import WriteRejected
from .periods import midnight
from .store import Store
from .tables import sales
from .text import cell

YEARS_KEPT = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class Sale:
    """One charge point sold. ``corrects`` is the number of an earlier entry that this one replaces."""

    recorded_at: datetime
    sold_on: date
    model: str
    serial: str
    buyer: str = ""
    address: str = ""
    note: str = ""
    corrects: int | None = None
    entry_id: str = field(default_factory=lambda: str(uuid4()))


@dataclass(frozen=True, kw_only=True, slots=True)
class NumberedSale:
    """A sale as it stands in the register."""

    number: int
    sale: Sale


class Register:
    """One site's register."""

    def __init__(self, store: Store, site: str) -> None:
        self._store = store
        self._site = site

    def append(self, connection: Connection, sale: Sale) -> bool:
        """Write an entry within a transaction; False when it is there already.

        Raises:
            WriteRejected: it names neither model nor serial, or corrects an entry that is not there.
        """
        if not sale.model.strip() or not sale.serial.strip():
            raise WriteRejected("An entry in the register of sales names the model and the serial number")
        mine = sales.c.site == self._site
        if connection.execute(select(sales.c.number).where(mine, sales.c.entry_id == sale.entry_id)).first():
            return False
        last = connection.execute(select(func.max(sales.c.number)).where(mine)).scalar() or 0
        if sale.corrects is not None and not 0 < sale.corrects <= last:
            raise WriteRejected(f"There is no entry {sale.corrects} to correct")
        facts = {name: getattr(sale, name) for name in _FACTS}
        connection.execute(insert(sales).values(site=self._site, number=last + 1, **facts))
        return True

    def entries(self) -> tuple[NumberedSale, ...]:
        """Return all entries in the order in which they were made."""
        with self._store.read() as connection:
            rows = connection.execute(select(sales).where(sales.c.site == self._site).order_by(sales.c.number)).all()
        return tuple(
            NumberedSale(number=row.number, sale=Sale(**{name: getattr(row, name) for name in _FACTS})) for row in rows
        )

    def export(self) -> str:
        """Return the register as CSV, for the enforcement authority."""
        text = io.StringIO()
        writer = csv.writer(text)
        writer.writerow(
            ["Entry", "Recorded (UTC)", "Sold on", "Model", "Serial", "Buyer", "Address", "Note", "Corrects"]
        )
        for entry in self.entries():
            sale = entry.sale
            written = (sale.model, sale.serial, sale.buyer, sale.address, sale.note)
            writer.writerow([
                entry.number, f"{sale.recorded_at:%Y-%m-%dT%H:%M:%SZ}", sale.sold_on.isoformat(),
                *(cell(each) for each in written), "" if sale.corrects is None else sale.corrects,
            ])  # fmt: skip
        return text.getvalue()

    def drop_expired(self, connection: Connection, today: date) -> int:
        """Delete what was sold, and recorded, more than ten years ago; the last entry stays to count from.

        A day that was typed wrongly, or a sale that is entered years later, is not gone the next night.
        """
        try:
            limit = today.replace(year=today.year - YEARS_KEPT)
        except ValueError:  # 29 February
            limit = date(today.year - YEARS_KEPT, 2, 28)
        mine = sales.c.site == self._site
        last = connection.execute(select(func.max(sales.c.number)).where(mine)).scalar() or 0
        is_old = and_(sales.c.sold_on < limit, sales.c.recorded_at < midnight(limit, UTC))
        done = connection.execute(delete(sales).where(mine, is_old, sales.c.number < last))
        return done.rowcount


_FACTS = tuple(Sale.__dataclass_fields__)
