"""Two charge points behind one fuse, and no Home Assistant: what stands in their registers and profiles (7.1, 8.1)."""

from datetime import UTC, datetime, timedelta

from homeassistant.helpers import issue_registry as ir
from homeassistant.util import dt as dt_util
import pytest

from custom_components.smart_charge.const import DOMAIN
from custom_components.smart_charge.repairs import async_create_fix_flow
from tests.shell import settle
from tests.waiting import until

from .supply import SharedSupply
from .world import BENDER, OCPP, World

pytestmark = [pytest.mark.requirement("7.1"), pytest.mark.requirement("8.1")]
LEASE = {"lease_s": 900.0}
IN_HOURS = pytest.mark.begins(datetime(2026, 11, 23, 12, 0, tzinfo=UTC))


def left_a(world: World) -> float | None:
    """What stands in a charge point for when nobody is there: its failsafe register, or its default profile."""
    if world.kind != OCPP:
        return float(world.modbus.device.safe_current_a)
    held = [item for item in world.ocpp.client.profiles.profiles if str(item.purpose) == "TxDefaultProfile"]
    return max((period.limit for profile in held for period in profile.periods), default=None)


@IN_HOURS
@pytest.mark.parametrize("supply", [([BENDER, OCPP], LEASE), ([OCPP, BENDER], LEASE)], indirect=True)
async def test_each_is_left_with_six_ampere_and_charges_when_home_assistant_is_gone(supply: SharedSupply) -> None:
    for world in supply.worlds:
        await world.plug_in(battery_wh=200_000, soc=0.1)
    await supply.limit()
    await until(lambda: [left_a(world) for world in supply.worlds] == [6.0, 6.0])
    assert ir.async_get(supply.hass).async_get_issue(DOMAIN, "left_off_by_supply") is None
    for world in supply.worlds:
        await world.charge_now()
    await supply.lives(30)
    assert min(supply.offered_a) > 6
    for world in supply.worlds:
        assert await supply.hass.config_entries.async_unload(world.entry.entry_id)
    await supply.hass.async_block_till_done()
    moment = dt_util.utcnow() + timedelta(hours=1)
    for world in supply.worlds:
        await world.jump(moment, is_brief=True)
    assert [world.power_w / 230 for world in supply.worlds] == pytest.approx([6.0, 6.0], abs=0.2)


@IN_HOURS
@pytest.mark.parametrize("supply", [([OCPP, OCPP], LEASE)], indirect=True)
async def test_two_that_keep_hours_take_turns_and_each_is_told_when(supply: SharedSupply) -> None:
    for world in supply.worlds:
        await world.plug_in(battery_wh=400_000, soc=0.1)
    await supply.limit(limit=20.0)
    await until(lambda: [left_a(world) for world in supply.worlds] == [6.0, 6.0])
    assert ir.async_get(supply.hass).async_get_issue(DOMAIN, "left_off_by_supply") is None
    await until(lambda: all(world.shown("unattended") == "takes_turns" for world in supply.worlds))
    await until(lambda: all(world.ocpp.client.transaction is not None for world in supply.worlds))
    sensors = [supply.hass.states.get(world.entity_id("unattended")) for world in supply.worlds]
    told = [sensor.attributes["sentence"] for sensor in sensors if sensor]
    assert all("takes turns" in sentence and sentence.endswith("at 6 A") for sentence in told)
    assert sum("Monday to Friday 03:00 to 08:00" in sentence for sentence in told) == 1
    for world in supply.worlds:
        assert await supply.hass.config_entries.async_unload(world.entry.entry_id)
    await supply.hass.async_block_till_done()
    got_wh = [world.energy_wh for world in supply.worlds]
    moment, highest_a = dt_util.utcnow() + timedelta(minutes=16), 0.0
    for _ in range(24 * 3):  # what a lease still allows is over by then
        moment += timedelta(minutes=20)
        for world in supply.worlds:
            await world.jump(moment, is_brief=True)
        highest_a = max(highest_a, sum(world.power_w for world in supply.worlds) / 230)
    assert highest_a < 6.5
    assert all(world.energy_wh - before > 4000 for world, before in zip(supply.worlds, got_wh, strict=True))


@IN_HOURS
@pytest.mark.parametrize("supply", [[BENDER, BENDER], [BENDER, OCPP]], indirect=True)
async def test_who_is_left_off_is_told_of_its_current_as_soon_as_the_owner_allows_it(supply: SharedSupply) -> None:
    await supply.limit(limit=20.0)
    await until(lambda: sorted(left_a(world) or 0.0 for world in supply.worlds) == [0.0, 6.0])
    issue = ir.async_get(supply.hass).async_get_issue(DOMAIN, "left_off_by_supply")
    assert issue is not None
    flow = await async_create_fix_flow(supply.hass, issue.issue_id, issue.data)
    flow.hass, flow.handler, flow.issue_id = supply.hass, "repairs", issue.issue_id
    await flow.async_step_confirm({})  # type: ignore[attr-defined]
    await settle(supply.hass)
    await until(lambda: [left_a(world) for world in supply.worlds] == [6.0, 6.0])
    assert ir.async_get(supply.hass).async_get_issue(DOMAIN, "left_off_by_supply") is None
