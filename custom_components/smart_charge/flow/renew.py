"""Another password or another port for an OCPP charge point that is set up."""

from collections.abc import Mapping
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry, ConfigFlow, ConfigFlowResult
from homeassistant.const import CONF_PASSWORD, CONF_PORT
from homeassistant.helpers.selector import BooleanSelector
import probatio

from ..const import CONF_CHARGE_POINT_ID, CONF_LISTEN_PORT, CONF_PASSWORD_HASHES, DEFAULT_LISTEN_PORT
from ..listener import async_acquire_listener
from ..security.credentials import make_password
from ..security.inputs import plain
from .password import (
    PASSWORD_SCHEMA,
    PORT_FIELD,
    PasswordRefused,
    async_choose_password,
    async_keep,
    async_url,
    port_error,
)

CONF_NEW_PASSWORD: Final = "new_password"  # noqa: S105  the name of a tick box

RECONFIGURE_SCHEMA: Final = probatio.Schema(
    {
        probatio.Required(CONF_PORT, default=DEFAULT_LISTEN_PORT): PORT_FIELD,
        probatio.Required(CONF_NEW_PASSWORD, default=False): BooleanSelector(),
    }
)


class RenewSteps(ConfigFlow):
    """The steps that change the password or the port of a charge point that is set up."""

    _port: int = DEFAULT_LISTEN_PORT
    _drawn: str = ""

    async def async_step_reauth(self, entry_data: Mapping[str, Any]) -> ConfigFlowResult:
        """Give a charge point a new password after it called with a wrong one."""
        return await self.async_step_reauth_confirm()

    async def async_step_reauth_confirm(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show the new password, or take the one that the charge point has."""
        entry = self._get_reauth_entry()
        return await self._async_password_form("reauth_confirm", entry, entry.data[CONF_LISTEN_PORT], user_input, {})

    async def async_step_reconfigure_ocpp(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the new port, and whether the password shall change."""
        entry = self._get_reconfigure_entry()
        self._port = entry.data[CONF_LISTEN_PORT]
        errors: dict[str, str] = {}
        if user_input is not None:
            self._port = user_input[CONF_PORT]
            if (error := await self._async_try_port()) is not None:
                errors[CONF_PORT] = error
            elif user_input[CONF_NEW_PASSWORD]:
                return await self.async_step_new_password()
            else:
                return async_keep(self, entry, {CONF_LISTEN_PORT: self._port})
        return self.async_show_form(
            step_id="reconfigure_ocpp",
            data_schema=self.add_suggested_values_to_schema(RECONFIGURE_SCHEMA, user_input or {CONF_PORT: self._port}),
            errors=errors,
            description_placeholders={"url": await async_url(self.hass, entry.data[CONF_LISTEN_PORT])},
        )

    async def async_step_new_password(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Give a charge point that works a new password."""
        updates = {CONF_LISTEN_PORT: self._port}
        entry = self._get_reconfigure_entry()
        return await self._async_password_form("new_password", entry, self._port, user_input, updates)

    async def _async_try_port(self) -> str | None:
        """Open and close the port; returns an error's translation key if that fails."""
        try:
            _, release = await async_acquire_listener(self.hass, self._port)
        except OSError as err:
            return port_error(err)
        await release()
        return None

    async def _async_password_form(
        self, step_id: str, entry: ConfigEntry, port: int, user_input: dict[str, Any] | None, updates: dict[str, Any]
    ) -> ConfigFlowResult:
        """Show a new password once, or take the owner's, and keep its hashes with ``updates``."""
        errors: dict[str, str] = {}
        self._drawn = self._drawn or make_password()
        if user_input is not None:
            facts = (entry.data[CONF_CHARGE_POINT_ID], entry.unique_id)
            try:
                password = await async_choose_password(
                    self.hass, user_input.get(CONF_PASSWORD), self._drawn, facts, entry.entry_id
                )
            except PasswordRefused as err:
                errors[CONF_PASSWORD] = err.key
            else:
                return async_keep(self, entry, {**updates, CONF_PASSWORD_HASHES: password.hashes})
        return self.async_show_form(
            step_id=step_id,
            data_schema=PASSWORD_SCHEMA,
            errors=errors,
            description_placeholders={
                "name": plain(entry.title),
                "charge_point_id": plain(entry.data[CONF_CHARGE_POINT_ID]),
                "url": await async_url(self.hass, port),
                "password": self._drawn,
            },
        )
