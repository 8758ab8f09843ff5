"""The meter live, for dashboards and other systems: one message a second while something flows (9.4)."""

import asyncio
from collections.abc import Sequence
from itertools import batched
import math
from typing import Any, Final

from homeassistant.auth.permissions.const import POLICY_READ
from homeassistant.components.websocket_api import async_register_command
from homeassistant.components.websocket_api.connection import ActiveConnection
from homeassistant.components.websocket_api.const import ERR_NOT_FOUND
from homeassistant.components.websocket_api.decorators import async_response, websocket_command
from homeassistant.components.websocket_api.messages import event_message
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import Unauthorized
from homeassistant.helpers import config_validation as cv, device_registry as dr, entity_registry as er
from homeassistant.util import dt as dt_util
import probatio

from .const import DOMAIN
from .meter.live import DATA_LIVE
from .records.ring import DAY_S, Sample

TYPE_LIVE: Final = f"{DOMAIN}/live"

CHUNK: Final = 600
"""So many samples of a backlog go into one message."""


@callback
def async_setup_websocket(hass: HomeAssistant) -> None:
    """Make the command known."""
    async_register_command(hass, ws_live)


@websocket_command(
    {
        probatio.Required("type"): TYPE_LIVE,
        probatio.Exclusive("device_id", "which"): cv.string,
        probatio.Exclusive("entry_id", "which"): cv.string,
        probatio.Exclusive("entity_id", "which"): cv.entity_id,
        probatio.Optional("backlog", default=0): probatio.All(int, probatio.Range(min=0, max=DAY_S)),
    }
)
@async_response
async def ws_live(hass: HomeAssistant, connection: ActiveConnection, msg: dict[str, Any]) -> None:
    """Subscribe to one charge point's samples, with those of the last ``backlog`` seconds first.

    Whoever may read the power sensor may subscribe; who names another entity of the charge point must be
    allowed to read that one.
    """
    entry_id = _entry_id(hass, msg)
    feed = None if entry_id is None else hass.data[DATA_LIVE].get(entry_id)
    if entry_id is None or feed is None:
        connection.send_error(msg["id"], ERR_NOT_FOUND, "There is no such charge point")
        return
    _check_permission(hass, connection, msg, entry_id)

    @callback
    def forward(sample: Sample) -> None:
        connection.send_message(event_message(msg["id"], {"kind": "sample"} | _plain(sample)))

    now = dt_util.utcnow().timestamp()
    earlier = feed.ring.since(now - msg["backlog"] if msg["backlog"] else math.inf)
    connection.subscriptions[msg["id"]] = feed.listen(forward)
    connection.send_result(msg["id"])
    for chunk in batched(earlier, CHUNK, strict=False):
        if msg["id"] not in connection.subscriptions:
            return
        connection.send_message(event_message(msg["id"], {"kind": "backlog"} | _columns(chunk)))
        await asyncio.sleep(0)


def _entry_id(hass: HomeAssistant, msg: dict[str, Any]) -> str | None:
    """Return the entry that is meant; None when there is none of ours."""
    if "entity_id" in msg:
        entity = er.async_get(hass).async_get(msg["entity_id"])
        return entity.config_entry_id if entity is not None and entity.platform == DOMAIN else None
    if "device_id" in msg:
        device = dr.async_get(hass).async_get(msg["device_id"])
        return None if device is None else device.config_entry_id
    return msg.get("entry_id")


def _check_permission(hass: HomeAssistant, connection: ActiveConnection, msg: dict[str, Any], entry_id: str) -> None:
    """Refuse who may not read the power.

    Raises:
        Unauthorized: the user may not.
    """
    may_read = connection.user.permissions.check_entity
    entity_id = msg.get("entity_id") or _power_sensor(hass, entry_id)
    if entity_id is None:
        if not connection.user.is_admin:
            raise Unauthorized
    elif not may_read(entity_id, POLICY_READ):
        raise Unauthorized(entity_id=entity_id, permission=POLICY_READ)


def _power_sensor(hass: HomeAssistant, entry_id: str) -> str | None:
    entities = er.async_entries_for_config_entry(er.async_get(hass), entry_id)
    return next((each.entity_id for each in entities if each.unique_id.endswith("_power")), None)


def _plain(sample: Sample) -> dict[str, Any]:
    return {
        "at": round(sample.at, 3),
        "power_w": None if sample.power_w is None else round(sample.power_w, 1),
        "current_a": sample.current_a,
        "energy_wh": sample.energy_wh,
    }


def _columns(samples: Sequence[Sample]) -> dict[str, Any]:
    """Return samples as columns, which take a third of the room."""
    rows = [_plain(sample) for sample in samples]
    columns = {key: [row[key] for row in rows] for key in ("at", "power_w", "energy_wh")}
    return columns | {"current_a": list(zip(*(row["current_a"] for row in rows), strict=True))}
