"""The tariff of the demo home: cheap while the street sleeps."""

from datetime import time
from decimal import Decimal
from typing import Any

from .flows import DAYS

CHEAP_FROM, CHEAP_UNTIL = time(0, 30), time(5, 30)
CHEAP, DEAR = Decimal("0.085"), Decimal("0.265")
STANDING = Decimal("0.55")


def typed() -> dict[str, Any]:
    """Return what the owner types in."""
    cheap = {"days": DAYS, "start": str(CHEAP_FROM), "end": str(CHEAP_UNTIL), "price": float(CHEAP)}
    return {"rates": [cheap], "otherwise": float(DEAR), "standing": float(STANDING)}
