"""What happens, as it happens: what automations want to hear, and each changed decision with its reason."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final, override

from homeassistant.components.event import EventEntity, EventEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import SmartChargeConfigEntry
from .entity import SmartChargeEntity, SmartChargeEntityDescription
from .happenings import KINDS, Happening, Happenings
from .picture import WHY, Picture
from .report_event import async_add_report_event
from .site import is_site

PARALLEL_UPDATES = 0

type Note = Callable[[Picture], Iterator[Happening]]
"""Yields what has happened since it was last called."""


@dataclass(frozen=True, kw_only=True)
class SmartChargeEventDescription(SmartChargeEntityDescription, EventEntityDescription):
    """An event entity. ``watch_fn`` begins to watch from a picture on."""

    watch_fn: Callable[[Picture], Note]


def _decisions(picture: Picture) -> Note:
    seen = _decided(picture)

    def note(picture: Picture) -> Iterator[Happening]:
        nonlocal seen
        before, seen = seen, _decided(picture)
        if seen != before:
            yield Happening(kind=picture.why, told=_told(picture, before))

    return note


def _decided(picture: Picture) -> tuple[str, float, str | None]:
    return picture.why, picture.decision.setpoint_a, picture.decision.lifted_by


def _told(picture: Picture, before: tuple[str, float, str | None]) -> dict[str, Any]:
    decision = picture.decision
    return {
        "sentence": picture.sentence,
        "setpoint": decision.setpoint_a,
        "setpoint_before": before[1],
        "reason_before": before[0],
        "limit_set_by": decision.binding.source.value,
        "set_aside_by": decision.lifted_by,
        "until": picture.until_at,
    }


DESCRIPTIONS: Final[tuple[SmartChargeEventDescription, ...]] = (
    SmartChargeEventDescription(
        key="activity",
        translation_key="activity",
        needs_link=False,
        event_types=list(KINDS),
        watch_fn=lambda picture: Happenings(picture).note,
    ),
    SmartChargeEventDescription(
        key="decision",
        translation_key="decision",
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        needs_link=False,
        event_types=list(WHY),
        watch_fn=_decisions,
    ),
)


async def async_setup_entry(
    hass: HomeAssistant, entry: SmartChargeConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add them; of the site, that a report is ready."""
    if is_site(entry):
        async_add_report_event(hass, entry, async_add_entities)
        return
    async_add_entities(SmartChargeEvent(entry, description) for description in DESCRIPTIONS)


class SmartChargeEvent(SmartChargeEntity, EventEntity):
    """One kind of things that happen."""

    entity_description: SmartChargeEventDescription

    def __init__(self, entry: SmartChargeConfigEntry, description: SmartChargeEventDescription) -> None:
        super().__init__(entry, description)
        self._note = description.watch_fn(self.coordinator.data)
        self._is_gone = False

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        """Tell what has happened once every entity shows it: automations that hear of it ask them."""
        if happenings := list(self._note(self.coordinator.data)):
            self.hass.loop.call_soon(self._tell, happenings)

    @callback
    def _tell(self, happenings: list[Happening]) -> None:
        """Tell each thing by itself: a state that is overwritten unseen would be lost to automations."""
        if not self._is_gone:
            for happening in happenings:
                self._trigger_event(happening.kind, happening.told)
                self.async_write_ha_state()

    @override
    async def async_will_remove_from_hass(self) -> None:
        """Tell nothing more."""
        self._is_gone = True
        await super().async_will_remove_from_hass()
