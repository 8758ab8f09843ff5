"""Fixtures of the shell's tests."""

from collections.abc import AsyncIterator, Iterator
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.syrupy import HomeAssistantSnapshotExtension
from syrupy.assertion import SnapshotAssertion

from custom_components.smart_charge.records.store import Store

from .flow_words import free_port as unused_port
from .shell import IDLE, PEAK, FakeCharger, set_up_fake, settle


@pytest.fixture
def all_enabled() -> Iterator[None]:
    """Entities that the owner would first have to enable are there too."""
    with patch("homeassistant.helpers.entity.Entity.entity_registry_enabled_default", True):
        yield


@pytest.fixture
async def london(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> None:
    """A Monday evening in London, and dice that always show the same."""
    await hass.config.async_set_time_zone("Europe/London")
    freezer.move_to(PEAK)


@pytest.fixture
def charger(london: None) -> FakeCharger:
    charger = FakeCharger()
    charger.say(**IDLE)
    return charger


@pytest.fixture
async def entry(hass: HomeAssistant, charger: FakeCharger) -> AsyncIterator[MockConfigEntry]:
    with patch("custom_components.smart_charge.facts.SystemRandom.random", return_value=0.5):
        entry = await set_up_fake(hass, charger)
        await settle(hass)
        yield entry


@pytest.fixture
def free_port(socket_enabled: None) -> int:
    """A port that nobody listens on."""
    return unused_port()


@pytest.fixture
def in_a_hurry() -> Iterator[None]:
    """Wait for a locked database no longer than the test has to."""
    with patch.dict(Store.at_path.__kwdefaults__, busy_s=0.1):
        yield


@pytest.fixture
def snapshot(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    """Write what Home Assistant's values look like, without ids and instants of their making."""
    return snapshot.use_extension(HomeAssistantSnapshotExtension)
