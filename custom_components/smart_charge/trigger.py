"""What automations can be triggered by: every happening of the activity of a charge point."""

from typing import override

from homeassistant.components.event import DOMAIN as EVENT_DOMAIN
from homeassistant.components.event.const import EventEntityStateAttribute
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers.automation import DomainSpec
from homeassistant.helpers.trigger import NotTriggeredReasonReporter, StatelessEntityTriggerBase, Trigger

from .entity import only_ours
from .happenings import KINDS


class ActivityTrigger(StatelessEntityTriggerBase):
    """Something of one kind has happened at a charge point."""

    _domain_specs = {EVENT_DOMAIN: DomainSpec()}  # noqa: RUF012  as the base class has it
    _kind: str

    @override
    def entity_filter(self, entities: set[str]) -> set[str]:
        """Leave the activity of our charge points."""
        return only_ours(self._hass, super().entity_filter(entities), "activity")

    @override
    def is_valid_state(self, state: State, report_not_triggered: NotTriggeredReasonReporter) -> bool:
        """Whether what happened is of this kind."""
        return bool(state.attributes.get(EventEntityStateAttribute.EVENT_TYPE) == self._kind)


def _trigger(kind: str) -> type[Trigger]:
    return type(f"{kind}_trigger", (ActivityTrigger,), {"_kind": kind})


TRIGGERS: dict[str, type[Trigger]] = {kind: _trigger(kind) for kind in KINDS}


async def async_get_triggers(hass: HomeAssistant) -> dict[str, type[Trigger]]:
    """Return them."""
    return TRIGGERS
