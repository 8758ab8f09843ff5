"""The records of this home: one database, opened in the background, and what is told where it cannot be written."""

from .ledger import DATA_LEDGER, Ledger

__all__ = ["DATA_LEDGER", "Ledger"]
