from collections.abc import AsyncIterator
from typing import Any

from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError, Unauthorized
from homeassistant.helpers import device_registry as dr
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockUser

from custom_components.smart_charge.chargers.ocpp.tags import TagStatus
from custom_components.smart_charge.const import DOMAIN
from custom_components.smart_charge.storage import DATA_HOUSEHOLD, Household
from simulator import ModbusCharger, OcppCharger
from tests.waiting import until

from .shell import FakeCharger, modbus_entry, ocpp_entry, set_up, set_up_fake, shown


async def _do(hass: HomeAssistant, name: str, /, **data: Any) -> Any:
    answers = name in ("list_tags", "modbus_read", "ocpp_call")
    return await hass.services.async_call(DOMAIN, name, data, blocking=True, return_response=answers)


def _device_id(hass: HomeAssistant) -> str:
    (device,) = dr.async_entries_for_config_entry(dr.async_get(hass), "01GARAGE")
    return device.id


@pytest.fixture
async def dialled_in(hass: HomeAssistant, free_port: int) -> AsyncIterator[OcppCharger]:
    await set_up(hass, ocpp_entry(free_port, start_without_tag=False))
    async with OcppCharger(f"ws://127.0.0.1:{free_port}", "CP1") as simulated:
        await until(lambda: shown(hass, "binary_sensor.garage_connectivity") == "on")
        yield simulated


@pytest.fixture
async def polled(hass: HomeAssistant, socket_enabled: None) -> AsyncIterator[ModbusCharger]:
    async with ModbusCharger("alfen_eve") as simulated:
        await set_up(hass, modbus_entry(simulated.port))
        yield simulated
        await hass.config_entries.async_unload("01GARAGE")


async def test_an_ocpp_call_returns_the_answer(hass: HomeAssistant, dialled_in: OcppCharger) -> None:
    answer = await _do(
        hass, "ocpp_call", device_id=_device_id(hass), action="GetConfiguration", payload={"key": ["HeartbeatInterval"]}
    )
    assert answer["configurationKey"][0]["key"] == "HeartbeatInterval"
    sent = [frame[1] for frame in dialled_in.frames if frame[0] == "received" and frame[1][0] == 2]
    assert ["GetConfiguration", {"key": ["HeartbeatInterval"]}] in [frame[2:] for frame in sent]


@pytest.mark.usefixtures("dialled_in")
@pytest.mark.parametrize(
    ("action", "payload"),
    [("Reset", {"type": "Sideways"}), ("Reset", {}), ("NoSuchMessage", {})],
)
async def test_a_payload_that_breaks_the_schema_is_not_sent(
    hass: HomeAssistant, dialled_in: OcppCharger, action: str, payload: dict[str, Any]
) -> None:
    with pytest.raises(ServiceValidationError) as raised:
        await _do(hass, "ocpp_call", device_id=_device_id(hass), action=action, payload=payload)
    assert raised.value.translation_key == "invalid_payload"
    assert raised.value.translation_placeholders["error"]
    assert not [frame for frame in dialled_in.frames if action in frame[1]]


async def test_a_charge_point_that_has_not_called_cannot_be_asked(hass: HomeAssistant, free_port: int) -> None:
    await set_up(hass, ocpp_entry(free_port))
    with pytest.raises(HomeAssistantError) as raised:
        await _do(hass, "ocpp_call", device_id=_device_id(hass), action="ClearCache")
    assert raised.value.translation_key == "not_connected"


@pytest.mark.usefixtures("polled")
async def test_registers_are_returned(hass: HomeAssistant) -> None:
    answer = await _do(hass, "modbus_read", device_id=_device_id(hass), address=100, count=2, unit_id=200)
    assert len(answer["registers"]) == 2


@pytest.mark.usefixtures("polled")
async def test_too_many_registers_are_refused(hass: HomeAssistant) -> None:
    with pytest.raises(ServiceValidationError) as raised:
        await _do(hass, "modbus_read", device_id=_device_id(hass), address=0, count=126)
    assert raised.value.translation_key == "invalid_registers"


@pytest.mark.usefixtures("polled")
async def test_a_refusal_of_the_charge_point_reaches_the_installer(hass: HomeAssistant) -> None:
    with pytest.raises(HomeAssistantError) as raised:
        await _do(hass, "modbus_read", device_id=_device_id(hass), address=60000, count=1)
    assert raised.value.translation_key == "not_permitted"


