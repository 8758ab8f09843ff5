"""Register maps of real charge points, written from their makers' documents."""

from .alfen_eve import AlfenEve
from .bender_cc612 import BenderCc612
from .device import Device, ModbusRefusal, Write

__all__ = ["DEVICES", "AlfenEve", "BenderCc612", "Device", "ModbusRefusal", "Write"]

DEVICES: dict[str, type[AlfenEve | BenderCc612]] = {"alfen_eve": AlfenEve, "bender_cc612": BenderCc612}
"""Every simulated map by its id."""
