"""Set-up of a charge point that speaks OCPP: listen, say where to call and with what password, wait."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final, override

from homeassistant.config_entries import ConfigFlow, ConfigFlowResult
from homeassistant.const import CONF_PASSWORD, CONF_PORT
from homeassistant.core import callback
from homeassistant.data_entry_flow import FlowResultType, UnknownFlow
from homeassistant.helpers.typing import DiscoveryInfoType
import probatio

from ..chargers.ocpp.peers import Caller
from ..const import (
    CONF_CHARGE_POINT_ID,
    CONF_CONNECTOR_ID,
    CONF_ENTRY,
    CONF_LISTEN_PORT,
    CONF_PASSWORD_HASHES,
    CONF_PROTOCOL,
    DEFAULT_LISTEN_PORT,
    PROTOCOL_OCPP,
)
from ..identity import name_of, usable_serial
from ..security.credentials import is_derived, make_password
from ..security.inputs import plain
from .hours import HoursSteps
from .outlet import OutletSteps
from .password import (
    PASSWORD_FIELD,
    PASSWORD_SCHEMA,
    PORT_FIELD,
    Password,
    PasswordRefused,
    async_choose_password,
    async_url,
    port_error,
)
from .reception import Reception
from .renew import RenewSteps

WAIT_S: Final = 600.0
"""How long a charge point may take to call; some pause for minutes between two attempts."""

OCPP_SCHEMA: Final = probatio.Schema(
    {
        probatio.Required(CONF_PORT, default=DEFAULT_LISTEN_PORT): PORT_FIELD,
        probatio.Optional(CONF_PASSWORD): PASSWORD_FIELD,
    }
)


class OcppSteps(OutletSteps, HoursSteps, RenewSteps, ConfigFlow):
    """The steps from a port and a password to a charge point that has called."""

    _password: Password
    _reception: Reception | None = None
    _wait: asyncio.Task[Caller | None] | None = None
    _caller: Caller | None = None
    _discovered: Mapping[str, Any] | None = None
    _weak: str | None = None
    _is_removed: bool = False

    async def async_step_ocpp(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the port, and for a password if the owner wants their own."""
        errors = self._errors_so_far()
        if user_input is not None:
            self._port = user_input[CONF_PORT]
            if not (errors := await self._async_receive(user_input.get(CONF_PASSWORD))):
                return await self.async_step_ocpp_connect()
        return self.async_show_form(
            step_id="ocpp",
            data_schema=self.add_suggested_values_to_schema(OCPP_SCHEMA, {CONF_PORT: self._port}),
            errors=errors,
        )

    @override
    async def async_step_integration_discovery(self, discovery_info: DiscoveryInfoType) -> ConfigFlowResult:
        """Take up a charge point that called unasked, or another outlet of one that is set up."""
        if CONF_ENTRY in discovery_info:
            return await self.async_begin_outlet(discovery_info)
        name = discovery_info["charge_point_id"]
        self._discovered = discovery_info
        self._port = discovery_info["port"]
        await self.async_set_unique_id(name)
        self._abort_if_unique_id_configured(reload_on_update=False)
        self._abort_if_id_configured(name)
        self.context["title_placeholders"] = {"name": plain(name)}
        return await self.async_step_ocpp_discovered()

    async def async_step_ocpp_discovered(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask whether the charge point that called shall be set up."""
        assert self._discovered is not None
        errors = self._errors_so_far()
        if user_input is not None and not (errors := await self._async_receive(user_input.get(CONF_PASSWORD))):
            return await self.async_step_ocpp_connect()
        return self.async_show_form(
            step_id="ocpp_discovered",
            data_schema=PASSWORD_SCHEMA,
            errors={"base" if key == CONF_PORT else key: error for key, error in errors.items()},
            description_placeholders={
                "charge_point_id": plain(self._discovered["charge_point_id"]),
                "address": plain(self._discovered["address"]),
                "port": str(self._port),
            },
        )

    async def async_step_ocpp_connect(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show once what to type into the charge point. It may call from now on."""
        if user_input is not None:
            return await self._async_wait_or_go_on()
        return self.async_show_form(
            step_id="ocpp_connect",
            data_schema=probatio.Schema({}),
            description_placeholders=await self._async_what_to_type(),
        )

    async def async_step_ocpp_wait(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Wait until the charge point has called, or too long."""
        assert self._reception is not None
        if self._wait is None:
            self._wait = self.hass.async_create_background_task(
                self._reception.async_caller(WAIT_S), "smart_charge set-up waits for a call"
            )
        if not self._wait.done():
            hint = self._reception.hint
            return self.async_show_progress(
                step_id="ocpp_wait",
                progress_action=f"waiting_{hint[0]}" if hint else "waiting",
                description_placeholders={**await self._async_what_to_type(), **self._what_came()},
                progress_task=self._wait,
            )
        self._caller, self._wait = self._wait.result(), None
        return self.async_show_progress_done(next_step_id="ocpp_found" if self._caller else "ocpp_nobody")

    async def async_step_ocpp_nobody(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Say that nobody called, or why a call did not get through, and offer to wait again."""
        assert self._reception is not None
        if user_input is not None:
            return await self._async_wait_or_go_on()
        hint = self._reception.hint
        return self.async_show_form(
            step_id="ocpp_nobody",
            data_schema=probatio.Schema({}),
            errors={"base": hint[0] if hint else "no_call"},
            description_placeholders={**await self._async_what_to_type(), **self._what_came()},
        )

    async def async_step_ocpp_found(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show who called, and go on if the owner says it is theirs."""
        assert self._caller is not None
        if user_input is not None:
            return await self.async_step_hours()
        caller, identity = self._caller, self._caller.identity
        await self._async_claim_caller(caller)
        facts = (identity.serial, identity.model, identity.manufacturer) if identity else ()
        if self._password.is_typed and is_derived(self._password.text, caller.charge_point_id, *facts):
            return await self._async_ask_again()
        return self.async_show_form(
            step_id="ocpp_found",
            data_schema=probatio.Schema({}),
            description_placeholders={
                "name": name_of(identity, caller.charge_point_id),
                "serial": plain(identity.serial if identity else None) or "?",
                "charge_point_id": plain(caller.charge_point_id),
                "address": plain(caller.address),
            },
        )

    @callback
    @override
    def async_remove(self) -> None:
        """Let go of the port; an entry that was made holds it by now."""
        self._is_removed = True
        self._stop_waiting()

    async def _async_receive(self, typed: str | None) -> dict[str, str]:
        """Open the port to a charge point with this password; returns errors by field."""
        expected = self._discovered["charge_point_id"] if self._discovered else None
        self._stop_waiting()
        try:
            self._password = await async_choose_password(self.hass, typed, make_password(), [expected])
            reception = Reception(self.hass, self._password.hashes, expected, self._async_hint_came)
            await reception.async_open(self._port)
        except PasswordRefused as err:
            return {CONF_PASSWORD: err.key}
        except OSError as err:
            return {CONF_PORT: port_error(err)}
        self._reception = reception
        if self._is_removed:
            self._stop_waiting()
        return {}

    async def _async_wait_or_go_on(self) -> ConfigFlowResult:
        """Wait, unless the charge point has called while the form was open."""
        result = await self.async_step_ocpp_wait()
        return result if self._caller is None else await self.async_step_ocpp_found()

    @callback
    def _stop_waiting(self) -> None:
        if self._wait is not None:
            self._wait.cancel()
        self._wait = self._caller = None
        if self._reception is not None:
            self._reception.close()
            self._reception = None

    @callback
    def _async_hint_came(self) -> None:
        """Show on a waiting screen why a call did not get through."""
        if self.cur_step is not None and self.cur_step["type"] is FlowResultType.SHOW_PROGRESS:
            self.hass.async_create_task(self._async_show_again(), "smart_charge set-up shows a hint")

    async def _async_show_again(self) -> None:
        with suppress(UnknownFlow):
            await self.hass.config_entries.flow.async_configure(self.flow_id)

    async def _async_ask_again(self) -> ConfigFlowResult:
        """Ask for another password: what called showed that this one can be guessed from it."""
        self._stop_waiting()
        self._weak = "derived_from_identity"
        return await (self.async_step_ocpp_discovered() if self._discovered else self.async_step_ocpp())

    def _errors_so_far(self) -> dict[str, str]:
        weak, self._weak = self._weak, None
        return {CONF_PASSWORD: weak} if weak else {}

    async def _async_claim_caller(self, caller: Caller) -> None:
        """Make the charge point that called the flow's own, unless it is set up.

        A discovery of the same one has done its duty.
        """
        name = caller.charge_point_id
        serial = usable_serial(caller.identity.serial if caller.identity else None)
        await self.async_set_unique_id(serial or name, raise_on_progress=False)
        self._abort_if_unique_id_configured(reload_on_update=False)
        self._abort_if_id_configured(name)
        for other in self._async_in_progress(include_uninitialized=True, match_context={"unique_id": name}):
            self.hass.config_entries.flow.async_abort(other["flow_id"])

    def _abort_if_id_configured(self, charge_point_id: str) -> None:
        self._async_abort_entries_match(
            {CONF_PROTOCOL: PROTOCOL_OCPP, CONF_CHARGE_POINT_ID: charge_point_id, CONF_LISTEN_PORT: self._port}
        )

    async def _async_what_to_type(self) -> dict[str, str]:
        """Return what the owner types into the charge point. A typed password is not shown back."""
        caller = self._discovered["address"] if self._discovered else None
        return {
            "url": await async_url(self.hass, self._port, caller),
            "password": "••••••••" if self._password.is_typed else self._password.text,
        }

    def _what_came(self) -> dict[str, str]:
        hint = self._reception.hint if self._reception else None
        event = hint[1] if hint else None
        return {
            "caller": plain(event.charge_point_id if event else None) or "?",
            "address": plain(event.address if event else None) or "?",
            "offered": plain(event.detail if event else None) or "?",
        }

    @property
    def _ocpp_data(self) -> dict[str, Any]:
        assert self._caller is not None
        return {
            CONF_PROTOCOL: PROTOCOL_OCPP,
            CONF_CHARGE_POINT_ID: self._caller.charge_point_id,
            CONF_PASSWORD_HASHES: self._password.hashes,
            CONF_LISTEN_PORT: self._port,
            CONF_CONNECTOR_ID: 1,
        }