@pytest.mark.usefixtures("charger")
async def test_each_action_says_when_the_charge_point_speaks_something_else(
    hass: HomeAssistant, charger: FakeCharger
) -> None:
    await set_up_fake(hass, charger)
    for action, data, key in (
        ("ocpp_call", {"action": "ClearCache"}, "not_ocpp"),
        ("modbus_read", {"address": 1}, "not_modbus"),
    ):
        with pytest.raises(ServiceValidationError) as raised:
            await _do(hass, action, device_id=_device_id(hass), **data)
        assert raised.value.translation_key == key


@pytest.mark.usefixtures("entry")
async def test_an_unknown_device_is_refused(hass: HomeAssistant) -> None:
    with pytest.raises(ServiceValidationError):
        await _do(hass, "modbus_read", device_id="nowhere", address=1)


@pytest.mark.usefixtures("entry")
@pytest.mark.requirement("S9.1")
@pytest.mark.parametrize("action", ["ocpp_call", "modbus_read", "set_tag", "remove_tag", "list_tags"])
async def test_actions_are_for_administrators(hass: HomeAssistant, hass_read_only_user: MockUser, action: str) -> None:
    data = {
        "ocpp_call": {"device_id": "x", "action": "Reset"},
        "modbus_read": {"device_id": "x", "address": 1},
        "set_tag": {"tag": "04AA"},
        "remove_tag": {"tag": "04AA"},
        "list_tags": {},
    }[action]
    with pytest.raises(Unauthorized):
        await hass.services.async_call(
            DOMAIN,
            action,
            data,
            blocking=True,
            context=Context(user_id=hass_read_only_user.id),
            return_response=action in ("list_tags", "modbus_read"),
        )


@pytest.mark.usefixtures("entry")
@pytest.mark.requirement("O10")
async def test_known_tags_are_kept_and_shown(hass: HomeAssistant) -> None:
    await _do(hass, "set_tag", tag=" 04AABB ", name="Ann", expires_at="2026-11-24 00:00:00")
    await _do(hass, "set_tag", tag="04CC", status="blocked")
    listed = await _do(hass, "list_tags")
    assert listed == {
        "tags": [
            {"tag": "04AABB", "status": "accepted", "name": "Ann", "expires_at": "2026-11-24T00:00:00+00:00"},
            {"tag": "04CC", "status": "blocked", "name": None, "expires_at": None},
        ]
    }
    again = Household(hass)
    await again.async_load()
    assert again.tags == hass.data[DATA_HOUSEHOLD].tags
    await _do(hass, "remove_tag", tag="04aabb")
    with pytest.raises(ServiceValidationError) as raised:
        await _do(hass, "remove_tag", tag="04AABB")
    assert raised.value.translation_key == "unknown_tag"


@pytest.mark.usefixtures("entry")
async def test_what_a_tag_may_do(hass: HomeAssistant) -> None:
    household = hass.data[DATA_HOUSEHOLD]
    assert household.authorise("04AA", is_free=True) is TagStatus.ACCEPTED
    assert household.authorise("04AA", is_free=False) is TagStatus.INVALID
    await _do(hass, "set_tag", tag="04AA", expires_at="2026-11-23 17:59:59")
    await _do(hass, "set_tag", tag="04BB", status="blocked")
    await _do(hass, "set_tag", tag="04CC")
    assert household.authorise("04aa", is_free=True) is TagStatus.EXPIRED
    assert household.authorise("04BB", is_free=True) is TagStatus.BLOCKED
    assert household.authorise("04CC", is_free=False) is TagStatus.ACCEPTED
    assert household.authorise("04DD", is_free=True) is TagStatus.INVALID
    assert set(household.statuses(dt_util.utcnow()).values()) == {
        TagStatus.EXPIRED,
        TagStatus.BLOCKED,
        TagStatus.ACCEPTED,
    }


async def test_a_tag_that_is_presented_is_asked_about(hass: HomeAssistant, dialled_in: OcppCharger) -> None:
    await _do(hass, "set_tag", tag="04AABB", status="blocked")
    await until(lambda: any("SendLocalList" in frame[1] and "04AABB" in str(frame[1]) for frame in dialled_in.frames))
    await until(lambda: shown(hass, "sensor.garage_status") == "available")
    dialled_in.plug_in()
    await until(lambda: shown(hass, "sensor.garage_status") == "preparing")
    dialled_in.client.present_tag("04AABB")
    await until(lambda: any("Blocked" in str(frame[1]) for frame in dialled_in.frames if frame[0] == "received"))
    assert dialled_in.client.transaction is None
