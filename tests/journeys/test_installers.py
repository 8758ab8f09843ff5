"""What an installer is told who reads registers of a charge point that misbehaves."""

from typing import Any

from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr
import pytest

from custom_components.smart_charge.const import DOMAIN

from .world import BENDER, World


@pytest.mark.parametrize("world", [BENDER], indirect=True)
@pytest.mark.parametrize(
    ("manner", "value", "error"),
    [
        ("refuse_with", 1, "not_permitted"),
        ("refuse_with", 2, "not_permitted"),
        ("refuse_with", 4, "refused"),
        ("refuse_with", 11, "refused"),
        ("is_silent", True, "timed_out not_connected"),  # a poll may have given the connection up before
        ("drop_on_request", True, "not_connected"),
    ],
)
async def test_why_registers_cannot_be_read_is_said(world: World, manner: str, value: Any, error: str) -> None:
    device = dr.async_entries_for_config_entry(dr.async_get(world.hass), world.entry.entry_id)[0]
    asked = {"device_id": device.id, "address": 100, "count": 2}

    async def read() -> Any:
        return await world.hass.services.async_call(DOMAIN, "modbus_read", asked, blocking=True, return_response=True)

    assert await read() == {"registers": [0x352E, 0x3232]}
    setattr(world.modbus.server.manners, manner, value)
    with pytest.raises(HomeAssistantError) as raised:
        await read()
    setattr(world.modbus.server.manners, manner, None if manner == "refuse_with" else False)
    assert raised.value.translation_domain == DOMAIN
    assert raised.value.translation_key in error.split()
