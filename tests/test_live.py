"""The meter live: who may listen, what they hear, and how little of it becomes a state."""

from datetime import timedelta
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.auth.models import Group
from homeassistant.auth.permissions.const import POLICY_READ
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.smart_charge.meter.live import DATA_LIVE

from .shell import CHARGING, PEAK, FakeCharger, set_up_fake, settle, shown

CHUNK = 40
"""Parts of a backlog, smaller than they are, so that the client's token outlives them."""

pytestmark = pytest.mark.usefixtures("all_enabled", "entry")


def device_id(hass: HomeAssistant, entry: MockConfigEntry) -> str:
    return dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)[0].id


async def subscribed(client: Any, **which: Any) -> int:
    await client.send_json_auto_id({"type": "smart_charge/live"} | which)
    answer = await client.receive_json()
    assert answer["success"], answer
    return answer["id"]


async def heard(client: Any) -> dict[str, Any]:
    message = await client.receive_json()
    assert message["type"] == "event"
    return message["event"]


@pytest.mark.requirement("9.4")
@pytest.mark.parametrize("by", ["entry_id", "device_id", "entity_id"])
async def test_each_sample_reaches_whoever_listens(
    hass: HomeAssistant, charger: FakeCharger, entry: MockConfigEntry, hass_ws_client: WebSocketGenerator, by: str
) -> None:
    which = {"entry_id": entry.entry_id, "device_id": device_id(hass, entry), "entity_id": "sensor.garage_power"}
    client = await hass_ws_client(hass)
    await subscribed(client, **{by: which[by]})
    charger.sample(**CHARGING, import_wh=5_000)
    await settle(hass)
    charger.sample(power_w=7001.26, current_a=(30.4, 0.0, None))
    told = [await heard(client), await heard(client)]
    assert told[1] == {
        "kind": "sample",
        "at": pytest.approx(PEAK.timestamp()),
        "power_w": 7001.3,
        "current_a": [30.4, 0.0, None],
        "energy_wh": 5_000,
    }
    assert told[0]["power_w"] == 7000.0


async def test_a_device_is_looked_up_as_home_assistant_wants_it_now(
    hass: HomeAssistant, entry: MockConfigEntry, hass_ws_client: WebSocketGenerator, caplog: pytest.LogCaptureFixture
) -> None:
    await subscribed(await hass_ws_client(hass), device_id=device_id(hass, entry))
    assert "deprecated" not in caplog.text


async def test_the_meter_is_read_at_full_pace_while_somebody_listens(
    hass: HomeAssistant, charger: FakeCharger, entry: MockConfigEntry, hass_ws_client: WebSocketGenerator
) -> None:
    client = await hass_ws_client(hass)
    first = await subscribed(client, entry_id=entry.entry_id)
    second = await subscribed(client, entry_id=entry.entry_id)
    for number, is_watched in ((first, True), (second, False)):
        assert charger.is_watched
        await client.send_json_auto_id({"type": "unsubscribe_events", "subscription": number})
        assert (await client.receive_json())["success"]
        assert charger.is_watched is is_watched


async def test_a_dashboard_that_goes_away_is_not_read_for(
    hass: HomeAssistant, charger: FakeCharger, entry: MockConfigEntry, hass_ws_client: WebSocketGenerator
) -> None:
    client = await hass_ws_client(hass)
    await subscribed(client, entry_id=entry.entry_id)
    await client.close()
    await hass.async_block_till_done()
    assert not charger.is_watched


@pytest.mark.requirement("9.4")
async def test_the_backlog_comes_first_in_parts(
    hass: HomeAssistant,
    charger: FakeCharger,
    entry: MockConfigEntry,
    hass_ws_client: WebSocketGenerator,
    freezer: FrozenDateTimeFactory,
) -> None:
    for number in range(2 * CHUNK + 5):
        freezer.move_to(PEAK + timedelta(seconds=number))
        charger.sample(power_w=float(number), current_a=(1.0, 2.0, 3.0))
    client = await hass_ws_client(hass)
    with patch("custom_components.smart_charge.websocket_api.CHUNK", CHUNK):
        await subscribed(client, entry_id=entry.entry_id, backlog=CHUNK + 9)
        parts = [await heard(client), await heard(client)]
    assert {part["kind"] for part in parts} == {"backlog"}
    powers = [power for part in parts for power in part["power_w"]]
    assert powers == [float(number) for number in range(CHUNK - 5, 2 * CHUNK + 5)]
    assert len(parts[0]["at"]) == CHUNK
    assert [len(phase) for phase in parts[0]["current_a"]] == [CHUNK] * 3
    charger.sample(power_w=9.0)
    assert (await heard(client))["power_w"] == 9.0


