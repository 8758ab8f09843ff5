"""Alfen Eve Single on the NG9xx platform.

Source: Alfen, Implementation of Modbus Slave TCP/IP for Alfen NG9xx platform (v2.2/2.3); behaviour seen
by others: evcc-io/evcc issue 12492 (validity time).
"""

from datetime import datetime, timedelta
import math

from ..charge_point import ChargePoint
from .device import (
    MAX_WRITE,
    ExceptionCode,
    ModbusRefusal,
    Words,
    Write,
    check_count,
    float32,
    float64,
    pack,
    text,
    to_float32,
    uint32,
    uint64,
)

STATION = 200
SOCKET = 1

_AREAS = {STATION: ((100, 179), (1100, 1106)), SOCKET: ((300, 426), (1200, 1216))}
_SET_CURRENT = 1210
_PHASES_SET = 1215
_HOLDING_READ = 3
_WRITE_ONE, _WRITE_MANY = 6, 16


class AlfenEve:
    """A single-socket Eve with load balancing by an energy management system.

    ``validity_s`` is the installer's "validity time": a setpoint that is not written again within it
    gives way to ``safe_current_a``. Before anything was written the safe current holds too.
    """

    map_id = "alfen_eve"
    idle_timeout_s: float | None = 60.0
    max_clients: int | None = 2

    def __init__(
        self,
        charge_point: ChargePoint,
        *,
        validity_s: float = 60.0,
        safe_current_a: float = 6.0,
        serial: str = "ACE0123456",
        model: str = "NG910-60023",
        firmware: str = "6.4.0-4210",
        meter_knows_phases: bool = False,
    ) -> None:
        self.charge_point = charge_point
        self.validity_s = validity_s
        self.safe_current_a = safe_current_a
        self.serial = serial
        self.model = model
        self.firmware = firmware
        self.meter_knows_phases = meter_knows_phases
        self.writes: list[Write] = []
        self.set_current_a: float | None = None
        self._set_at: datetime | None = None
        charge_point.limiters.append(self.limit_at)

    # Behaviour

    def limit_at(self, now: datetime) -> float:
        """Return the current that the station applies."""
        if self.set_current_a is not None and self._valid_remaining_s(now) > 0:
            return self.set_current_a
        return self.safe_current_a

    def touch(self) -> None:
        """Any request: of no meaning to this station."""

    def reboot(self) -> None:
        """Lose the setpoint."""
        self.set_current_a = None
        self._set_at = None
        self.charge_point.allowed_phases = self.charge_point.phases
        self.charge_point.settle()

    def _valid_remaining_s(self, now: datetime) -> float:
        if self._set_at is None:
            return 0.0
        return max(0.0, (self._set_at + timedelta(seconds=self.validity_s) - now).total_seconds())

    # Registers

    def read(self, unit_id: int, function: int, address: int, count: int) -> list[int]:
        """Return holding registers of the station or its socket."""
        if function != _HOLDING_READ:
            raise ModbusRefusal(ExceptionCode.ILLEGAL_FUNCTION)
        check_count(count)
        self._check_area(unit_id, address, count)
        self.charge_point.catch_up()
        image = self._station() if unit_id == STATION else self._socket()
        words = {start + offset: word for start, value in image.items() for offset, word in enumerate(value)}
        return [words.get(number, 0xFFFF) for number in range(address, address + count)]

    def write(self, unit_id: int, function: int, address: int, values: Words) -> None:
        """Take the setpoint (all of it in one FC16) or the number of phases (FC6 or FC16)."""
        now = self.charge_point.clock.now()
        try:
            self._check_area(unit_id, address, len(values))
            self._take(unit_id, function, address, values, now)
        except ModbusRefusal:
            self._note(now, unit_id, function, address, values, is_accepted=False)
            raise
        self._note(now, unit_id, function, address, values, is_accepted=True)

    def _take(self, unit_id: int, function: int, address: int, values: Words, now: datetime) -> None:
        if function not in (_WRITE_ONE, _WRITE_MANY):
            raise ModbusRefusal(ExceptionCode.ILLEGAL_FUNCTION)
        check_count(len(values), MAX_WRITE)
        if unit_id == SOCKET and address == _SET_CURRENT and len(values) == 2:
            self._take_setpoint(to_float32(values), now)
        elif unit_id == SOCKET and address == _PHASES_SET and len(values) == 1:
            self._take_phases(values[0])
        else:
            raise ModbusRefusal(ExceptionCode.ILLEGAL_ADDRESS)

    def _take_setpoint(self, value: float, now: datetime) -> None:
        if not math.isfinite(value) or not 0 <= value <= self.charge_point.rated_a:
            raise ModbusRefusal(ExceptionCode.ILLEGAL_VALUE)
        self.charge_point.catch_up()
        self.set_current_a = value
        self._set_at = now
        self.charge_point.settle()

    def _take_phases(self, value: int) -> None:
        if value not in (1, 3) or value > self.charge_point.phases:
            raise ModbusRefusal(ExceptionCode.ILLEGAL_VALUE)
        self.charge_point.catch_up()
        self.charge_point.allowed_phases = value
        self.charge_point.settle()

    def _note(
        self, now: datetime, unit_id: int, function: int, address: int, values: Words, *, is_accepted: bool
    ) -> None:
        write = Write(
            at=now, unit_id=unit_id, function=function, address=address, values=values, is_accepted=is_accepted
        )
        self.writes.append(write)

    def _check_area(self, unit_id: int, address: int, count: int) -> None:
        if unit_id not in _AREAS:
            raise ModbusRefusal(ExceptionCode.GATEWAY_NO_RESPONSE)
        if not any(start <= address and address + count <= end for start, end in _AREAS[unit_id]):
            raise ModbusRefusal(ExceptionCode.ILLEGAL_ADDRESS)

    def _station(self) -> dict[int, Words]:
        box = self.charge_point
        now = box.clock.now()
        return {
            100: text("ALF_1000", 17),
            117: text("Alfen NV", 5),
            122: pack("h", 1),
            123: text(self.firmware, 17),
            140: text(self.model, 17),
            157: text(self.serial, 11),
            168: (now.year, now.month, now.day, now.hour, now.minute, now.second),
            174: uint64(int(box.uptime_s * 1000)),
            178: pack("h", 0),
            1100: float32(box.rated_a),
            1102: float32(box.temperature_c),
            1104: (0,),
            1105: (1,),
        }

    def _socket(self) -> dict[int, Words]:
        box = self.charge_point
        now = box.clock.now()
        shown = box.measure()
        image: dict[int, Words] = {
            300: (0b11,),
            301: uint64(500),
            305: (0,),
            326: float32(sum(value or 0.0 for value in shown.current_a)),
            334: float32(0.99 if shown.power_w else 1.0),
            336: float32(shown.frequency_hz),
            344: float32(shown.power_w),
            374: float64(float(shown.register_wh)),
            390: float64(0.0),
            1200: (int(box.is_operative),),
            1201: text(box.pilot.value, 5),
            1206: float32(min(self.limit_at(now), box.rated_a)),
            1208: uint32(math.ceil(self._valid_remaining_s(now))),
            1210: float32(self.safe_current_a if self.set_current_a is None else self.set_current_a),
            1212: float32(self.safe_current_a),
            1214: (int(self._valid_remaining_s(now) > 0),),
            1215: (box.allowed_phases,),
        }
        for phase in range(3):
            image[306 + 2 * phase] = float32(shown.voltage_v[phase])
            image[320 + 2 * phase] = float32(shown.current_a[phase])
            image[328 + 2 * phase] = float32(None if shown.current_a[phase] is None else 0.99)
            image[338 + 2 * phase] = float32(shown.power_per_phase_w[phase])
            if self.meter_knows_phases and phase < box.phases:
                image[362 + 4 * phase] = float64(shown.register_wh / box.phases)
        return image
