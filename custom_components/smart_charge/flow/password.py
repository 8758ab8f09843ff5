"""The password and the port of an OCPP charge point in a flow: asked for, judged, hashed, kept."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
import errno
from typing import Any, Final

from homeassistant.components import network
from homeassistant.config_entries import ConfigEntry, ConfigFlow, ConfigFlowResult
from homeassistant.const import CONF_PASSWORD
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.selector import (
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)
import probatio

from ..by_whom import sign_form
from ..const import CONF_PASSWORD_HASHES, DOMAIN
from ..outlets import siblings
from ..security.credentials import hash_secret, verify_secret, weakness

PORT_FIELD: Final = probatio.All(
    NumberSelector(NumberSelectorConfig(min=1, max=65535, mode=NumberSelectorMode.BOX)), probatio.Coerce(int)
)
PASSWORD_FIELD: Final = TextSelector(TextSelectorConfig(type=TextSelectorType.PASSWORD, autocomplete="new-password"))
PASSWORD_SCHEMA: Final = probatio.Schema({probatio.Optional(CONF_PASSWORD): PASSWORD_FIELD})


@dataclass(frozen=True, slots=True)
class Password:
    """A password and what is kept of it."""

    text: str
    hashes: list[str]
    is_typed: bool


class PasswordRefused(Exception):
    """A typed password must not be used; ``key`` is the translation key of the reason."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


async def async_choose_password(
    hass: HomeAssistant, typed: str | None, drawn: str, identities: Iterable[str | None] = (), own: str | None = None
) -> Password:
    """Return the typed password if there is one and it is good, else the drawn one.

    Args:
        identities: public facts of the charge point that the password must not be made of.
        own: entry id of the charge point itself, whose present password may stay.

    Raises:
        PasswordRefused: it is weak, or another charge point has it (S2.1).
    """
    if not typed:
        return Password(drawn, await hass.async_add_executor_job(hash_secret, drawn), is_typed=False)
    if (key := weakness(typed, *identities)) is not None:
        raise PasswordRefused(key)
    others = [entry.data.get(CONF_PASSWORD_HASHES, []) for entry in _others(hass, own)]
    if await hass.async_add_executor_job(_is_among, others, typed):
        raise PasswordRefused("reused")
    return Password(typed, await hass.async_add_executor_job(hash_secret, typed), is_typed=True)


def _others(hass: HomeAssistant, own: str | None) -> list[ConfigEntry]:
    """Return the entries of other charge points; the outlets of one share its password."""
    entry = hass.config_entries.async_get_entry(own) if own is not None else None
    same = {own, *(item.entry_id for item in siblings(hass, entry))} if entry is not None else {own}
    return [entry for entry in hass.config_entries.async_entries(DOMAIN) if entry.entry_id not in same]


def _is_among(others: list[list[str]], typed: str) -> bool:
    return any(verify_secret(hashes, typed.encode()) for hashes in others)


async def async_url(hass: HomeAssistant, port: int, caller: str | None = None) -> str:
    """Return the address to type into a charge point: ours, as seen from where it called."""
    host = "homeassistant.local"
    with suppress(HomeAssistantError):
        host = await network.async_get_source_ip(hass, *([caller] if caller else []))
    return f"ws://{host}:{port}/"


@callback
def async_keep(flow: ConfigFlow, entry: ConfigEntry, updates: dict[str, Any]) -> ConfigFlowResult:
    """End a flow by keeping new connection data, and have the entry, and those of its other outlets, use it.

    The entry's own update listener reloads it; one that is not set up has none.
    """
    sign_form()
    entries = flow.hass.config_entries
    others = siblings(flow.hass, entry)
    result = flow.async_update_and_abort(entry, data_updates=updates)
    for other in others:
        entries.async_update_entry(other, data={**other.data, **updates})
    for changed in (entry, *others):
        if not changed.update_listeners:
            entries.async_schedule_reload(changed.entry_id)
    return result


def port_error(err: OSError) -> str:
    """Return the translation key for a port that cannot be opened."""
    return "port_not_allowed" if err.errno in (errno.EACCES, errno.EPERM) else "port_in_use"