@pytest.mark.parametrize(
    ("which", "code"),
    [
        ({"entry_id": "nothing"}, "not_found"),
        ({"device_id": "nothing"}, "not_found"),
        ({"entity_id": "sensor.nothing"}, "not_found"),
        ({"entity_id": "sun.sun"}, "not_found"),
        ({}, "not_found"),
        ({"entry_id": "01GARAGE", "entity_id": "sensor.garage_power"}, "invalid_format"),
        ({"entry_id": "01GARAGE", "backlog": -1}, "invalid_format"),
        ({"entry_id": "01GARAGE", "backlog": 86_401}, "invalid_format"),
        ({"entry_id": "01GARAGE", "backlog": "all"}, "invalid_format"),
    ],
)
async def test_what_cannot_be_meant_is_an_error(
    hass: HomeAssistant, hass_ws_client: WebSocketGenerator, which: dict[str, Any], code: str
) -> None:
    client = await hass_ws_client(hass)
    await client.send_json_auto_id({"type": "smart_charge/live"} | which)
    answer = await client.receive_json()
    assert (answer["success"], answer["error"]["code"]) == (False, code)


@pytest.mark.parametrize("by", ["entry_id", "entity_id"])
@pytest.mark.parametrize("may_read", [True, False])
async def test_only_who_may_read_the_power_may_listen(  # noqa: PLR0917
    hass: HomeAssistant,
    entry: MockConfigEntry,
    hass_ws_client: WebSocketGenerator,
    hass_read_only_access_token: str,
    hass_read_only_user: Any,
    by: str,
    may_read: bool,
) -> None:
    policy = {"entities": {"entity_ids": {"sensor.garage_power": {POLICY_READ: True}}}} if may_read else {}
    hass_read_only_user.groups = [Group(id="some", name="some", policy=policy)]
    hass_read_only_user.invalidate_cache()
    client = await hass_ws_client(hass, hass_read_only_access_token)
    which = {"entry_id": entry.entry_id, "entity_id": "sensor.garage_power"}
    await client.send_json_auto_id({"type": "smart_charge/live", by: which[by]})
    answer = await client.receive_json()
    assert answer["success"] is may_read
    if not may_read:
        assert answer["error"]["code"] == "unauthorized"


async def test_a_reload_loses_neither_the_day_nor_those_who_listen(
    hass: HomeAssistant, charger: FakeCharger, entry: MockConfigEntry, hass_ws_client: WebSocketGenerator
) -> None:
    client = await hass_ws_client(hass)
    await subscribed(client, entry_id=entry.entry_id)
    charger.sample(power_w=1.0)
    await heard(client)
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert not charger.is_watched
    await set_up_fake(hass, charger, entry)
    assert charger.is_watched
    charger.sample(power_w=2.0)
    assert (await heard(client))["power_w"] == 2.0
    assert [each.power_w for each in hass.data[DATA_LIVE][entry.entry_id].ring.since(0)] == [1.0, 2.0]


async def test_a_removed_charge_point_leaves_no_samples(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    await hass.config_entries.async_remove(entry.entry_id)
    assert entry.entry_id not in hass.data[DATA_LIVE]


@pytest.mark.requirement("9.4")
async def test_ten_minutes_of_samples_each_second_write_few_states(
    hass: HomeAssistant, charger: FakeCharger, freezer: FrozenDateTimeFactory
) -> None:
    charger.sample(**CHARGING)
    await settle(hass)
    changes = async_capture_events(hass, "state_changed")
    began_at = dt_util.utcnow()
    for second in range(1, 601):
        freezer.move_to(began_at + timedelta(seconds=second))
        charger.sample(
            power_w=7000.0 + second % 7, current_a=(30.4 + second % 3 / 10, None, None), import_wh=2 * second
        )
        await hass.async_block_till_done()
    by_entity: dict[str, int] = {}
    for change in changes:
        by_entity[change.data["entity_id"]] = by_entity.get(change.data["entity_id"], 0) + 1
    assert by_entity["sensor.garage_power"] <= 61
    assert all(count <= 61 for count in by_entity.values()), by_entity


@pytest.mark.requirement("9.4")
async def test_the_true_rate_is_shown(hass: HomeAssistant, charger: FakeCharger) -> None:
    charger.sample_interval_s = 5.2
    charger.say(power_w=1.0)
    await settle(hass)
    assert shown(hass, "sensor.garage_meter_interval") == "5.2"
