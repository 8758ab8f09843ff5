"""The grid meter, solar and battery: which sensors tell of them, and which way their sign goes."""

from collections.abc import Mapping
from typing import Any, Final

from homeassistant.components.sensor import SensorDeviceClass
from homeassistant.config_entries import ConfigFlowResult
from homeassistant.data_entry_flow import section
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.selector import (
    BooleanSelector,
    EntitySelector,
    EntitySelectorConfig,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)
from homeassistant.helpers.sun import is_up
import probatio

from ..charging.grid_meter import exports_too_much
from ..const import CONF_BATTERY, CONF_GRID_METER, CONF_SOLAR, CONF_SUPPLY, DOMAIN
from ..site.meter import CURRENT, POWER, VOLTAGE, Quantity, SiteMeter, value_of
from ..site.settings import (
    CONF_CHARGE_IS_POSITIVE,
    CONF_CURRENT,
    CONF_EXPORT,
    CONF_EXPORT_IS_POSITIVE,
    CONF_PHASES,
    CONF_POWER,
    CONF_VOLTAGE,
    PHASE_KEYS,
    meter_from,
)
from ..site.suggestions import async_suggest, phases_beside
from .site_section import SiteSection

CONF_SIGN: Final = "sign"
SIGN_IMPORT: Final = "import"
SIGN_EXPORT: Final = "export"

_KINDS: Final[dict[str, tuple[SensorDeviceClass, Quantity]]] = {
    CONF_POWER: (SensorDeviceClass.POWER, POWER),
    CONF_EXPORT: (SensorDeviceClass.POWER, POWER),
    CONF_CURRENT: (SensorDeviceClass.CURRENT, CURRENT),
    CONF_VOLTAGE: (SensorDeviceClass.VOLTAGE, VOLTAGE),
}


