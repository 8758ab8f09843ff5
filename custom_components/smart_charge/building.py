"""Build the charger that a config entry describes, on a link that Home Assistant lends or the listener shares."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial

from homeassistant.components.modbus import async_get_unit
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_HOST, CONF_PORT
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ConfigEntryError, ConfigEntryNotReady, HomeAssistantError
from homeassistant.helpers import issue_registry as ir
from homeassistant.util import dt as dt_util
from modbus_connection import ModbusTcpParams, ModbusUnit

from .chargers.charger import Charger, ChargerError, ChargerMisunderstood
from .chargers.modbus.charger import ModbusCharger
from .chargers.modbus.probe import Recognised, count_outlets, probe
from .chargers.modbus.register_map import RegisterMap
from .chargers.ocpp.central_system import CentralSystem
from .chargers.ocpp.charger import OcppCharger
from .chargers.ocpp.sample_rate import SHORTEST_S
from .chargers.ocpp.tags import TagStatus, fold
from .const import (
    CONF_CHARGE_POINT_ID,
    CONF_CONNECTOR_ID,
    CONF_LISTEN_PORT,
    CONF_MAP,
    CONF_METER_INTERVAL,
    CONF_PASSWORD_HASHES,
    CONF_PROTOCOL,
    CONF_RATED_CURRENT,
    CONF_START_WITHOUT_TAG,
    CONF_UNIT_ID,
    DOMAIN,
    PROTOCOL_MODBUS,
)
from .guard import note_report
from .household_tags import RefusedTags
from .identity import is_substitute, usable_serial
from .listener import Release, async_acquire_listener
from .outlets import connector_of, discover_outlet, first_id
from .owner_maps import async_load_maps
from .parting import async_part, async_settle
from .remedies import RemedyRepairs
from .security.credentials import verify_secret
from .storage import DATA_HOUSEHOLD, Memory

BUILT_IN = (CONF_METER_INTERVAL, CONF_RATED_CURRENT, CONF_START_WITHOUT_TAG)
"""Options that a charger is built with: a change of one reloads the entry."""


async def async_build_charger(hass: HomeAssistant, entry: ConfigEntry, memory: Memory) -> Charger:
    """Build the entry's charger. Whatever it holds is given up when the entry unloads.

    Raises:
        ConfigEntryNotReady: a Modbus charge point does not answer, or the OCPP port is taken.
        ConfigEntryError: another charge point answers, or its register map is gone.
    """
    if entry.data[CONF_PROTOCOL] == PROTOCOL_MODBUS:
        return await _async_build_modbus(hass, entry, memory.seen_at)
    return await _async_build_ocpp(hass, entry, memory)


async def _async_build_modbus(hass: HomeAssistant, entry: ConfigEntry, seen_at: datetime | None) -> ModbusCharger:
    """Read who answers before believing that it is the charge point that was set up."""
    maps = await async_load_maps(hass)
    map_id = entry.data[CONF_MAP]
    if map_id not in maps:
        raise ConfigEntryError(
            translation_domain=DOMAIN, translation_key="map_missing", translation_placeholders={"map": map_id}
        )
    register_map, outlet, units = maps[map_id], connector_of(entry), _units(hass, entry)
    unit_id = register_map.unit_of_outlet(outlet, entry.data[CONF_UNIT_ID])
    try:
        found = await probe(units, {map_id: register_map}, unit_id, outlet)
        outlets = await count_outlets(units, register_map, unit_id) if outlet == 1 else 1
    except (ChargerMisunderstood, ValueError) as err:
        raise ConfigEntryError(translation_domain=DOMAIN, translation_key="wrong_device") from err
    except (ChargerError, HomeAssistantError) as err:
        raise ConfigEntryNotReady(
            translation_domain=DOMAIN,
            translation_key="cannot_connect",
            translation_placeholders={"error": str(err) or type(err).__name__},
        ) from err
    if not _is_the_one(entry, register_map, found):
        raise ConfigEntryError(translation_domain=DOMAIN, translation_key="wrong_device")
    for number in range(2, outlets + 1):
        discover_outlet(hass, entry, number)
    return ModbusCharger(
        units,
        register_map,
        unit_id=unit_id,
        identity=found.identity,
        clock=dt_util.utcnow,
        connector=outlet,
        seen_at=seen_at,
    )


def _is_the_one(entry: ConfigEntry, register_map: RegisterMap, found: Recognised) -> bool:
    """Whether the serial number is that of the charge point that was set up, where both are known.

    An outlet after the first has that in its own registers, or a serial number of its own, which nobody has noted.
    """
    serial = register_map.identity.serial
    has_own = serial is not None and register_map.registers[serial].block is not None
    known = first_id(entry)
    if is_substitute(known) or (has_own and connector_of(entry) > 1):
        return True
    return usable_serial(found.identity.serial) == known


def _units(hass: HomeAssistant, entry: ConfigEntry) -> Callable[[int], ModbusUnit]:
    """Borrow each unit once, when it is first needed."""
    params = ModbusTcpParams(host=entry.data[CONF_HOST].lower(), port=entry.data[CONF_PORT])
    borrowed: dict[int, ModbusUnit] = {}

    def unit(unit_id: int) -> ModbusUnit:
        if unit_id not in borrowed:
            borrowed[unit_id] = async_get_unit(hass, entry, params, unit_id)
        return borrowed[unit_id]

    return unit


async def _async_build_ocpp(hass: HomeAssistant, entry: ConfigEntry, memory: Memory) -> OcppCharger:
    """Let the charge point in whenever it calls; that it has not called yet is no failure."""
    household = hass.data[DATA_HOUSEHOLD]
    refused = RefusedTags(hass, entry, memory)
    is_free = bool(entry.options.get(CONF_START_WITHOUT_TAG, True))
    hashes = entry.data.get(CONF_PASSWORD_HASHES) or []
    charger = OcppCharger(
        entry.data[CONF_CHARGE_POINT_ID],
        connector_id=entry.data.get(CONF_CONNECTOR_ID, 1),
        verify=partial(_async_verify, hass, hashes) if hashes else None,
        clock=dt_util.utcnow,
        memory=memory.charger,
        save=memory.async_save_charger,
        authorise=partial(_authorise, hass, refused, memory.id_tag, is_free),
        next_transaction_id=household.async_next_transaction_id,
        start_without_tag=is_free,
        id_tag=memory.id_tag,
        rated_a=entry.options.get(CONF_RATED_CURRENT, 32.0),
        sample_s=entry.options.get(CONF_METER_INTERVAL, SHORTEST_S),
    )
    charger.on_security_event(partial(note_report, hass, entry))
    charger.set_tags(household.statuses(dt_util.utcnow()))
    await async_settle(hass, entry)
    central, release = await _async_listen(hass, entry)
    hang_up = central.expect(charger)

    async def let_go() -> None:
        hang_up()
        await release()

    entry.async_on_unload(partial(async_part, hass, entry, charger, let_go))
    entry.async_on_unload(RemedyRepairs(hass, entry, charger).watch())
    entry.async_on_unload(refused.watch())
    return charger


async def _async_listen(hass: HomeAssistant, entry: ConfigEntry) -> tuple[CentralSystem, Release]:
    """Open the port, or tell its owner that it is taken."""
    port = entry.data[CONF_LISTEN_PORT]
    try:
        listening = await async_acquire_listener(hass, port)
    except OSError as err:
        _tell_port_is_taken(hass, entry, port)
        raise ConfigEntryNotReady(
            translation_domain=DOMAIN, translation_key="port_in_use", translation_placeholders={"port": str(port)}
        ) from err
    ir.async_delete_issue(hass, DOMAIN, port_issue_id(entry))
    return listening


def port_issue_id(entry: ConfigEntry) -> str:
    """Return the id of the repair that tells of a port that could not be opened."""
    return f"port_in_use_{entry.entry_id}"


def _tell_port_is_taken(hass: HomeAssistant, entry: ConfigEntry, port: int) -> None:
    """Raise the repair; it goes when the port can be opened, or the entry is removed."""
    ir.async_create_issue(
        hass,
        DOMAIN,
        port_issue_id(entry),
        is_fixable=False,
        severity=ir.IssueSeverity.ERROR,
        translation_key="port_in_use",
        translation_placeholders={"name": entry.title, "port": str(port)},
    )


async def _async_verify(hass: HomeAssistant, hashes: list[str], shown: bytes) -> bool:
    """Check a password where hashing it does not hold up the loop.

    The thread ends with it: each of Home Assistant's own would keep the 16 MB that hashing takes, and whoever guesses
    passwords goes through all of them.
    """
    alone = ThreadPoolExecutor(max_workers=1, thread_name_prefix="smart_charge password")
    try:
        return await hass.loop.run_in_executor(alone, verify_secret, hashes, shown)
    finally:
        alone.shutdown(wait=False)


def _authorise(hass: HomeAssistant, refused: RefusedTags, own: str, is_free: bool, tag: str) -> TagStatus:
    """Accept the tag that we start charges with ourselves; for any other ask the household."""
    if fold(tag) == fold(own):
        return TagStatus.ACCEPTED
    status = hass.data[DATA_HOUSEHOLD].authorise(tag, is_free=is_free)
    if status is not TagStatus.ACCEPTED:
        refused.hear(tag, status)
    return status
