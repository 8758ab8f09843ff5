"""Bender (ebee) CC612 with firmware 5.22 and the register set "Bender/ebee".

Source: Mennekes/ebee, ECU Modbus TCP server specification rev 1.07 (June 2022); Bender CC613
configuration interface, Modbus.
"""

from datetime import datetime, timedelta

from ..charge_point import ChargePoint, Fault, PilotState
from ..vehicle import MIN_CURRENT_A
from .device import (
    MAX_WRITE,
    ExceptionCode,
    ModbusRefusal,
    Words,
    Write,
    check_count,
    pack,
    right_aligned_text,
    swapped_uint32,
    uint32,
)

_READ, _WRITE_ONE, _WRITE_MANY = 3, 6, 16
_HEMS_DEFAULT_A = 32

_VEHICLE_STATE = {"A": 1, "B": 2, "C": 3, "D": 4, "E": 5, "F": 5}
_ERROR_BIT = {
    Fault.RCD: 0,
    Fault.PILOT_SHORT: 1,
    Fault.GROUND: 5,
    Fault.CONTACTOR_WELDED: 6,
    Fault.OVER_TEMPERATURE: 15,
}
_AVAILABLE, _UNAVAILABLE, _FAULTED, _PREPARING, _CHARGING, _SUSPENDED_EVSE, _SUSPENDED_EV = 0, 3, 4, 5, 6, 7, 8


