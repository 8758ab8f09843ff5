"""Set-up of a charge point that speaks Modbus: find it, recognise it, read it."""

from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Any, Final, override

from homeassistant.components.modbus import async_get_temporary_unit
from homeassistant.config_entries import SOURCE_RECONFIGURE, ConfigFlow, ConfigFlowResult
from homeassistant.const import CONF_HOST, CONF_PORT
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import section
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.selector import NumberSelector, NumberSelectorConfig, NumberSelectorMode, TextSelector
from homeassistant.helpers.service_info.zeroconf import ZeroconfServiceInfo
from modbus_connection import ModbusTcpParams, ModbusUnit
import probatio

from ..chargers.charger import (
    ChargerError,
    ChargerMisunderstood,
    ChargerNotPermitted,
    ChargerRefused,
    ChargerTimedOut,
    ChargerUnreachable,
)
from ..chargers.modbus.probe import Recognised, probe
from ..const import CONF_MAP, CONF_PROTOCOL, CONF_UNIT_ID, DEFAULT_MODBUS_PORT, LOGGER, PROTOCOL_MODBUS
from ..identity import is_substitute, name_of, substitute_id, usable_serial
from ..outlets import first_id, siblings
from ..owner_maps import async_load_maps
from ..security.inputs import clean_host, plain
from .hours import HoursSteps
from .password import async_keep

ADVANCED: Final = "advanced"

MODBUS_SCHEMA: Final = probatio.Schema(
    {
        probatio.Required(CONF_HOST): TextSelector(),
        probatio.Required(CONF_PORT, default=DEFAULT_MODBUS_PORT): probatio.All(
            NumberSelector(NumberSelectorConfig(min=1, max=65535, mode=NumberSelectorMode.BOX)), probatio.Coerce(int)
        ),
        probatio.Required(ADVANCED, default=dict): section(
            probatio.Schema(
                {
                    probatio.Optional(CONF_UNIT_ID): probatio.All(
                        NumberSelector(NumberSelectorConfig(min=0, max=255, mode=NumberSelectorMode.BOX)),
                        probatio.Coerce(int),
                    )
                }
            ),
            {"collapsed": True},
        ),
    }
)

ERRORS: Final[tuple[tuple[type[Exception], str], ...]] = (
    (ChargerTimedOut, "timed_out"),
    (ChargerMisunderstood, "unknown_charge_point"),
    (ChargerNotPermitted, "not_permitted"),
    (ChargerRefused, "not_permitted"),
    (ChargerUnreachable, "cannot_connect"),
    (ChargerError, "cannot_connect"),
    (HomeAssistantError, "in_use"),
)
"""What went wrong, as a translation key; the first that fits."""


async def async_probe(hass: HomeAssistant, host: str, port: int, unit_id: int | None) -> Recognised:
    """Read the charge point at this address and recognise it.

    Raises:
        ChargerError: it cannot be reached, does not answer, or is none that we know.
        HomeAssistantError: the link is in use with other settings.
    """
    maps = await async_load_maps(hass)
    params = ModbusTcpParams(host=host, port=port)
    async with AsyncExitStack() as stack:
        lent = await _async_borrow(hass, stack, params)
        return await probe(lent, maps, unit_id)


async def _async_borrow(
    hass: HomeAssistant, stack: AsyncExitStack, params: ModbusTcpParams
) -> Callable[[int], ModbusUnit]:
    """Borrow every unit behind one address: which of them answers is what the probe finds out."""
    units = [await stack.enter_async_context(async_get_temporary_unit(hass, params, number)) for number in range(256)]
    return units.__getitem__


def error_of(err: Exception) -> str:
    """Return the translation key that tells what went wrong."""
    return next(key for kind, key in ERRORS if isinstance(err, kind))


