"""Smart Charge: an ordinary charge point becomes a smart one, locally.

This file introduces the parts to each other; they work together in `coordinator`.
"""

import asyncio
from collections.abc import Mapping
from datetime import datetime
import secrets
from typing import Any, Final

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import EVENT_CORE_CONFIG_UPDATE, EVENT_HOMEASSISTANT_STOP, Platform
from homeassistant.core import Event, HassJob, HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryNotReady
from homeassistant.helpers import config_validation as cv, device_registry as dr, issue_registry as ir
from homeassistant.helpers.event import async_call_later, async_track_time_change
from homeassistant.helpers.importlib import async_import_module
from homeassistant.helpers.typing import ConfigType
from homeassistant.setup import async_when_setup

from .building import BUILT_IN, async_build_charger, port_issue_id
from .by_whom import who_fills_in
from .chargers.charger import Charger
from .chargers.modbus.charger import ModbusCharger
from .const import CONF_PROTOCOL, DOMAIN, LOGGER
from .coordinator import SmartChargeConfigEntry, SmartChargeCoordinator
from .entity import device_info
from .forgetting.later import async_forget_when_back
from .guard import DATA_GUARD, Guard, note, note_changes
from .keeping.log_watch import DATA_LOG_WATCH, LogWatch
from .keeping.nightly import async_start_keeping
from .ledger import DATA_LEDGER, Ledger
from .lot import issue_ids
from .meter.live import DATA_LIVE
from .meter.notices import async_forget_notices
from .parting import async_settle
from .prices import DATA_PRICES, SitePrices
from .prices.supplier import SupplierChange
from .security.events import Kind
from .services import async_setup_services
from .site import async_make_site, is_site
from .site.entry import async_remove_site, async_setup_site, async_unload_site
from .storage import DATA_HOUSEHOLD, Household, Memory, async_forget
from .voice.intents import async_setup_intents
from .websocket_api import async_setup_websocket
from .wording import Wording

CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)

PLATFORMS: Final = [
    Platform.BINARY_SENSOR,
    Platform.BUTTON,
    Platform.CALENDAR,
    Platform.EVENT,
    Platform.NUMBER,
    Platform.SELECT,
    Platform.SENSOR,
    Platform.SWITCH,
    Platform.TIME,
]