class MeterSections(SiteSection):
    """Three sections that name sensors."""

    _grid: dict[str, Any]
    _has_been_asked = False

    # The grid meter

    async def async_step_grid_meter(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the sensors of each phase. With none at all there is no meter."""
        errors: dict[str, str] = {}
        if user_input is None:
            shown = self.section(CONF_GRID_METER) or await self._suggested_grid()
        else:
            shown = named = {kind: user_input[kind] for kind in _KINDS if user_input.get(kind)}
            if not named:
                return self.keep_section(CONF_GRID_METER, None)
            if (error := self._what_is_wrong(named)) is None:
                self._grid, self._has_been_asked = named, False
                return await self.async_step_grid_meter_sign()
            errors["base"] = error
        return self.async_show_form(
            step_id="grid_meter",
            data_schema=self.add_suggested_values_to_schema(_grid_schema(self._phases), shown),
            errors=errors,
            last_step=False,
        )

    async def async_step_grid_meter_sign(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show what the sensors say now, and have it confirmed which way their sign goes."""
        errors: dict[str, str] = {}
        if user_input is not None:
            sign = user_input[CONF_SIGN]
            if self._has_been_asked or not await self._exports_too_much(sign):
                return self.keep_section(CONF_GRID_METER, self._with_sign(sign))
            self._has_been_asked = True
            errors[CONF_SIGN] = "sign_seems_wrong"
        else:
            sign = await self._suggested_sign()
        return self.async_show_form(
            step_id="grid_meter_sign",
            data_schema=self.add_suggested_values_to_schema(_SIGN_SCHEMA, {CONF_SIGN: sign}),
            description_placeholders={"values": self._values_now()},
            errors=errors,
            last_step=True,
        )

    @property
    def _phases(self) -> tuple[str, ...]:
        """The phases to ask for: those of the supply, and all while it is not known."""
        is_single = self.section(CONF_SUPPLY).get(CONF_PHASES) == "1"
        return PHASE_KEYS[:1] if is_single else PHASE_KEYS

    async def _suggested_grid(self) -> dict[str, dict[str, str]]:
        known = await async_suggest(self.hass, "grid")
        by_phase = dict(zip(self._phases, known.power, strict=False))
        if len(by_phase) == len(self._phases):
            return {CONF_POWER: by_phase, CONF_EXPORT: dict(zip(self._phases, known.export, strict=False))}
        if power := phases_beside(self.hass, known.power, SensorDeviceClass.POWER):
            return {CONF_POWER: power}
        return {CONF_CURRENT: phases_beside(self.hass, known.power, SensorDeviceClass.CURRENT)}

    def _what_is_wrong(self, named: Mapping[str, Mapping[str, str]]) -> str | None:
        """Return the translation key of what keeps these sensors from being a meter; None when nothing does."""
        told = set(named.get(CONF_POWER, {})) | set(named.get(CONF_CURRENT, {}))
        if not told.issuperset(self._phases if self.section(CONF_SUPPLY) else PHASE_KEYS[:1]):
            return "phase_missing"
        if not set(named.get(CONF_POWER, {})).issuperset(named.get(CONF_EXPORT, {})):
            return "export_without_power"
        entity_ids = [entity_id for by_phase in named.values() for entity_id in by_phase.values()]
        if len(set(entity_ids)) < len(entity_ids):
            return "sensor_twice"
        if any(self._is_ours(entity_id) for entity_id in entity_ids):
            return "own_sensor"
        wrong = (self._is_no_sensor(entity_id, _KINDS[kind][1]) for kind in named for entity_id in named[kind].values())
        return next(filter(None, wrong), None)

    def _is_ours(self, entity_id: str) -> bool:
        """Whether it is one of this integration's: of a charge point, or reckoned from what is asked for here."""
        found = er.async_get(self.hass).async_get(entity_id)
        return found is not None and found.platform == DOMAIN

    def _is_no_sensor(self, entity_id: str, quantity: Quantity) -> str | None:
        state = self.hass.states.get(entity_id)
        if state is None:
            return None if er.async_get(self.hass).async_get(entity_id) is not None else "no_such_sensor"
        unit = state.attributes.get("unit_of_measurement")
        is_silent = unit is None and value_of(state, quantity) is None and state.state in ("unavailable", "unknown")
        return None if is_silent or unit in quantity[0].VALID_UNITS else "wrong_unit"

    # The sign

    def _with_sign(self, sign: str) -> dict[str, Any]:
        return self._grid | {CONF_EXPORT_IS_POSITIVE: sign == SIGN_EXPORT}

    async def _suggested_sign(self) -> str:
        """Return what was said before; else what the Energy dashboard says; else what can be."""
        before = self.section(CONF_GRID_METER)
        if before.get(CONF_POWER) == self._grid.get(CONF_POWER) and CONF_EXPORT_IS_POSITIVE in before:
            return SIGN_EXPORT if before[CONF_EXPORT_IS_POSITIVE] else SIGN_IMPORT
        if (await async_suggest(self.hass, "grid")).is_inverted:
            return SIGN_EXPORT
        is_inverted = await self._exports_too_much(SIGN_IMPORT)
        return SIGN_EXPORT if is_inverted else SIGN_IMPORT

    async def _exports_too_much(self, sign: str) -> bool:
        """Whether, read with this sign, more would leave the premises now than can be generated on them."""
        solar = self.section(CONF_SOLAR) or {CONF_POWER: (await async_suggest(self.hass, "solar")).power}
        if not solar[CONF_POWER] and is_up(self.hass):
            return False  # there may be solar that nobody told us of
        options = {**self.config_entry.options, CONF_SOLAR: solar, CONF_GRID_METER: self._with_sign(sign)}
        flow = SiteMeter.look(self.hass, meter_from(options))
        return exports_too_much(flow.grid_w, flow.solar_w, flow.battery_w)

    def _values_now(self) -> str:
        """Return what each sensor shows, in its own words, and a dash where it shows nothing."""
        kinds = [kind for kind in (CONF_POWER, CONF_EXPORT, CONF_CURRENT) if self._grid.get(kind)]
        lines = [
            f"- {key.upper()}: {self._shown(entity_id)} (`{entity_id}`)"
            for kind in kinds
            for key, entity_id in sorted(self._grid[kind].items())
        ]
        return "\n".join(lines)

    def _shown(self, entity_id: str) -> str:
        state = self.hass.states.get(entity_id)
        if state is None or state.state in ("unavailable", "unknown"):
            return "-"
        return f"{state.state} {state.attributes.get('unit_of_measurement', '')}".strip()

    # Solar and battery

    async def async_step_solar(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the power that is generated on site."""
        if user_input is not None:
            return self._keep_power(CONF_SOLAR, user_input) or self._ask_solar(user_input, "wrong_unit")
        known = {CONF_POWER: list((await async_suggest(self.hass, "solar")).power)}
        return self._ask_solar(self.section(CONF_SOLAR) or known)

    def _ask_solar(self, shown: Mapping[str, Any], error: str | None = None) -> ConfigFlowResult:
        return self.async_show_form(
            step_id="solar",
            data_schema=self.add_suggested_values_to_schema(_SOLAR_SCHEMA, shown),
            errors={} if error is None else {CONF_POWER: error},
        )

    async def async_step_battery(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the power of on-site storage, and which way its sign goes."""
        if user_input is not None:
            return self._keep_power(CONF_BATTERY, user_input) or self._ask_battery(user_input, "wrong_unit")
        known = await async_suggest(self.hass, "battery")
        suggested = {CONF_POWER: list(known.power), CONF_CHARGE_IS_POSITIVE: known.is_inverted}
        return self._ask_battery(self.section(CONF_BATTERY) or suggested)

    def _ask_battery(self, shown: Mapping[str, Any], error: str | None = None) -> ConfigFlowResult:
        return self.async_show_form(
            step_id="battery",
            data_schema=self.add_suggested_values_to_schema(_BATTERY_SCHEMA, shown),
            errors={} if error is None else {CONF_POWER: error},
        )

    def _keep_power(self, name: str, user_input: dict[str, Any]) -> ConfigFlowResult | None:
        """Keep the section; None when one of its sensors tells no power."""
        entity_ids: list[str] = user_input.get(CONF_POWER, [])
        if any(self._is_no_sensor(entity_id, POWER) for entity_id in entity_ids):
            return None
        return self.keep_section(name, user_input if entity_ids else None)


def _sensor(device_class: SensorDeviceClass, *, multiple: bool = False) -> EntitySelector:
    return EntitySelector(
        EntitySelectorConfig(filter=[{"domain": "sensor", "device_class": device_class}], multiple=multiple)
    )


def _grid_schema(phases: tuple[str, ...]) -> probatio.Schema:
    return probatio.Schema(
        {
            probatio.Required(kind): section(
                probatio.Schema({probatio.Optional(key): _sensor(device_class) for key in phases}),
                {"collapsed": kind != CONF_POWER},
            )
            for kind, (device_class, _) in _KINDS.items()
        }
    )


_SIGN_SCHEMA: Final = probatio.Schema(
    {
        probatio.Required(CONF_SIGN, default=SIGN_IMPORT): SelectSelector(
            SelectSelectorConfig(
                options=[SIGN_IMPORT, SIGN_EXPORT], mode=SelectSelectorMode.LIST, translation_key="meter_sign"
            )
        )
    }
)

_SOLAR_SCHEMA: Final = probatio.Schema({probatio.Optional(CONF_POWER): _sensor(SensorDeviceClass.POWER, multiple=True)})

_BATTERY_SCHEMA: Final = probatio.Schema(
    {
        probatio.Optional(CONF_POWER): _sensor(SensorDeviceClass.POWER, multiple=True),
        probatio.Required(CONF_CHARGE_IS_POSITIVE, default=False): BooleanSelector(),
    }
)