class ModbusSteps(HoursSteps, ConfigFlow):
    """The steps from an address to a charge point that has been read."""

    _recognised: Recognised
    _address: dict[str, Any]
    _found_name: str = ""

    async def async_step_modbus(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the address."""
        return await self._async_address_form("modbus", user_input, {})

    @override
    async def async_step_zeroconf(self, discovery_info: ZeroconfServiceInfo) -> ConfigFlowResult:
        """Look at a charge point that announced itself. Its serial is known only when it can be read."""
        host = discovery_info.host
        self._async_abort_entries_match({CONF_PROTOCOL: PROTOCOL_MODBUS, CONF_HOST: host})
        self._address = {CONF_HOST: host, CONF_PORT: DEFAULT_MODBUS_PORT, ADVANCED: {}}
        self._found_name = plain(discovery_info.name.removesuffix(f".{discovery_info.type}")) or host
        await self.async_set_unique_id(f"zeroconf_{discovery_info.name.lower()}")
        self._abort_if_unique_id_configured(reload_on_update=False)
        try:
            self._recognised = await async_probe(self.hass, host, DEFAULT_MODBUS_PORT, None)
        except (ChargerError, HomeAssistantError) as err:
            LOGGER.debug("An announced charge point cannot be read yet: %s", err)
        else:
            self._found_name = self._name
            await self._async_claim(raise_on_progress=True)
        self.context["title_placeholders"] = {"name": self._found_name}
        return await self.async_step_zeroconf_confirm()

    async def async_step_zeroconf_confirm(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask whether to set it up, and read it."""
        errors: dict[str, str] = {}
        if user_input is not None:
            if (error := await self._async_read(self._address)) is None:
                return await self._async_modbus_done()
            errors["base"] = error
        return self.async_show_form(
            step_id="zeroconf_confirm",
            data_schema=probatio.Schema({}),
            errors=errors,
            description_placeholders={"name": self._found_name, "host": self._address[CONF_HOST]},
        )

    async def async_step_reconfigure_modbus(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the new address of a charge point that is set up."""
        data = self._get_reconfigure_entry().data
        present = {
            CONF_HOST: data[CONF_HOST],
            CONF_PORT: data[CONF_PORT],
            ADVANCED: {CONF_UNIT_ID: data[CONF_UNIT_ID]},
        }
        return await self._async_address_form("reconfigure_modbus", user_input, present)

    async def _async_address_form(
        self, step_id: str, user_input: dict[str, Any] | None, present: dict[str, Any]
    ) -> ConfigFlowResult:
        errors: dict[str, str] = {}
        if user_input is not None:
            if (host := clean_host(user_input[CONF_HOST])) is None:
                errors[CONF_HOST] = "bad_host"
            elif (error := await self._async_read({**user_input, CONF_HOST: host})) is not None:
                errors["base"] = error
            else:
                return await self._async_modbus_done()
        return self.async_show_form(
            step_id=step_id,
            data_schema=self.add_suggested_values_to_schema(MODBUS_SCHEMA, user_input or present),
            errors=errors,
        )

    async def _async_read(self, address: dict[str, Any]) -> str | None:
        """Recognise the charge point at ``address``; returns an error's translation key."""
        self._address = address
        unit_id = address[ADVANCED].get(CONF_UNIT_ID)
        try:
            self._recognised = await async_probe(self.hass, address[CONF_HOST], address[CONF_PORT], unit_id)
        except (ChargerError, HomeAssistantError) as err:
            LOGGER.debug("A charge point cannot be set up: %s", err)
            return error_of(err)
        return None

    async def _async_claim(self, *, raise_on_progress: bool = False) -> None:
        """Make this charge point the flow's own, unless it is set up: then only its address is noted."""
        data = self._modbus_data
        address = {key: data[key] for key in (CONF_HOST, CONF_PORT, CONF_UNIT_ID)}
        unique_id = usable_serial(self._recognised.identity.serial) or substitute_id(data)
        known = await self.async_set_unique_id(unique_id, raise_on_progress=raise_on_progress)
        is_moved = known is not None and known.data.get(CONF_PROTOCOL) == PROTOCOL_MODBUS
        if known is not None and is_moved:
            for other in siblings(self.hass, known):
                self.hass.config_entries.async_update_entry(other, data={**other.data, CONF_HOST: data[CONF_HOST]})
        self._abort_if_unique_id_configured(
            updates={CONF_HOST: data[CONF_HOST]} if is_moved else None, reload_on_update=False
        )
        self._async_abort_entries_match(address)

    async def _async_modbus_done(self) -> ConfigFlowResult:
        if self.source == SOURCE_RECONFIGURE:
            return await self._async_modbus_moved()
        await self._async_claim()
        return await self.async_step_hours()

    async def _async_modbus_moved(self) -> ConfigFlowResult:
        """Keep the new address if the same charge point is there."""
        entry = self._get_reconfigure_entry()
        serial = usable_serial(self._recognised.identity.serial)
        if is_substitute(entry.unique_id):
            is_same = entry.data[CONF_MAP] == self._recognised.map_id
        else:
            is_same = serial == first_id(entry)
        if not is_same:
            return self.async_abort(reason="wrong_device")
        return async_keep(self, entry, self._modbus_data)

    @property
    def _name(self) -> str:
        return name_of(self._recognised.identity)

    @property
    def _modbus_data(self) -> dict[str, Any]:
        return {
            CONF_PROTOCOL: PROTOCOL_MODBUS,
            CONF_HOST: self._address[CONF_HOST],
            CONF_PORT: self._address[CONF_PORT],
            CONF_UNIT_ID: self._recognised.unit_id,
            CONF_MAP: self._recognised.map_id,
        }