FIRST_READING_S: Final = 10.0
BEGIN_ANEW_S: Final = 60.0
QUIET_HOUR: Final = 3
"""Local hour at which what is left behind is written afresh. When clocks change, they have changed by then."""


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Make the actions known, and load what all charge points share."""
    hass.data[DATA_HOUSEHOLD] = household = Household(hass)
    await household.async_load()
    hass.data[DATA_LEDGER] = ledger = Ledger(hass)
    await ledger.async_load()
    site = async_make_site(hass)
    site.listen(ledger.settings_changed)
    SupplierChange(hass, site).start()
    hass.data[DATA_PRICES] = prices = SitePrices(hass, site)
    await prices.async_load()
    prices.start()
    hass.data[DATA_GUARD] = guard = Guard(hass, ledger.add)
    guard.start()
    hass.data[DATA_LOG_WATCH] = LogWatch(hass)
    await async_start_keeping(hass)
    hass.data[DATA_LIVE] = {}
    async_setup_services(hass)
    async_setup_intents(hass)
    async_when_setup(hass, "conversation", _async_listen)
    async_setup_websocket(hass)
    return True


async def _async_listen(hass: HomeAssistant, _component: str) -> None:
    """Teach Assist our sentences. Its packages are there only where it is."""
    sentences = await async_import_module(hass, f"{__package__}.voice.sentences")
    sentences.async_listen(hass)


async def async_setup_entry(hass: HomeAssistant, entry: SmartChargeConfigEntry) -> bool:
    """Put one charge point together and start its loop; or show the site."""
    hass.data[DATA_LEDGER].start()
    if is_site(entry):
        return await async_setup_site(hass, entry)
    memory = Memory(hass, entry.entry_id)
    await memory.async_load()
    charger = await async_build_charger(hass, entry, memory)
    running = entry.async_create_background_task(hass, charger.run(), f"{entry.title}: run")
    _begin_anew_after_a_crash(hass, entry, running)
    if isinstance(charger, ModbusCharger):
        await _async_first_reading(charger, running)
    coordinator = SmartChargeCoordinator(hass, entry, charger, memory, await Wording.async_load(hass))
    entry.runtime_data = coordinator
    if memory.is_new:
        protocol = entry.data.get(CONF_PROTOCOL)
        note(hass, Kind.CHARGE_POINT_ADDED, charge_point=entry.entry_id, protocol=protocol, user_id=who_fills_in())
    _keep_device(hass, entry)
    coordinator.start()
    _wire(hass, entry, running)
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    return True


async def _async_first_reading(charger: Charger, running: asyncio.Task[None]) -> None:
    """Wait until the charge point has been read once."""
    has_spoken = asyncio.Event()
    stop = charger.listen(has_spoken.set)
    try:
        async with asyncio.timeout(FIRST_READING_S):
            while charger.reading is None:
                await has_spoken.wait()
                has_spoken.clear()
    except TimeoutError as err:
        running.cancel()
        await asyncio.wait({running})
        raise ConfigEntryNotReady(translation_domain=DOMAIN, translation_key="no_reading") from err
    finally:
        stop()


def _begin_anew_after_a_crash(hass: HomeAssistant, entry: SmartChargeConfigEntry, running: asyncio.Task[None]) -> None:
    """Load the entry again a while after its charger ended by a fault of ours: the vehicle has to be charged."""

    @callback
    def begin_anew(_now: datetime) -> None:
        hass.config_entries.async_schedule_reload(entry.entry_id)

    @callback
    def ended(running: asyncio.Task[None]) -> None:
        if running.cancelled() or (error := running.exception()) is None:
            return
        LOGGER.error("%s ended, which is a fault of ours", running.get_name(), exc_info=error)
        if entry.state in {ConfigEntryState.SETUP_IN_PROGRESS, ConfigEntryState.LOADED}:
            again = HassJob(begin_anew, "smart_charge: begin anew", cancel_on_shutdown=True)
            entry.async_on_unload(async_call_later(hass, BEGIN_ANEW_S, again))

    running.add_done_callback(ended)


def _wire(hass: HomeAssistant, entry: SmartChargeConfigEntry, running: asyncio.Task[None]) -> None:
    """Connect the loop to what Home Assistant and the charge point tell."""
    coordinator = entry.runtime_data
    _follow_settings(hass, entry)
    _follow_identity(hass, entry)

    async def core_changed(_event: Event) -> None:
        await coordinator.async_language_changed()

    @callback
    def quiet_hour(_now: object) -> None:
        coordinator.leave_behind()

    entry.async_on_unload(hass.bus.async_listen(EVENT_CORE_CONFIG_UPDATE, core_changed))
    entry.async_on_unload(async_forget_when_back(entry))
    minute, second = secrets.randbelow(60), secrets.randbelow(60)  # not every home's charge points in one second
    entry.async_on_unload(async_track_time_change(hass, quiet_hour, hour=QUIET_HOUR, minute=minute, second=second))
    _end_in_time(hass, entry, running)


def _follow_settings(hass: HomeAssistant, entry: SmartChargeConfigEntry) -> None:
    """Apply what is changed, and have it written down."""
    coordinator = entry.runtime_data
    seen: dict[str, Any] = {"data": dict(entry.data), "options": dict(entry.options)}

    async def entry_changed(hass: HomeAssistant, entry: SmartChargeConfigEntry) -> None:
        before, seen["data"], seen["options"] = dict(seen), dict(entry.data), dict(entry.options)
        if before["data"] != entry.data or _built_in(before["options"]) != _built_in(entry.options):
            hass.config_entries.async_schedule_reload(entry.entry_id)
        elif before["options"] != entry.options:
            coordinator.options_changed()
        note_changes(hass, entry, before)

    entry.async_on_unload(entry.add_update_listener(entry_changed))


def _follow_identity(hass: HomeAssistant, entry: SmartChargeConfigEntry) -> None:
    """Keep what is said of the device true to what the charge point says of itself."""
    coordinator = entry.runtime_data
    identity = coordinator.charger.identity

    @callback
    def charger_spoke() -> None:
        nonlocal identity
        if (told := coordinator.charger.identity) != identity:
            identity = told
            _keep_device(hass, entry)

    entry.async_on_unload(coordinator.charger.listen(charger_spoke))


def _end_in_time(hass: HomeAssistant, entry: SmartChargeConfigEntry, running: asyncio.Task[None]) -> None:
    """End the loop and the charger with the entry, or with Home Assistant."""
    coordinator = entry.runtime_data

    async def end() -> None:
        await coordinator.async_stop()
        running.cancel()
        await asyncio.wait({running})

    async def stopping(_event: Event) -> None:
        await end()

    # Shutdown jobs run before background tasks are cancelled, so control is handed back while the link is up.
    entry.async_on_unload(hass.async_add_shutdown_job(HassJob(end, f"{entry.title}: hand back")))
    entry.async_on_unload(hass.bus.async_listen(EVENT_HOMEASSISTANT_STOP, stopping))
    entry.async_on_unload(end)


def _built_in(options: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(options.get(key) for key in BUILT_IN)


@callback
def _keep_device(hass: HomeAssistant, entry: SmartChargeConfigEntry) -> None:
    """Register the device, and keep what is said of it up to date."""
    dr.async_get(hass).async_get_or_create(config_entry_id=entry.entry_id, **device_info(entry))


async def async_unload_entry(hass: HomeAssistant, entry: SmartChargeConfigEntry) -> bool:
    """Take it apart: entities first, then control is handed back and the link let go."""
    if is_site(entry):
        return await async_unload_site(hass, entry)
    if not await hass.config_entries.async_unload_platforms(entry, PLATFORMS):
        return False
    await entry.runtime_data.async_stop()
    return True


async def async_remove_entry(hass: HomeAssistant, entry: SmartChargeConfigEntry) -> None:
    """Delete what was kept of the charge point, or follow the site no more."""
    if is_site(entry):
        async_remove_site(hass)
        await _async_stop_recording(hass)
        return
    await async_settle(hass, entry, is_removed=True)
    await async_forget(hass, entry.entry_id)
    for issue_id in (*issue_ids(entry.entry_id), port_issue_id(entry)):
        ir.async_delete_issue(hass, DOMAIN, issue_id)
    protocol = entry.data.get(CONF_PROTOCOL)
    note(hass, Kind.CHARGE_POINT_REMOVED, charge_point=entry.entry_id, protocol=protocol, user_id=who_fills_in())
    async_forget_notices(hass, entry)
    hass.data.get(DATA_LIVE, {}).pop(entry.entry_id, None)
    await _async_stop_recording(hass)


async def _async_stop_recording(hass: HomeAssistant) -> None:
    """Let go of the records once nothing is set up any more."""
    if DATA_LEDGER in hass.data and not hass.config_entries.async_entries(DOMAIN):
        await hass.data[DATA_LEDGER].async_stop()


async def async_migrate_entry(hass: HomeAssistant, entry: SmartChargeConfigEntry) -> bool:
    """There is one version so far; an entry of a later one needs that version of the integration."""
    return entry.version == 1
