"""What automations can ask of a charge point."""

from collections.abc import Mapping
from typing import ClassVar, Final, override

from homeassistant.const import CONF_OPTIONS, STATE_ON
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers.automation import DomainSpec
from homeassistant.helpers.condition import (
    ENTITY_STATE_CONDITION_SCHEMA_ANY_ALL,
    Condition,
    ConditionConfig,
    EntityConditionBase,
    EntityStateConditionBase,
)
import probatio

from .charging.model import Reason, Source
from .entity import only_ours

CONF_LIMIT: Final = "limit"
LIMITS: Final = (
    Source.SUPPLY,
    Source.CHARGE_POINT_RATING,
    Source.CABLE_RATING,
    Source.TEMPERATURE,
    Source.RESPONSE_DSR,
    Source.DSR,
    Source.DEFAULT_HOURS,
    Source.PLAN,
    Source.STOP,
    Source.OFF,
    Source.SAFETY_LOCK,
    Source.CHARGER_FAULT,
)
"""Whose limit can be asked for. Those of events that were spread before count with ``dsr``."""

_WAITING: Final[set[str | bool]] = {
    Reason.WAITING_FOR_DEFAULT_HOURS,
    Reason.WAITING_FOR_CHEAPER_HOURS,
    Reason.WAITING_WITHOUT_PRICES,
    Reason.DELAYED_START,
    Reason.SUPPLY_LIMIT,
}
_DELAYED: Final[set[str | bool]] = {Reason.DELAYED_START, Reason.DELAYED_STOP, Reason.DELAYED_CHANGE}


class _Ours(EntityConditionBase):
    """A condition on entities of ours with certain keys."""

    _primary_entities_only: ClassVar[bool] = False
    _keys: ClassVar[tuple[str, ...]]

    @override
    def entity_filter(self, entities: set[str]) -> set[str]:
        """Leave those of our charge points."""
        return only_ours(self._hass, super().entity_filter(entities), *self._keys)


class _OurState(_Ours, EntityStateConditionBase):
    """A condition on their state."""


class _IsLimitedBy(_Ours):
    """Whether the limit that binds is of one source."""

    _domain_specs: Mapping[str, DomainSpec] = {"sensor": DomainSpec(value_source="limited_by")}
    _keys = ("why",)
    _schema = ENTITY_STATE_CONDITION_SCHEMA_ANY_ALL.extend(
        {probatio.Required(CONF_OPTIONS): {probatio.Required(CONF_LIMIT): probatio.In([one.value for one in LIMITS])}}
    )

    def __init__(self, hass: HomeAssistant, config: ConditionConfig) -> None:
        super().__init__(hass, config)
        self._limit = (config.options or {})[CONF_LIMIT]

    @override
    def is_valid_state(self, entity_state: State) -> bool:
        """Whether it is that one."""
        found = entity_state.attributes.get("limited_by")
        return bool((Source.DSR if found == Source.DSR_DELAYED_BEFORE else found) == self._limit)


def _state(domain: str, *keys: str, states: set[str | bool] | None = None) -> type[Condition]:
    facts = {"_domain_specs": {domain: DomainSpec()}, "_keys": keys, "_states": states or {STATE_ON}}
    return type(f"{keys[0]}_condition", (_OurState,), facts)


CONDITIONS: dict[str, type[Condition]] = {
    "is_charging": _state("binary_sensor", "charging"),
    "is_plugged_in": _state("binary_sensor", "cable_connected"),
    "is_waiting": _state("sensor", "why", states=_WAITING),
    "is_delayed": _state("sensor", "why", states=_DELAYED),
    "is_limited_by": _IsLimitedBy,
    "is_in_dsr_event": _state("calendar", "dsr_events"),
    "is_overridden": _state("switch", "charge_now", "stop"),
    "has_problem": _state("binary_sensor", "problem"),
}


async def async_get_conditions(hass: HomeAssistant) -> dict[str, type[Condition]]:
    """Return them."""
    return CONDITIONS
