"""Home Assistant makes a backup: the records in it are whole.

They are put into their one file first, and are not written while it is copied; what happens meanwhile waits.
"""

from homeassistant.core import HomeAssistant

from .ledger import DATA_LEDGER


async def async_pre_backup(hass: HomeAssistant) -> None:
    """Hold the records still. Whatever is wrong with them, the backup is made."""
    await hass.data[DATA_LEDGER].async_hold()


async def async_post_backup(hass: HomeAssistant) -> None:
    """Write again."""
    await hass.data[DATA_LEDGER].async_release()
