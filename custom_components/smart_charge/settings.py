"""The owner's choices: entry options as `Settings`, and back."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import time
from typing import Any, Literal
from zoneinfo import ZoneInfo

from homeassistant.util import dt as dt_util

from .chargers.charger import Capabilities
from .charging.model import (
    ENERGY_NEEDED_DEFAULT_WH,
    RANDOM_DELAY_DEFAULT_S,
    READY_BY_DEFAULT,
    Mode,
    Settings,
    WeeklyHours,
    Window,
)
from .charging.off_peak import preset_hours, windows_from_list, windows_to_list
from .const import (
    CONF_CHARGER_DELAYS,
    CONF_DEFAULT_HOURS,
    CONF_DEFAULT_HOURS_ENABLED,
    CONF_DSR_OPT_OUT,
    CONF_ENERGY_NEEDED,
    CONF_MODE,
    CONF_RANDOM_DELAY_MAX,
    CONF_RATED_CURRENT,
    CONF_READY_BY,
    CONF_SAFETY_LOCK,
    LOGGER,
)

type Edge = Literal["start", "end"]


def settings_from(options: Mapping[str, Any], capabilities: Capabilities, time_zone: ZoneInfo) -> Settings:
    """Return what the owner has chosen, within what the charge point can do."""
    windows = windows_of(options)
    is_on = bool(options.get(CONF_DEFAULT_HOURS_ENABLED, True)) and windows
    return Settings(
        rated_a=min(float(options.get(CONF_RATED_CURRENT) or capabilities.max_a), capabilities.max_a),
        mode=Mode(options.get(CONF_MODE, Mode.DEFAULT_HOURS)),
        default_hours=WeeklyHours(windows=windows, time_zone=time_zone) if is_on else None,
        random_delay_max_s=int(options.get(CONF_RANDOM_DELAY_MAX, RANDOM_DELAY_DEFAULT_S)),
        charger_delays_itself=capabilities.delays_itself or bool(options.get(CONF_CHARGER_DELAYS, False)),
        is_locked=bool(options.get(CONF_SAFETY_LOCK, False)),
        phases=capabilities.phases,
        is_dsr_opted_out=bool(options.get(CONF_DSR_OPT_OUT, False)),
        ready_by=time.fromisoformat(options.get(CONF_READY_BY, READY_BY_DEFAULT.isoformat())),
        energy_needed_wh=round(float(options.get(CONF_ENERGY_NEEDED, ENERGY_NEEDED_DEFAULT_WH / 1000)) * 1000) or None,
    )


def local_zone() -> ZoneInfo:
    """Return the time zone that Home Assistant is set to."""
    zone = dt_util.get_default_time_zone()
    return zone if isinstance(zone, ZoneInfo) else ZoneInfo("UTC")


def windows_of(options: Mapping[str, Any]) -> tuple[Window, ...]:
    """Return the weekly windows that are kept, whether or not they are switched on."""
    try:
        return windows_from_list(options.get(CONF_DEFAULT_HOURS, ()))
    except ValueError as err:
        LOGGER.error("The default hours cannot be read, so the pre-set ones hold: %s", err)
        return preset_hours(ZoneInfo("UTC")).windows


def with_edge(options: Mapping[str, Any], index: int, edge: Edge, at: time) -> dict[str, Any]:
    """Return options in which one window starts or ends at another time."""
    windows = list(windows_of(options))
    windows[index] = replace(windows[index], start=at) if edge == "start" else replace(windows[index], end=at)
    return {CONF_DEFAULT_HOURS: windows_to_list(windows)}


def with_hours_switched(options: Mapping[str, Any], *, is_on: bool) -> dict[str, Any]:
    """Return options with the default hours on or off; the pre-set ones where there are none to switch on (10.3)."""
    windows = windows_of(options) or preset_hours(ZoneInfo("UTC")).windows
    return {CONF_DEFAULT_HOURS_ENABLED: is_on, CONF_DEFAULT_HOURS: windows_to_list(windows)}
