"""A Modbus charge point that answers wrongly for a while: lost, obeyed in nothing it makes up, and found again."""

from dataclasses import replace

import pytest

from tests.waiting import until

from .world import ALFEN, MAPS, World

MANNERS = (
    {"wrong_unit": True},
    {"wrong_transaction": True},
    {"cut_short": True},
    {"is_silent": True},
    {"drop_on_request": True},
    {"garbage": (0xFFFF,)},
    {"garbage": (0x7FC0, 0)},
    {"refuse_with": 6},
)


@pytest.mark.requirement("S6.2")
@pytest.mark.parametrize("manners", MANNERS, ids=str)
@pytest.mark.parametrize("world", [ALFEN], indirect=True)
async def test_it_is_lost_and_found_and_the_vehicle_charges_on(world: World, manners: dict[str, object]) -> None:
    await world.plug_in(battery_wh=200_000, soc=0.1)
    await world.charge_now()
    await world.charges()
    taken_wh = world.loop.memory.session.energy_wh  # type: ignore[union-attr]
    written = len(world.setpoints_written)
    server = world.modbus.server
    enough = server.requests + 15
    server.manners = replace(server.manners, **manners)
    await until(lambda: server.requests >= enough or world.shown("connectivity") == "off")
    server.manners = replace(server.manners, **dict.fromkeys(manners, None if "refuse_with" in manners else False))
    if "garbage" in manners:
        server.manners = replace(server.manners, garbage=None)
    await until(lambda: world.shown("connectivity") == "on")
    await world.charges()
    assert world.shown("charge_now") == "on"
    assert set(world.setpoints_written[written:]) <= {32.0}

    def session_wh() -> int:
        session = world.loop.memory.session
        assert session is not None
        return session.energy_wh

    await until(lambda: session_wh() == pytest.approx(world.energy_wh, abs=25))
    assert session_wh() >= taken_wh


@pytest.mark.requirement("S6.2")
@pytest.mark.parametrize("world", MAPS, indirect=True)
async def test_one_wrong_answer_is_not_even_seen(world: World) -> None:
    await world.plug_in()
    await world.charge_now()
    await world.charges()
    server = world.modbus.server
    for manners in MANNERS[:3]:
        server.manners = replace(server.manners, **manners, only_next=1)
        enough = server.requests + 10
        await until(lambda enough=enough: server.requests >= enough)
    await world.sees("connectivity", "on")
    await world.charges()
