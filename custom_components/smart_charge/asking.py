"""Ask the charge point for a setpoint, and watch whether it follows: the coordinator's hand and eye."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import datetime
from typing import Any, Final

from homeassistant.util import dt as dt_util

from .chargers.charger import Charger, ChargerError, ChargerUnreachable
from .charging.fallback import is_charged_anyway, is_followed
from .charging.meter_guard import Asked
from .charging.model import Settings
from .const import LOGGER, NOT_FOLLOWED_AFTER
from .following import Following

NEWS_WITHIN_S: Final = 5.0
"""How long a person waits to hear whether the vehicle is charged although the setpoint was refused."""

type Run = Callable[[Coroutine[Any, Any, Any], str], asyncio.Task[Any]]
"""Runs work in the background for as long as the config entry is loaded; the text says what it is."""


class Asking:
    """The setpoint that one charge point was last asked for. Only its coordinator may use it."""

    def __init__(self, name: str, charger: Charger, run: Run, show: Callable[[datetime], None]) -> None:
        self._name = name
        self._charger = charger
        self._run = run
        self._show = show
        self.following = Following()
        self._asked_a: float | None = None
        self._fell_at: datetime | None = None
        self._since: datetime | None = None
        self._task: asyncio.Task[ChargerError | None] | None = None

    @property
    def task(self) -> asyncio.Task[ChargerError | None] | None:
        """The newest asking, under way or done."""
        return self._task

    def asked(self, settings: Settings) -> Asked | None:
        """Return what is asked for, as its meter is judged by; None before anything was, and without a link."""
        if self._asked_a is None or self._since is None or not self._charger.is_online:
            return None
        self._since = min(self._since, dt_util.utcnow())  # the clock may have been set back
        return Asked(setpoint_a=self._asked_a, since_at=self._since, rated_a=settings.rated_a, phases=settings.phases)

    def look_at(self, now: datetime) -> datetime | None:
        """When to watch again although nothing new was heard; None when there is no need."""
        return self.following.look_at(now)

    def ask_if_new(self, setpoint_a: float, now: datetime) -> None:
        """Ask for the setpoint if it differs from the one asked for; never before reading."""
        if setpoint_a != self._asked_a and self._charger.reading is not None:
            self._asked_a = setpoint_a
            self._since = now
            self.following.begin(now)
            self._ask(setpoint_a)

    def forget(self) -> None:
        """Ask for the next setpoint whatever it is: the charge point has restarted."""
        self._asked_a = self._fell_at = None

    def begin_again(self, now: datetime) -> None:
        """Be patient afresh: the link is back, and the charger object asks by itself."""
        if self._asked_a is not None:
            self._since = now
            self.following.begin(now)

    def watch(self, now: datetime) -> None:
        """See whether the charge point follows, and ask again if not."""
        reading = self._charger.reading
        if reading is None or self._asked_a is None or not self._charger.is_online:
            return
        was_failing = self.following.is_failing
        is_taken = is_followed(self._asked_a, reading, self._charger.capabilities.step_a)
        if self.following.judge(is_followed=is_taken, taken_at=reading.taken_at, now=now):
            self.following.ask(now)
            self._ask(self._asked_a)
        self._log(was_failing=was_failing)

    async def async_outcome(self, earlier: asyncio.Task[ChargerError | None] | None) -> ChargerError | None:
        """Wait for the asking that followed an ``earlier`` one; one that was superseded has no outcome."""
        task = self._task
        if task is None or task is earlier:
            return None
        await asyncio.wait({task})
        return None if task.cancelled() else task.result()

    async def async_charges_anyway(self) -> bool:
        """Whether the vehicle is charged although the setpoint was refused, and will go on being. That is reported.

        A pause that was taken while charging is believed until a later reading shows that nothing came of it,
        for a load takes its time to fall.
        """
        heard = asyncio.Event()
        stop = self._charger.listen(heard.set)
        try:
            async with asyncio.timeout(NEWS_WITHIN_S):
                while (is_charged := self._is_charged()) is None:
                    heard.clear()
                    await heard.wait()
        except TimeoutError:
            is_charged = False
        finally:
            stop()
        if is_charged and self.following.is_refused:
            self._report()
        return bool(is_charged)

    def _is_charged(self) -> bool | None:
        reading = self._charger.reading
        falls = self._fell_at is not None and (reading is None or reading.taken_at < self._fell_at + NOT_FOLLOWED_AFTER)
        return False if falls else is_charged_anyway(reading)

    def _report(self) -> None:
        was_failing = self.following.is_failing
        self.following.report()
        self._log(was_failing=was_failing)
        self._show(dt_util.utcnow())

    def _ask(self, setpoint_a: float) -> None:
        """Send it in a task: a slow charge point never holds up a step, and a newer setpoint supersedes it."""
        if self._task is not None:
            self._task.cancel()
        self._task = self._run(self._async_ask(setpoint_a), "ask")

    async def _async_ask(self, setpoint_a: float) -> ChargerError | None:
        """Ask, and return what went wrong. Without a link nothing did: the charger asks when it is back."""
        before = self._charger.reading
        try:
            await self._charger.apply(setpoint_a)
        except ChargerUnreachable as err:
            return err
        except ChargerError as err:
            LOGGER.debug("%s: %s A was not taken: %r", self._name, setpoint_a, err)
            was_failing = self.following.is_failing
            self.following.refuse()
            self._log(was_failing=was_failing)
            self._show(dt_util.utcnow())
            return err
        self.following.take()
        is_fall = setpoint_a == 0 and before is not None and before.is_charging
        self._fell_at = dt_util.utcnow() if is_fall else None
        return None

    def _log(self, *, was_failing: bool) -> None:
        if self.following.is_failing and not was_failing:
            LOGGER.warning("%s does not follow: %s A was asked for", self._name, self._asked_a)
        elif was_failing and not self.following.is_failing:
            LOGGER.info("%s follows again", self._name)
