"""What shall hold without us, written to the charge point (reg 7): the coordinator's last will."""

import asyncio
from collections.abc import Callable
from random import SystemRandom
from typing import Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from .asking import Run
from .chargers.charger import Charger, ChargerError, LeaveBehind
from .charging.fallback import hours_left_behind
from .charging.left_to_each import Left
from .charging.left_turns import Turn
from .charging.model import MIN_CURRENT_A, Settings, WeeklyHours
from .charging.random_delay import draw_s
from .const import DOMAIN, LOGGER
from .lot import issue_ids
from .settings import local_zone

_REPAIRS: Final = {"stays_as_it_was": "stays_off", "stays_off": "fails_to_zero"}
"""What is said where a vehicle would stay uncharged without us."""


class Leaving:
    """What is left behind with one charge point. Only its coordinator may use it."""

    def __init__(
        self,
        hass: HomeAssistant,
        charger: Charger,
        *,
        entry_id: str,
        name: str,
        settings: Callable[[], Settings],
        left: Callable[[], Left | None],
        run: Run,
    ) -> None:
        self._hass = hass
        self._issue_id, self._too_much_id = issue_ids(entry_id)
        self._name = name
        self._charger = charger
        self._settings = settings
        self._left = left
        self._run = run
        self._dice = SystemRandom()
        self._last_draw_s: int | None = None
        self.is_due = False
        self.task: asyncio.Task[None] | None = None

    @callback
    def write(self) -> None:
        """Write it as soon as the charge point is there and has spoken; until then it is due."""
        self.is_due = self._charger.reading is None or not self._charger.is_online
        if self.is_due:
            return
        if self.task is not None:
            self.task.cancel()
        self.task = self._run(self._async_write(), "leave behind")

    async def _async_write(self) -> None:
        settings, turn = self._settings(), self._turn
        plan = LeaveBehind(
            hours=hours_left_behind(settings)
            if turn is None
            else WeeklyHours(windows=turn.windows, time_zone=local_zone()),
            max_a=self._most_a,
            draw_s=self._draw_edge,
            delay_max_s=settings.random_delay_max_s,
        )
        try:
            await self._charger.leave_behind(plan)
        except ChargerError as err:
            LOGGER.debug("%s: what shall hold without us was not taken: %r", self._name, err)
        self._tell()
        self._tell_too_much()

    @property
    def _turn(self) -> Turn | None:
        """Its time of day, where it shares the supply by the clock when nobody shares it any more."""
        left = self._left()
        return None if left is None else left.turn

    @property
    def _most_a(self) -> float:
        """No more than is safe unwatched."""
        settings, left = self._settings(), self._left()
        return settings.rated_a if left is None else min(settings.rated_a, left.max_a)

    def _draw_edge(self) -> int:
        """Draw a delay for one edge of the hours in the charge point's own copy, each another."""
        most_s, turn = self._settings().random_delay_max_s, self._turn
        most_s = most_s if turn is None else min(most_s, turn.edge_s)
        self._last_draw_s = draw_s(self._dice.random(), most_s, self._last_draw_s)
        return self._last_draw_s

    def _tell(self) -> None:
        """Raise a repair if a vehicle would stay uncharged when Home Assistant is away (7.1)."""
        key = _REPAIRS.get(self._charger.capabilities.unattended)
        if self._most_a < MIN_CURRENT_A:
            key = None  # the supply is why, and the site says so
        if key is None:
            ir.async_delete_issue(self._hass, DOMAIN, self._issue_id)
            return
        ir.async_create_issue(
            self._hass,
            DOMAIN,
            self._issue_id,
            is_fixable=False,
            severity=ir.IssueSeverity.WARNING,
            translation_key=key,
            translation_placeholders={"name": self._name},
        )

    def _tell_too_much(self) -> None:
        """Raise a repair if it would take more of a shared supply than is left to it, whatever we write (8.1)."""
        held_a = self._charger.capabilities.failsafe_a
        if self._left() is None or held_a is None or held_a < MIN_CURRENT_A or held_a <= self._most_a:
            ir.async_delete_issue(self._hass, DOMAIN, self._too_much_id)
            return
        ir.async_create_issue(
            self._hass,
            DOMAIN,
            self._too_much_id,
            is_fixable=False,
            severity=ir.IssueSeverity.WARNING,
            translation_key="allows_too_much",
            translation_placeholders={
                "name": self._name,
                "failsafe": f"{held_a:g}",
                "left": f"{self._most_a:g}",
            },
        )
