"""What a charge point shall allow without us: its stored settings, written rarely and with care."""

import asyncio

from ...charging.model import MIN_CURRENT_A
from ..charger import ChargerRefused
from .facts import failsafe_current, number_of, shown_by
from .lease import Lease
from .map_model import RegisterMap
from .poller import Poller


class Failsafe:
    """One charge point's failsafe current and time-out."""

    def __init__(self, register_map: RegisterMap, poller: Poller, lease: Lease) -> None:
        self._map = register_map
        self._poller = poller
        self._lease = lease
        self._written: dict[str, float] = {}
        self._left_a: float | None = None

    def mean(self, max_a: float) -> None:
        """Take note of the current that shall be allowed."""
        self._left_a = max_a

    async def leave(self, max_a: float) -> None:
        """Write what is not there yet.

        Raises:
            ModbusError: it did not reach the charge point, or was not taken.
            ChargerRefused: the charge point cannot hold it, or did not keep it.
        """
        rule = self._map.failsafe
        settings = (*rule.currents, *([] if rule.timeout is None else [rule.timeout]))
        await self._poller.refresh(shown_by(self._map, key).key for key in settings)
        for key in rule.currents:
            await self._leave_current(key, max_a)
        if rule.timeout is not None and not self._held(rule.timeout):
            await self._write(rule.timeout, rule.timeout_s)

    def _held(self, key: str) -> float | None:
        return number_of(shown_by(self._map, key).key, self._poller.values)

    async def _leave_current(self, key: str, max_a: float) -> None:
        """Leave an installer's value if a vehicle can charge with it and the circuit can carry it."""
        held = self._held(key)
        if held is not None and MIN_CURRENT_A <= held <= max_a:
            return
        if self._map.registers[key].write is not None:
            await self._write(key, self._lease.quantise(max_a))
        elif held is not None and held < MIN_CURRENT_A:
            raise ChargerRefused(f"the charge point allows {held:g} A without us; only its installer can change that")

    async def _write(self, key: str, value: float) -> None:
        """Write a stored setting: no value twice in a row, whatever becomes of it, for flash wears out."""
        if self._written.get(key) == value:
            raise ChargerRefused(f"the charge point did not keep {key} = {value:g}")
        self._written[key] = value
        try:
            await self._lease.write_register(key, value)
        except asyncio.CancelledError:  # a newer plan came while this one waited for its turn to write
            del self._written[key]
            raise
        await self._poller.refresh([shown_by(self._map, key).key])
        if self._held(key) != value:
            raise ChargerRefused(f"the charge point did not keep {key} = {value:g}")

    def current_to_leave(self, most_a: float) -> float:
        """Return the setpoint that strands nobody: the failsafe current, or what was to be left behind."""
        left_a = most_a if self._left_a is None else self._left_a
        held_a = failsafe_current(self._map, self._poller.values)
        return left_a if held_a is None or held_a < MIN_CURRENT_A else min(left_a, held_a)
