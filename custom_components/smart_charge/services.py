"""Actions for installers and automations: speak to a charge point directly, and keep the list of known tags."""

from typing import Any, Final

from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse, SupportsResponse, callback
from homeassistant.helpers import config_validation as cv
from homeassistant.util import dt as dt_util
import probatio

from .actions.consumption import async_setup_consumption
from .actions.forgetting import async_setup_forgetting
from .actions.journal import async_setup_journal
from .actions.orcs import async_setup_orcs
from .actions.requests import async_setup_requests, charge_point_of
from .actions.sales import async_setup_sales
from .actions.security import async_setup_security
from .admin import async_register_admin_action
from .chargers.charger import ChargerError
from .chargers.modbus.charger import ModbusCharger
from .chargers.ocpp.charger import OcppCharger
from .chargers.ocpp.tags import MAX_LENGTH, TagStatus
from .coordinator import SmartChargeConfigEntry
from .errors import invalid, translated
from .guard import note
from .household_tags import async_list_tag, async_unlist_tag
from .security.events import Kind
from .storage import DATA_HOUSEHOLD, KnownTag

ATTR_ACTION: Final = "action"
ATTR_ADDRESS: Final = "address"
ATTR_COUNT: Final = "count"
ATTR_EXPIRES_AT: Final = "expires_at"
ATTR_KIND: Final = "kind"
ATTR_NAME: Final = "name"
ATTR_PAYLOAD: Final = "payload"
ATTR_STATUS: Final = "status"
ATTR_TAG: Final = "tag"
ATTR_UNIT_ID: Final = "unit_id"

_TAG: Final = probatio.All(cv.string, str.strip, probatio.Length(min=1, max=MAX_LENGTH))

OCPP_CALL_SCHEMA: Final = probatio.Schema(
    {
        probatio.Required(ATTR_DEVICE_ID): cv.string,
        probatio.Required(ATTR_ACTION): probatio.All(cv.string, probatio.Length(min=1, max=64)),
        probatio.Optional(ATTR_PAYLOAD, default=dict): dict,
    }
)
MODBUS_READ_SCHEMA: Final = probatio.Schema(
    {
        probatio.Required(ATTR_DEVICE_ID): cv.string,
        probatio.Optional(ATTR_KIND, default="holding"): probatio.In(["holding", "input", "coil", "discrete"]),
        probatio.Required(ATTR_ADDRESS): probatio.All(probatio.Coerce(int), probatio.Range(min=0, max=65535)),
        probatio.Optional(ATTR_COUNT, default=1): probatio.All(probatio.Coerce(int), probatio.Range(min=1, max=2000)),
        probatio.Optional(ATTR_UNIT_ID): probatio.All(probatio.Coerce(int), probatio.Range(min=0, max=255)),
    }
)
SET_TAG_SCHEMA: Final = probatio.Schema(
    {
        probatio.Required(ATTR_TAG): _TAG,
        probatio.Optional(ATTR_STATUS, default=TagStatus.ACCEPTED.value): probatio.In(
            [TagStatus.ACCEPTED.value, TagStatus.BLOCKED.value, TagStatus.EXPIRED.value]
        ),
        probatio.Optional(ATTR_NAME): cv.string,
        probatio.Optional(ATTR_EXPIRES_AT): cv.datetime,
    }
)
REMOVE_TAG_SCHEMA: Final = probatio.Schema({probatio.Required(ATTR_TAG): _TAG})
LIST_TAGS_SCHEMA: Final = probatio.Schema({})


@callback
def async_setup_services(hass: HomeAssistant) -> None:
    """Make the actions known. All but those that ask for charging are for administrators."""
    async_setup_requests(hass)
    async_setup_journal(hass)
    async_setup_consumption(hass)
    async_setup_security(hass)
    async_setup_forgetting(hass)
    async_setup_orcs(hass)
    async_setup_sales(hass)
    for name, handler, schema, response in (
        ("ocpp_call", _async_ocpp_call, OCPP_CALL_SCHEMA, SupportsResponse.OPTIONAL),
        ("modbus_read", _async_modbus_read, MODBUS_READ_SCHEMA, SupportsResponse.ONLY),
        ("set_tag", _async_set_tag, SET_TAG_SCHEMA, SupportsResponse.NONE),
        ("remove_tag", _async_remove_tag, REMOVE_TAG_SCHEMA, SupportsResponse.NONE),
        ("list_tags", _async_list_tags, LIST_TAGS_SCHEMA, SupportsResponse.ONLY),
    ):
        async_register_admin_action(hass, name, handler, schema, response)


def _entry(call: ServiceCall) -> SmartChargeConfigEntry:
    return charge_point_of(call.hass, call.data[ATTR_DEVICE_ID])


async def _async_ocpp_call(call: ServiceCall) -> ServiceResponse:
    """Send any OCPP message; the answer is the response."""
    entry, action = _entry(call), call.data[ATTR_ACTION]
    charger = entry.runtime_data.charger
    if not isinstance(charger, OcppCharger):
        raise invalid("not_ocpp", name=entry.title)
    outcome = "answered"
    try:
        answer: dict[str, Any] = await charger.call(action, call.data[ATTR_PAYLOAD])
    except ValueError as err:
        outcome = "invalid"
        raise invalid("invalid_payload", action=action, error=str(err)) from err
    except ChargerError as err:
        outcome = type(err).__name__
        raise translated(err, entry.title) from err
    finally:
        user_id = call.context.user_id
        note(
            call.hass, Kind.DIRECT_COMMAND, user_id=user_id, charge_point=entry.entry_id, action=action, outcome=outcome
        )
    return answer if call.return_response else None


async def _async_modbus_read(call: ServiceCall) -> ServiceResponse:
    """Read registers by address; 0 and 1 for coils and discrete inputs."""
    entry = _entry(call)
    charger = entry.runtime_data.charger
    if not isinstance(charger, ModbusCharger):
        raise invalid("not_modbus", name=entry.title)
    kind, address, count = (call.data[key] for key in (ATTR_KIND, ATTR_ADDRESS, ATTR_COUNT))
    try:
        registers = await charger.read_registers(kind, address, count, call.data.get(ATTR_UNIT_ID))
    except ValueError as err:
        raise invalid("invalid_registers", error=str(err)) from err
    except ChargerError as err:
        raise translated(err, entry.title) from err
    return {"registers": list(registers)}


async def _async_set_tag(call: ServiceCall) -> None:
    expires_at = call.data.get(ATTR_EXPIRES_AT)
    tag = KnownTag(
        tag=call.data[ATTR_TAG],
        status=TagStatus(call.data[ATTR_STATUS]),
        name=call.data.get(ATTR_NAME),
        expires_at=None if expires_at is None else dt_util.as_utc(expires_at),
    )
    await async_list_tag(call.hass, tag, user_id=call.context.user_id)


async def _async_remove_tag(call: ServiceCall) -> None:
    if not await async_unlist_tag(call.hass, call.data[ATTR_TAG], user_id=call.context.user_id):
        raise invalid("unknown_tag", tag=call.data[ATTR_TAG])


async def _async_list_tags(call: ServiceCall) -> ServiceResponse:
    now = dt_util.utcnow()
    return {
        "tags": [
            {
                ATTR_TAG: tag.tag,
                ATTR_STATUS: tag.status_at(now).value,
                ATTR_NAME: tag.name,
                ATTR_EXPIRES_AT: None if tag.expires_at is None else tag.expires_at.isoformat(),
            }
            for tag in call.hass.data[DATA_HOUSEHOLD].tags
        ]
    }
