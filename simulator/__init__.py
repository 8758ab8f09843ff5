"""A vehicle and a charge point that behave, for tests and for the demo. Shares no code with the component.

Modbus::

    async with ModbusCharger("alfen_eve", validity_s=60) as charger:   # or "bender_cc612"
        charger.port                        # a free port on loopback
        car = charger.plug_in(Vehicle(phases=1, max_a=32, soc=0.4))
        charger.charge_point.offered_a      # what the pilot says now
        charger.charge_point.power_w        # what really flows
        charger.truth.energy_wh             # what really flowed
        charger.device.writes               # every write request that came, with its instant
        charger.server.manners.refuse_with = 6              # see ModbusManners
        charger.charge_point.defects.welded = True          # see Defects
        await charger.power_cut(); await charger.power_back()

OCPP 1.6J::

    async with OcppCharger("ws://127.0.0.1:9000/ocpp", "CP1", password="…", free_vend=True) as charger:
        charger.plug_in()
        charger.client.status               # "Charging", as last determined
        charger.client.transaction          # the running one, or None
        charger.client.profiles.profiles    # what is installed
        charger.client.present_tag("04AABB")
        charger.configuration.get("MeterValueSampleInterval")
        charger.behaviour.refuses_profiles = True           # see Behaviour
        charger.frames                      # [("sent", [2, id, "BootNotification", {…}]), …]
        await charger.drop_link(); await charger.restore_link()

More outlets behind the same link, each with a vehicle of its own::

    async with OcppCharger(url, "CP1", more_outlets=[ChargePoint(clock)]) as charger:
        charger.outlets[1].plug_in()

``await simulator.faults.perform(charger, "power_cut")`` does by name what ``python -m simulator actions`` lists.

Both take ``clock=WorldClock(speed=60)`` to live faster, ``WorldClock(speed=0)`` to stand until
``await clock.advance(seconds)``, or ``WorldClock(source=utcnow)`` to follow a test's frozen clock, and
``charge_point=ChargePoint(clock, rated_a=16, phases=3, …)`` for other hardware.
"""

from .charge_point import ChargePoint, Fault, PilotState
from .charger import ModbusCharger, OcppCharger
from .charging_profiles import Abilities
from .clock import WorldClock
from .defects import Defects
from .modbus_server import ModbusManners
from .ocpp_behaviour import Behaviour
from .ocpp_configuration import Configuration
from .ocpp_nameplate import Nameplate
from .vehicle import Vehicle

__all__ = [
    "Abilities",
    "Behaviour",
    "ChargePoint",
    "Configuration",
    "Defects",
    "Fault",
    "ModbusCharger",
    "ModbusManners",
    "Nameplate",
    "OcppCharger",
    "PilotState",
    "Vehicle",
    "WorldClock",
]
