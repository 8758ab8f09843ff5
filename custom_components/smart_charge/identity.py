"""What a charge point is called, and by what it is known for good."""

from collections.abc import Mapping
import re
from typing import Any, Final

from homeassistant.const import CONF_HOST, CONF_PORT

from .chargers.charger import Identity
from .const import CONF_MAP, CONF_UNIT_ID
from .security.inputs import plain

_PREFIX: Final = "modbus:"
_SHORTEST_SERIAL: Final = 4


def usable_serial(serial: str | None) -> str | None:
    """Return a serial number that tells one charge point from another; None when it is a mere filler.

    Seen as fillers: all zeros or one repeated sign, and the digits in order.
    """
    text = plain(serial, 100)
    bare = re.sub(r"[^0-9a-z]", "", text.lower())
    is_filler = len(bare) < _SHORTEST_SERIAL or len(set(bare)) == 1 or bare in "01234567890123456789"
    is_word = bare in {"unknown", "none", "null", "default", "serial", "serialnumber", "test"}
    return None if is_filler or is_word else text


def substitute_id(data: Mapping[str, Any]) -> str:
    """Return the unique id of a Modbus charge point that tells no serial: where it was first found.

    It stays the same when the charge point moves to another address.
    """
    return f"{_PREFIX}{data[CONF_MAP]}@{data[CONF_HOST]}:{data[CONF_PORT]}/{data[CONF_UNIT_ID]}"


def is_substitute(unique_id: str | None) -> bool:
    """Tell whether this unique id was made up for want of a serial number."""
    return unique_id is None or unique_id.startswith(_PREFIX)


def name_of(identity: Identity | None, fallback: str = "") -> str:
    """Return a short name, from maker and model as far as they are known."""
    maker = plain(identity.manufacturer if identity else None)
    model = plain(identity.model if identity else None)
    if maker and model.lower().startswith(maker.lower()):
        maker = ""
    return " ".join(filter(None, (maker, model))) or plain(fallback) or "Charge point"
