"""A real Home Assistant for the other benchmarks, in a folder that is thrown away, and a charge point's entry in it."""

from pathlib import Path
import socket
from types import MappingProxyType
from typing import Any

from homeassistant import bootstrap, loader
from homeassistant.auth import auth_manager_from_config
from homeassistant.config_entries import SOURCE_IMPORT, ConfigEntries, ConfigEntry
from homeassistant.core import HomeAssistant

DOMAIN = "smart_charge"
COMPONENTS = Path(__file__).parent.parent / "custom_components"


async def home_assistant(folder: str) -> HomeAssistant:
    """Return one that knows our component and what was stored in ``folder``, and has not begun to run."""
    if not (linked := Path(folder) / COMPONENTS.name).exists():
        linked.symlink_to(COMPONENTS)
    hass = HomeAssistant(folder)
    loader.async_setup(hass)
    hass.config_entries = ConfigEntries(hass, {})
    await bootstrap.async_load_base_functionality(hass)
    hass.auth = await auth_manager_from_config(hass, [], [])
    return hass


def charge_point(title: str, unique_id: str, data: dict[str, Any], options: dict[str, Any]) -> ConfigEntry[Any]:
    """Describe a charge point as the flow would."""
    return ConfigEntry(
        domain=DOMAIN,
        title=title,
        data=data,
        options=options,
        version=1,
        minor_version=1,
        source=SOURCE_IMPORT,
        unique_id=unique_id,
        discovery_keys=MappingProxyType({}),
        subentries_data=None,
    )


def free_port() -> int:
    """Find a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
