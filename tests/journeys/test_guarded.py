"""What an OCPP charge point, a stranger and the household do on the wire, as the security log has it (S10.1)."""

from collections.abc import AsyncIterator
import json
from typing import Any

import aiohttp
from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
import pytest

from custom_components.smart_charge.const import DOMAIN
from tests.chargers.ocpp.peer import basic
from tests.shell import call, settle

from .charge_point import CARD, ScriptedHome
from .conftest import in_haste

pytestmark = [pytest.mark.requirement("S10.1"), pytest.mark.usefixtures("socket_enabled")]


@pytest.fixture
async def home(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> AsyncIterator[ScriptedHome]:
    with in_haste():
        async with aiohttp.ClientSession() as session:
            home = ScriptedHome(hass, freezer, session)
            await home.set_up()
            yield home
            await hass.config_entries.async_unload(home.entry.entry_id)
            await settle(hass)
            home.peer.reader.cancel()


async def log(home: ScriptedHome, kind: str) -> list[dict[str, Any]]:
    """Return the details of this kind, as an administrator reads them."""
    answer = await home.hass.services.async_call(
        DOMAIN, "list_security_events", {}, blocking=True, return_response=True
    )
    assert answer is not None
    events: Any = answer["events"]
    return [each["detail"] for each in events if each["kind"] == kind]


async def test_what_a_charge_point_tells_of_its_own_security(home: ScriptedHome) -> None:
    payload = {"type": "SettingSystemTime", "timestamp": home.stamp(), "techInfo": "by `me`"}
    assert (await home.peer.ask("SecurityEventNotification", payload))[0] == 3
    assert (await home.peer.ask("SecurityEventNotification", payload | {"type": "TamperDetectionActivated"}))[0] == 3
    await settle(home.hass)
    entry_id = home.entry.entry_id
    assert await log(home, "charge_point_report") == [{"charge_point": entry_id, "type": "SettingSystemTime"}]
    assert await log(home, "tampering") == [{"charge_point": entry_id, "type": "TamperDetectionActivated"}]


async def test_a_refused_tag_is_written_down_by_another_name(home: ScriptedHome) -> None:
    await home.hass.services.async_call(DOMAIN, "set_tag", {"tag": "0405060708", "name": "Ada"}, blocking=True)
    answer = await home.peer.ask("Authorize", {"idTag": CARD})
    assert answer[2]["idTagInfo"]["status"] == "Invalid"
    await settle(home.hass)
    [refused] = await log(home, "tag_refused")
    assert (refused["charge_point"], refused["status"]) == (home.entry.entry_id, "invalid")
    assert CARD not in json.dumps(refused)


async def test_a_wrong_password_is_written_down(home: ScriptedHome) -> None:
    headers = {"Authorization": basic("CP1", "guessed")}
    with pytest.raises(aiohttp.WSServerHandshakeError) as refusal:
        await home.session.ws_connect(home.url, protocols=("ocpp1.6",), headers=headers)
    assert refusal.value.status == 401
    await settle(home.hass)
    [wrong] = await log(home, "wrong_password")
    assert wrong["charge_point_id"] == "CP1"
    assert "guessed" not in json.dumps(wrong)
    assert "127.0.0.1" not in json.dumps(wrong)


async def test_an_override_that_was_refused_for_safety_is_written_down(home: ScriptedHome) -> None:
    await home.peer.status("Faulted", error="GroundFailure", timestamp=home.stamp())
    await settle(home.hass)
    with pytest.raises(ServiceValidationError) as refused:
        await call(home.hass, "turn_on", "switch.garage_charge_now")
    assert refused.value.translation_key == "charger_fault"
    assert await log(home, "override_refused") == [{"charge_point": home.entry.entry_id, "reason": "charger_fault"}]
