"""Register maps that the owner has put into a folder of the configuration: read with ours, and what is wrong told."""

from pathlib import Path
from typing import Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from .chargers.modbus.register_map import Maps, load_maps
from .const import DOMAIN

FOLDER: Final = "smart_charge_maps"
"""Beside configuration.yaml."""

_ISSUE: Final = "map_broken_"
_LONGEST: Final = 600


async def async_load_maps(hass: HomeAssistant) -> Maps:
    """Return every map that can be used; a repair names each file that cannot, until it is mended or gone."""
    maps = await hass.async_add_executor_job(load_maps, Path(hass.config.path(FOLDER)))
    _tell(hass, maps.errors)
    return maps


@callback
def _tell(hass: HomeAssistant, errors: dict[str, str]) -> None:
    for domain, issue_id in list(ir.async_get(hass).issues):
        if domain == DOMAIN and issue_id.startswith(_ISSUE) and issue_id.removeprefix(_ISSUE) not in errors:
            ir.async_delete_issue(hass, DOMAIN, issue_id)
    for name, error in errors.items():
        ir.async_create_issue(
            hass,
            DOMAIN,
            f"{_ISSUE}{name}",
            is_fixable=False,
            severity=ir.IssueSeverity.WARNING,
            translation_key="map_broken",
            translation_placeholders={"file": f"{FOLDER}/{name}", "error": error[:_LONGEST]},
        )
