"""Facts that tests vary one at a time: a car plugged in at home, in the middle of default hours."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from custom_components.smart_charge.charging.model import Carry, ConnectorStatus, Hold, Reading, Settings, Situation
from custom_components.smart_charge.charging.off_peak import preset_hours

LONDON = ZoneInfo("Europe/London")
PRESET = preset_hours(LONDON)

OPEN = datetime(2027, 3, 23, 23, 0, tzinfo=UTC)
"""Tuesday 23:00 in London: the pre-set hours are open until Wednesday 08:00."""

CLOSED = datetime(2027, 3, 23, 18, 0, tzinfo=UTC)
"""Tuesday 18:00 in London: peak; the pre-set hours open at 22:00."""

LEFT = datetime(2027, 3, 23, 22, 0, tzinfo=UTC)
CLOSES = datetime(2027, 3, 24, 8, 0, tzinfo=UTC)


def london(text: str, fold: int = 0) -> datetime:
    """The instant at which clocks in London show ``text``."""
    return datetime.fromisoformat(text).replace(tzinfo=LONDON, fold=fold).astimezone(UTC)


def reading(**changes) -> Reading:
    return Reading(**{"taken_at": OPEN, "status": ConnectorStatus.CHARGING} | changes)


UNPLUGGED = reading(status=ConnectorStatus.AVAILABLE)
PLUGGED = reading(status=ConnectorStatus.SUSPENDED_EVSE)
SILENT = reading(status=None)
CHARGING = reading()


def settings(**changes) -> Settings:
    return Settings(**{"rated_a": 32.0, "default_hours": PRESET} | changes)


def situation(**changes) -> Situation:
    """A plugged-in car in open hours, nothing in force yet, dice in the middle; ``changes`` go where they belong."""
    own = {name: changes.pop(name) for name in tuple(changes) if name in Situation.__dataclass_fields__}
    facts = {"now": OPEN, "dice": 0.5, "reading": PLUGGED, "settings": settings(**changes)}
    return Situation(**facts | own)


def in_force(amperes: float, **more) -> Carry:
    return Carry(in_force_a=amperes, **more)


def holding(from_a: float, to_a: float, *, now: datetime = OPEN, since_s: int = 100, left_s: int = 200) -> Carry:
    """A delay that has run for ``since_s`` and has ``left_s`` to go."""
    hold = Hold(target_a=to_a, began_at=now - timedelta(seconds=since_s), ends_at=now + timedelta(seconds=left_s))
    return Carry(in_force_a=from_a, hold=hold, last_draw_s=since_s + left_s)
