"""A charge point whose registers are a table and whose ways are a persona: strict where its maker is."""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
import math

from ..charge_point import ChargePoint, PilotState
from .device import MAX_WRITE, ExceptionCode, ModbusRefusal, Words, Write, check_count
from .personas import PERSONAS
from .states import STATES, Settings
from .tables import Place, Table, Value, load_table

_TABLES = {1: "coil", 2: "discrete", 3: "holding", 4: "input"}


class _Point:
    """One outlet: its physics and its settings."""

    def __init__(self, charge_point: ChargePoint, starts_with: Mapping[str, float]) -> None:
        self.charge_point = charge_point
        self.settings: Settings = dict(starts_with)
        self.session_began_wh = charge_point.meter.register_wh
        self.was_plugged_in = False
        charge_point.listen(self._follow_session)

    def _follow_session(self) -> None:
        is_plugged_in = self.charge_point.vehicle is not None
        if is_plugged_in and not self.was_plugged_in:
            self.session_began_wh = self.charge_point.meter.register_wh
        self.was_plugged_in = is_plugged_in


class TabledDevice:
    """Any model of ``tables.json``. ``others`` are the further outlets of a unit with several.

    ``lifts_zero_without_vehicle``: a setpoint of 0 that comes while nothing is plugged in becomes 6 A.
    ``patience_s`` replaces its watchdog's time where that is on.
    ``pause_s`` is how long it wants to be left alone after a request: one that comes sooner is refused as busy.
    ``options`` are settings that differ from those that it starts with.
    """

    def __init__(
        self,
        charge_point: ChargePoint,
        model: str,
        *,
        others: tuple[ChargePoint, ...] = (),
        lifts_zero_without_vehicle: bool = False,
        patience_s: float | None = None,
        pause_s: float = 0.0,
        **options: float,
    ) -> None:
        self.charge_point = charge_point
        self.map_id = model
        self.table: Table = load_table(model)
        self.persona = PERSONAS[model]
        self.idle_timeout_s = self.table.idle_timeout_s
        self.max_clients = self.table.max_clients
        self.lifts_zero_without_vehicle = lifts_zero_without_vehicle
        self.writes: list[Write] = []
        self._options = options
        self.patience_s = patience_s
        self.insists_on_pauses = True
        self._wrote_at = self._read_at = -math.inf
        self.pause_s = pause_s
        self.reads_in_haste = 0
        self._fed_at = charge_point.clock.now()
        self._points = [_Point(box, {**self.persona.starts_with, **options}) for box in (charge_point, *others)]
        for point in self._points:
            point.charge_point.limiters.append(partial(self._limit, point))

    @property
    def set_current_a(self) -> float:
        """What the first outlet's settings allow, whoever is there to ask."""
        return self.persona.allows(self._points[0].settings)

    # Behaviour

    def _limit(self, point: _Point, now: datetime) -> float:
        patience_s = self.persona.patience_s(point.settings)
        if patience_s is not None and self.patience_s is not None:
            patience_s = self.patience_s
        if patience_s is not None and now - self._fed_at >= timedelta(seconds=patience_s):
            return self.persona.falls_to(point.settings)
        return self.persona.allows(point.settings)

    def touch(self) -> None:
        """Note that a request came."""
        if "any request" in self.persona.fed_by:
            self._feed()

    def _feed(self) -> None:
        for point in self._points:
            point.charge_point.catch_up()
        self._fed_at = self.charge_point.clock.now()
        for point in self._points:
            point.charge_point.settle()

    def reboot(self) -> None:
        """Lose what is not kept."""
        for point in self._points:
            kept = {key: point.settings[key] for key in self.persona.keeps}
            point.settings = {**self.persona.starts_with, **self._options, **kept}
        self._fed_at = self.charge_point.clock.now()
        self.charge_point.settle()

    # Registers

    def read(self, unit_id: int, function: int, address: int, count: int) -> list[int]:
        """Return registers; what the model does not have is refused, or reads 0 where it stands that."""
        self._insist_on_quiet(unit_id)
        self._check(unit_id, address, count, self.table.max_registers)
        kind = _TABLES[function]
        image = self._image(kind)
        wanted = range(address, address + count)
        if self.table.one_value and (address, count) not in {(at, len(words)) for at, words in image.items()}:
            raise ModbusRefusal(ExceptionCode.ILLEGAL_ADDRESS)
        words = {at + offset: word for at, value in image.items() for offset, word in enumerate(value)}
        if not any(number in words for number in wanted):
            raise ModbusRefusal(ExceptionCode.ILLEGAL_ADDRESS)
        if not self.table.has_gaps and any(number not in words for number in wanted):
            raise ModbusRefusal(ExceptionCode.ILLEGAL_ADDRESS)
        return [words.get(number, 0xFFFF if self.map_id.startswith("schneider") else 0) for number in wanted]

    def write(self, unit_id: int, function: int, address: int, values: Words) -> None:
        """Take a setting, by a function that it may be written with."""
        is_accepted = False
        try:
            self._check(unit_id, address, len(values), MAX_WRITE)
            self._take(function, address, values)
            is_accepted = True
        finally:
            now = self.charge_point.clock.now()
            self.writes.append(
                Write(
                    at=now, unit_id=unit_id, function=function, address=address, values=values, is_accepted=is_accepted
                )
            )

    def _check(self, unit_id: int, address: int, count: int, most: int) -> None:
        if unit_id != self.table.unit_id:
            raise ModbusRefusal(ExceptionCode.GATEWAY_NO_RESPONSE)
        check_count(count, most)
        if address + count > 65_536:
            raise ModbusRefusal(ExceptionCode.ILLEGAL_ADDRESS)

    def _take(self, function: int, address: int, values: Words) -> None:
        point, place = self._place_at(address)
        if function not in place.functions:
            raise ModbusRefusal(ExceptionCode.ILLEGAL_FUNCTION)
        if len(values) != place.count:
            raise ModbusRefusal(ExceptionCode.ILLEGAL_ADDRESS)
        value = place.decode(values)
        if not place.takes(value):
            raise ModbusRefusal(ExceptionCode.ILLEGAL_VALUE)
        self._insist_on_pause()
        point.charge_point.catch_up()
        if self.lifts_zero_without_vehicle and place.key == "set_current" and not (value or point.charge_point.vehicle):
            value = 6.0
        point.settings[place.key] = value
        if self.persona.fed_by & {"any write", place.key}:
            self._feed()
        point.charge_point.settle()

    def _insist_on_pause(self) -> None:
        """Refuse a write that comes too soon after the last; that is reckoned in the wire's time, not the world's."""
        now = asyncio.get_running_loop().time()
        if self.insists_on_pauses and now - self._wrote_at < self.table.min_write_interval_s - 0.05:
            raise ModbusRefusal(ExceptionCode.DEVICE_BUSY)
        self._wrote_at = now

    def _insist_on_quiet(self, unit_id: int) -> None:
        """Refuse what comes too soon after any request; one for somebody else it only hears."""
        now = asyncio.get_running_loop().time()
        since_s, self._read_at = now - self._read_at, now
        if unit_id == self.table.unit_id and since_s < self.pause_s - 0.02:
            self.reads_in_haste += 1
            raise ModbusRefusal(ExceptionCode.DEVICE_BUSY)

    def _place_at(self, address: int) -> tuple[_Point, Place]:
        for place in self.table.places.values():
            for number, at in self._addresses(place):
                if at == address and place.functions and place.table == "holding":
                    return self._points[number], place
        raise ModbusRefusal(ExceptionCode.ILLEGAL_ADDRESS)

    def _addresses(self, place: Place) -> list[tuple[int, int]]:
        """Return in which outlets a place is, and at which address."""
        if place.block is None or place.block == "master":
            return [(0, place.address)]
        base, stride = self.table.blocks[place.block]
        return [(number, place.address + base + number * stride) for number in range(len(self._points))]

    def _image(self, kind: str) -> dict[int, Words]:
        shown = [self._values(point) for point in self._points]
        image: dict[int, Words] = {}
        for place in self.table.places.values():
            if place.table == kind and place.is_shown:
                for number, at in self._addresses(place):
                    value = shown[number].get(place.key, 0)
                    image[at] = (0,) * place.count if value == 0 else place.encode(value)
        return image

    def _values(self, point: _Point) -> dict[str, Value | None]:
        box, settings = point.charge_point, point.settings
        values = {**_metered(box, point.session_began_wh), **self.persona.says, **settings}
        values["controller_count"] = len(self._points)
        values.update(STATES[self.map_id](box, settings))
        values.update({key: settings[source] for key, source in self.persona.shows.items()})
        for fault in box.faults:
            values.update(self.persona.faults.get(fault, {}))
        return values


def _metered(box: ChargePoint, session_began_wh: float) -> dict[str, Value | None]:
    shown = box.measure()
    values: dict[str, Value | None] = {
        "power_total": max(shown.power_w, 0.0),
        "energy_total": shown.register_wh,
        "energy_session": max(0.0, shown.register_wh - session_began_wh),
        "temperature": shown.temperature_c,
        "temperature_internal": shown.temperature_c,
        "charging": box.pilot is PilotState.C2,
    }
    for phase in range(3):
        values[f"current_l{phase + 1}"] = max(shown.current_a[phase] or 0.0, 0.0)
        values[f"voltage_l{phase + 1}"] = shown.voltage_v[phase] or 0.0
        values[f"power_l{phase + 1}"] = max(shown.power_per_phase_w[phase] or 0.0, 0.0)
    return values
