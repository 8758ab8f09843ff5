"""Accidents by name, for a test, the command line and the control port alike."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import fields

from .charge_point import Fault
from .charger import ModbusCharger, OcppCharger
from .defects import Defects
from .modbus_server import ModbusManners
from .ocpp_behaviour import Behaviour
from .ocpp_link import LinkLost
from .vehicle import Vehicle

type Charger = ModbusCharger | OcppCharger


class UnknownAction(ValueError):
    """There is no such action, or not for this kind of charge point."""


async def _plug_in(charger: Charger) -> None:
    charger.plug_in()


async def _unplug(charger: Charger) -> None:
    charger.unplug()


async def _mend(charger: Charger) -> None:
    charger.charge_point.defects = Defects()
    charger.charge_point.clear_fault()


async def _pause_vehicle(charger: Charger) -> None:
    _vehicle(charger).is_paused = True


async def _resume_vehicle(charger: Charger) -> None:
    _vehicle(charger).is_paused = False


async def _wake_vehicle(charger: Charger) -> None:
    _vehicle(charger).wake()


async def _fall_asleep(charger: Charger) -> None:
    _vehicle(charger).is_asleep = True


async def _flap_link(charger: Charger) -> None:
    await charger.drop_link()
    await asyncio.sleep(0)
    await charger.restore_link()


async def _half_open(charger: Charger) -> None:
    _ocpp(charger).client.link.abandon()


async def _send_garbage(charger: Charger) -> None:
    with suppress(LinkLost):
        await _ocpp(charger).client.link.send('[2,"7",{"not": json')


async def _behave(charger: Charger) -> None:
    if isinstance(charger, OcppCharger):
        for field in fields(Behaviour):
            setattr(charger.behaviour, field.name, getattr(Behaviour(), field.name))
    else:
        charger.server.manners = ModbusManners()


ACTIONS: dict[str, Callable[[Charger], Awaitable[None]]] = {
    "plug_in": _plug_in,
    "unplug": _unplug,
    "pause_vehicle": _pause_vehicle,
    "resume_vehicle": _resume_vehicle,
    "put_vehicle_to_sleep": _fall_asleep,
    "wake_vehicle": _wake_vehicle,
    "drop_link": lambda charger: charger.drop_link(),
    "restore_link": lambda charger: charger.restore_link(),
    "flap_link": _flap_link,
    "half_open_link": _half_open,
    "send_garbage": _send_garbage,
    "power_cut": lambda charger: charger.power_cut(),
    "power_back": lambda charger: charger.power_back(),
    "reboot": lambda charger: charger.reboot(),
    "mend": _mend,
    "behave": _behave,
}
"""What can be done to a charge point. Faults and misbehaviours are named in :func:`perform`."""


def names() -> list[str]:
    """List every action that :func:`perform` knows."""
    faults = [f"fault_{fault.value}" for fault in Fault]
    switches = [f"{field.name}" for kind in (Behaviour, ModbusManners, Defects) for field in fields(kind)]
    return [*ACTIONS, *faults, *(f"set:{name}" for name in switches)]


async def perform(charger: Charger, action: str, value: object = True) -> None:
    """Do an action, such as "power_cut", "fault_rcd" or "set:refuses_profiles".

    ``set:`` changes one switch of Behaviour (OCPP), ModbusManners (Modbus) or Defects (both) to ``value``.

    Raises:
        UnknownAction: no such action for this charge point, or a value of another type.
        ValueError: it makes no sense now, such as plugging in a second vehicle.
    """
    if action in ACTIONS:
        await ACTIONS[action](charger)
    elif action.startswith("fault_") and action.removeprefix("fault_") in {fault.value for fault in Fault}:
        charger.charge_point.raise_fault(Fault(action.removeprefix("fault_")))
    elif action.startswith("set:"):
        _set_switch(charger, action.removeprefix("set:"), value)
    else:
        raise UnknownAction(f"no action {action!r}; there are: {', '.join(names())}")


def _set_switch(charger: Charger, name: str, value: object) -> None:
    manners = charger.behaviour if isinstance(charger, OcppCharger) else charger.server.manners
    defects = charger.charge_point.defects
    target = defects if name in {field.name for field in fields(defects)} else manners
    known = {field.name for field in (*fields(manners), *fields(defects))}
    if name not in known:
        raise UnknownAction(f"no switch {name!r} here; there are: {', '.join(sorted(known))}")
    before = getattr(target, name)
    if isinstance(before, tuple | set) and isinstance(value, list):
        value = type(before)(value)
    elif isinstance(before, float) and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    elif name == "garbage" and isinstance(value, list):
        value = tuple(value)
    if before is not None and type(value) is not type(before):
        raise UnknownAction(f"{name} is a {type(before).__name__}, not {value!r}")
    setattr(target, name, value)


def _vehicle(charger: Charger) -> Vehicle:
    vehicle = charger.charge_point.vehicle
    if vehicle is None:
        raise ValueError("there is no vehicle")
    return vehicle


def _ocpp(charger: Charger) -> OcppCharger:
    if not isinstance(charger, OcppCharger):
        raise UnknownAction("only an OCPP charge point can do that")
    return charger
