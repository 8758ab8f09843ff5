"""Register maps of real charge points, written from their makers' documents."""

from typing import Any

from ..charge_point import ChargePoint
from .alfen_eve import AlfenEve
from .bender_cc612 import BenderCc612
from .device import Device, ModbusRefusal, Write
from .tabled import TabledDevice
from .tables import table_ids

__all__ = ["DEVICES", "AlfenEve", "BenderCc612", "Device", "ModbusRefusal", "TabledDevice", "Write", "make_device"]

_OWN: dict[str, type[AlfenEve | BenderCc612]] = {"alfen_eve": AlfenEve, "bender_cc612": BenderCc612}

DEVICES: tuple[str, ...] = (*_OWN, *table_ids())
"""Every simulated map's id."""


def make_device(map_id: str, charge_point: ChargePoint, **options: Any) -> AlfenEve | BenderCc612 | TabledDevice:
    """Put the registers of a model before a charge point; raises ValueError if there is no such model."""
    if map_id in _OWN:
        return _OWN[map_id](charge_point, **options)
    if map_id not in DEVICES:
        raise ValueError(f"no simulated device {map_id}; there are {', '.join(DEVICES)}")
    return TabledDevice(charge_point, map_id, **options)
