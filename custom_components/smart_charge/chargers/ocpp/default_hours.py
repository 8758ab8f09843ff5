"""Default hours in the charge point itself, so that they hold without us (requirement 7.1, OCPP notes A6)."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256
import logging
from typing import Any

from ..charger import (
    ChargerError,
    ChargerMisunderstood,
    ChargerRefused,
    ChargerUnreachable,
    Clock,
    LeaveBehind,
    Listener,
)
from . import profiles
from .bench import Bench
from .calls import Priority
from .composite import Verdict
from .connection import Connection
from .frames import is_accepted
from .hours_check import HoursCheck
from .hours_profiles import hours_profiles, raised
from .memory import Memory
from .misreading import Misreading
from .profiles import HOURS_ID, OVERLAY_ID
from .timings import Timings
from .wire_time import read, write

LOGGER = logging.getLogger(__name__)

FORMS = ("pair", "weekly", "daily")
QUIET_HOUR = 3
"""Local. The copy is written anew once a day then: some count days from its start and lose the week."""


class DefaultHours:
    """Writes default hours as recurring profiles when they differ, after a boot, and once a day."""

    def __init__(
        self,
        bench: Bench,
        memory: Memory,
        misreading: Misreading,
        *,
        clock: Clock,
        timings: Timings,
        count: Callable[[str], None],
        changed: Listener,
    ) -> None:
        self._bench = bench
        self._memory = memory
        self._misreading = misreading
        self._check = HoursCheck(bench, clock=clock, timings=timings, count=count)
        self._unchecked: list[dict[str, Any]] | None = None
        self._clock = clock
        self._timings = timings
        self._count = count
        self._changed = changed
        self._plan: LeaveBehind | None = None
        self._wake = asyncio.Event()
        self._lock = asyncio.Lock()
        self._refused: str | None = None
        self._is_outranked = False

    @property
    def holds(self) -> bool:
        """Whether the charge point took the plan that is wanted."""
        return self._plan is not None and self._stored.get("digest") == self._digest(self._plan)

    @property
    def is_outranked(self) -> bool:
        """Whether the charge point takes what is written and keeps other hours all the same."""
        return self._is_outranked

    @property
    def has_hours(self) -> bool:
        """Whether the plan closes at all."""
        return self._plan is not None and self._plan.hours is not None

    @property
    def _stored(self) -> dict[str, Any]:
        return self._memory.section("hours")

    def forget(self) -> None:
        """Hear of a restart: what it holds is not known."""
        self._stored.pop("digest", None)
        self._refused = None
        self._wake.set()

    async def leave(self, plan: LeaveBehind) -> None:
        """Want this to hold without us; written if it differs from what was.

        Raises:
            ChargerError: there is no link, or the charge point takes no form of it.
        """
        self._plan = plan
        self._misreading.home = self._home_offset
        if self._is_due():
            if not self._bench.is_online:
                raise ChargerUnreachable("the charge point is not connected")
            await self._write_if_due()
        if self._refused == self._digest(plan):
            raise ChargerRefused("the charge point cannot hold these hours")

    async def withdraw(self, connection: Connection) -> None:
        """Leave no hours in the charge point, and write none again.

        Raises:
            ChargerError: no answer, or a refusal.
        """
        self._plan = None
        async with self._lock:
            for slot in (OVERLAY_ID, HOURS_ID):
                await self._clear(connection, slot)

    async def _clear(self, connection: Connection, slot: int) -> None:
        payload = {"id": profiles.id_on(self._bench.connector_id, slot)}
        await connection.call("ClearChargingProfile", payload, priority=Priority.SETTINGS)

    def _home_offset(self) -> timedelta:
        plan = self._plan
        offset = self._clock().astimezone(plan.hours.time_zone).utcoffset() if plan and plan.hours else None
        return offset or timedelta()

    async def keep(self) -> None:
        """Write what is due, until cancelled."""
        while True:
            self._wake.clear()
            try:
                if (connection := self._bench.connection) is not None:
                    await self._write_if_due()
                    await self._check_if_due(connection)
            except (ChargerError, ValueError) as err:
                self._count(f"hours_{type(err).__name__}")
                LOGGER.debug("Default hours were not taken: %s", err)
                await asyncio.sleep(self._timings.start_retry_s)
            try:
                async with asyncio.timeout(self._timings.tick_s * 60):
                    await self._wake.wait()
            except TimeoutError:
                continue

    def poke(self) -> None:
        """There is a link now."""
        self._wake.set()

    def _is_due(self) -> bool:
        if self._plan is None or self._refused == (digest := self._digest(self._plan)):
            return False
        return self._stored.get("digest") != digest or self._is_stale()

    def _is_stale(self) -> bool:
        """Whether it is time for the daily copy: a quiet hour, and not yet today; or two days late."""
        plan, sent_at = self._plan, read(self._stored.get("sent_at"))
        if plan is None or plan.hours is None or sent_at is None:
            return False
        now = self._clock()
        local, sent = now.astimezone(plan.hours.time_zone), sent_at.astimezone(plan.hours.time_zone)
        is_new_day = local.date() > sent.date() and local.hour >= QUIET_HOUR
        return (is_new_day and local.hour == QUIET_HOUR) or now - sent_at > timedelta(days=2)

    def _digest(self, plan: LeaveBehind) -> str:
        """Tells one plan from another, and summer from winter time."""
        windows: list[object] = []
        offset = None
        if plan.hours is not None:
            windows = [(sorted(window.days), str(window.start), str(window.end)) for window in plan.hours.windows]
            offset = str(self._clock().astimezone(plan.hours.time_zone).utcoffset())
        smart = self._bench.smart
        if smart.units != {"W"}:
            smart = replace(smart, phases=None)
        facts = (sorted(map(repr, windows)), plan.hours is None, offset, plan.max_a, repr(smart))
        return sha256(repr(facts).encode()).hexdigest()[:16]

    async def _write_if_due(self) -> None:
        async with self._lock:
            plan, connection = self._plan, self._bench.connection
            if plan is not None and connection is not None and self._bench.is_known and self._is_due():
                await self._write(plan, connection)

    async def _write(self, plan: LeaveBehind, connection: Connection) -> None:
        """Write the best form that the charge point takes: the remembered one first."""
        known = self._stored.get("form")
        begin = FORMS.index(known) if known in FORMS else 0
        refusal: ChargerError | None = None
        for form in FORMS[begin:]:
            for unit in sorted(self._bench.smart.units):
                found = self._profiles(plan, form, unit, self._clock())
                if not self._fits(found):
                    continue
                try:
                    await self._place(connection, found)
                except (ChargerRefused, ChargerMisunderstood) as err:
                    self._count(f"hours_refused_{form}")
                    refusal = err
                    continue
                await self._remember(plan, form)
                return
        self._refused = self._digest(plan)
        self._changed()
        raise refusal or ChargerRefused("the charge point cannot hold these hours")

    def _profiles(self, plan: LeaveBehind, form: str, unit: str, now: datetime) -> list[dict[str, Any]]:
        return hours_profiles(
            plan.hours, plan.max_a, form=form, now=now, draw_s=plan.draw_s, smart=self._bench.smart, unit=unit
        )

    def _fits(self, found: list[dict[str, Any]]) -> bool:
        """Whether the charge point says that it can hold this many profiles, levels and periods."""
        smart = self._bench.smart
        periods = max(len(profile["chargingSchedule"]["chargingSchedulePeriod"]) for profile in found)
        level = max(profile["stackLevel"] for profile in found)
        return (
            (smart.max_periods is None or periods <= smart.max_periods)
            and (smart.max_profiles is None or len(found) + 1 <= max(2, smart.max_profiles))
            and (smart.max_level is None or level <= smart.max_level)
        )

    async def _place(self, connection: Connection, found: list[dict[str, Any]]) -> None:
        """Write them and look whether they hold; if not, above what may be in the way, then in local time.

        Raises:
            ChargerError: they were refused, or other hours hold whatever is written.
        """
        self._misreading.start_over()
        await self._send(connection, found)
        self._unchecked = found if self._bench.transaction_id is not None else None
        verdict = await self._check.look(connection, found)
        if verdict is Verdict.DIFFERS or (verdict is Verdict.SILENT and not self._stored.get("is_silent")):
            verdict = await self._place_above(connection, found, verdict)
            self._stored["is_silent"] = verdict is Verdict.SILENT
        while verdict is Verdict.DIFFERS and self._misreading.try_another():
            await self._send(connection, found)
            verdict = await self._check.look(connection, found)
        self._note_rank(is_outranked=verdict is Verdict.DIFFERS)
        if self._is_outranked:
            raise ChargerRefused("the charge point keeps other hours")
        if verdict is Verdict.AGREES:
            await self._misreading.confirm()

    def _note_rank(self, *, is_outranked: bool) -> None:
        if is_outranked != self._is_outranked:
            self._is_outranked = is_outranked
            self._changed()

    async def _place_above(
        self, connection: Connection, found: list[dict[str, Any]], verdict: Verdict
    ) -> Verdict | None:
        """Write them on higher stack levels, if there are any (quirk Q46)."""
        lifted = raised(found, self._bench.smart.top_level)
        if lifted is found:
            return verdict
        try:
            await self._send(connection, lifted)
        except ChargerRefused, ChargerMisunderstood:
            return verdict
        return await self._check.look(connection, found)

    async def _check_if_due(self, connection: Connection) -> None:
        """Look at hours that were written inside a transaction once that is over; if they do not hold, write anew."""
        found = self._unchecked
        if found is None or self._bench.transaction_id is not None:
            return
        self._unchecked = None
        if await self._check.look(connection, found) is Verdict.DIFFERS:
            self._stored.pop("digest", None)
            self._wake.set()

    async def _send(self, connection: Connection, found: list[dict[str, Any]]) -> None:
        connector_id = self._bench.connector_id
        for profile in found:
            payload = {
                "connectorId": connector_id,
                "csChargingProfiles": profiles.on_connector(
                    profiles.shifted(profile, self._misreading.by), connector_id
                ),
            }
            answer = await connection.call("SetChargingProfile", payload, priority=Priority.SETTINGS)
            if not is_accepted(answer):
                raise ChargerRefused(f"SetChargingProfile: {str(answer.get('status'))[:40]}")
        if len(found) == 1:
            await self._clear(connection, OVERLAY_ID)

    async def _remember(self, plan: LeaveBehind, form: str) -> None:
        self._stored.update(digest=self._digest(plan), form=form, sent_at=write(self._clock()))
        self._changed()
        await self._memory.keep()
