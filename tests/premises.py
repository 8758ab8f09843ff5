"""A house for tests: sensors at its supply that say what they are told, and keep saying it."""

from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.smart_charge.const import CONF_KIND, DOMAIN, KIND_SITE

from .shell import after, settle

FUSE_25 = {"limit": 25.0, "phases": "3", "margin": 2.0, "without_meter": 6.0, "wiring": {}}
FUSE_60 = FUSE_25 | {"limit": 60.0, "phases": "1"}

POWER = {"unit_of_measurement": "W", "device_class": "power", "state_class": "measurement"}
CURRENT = {"unit_of_measurement": "A", "device_class": "current"}


def site_entry(**options: Any) -> MockConfigEntry:
    """An entry as the flow makes it for the site."""
    data = {CONF_KIND: KIND_SITE}
    return MockConfigEntry(
        domain=DOMAIN, title="Site", unique_id=KIND_SITE, entry_id="01SITE", data=data, options=options
    )


async def add(hass: HomeAssistant, entry: MockConfigEntry) -> MockConfigEntry:
    """Set the site up."""
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await settle(hass)
    return entry


class House:
    """The grid meter of a house, one sensor for each phase, which it tells in ampere at 230 V."""

    def __init__(self, hass: HomeAssistant, freezer: FrozenDateTimeFactory, phases: int = 1) -> None:
        self.hass = hass
        self.freezer = freezer
        self.amps = [0.0] * phases

    @property
    def entity_ids(self) -> dict[str, str]:
        return {f"l{phase + 1}": f"sensor.grid_l{phase + 1}" for phase in range(len(self.amps))}

    @property
    def section(self) -> dict[str, Any]:
        """What the site's entry says of this meter."""
        return {"power": self.entity_ids, "export_is_positive": False}

    def report(self, *amps: float | str) -> None:
        """Have the meter say this, or what it said before."""
        for phase, value in enumerate(amps):
            if isinstance(value, str):
                self.hass.states.async_set(f"sensor.grid_l{phase + 1}", value, POWER)
            else:
                self.amps[phase] = value
                self.hass.states.async_set(f"sensor.grid_l{phase + 1}", str(round(value * 230, 2)), POWER)
        if not amps:
            self.report(*self.amps)

    async def draws(self, *amps: float | str) -> None:
        self.report(*amps)
        await settle(self.hass)

    async def lives(self, seconds: int, every: int = 2) -> None:
        """Let time pass while the meter speaks."""
        for _ in range(seconds // every):
            await after(self.hass, self.freezer, seconds=every)
            await self.draws()