class BenderCc612:
    """A controller that falls back to ``safe_current_a`` when no request at all came for ``comm_timeout_s``.

    The documents do not say whether a setpoint below the safe current then rises to it. It does here;
    with ``safe_current_is_ceiling`` it does not.
    """

    map_id = "bender_cc612"
    idle_timeout_s: float | None = None
    max_clients: int | None = None

    def __init__(
        self,
        charge_point: ChargePoint,
        *,
        comm_timeout_s: int = 60,
        safe_current_a: int = 6,
        firmware: str = "5.22",
        protocol: str = "0.9",
        model: str = "CC612",
        safe_current_is_ceiling: bool = False,
    ) -> None:
        self.charge_point = charge_point
        self.comm_timeout_s = comm_timeout_s
        self.safe_current_a = safe_current_a
        self.firmware = firmware
        self.protocol = protocol
        self.model = model
        self.safe_current_is_ceiling = safe_current_is_ceiling
        self.set_current_a = _HEMS_DEFAULT_A
        self.tag = ""
        self.writes: list[Write] = []
        self._touched_at = charge_point.clock.now()
        self._session_began_wh = charge_point.meter.register_wh
        self._session_began_at: datetime | None = None
        self._session_ended_at: datetime | None = None
        self._was_plugged_in = False
        charge_point.limiters.append(self.limit_at)
        charge_point.listen(self._follow_session)

    # Behaviour

    def limit_at(self, now: datetime) -> float:
        """Return the current that the controller applies."""
        if now - self._touched_at < timedelta(seconds=self.comm_timeout_s):
            return self.set_current_a
        if self.safe_current_is_ceiling:
            return min(self.set_current_a, self.safe_current_a)
        return self.safe_current_a

    def touch(self) -> None:
        """Any request feeds the watchdog."""
        self.charge_point.catch_up()
        self._touched_at = self.charge_point.clock.now()
        self.charge_point.settle()

    def reboot(self) -> None:
        """Lose the setpoint; the timeout and the safe current are settings and stay."""
        self.set_current_a = _HEMS_DEFAULT_A
        self._touched_at = self.charge_point.clock.now()
        self.charge_point.settle()

    def _follow_session(self) -> None:
        box = self.charge_point
        is_plugged_in = box.vehicle is not None
        if is_plugged_in and not self._was_plugged_in:
            self._session_began_wh = box.meter.register_wh
            self._session_began_at = box.plugged_in_at
            self._session_ended_at = None
        elif self._was_plugged_in and not is_plugged_in:
            self._session_ended_at = box.clock.now()
        self._was_plugged_in = is_plugged_in

    # Registers

    def read(self, unit_id: int, function: int, address: int, count: int) -> list[int]:
        """Return holding registers; those that nobody defined read as 0."""
        if function != _READ:
            raise ModbusRefusal(ExceptionCode.ILLEGAL_FUNCTION)
        self._check(unit_id, address, count)
        image = self._image()
        words = {start + offset: word for start, value in image.items() for offset, word in enumerate(value)}
        return [words.get(number, 0) for number in range(address, address + count)]

    def write(self, unit_id: int, function: int, address: int, values: Words) -> None:
        """Take a setting or the setpoint, by FC6 or FC16."""
        is_accepted = False
        try:
            if function not in (_WRITE_ONE, _WRITE_MANY):
                raise ModbusRefusal(ExceptionCode.ILLEGAL_FUNCTION)
            self._check(unit_id, address, len(values), MAX_WRITE)
            self._take(address, values)
            is_accepted = True
        finally:
            write = Write(
                at=self.charge_point.clock.now(),
                unit_id=unit_id,
                function=function,
                address=address,
                values=values,
                is_accepted=is_accepted,
            )
            self.writes.append(write)

    def _check(self, unit_id: int, address: int, count: int, highest: int = 125) -> None:
        if not 1 <= unit_id <= 255:
            raise ModbusRefusal(ExceptionCode.GATEWAY_NO_RESPONSE)
        check_count(count, highest)
        if address + count > 65_536:
            raise ModbusRefusal(ExceptionCode.ILLEGAL_ADDRESS)

    def _take(self, address: int, values: Words) -> None:
        self.charge_point.catch_up()
        if address == 1110 and len(values) == 10:
            self._hold_card(b"".join(word.to_bytes(2) for word in values).decode("ascii", "replace").strip())
        elif len(values) != 1:
            self._take_settings(address, values)
        else:
            self._take_one(address, values[0])
        self.charge_point.settle()

    def _take_settings(self, address: int, values: Words) -> None:
        if address != 131 or len(values) != 2:
            raise ModbusRefusal(ExceptionCode.ILLEGAL_ADDRESS)
        for offset, value in enumerate(values):
            self._take_one(address + offset, value)

    def _take_one(self, address: int, value: int) -> None:
        match address:
            case 124 if value in (0, 1):
                self.charge_point.set_operative(bool(value))
            case 131 if value <= 32:
                self.safe_current_a = value
            case 132 if 1 <= value <= 300:
                self.comm_timeout_s = value
            case 1000 if value == 0 or 6 <= value <= 32:
                self.set_current_a = value
            case 124 | 131 | 132 | 1000:
                raise ModbusRefusal(ExceptionCode.ILLEGAL_VALUE)
            case _:
                raise ModbusRefusal(ExceptionCode.ILLEGAL_ADDRESS)

    def _hold_card(self, tag: str) -> None:
        self.tag = tag
        self.charge_point.authorise(not self.charge_point.is_authorised)

    def _ocpp_status(self) -> int:
        box = self.charge_point
        if box.faults:
            return _FAULTED
        if not box.is_operative:
            return _UNAVAILABLE
        if box.vehicle is None:
            return _AVAILABLE
        if box.needs_authorisation and not box.is_authorised:
            return _PREPARING
        if box.offered_a < MIN_CURRENT_A:
            return _SUSPENDED_EVSE
        return _CHARGING if box.pilot is PilotState.C2 else _SUSPENDED_EV

    def _image(self) -> dict[int, Words]:
        box = self.charge_point
        shown = box.measure()
        is_single = box.phases == 1
        session_wh = int(box.meter.register_wh - self._session_began_wh)
        end_at = self._session_ended_at or box.clock.now()
        session_s = int((end_at - self._session_began_at).total_seconds()) if self._session_began_at else 0
        state = _VEHICLE_STATE[box.pilot.letter]
        errors = sum(1 << _ERROR_BIT[fault] for fault in box.faults)
        relay = 0 if not box.is_contactor_closed else 5 if box.live_phases == 1 else 1
        image: dict[int, Words] = {
            100: right_aligned_text(self.firmware, 2),
            104: (self._ocpp_status(),),
            105: swapped_uint32(0),
            107: swapped_uint32(0),
            109: swapped_uint32(0),
            111: swapped_uint32(errors),
            120: right_aligned_text(self.protocol, 2),
            122: (state,),
            123: (state + 9,),
            124: (int(box.is_operative),),
            131: (self.safe_current_a,),
            132: (self.comm_timeout_s,),
            134: (int(box.rated_a),),
            140: (relay,),
            142: right_aligned_text(self.model, 10),
            152: (int(box.vehicle is not None),),
            218: uint32(shown.register_wh),
            220: uint32(shown.power_w),
            705: (min(session_wh, 0xFFFF),),
            706: (int(box.offered_a),),
            707: pack("I", _packed_time(self._session_began_at)),
            709: (min(session_s, 0xFFFF),),
            710: pack("I", _packed_time(self._session_ended_at)),
            712: (6,),
            715: (int(box.vehicle.max_a) if box.vehicle else 0,),
            716: uint32(session_wh),
            718: uint32(session_s),
            720: right_aligned_text(self.tag, 10),
            1000: (self.set_current_a,),
        }
        for phase in range(3):
            is_wired = phase < box.phases
            share_wh = shown.register_wh if is_single else shown.register_wh // 3
            milliamps = None if shown.current_a[phase] is None else (shown.current_a[phase] or 0.0) * 1000
            image[200 + 2 * phase] = uint32(share_wh if is_wired else None)
            image[206 + 2 * phase] = uint32(shown.power_per_phase_w[phase])
            image[212 + 2 * phase] = uint32(milliamps)
            image[222 + 2 * phase] = uint32(shown.voltage_v[phase])
        return image


def _packed_time(instant: datetime | None) -> int:
    """Pack hhmmss as one decimal digit in each half byte; 0 for never."""
    return 0 if instant is None else int(instant.strftime("%H%M%S"), 16)
