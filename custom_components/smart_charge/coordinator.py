"""The loop: gather facts, ask for a decision, act, remember, tell the entities (STYLE section 2)."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator
from homeassistant.util import dt as dt_util

from .asking import Asking
from .bookkeeping import Bookkeeping
from .chargers.charger import Charger, ChargerError
from .charging.decide import decide, wish_before_supply_a, wish_without_events_a
from .charging.model import Carry, Decision, Reading, Settings
from .charging.override import counted_anew, is_charge_now
from .charging.session import State
from .charging.thermal import Heat
from .const import CONF_CONNECTOR_ID, LOGGER
from .facts import Facts
from .leaving import Leaving
from .ledger import DATA_LEDGER
from .meter.live import DATA_LIVE, LiveFeed
from .meter.sampling import Sampling
from .meter.watch import MeterWatch
from .picture import Picture
from .planner import Planner
from .prices import DATA_PRICES
from .records.values import OutletKey
from .settings import local_zone, settings_from
from .showing import Showing
from .site import DATA_SITE
from .storage import Memory
from .supply_share import SupplyShare
from .wake import Wake
from .wording import Wording

type SmartChargeConfigEntry = ConfigEntry[SmartChargeCoordinator]

_TICK: Final = timedelta(minutes=1)


class SmartChargeCoordinator(DataUpdateCoordinator[Picture]):
    """One charge point's loop. It alone calls `decide`, and it alone commands the charger."""

    config_entry: SmartChargeConfigEntry

    def __init__(
        self, hass: HomeAssistant, entry: SmartChargeConfigEntry, charger: Charger, memory: Memory, wording: Wording
    ) -> None:
        super().__init__(hass, LOGGER, config_entry=entry, name=entry.title)
        self.charger = charger
        self.memory = memory
        self.planner = Planner(charger, memory, hass.data[DATA_PRICES])
        self._asking = Asking(self.name, charger, self._task, self._show)
        self._leaving = Leaving(
            hass,
            charger,
            entry_id=entry.entry_id,
            name=self.name,
            settings=lambda: self.settings,
            left=lambda: self._share.left,
            run=self._task,
        )
        self.ledger = hass.data[DATA_LEDGER]
        outlet = OutletKey(charge_point=entry.entry_id, connector=entry.data.get(CONF_CONNECTOR_ID, 1))
        self._books = books = Bookkeeping(
            hass, outlet, charger, memory, name=self.name, run=self._task, changed=self._show_usage
        )
        self.recording, self.dsr_book, self.consumption = books.recording, books.dsr_book, books.consumption
        self._sampling = Sampling(charger, memory, hass.data[DATA_LIVE].setdefault(entry.entry_id, LiveFeed()))
        self._meter = MeterWatch(hass, entry, memory, self._sampling, change=self.change)
        self._showing = Showing(
            charger,
            memory,
            wording,
            following=self._asking.following,
            planner=self.planner,
            sampling=self._sampling,
            consumption=self.consumption,
        )
        self._undisturbed_a = 0.0
        self._wake = Wake(hass, on_news=self._take_turn, on_time=self._on_time)
        self._is_stopped = False
        site = hass.data[DATA_SITE]
        self._share = SupplyShare(site, charger, memory, key=entry.entry_id, name=self.name, changed=self._on_charger)
        self._facts = Facts(
            charger,
            memory,
            settings=lambda: self.settings,
            planner=self.planner,
            sampling=self._sampling,
            share=self._share,
        )
        self._stops = self._listen()
        self._decision = self._decide(dt_util.utcnow())
        memory.carry = self._decision.carry
        self.data = self._picture(dt_util.utcnow())

    def _listen(self) -> tuple[Callable[[], None], ...]:
        """Hear whatever can change a fact; returns what ends that."""
        return (
            self.charger.listen(self._on_charger),
            self.charger.listen_samples(self._on_sample),
            self.hass.data[DATA_PRICES].listen(self._on_charger),
            self.hass.data[DATA_SITE].listen(self.leave_behind),
            self._share.leave,
        )

    # Facts

    @property
    def settings(self) -> Settings:
        """What the owner has chosen, as it holds for this charge point."""
        return settings_from(self.config_entry.options, self.charger.capabilities, local_zone())

    @property
    def session_wh(self) -> int | None:
        """Energy that the vehicle has taken in this session; None while there is none."""
        return self._facts.session_wh

    @property
    def heat(self) -> Heat:
        """What the charge point's temperature allows now."""
        return self._facts.heat

    @callback
    def _on_charger(self) -> None:
        """Take a turn soon: however much a charge point says at once, it is one turn."""
        if not self._is_stopped:
            self._wake.soon()

    @callback
    def _on_sample(self, sample: Reading) -> None:
        """Take up what the meter shows; an alarm is acted on at once."""
        if self._is_stopped or self._meter.take(sample, self._asking.asked(self.settings)):
            return
        if self._facts.have_changed:
            self._on_charger()

    @callback
    def _take_turn(self) -> None:
        now = dt_util.utcnow()
        self._note_link(now)
        if self._leaving.is_due:
            self.leave_behind()
        self._count(self.charger.reading, now)
        self.planner.follow(now, self.settings)
        self._share.renew()
        if self._facts.have_changed:
            self.step()
        else:
            self._asking.watch(now)
            self._show(now)

    def _note_link(self, now: datetime) -> None:
        """Log a link lost and found, once each; what is asked for and left behind begins anew."""
        if not self._facts.note_link(now):
            return
        if not self.charger.is_online:
            LOGGER.info("%s cannot be reached", self.name)
            return
        LOGGER.info("%s is reached", self.name)
        self._asking.begin_again(now)
        self.leave_behind()

    def _count(self, reading: Reading | None, now: datetime) -> None:
        self._books.count(reading, now)
        if reading is not None and self.charger.is_online:
            self._meter.follow()

    # The step

    @callback
    def step(self, *, skip_delay: bool = False) -> None:
        """Decide on the facts as they are, act on it, and show it."""
        if self._is_stopped:
            return
        now = dt_util.utcnow()
        before = self.memory.carry
        self.charger.admit(is_admitted=is_charge_now(before))
        self._decision = self._decide(now, skip_delay=skip_delay)
        self.memory.carry_on(before, self._decision.carry)
        self.charger.admit(is_admitted=is_charge_now(self.memory.carry))
        self._asking.ask_if_new(self._decision.setpoint_a, now)
        self._asking.watch(now)
        self._show(now)

    def _decide(self, now: datetime, *, skip_delay: bool = False) -> Decision:
        situation = self._facts.situation(now, skip_delay=skip_delay)
        self._share.wish_a = wish_before_supply_a(situation)
        self._share.renew()
        self._facts.note_decision()
        situation = replace(situation, supply=self._share.ceiling)
        self._undisturbed_a = wish_without_events_a(situation)
        decision = decide(situation)
        if situation.power_returned:
            self._asking.forget()
            self.leave_behind()
        return decision

    # Showing

    def _show(self, now: datetime) -> None:
        self._meter.show(self.memory.carry.alarms)
        self._books.note(now, self.settings, self._decision, self._undisturbed_a)
        self._arm(now)
        self.async_set_updated_data(self._picture(now))

    def _show_usage(self, now: datetime) -> None:
        if not self._is_stopped:
            self.async_set_updated_data(self._picture(now))

    def _picture(self, now: datetime) -> Picture:
        return self._showing.picture(
            now, self.settings, self.config_entry.options, self._decision, left=self._share.left
        )

    def sentence(self, why: str, until_at: datetime | None, at: datetime) -> str | None:
        """Say why, as it was said at an instant."""
        return self._showing.wording.sentence(why, until_at, at)

    def words(self, key: str, values: Mapping[str, str]) -> str | None:
        """Return one of our own sentences in Home Assistant's language; None when it has no words for it."""
        return self._showing.wording.words(key, values)

    def _arm(self, now: datetime) -> None:
        session = self.memory.session
        self._wake.at(
            now,
            self._decision.review_at,
            self._asking.look_at(now),
            now + _TICK if session is not None and session.state is not State.FINISHED else None,
            self.recording.look_at(),
            self._sampling.cools_at,
        )

    @callback
    def _on_time(self) -> None:
        now = dt_util.utcnow()
        review_at = self._decision.review_at
        self.planner.follow(now, self.settings)
        if (review_at is not None and review_at <= now) or self._facts.have_changed:
            self.step()
        else:
            self._asking.watch(now)
            self._show(now)

    # What people and the electricity system ask for

    async def async_change(self, change: Callable[[Carry], Carry], *, skip_delay: bool = False) -> ChargerError | None:
        """Keep what somebody asked for, act on it, and return what went wrong in asking the charge point."""
        earlier = self._asking.task
        self.change(change, skip_delay=skip_delay)
        return await self._asking.async_outcome(earlier)

    async def async_change_options(
        self, changes: Mapping[str, Any], *, skip_delay: bool = False
    ) -> ChargerError | None:
        """Keep what the owner has set, act on it, and return what went wrong in asking the charge point."""
        earlier = self._asking.task
        self.change_options(changes)
        self.step(skip_delay=skip_delay)
        return await self._asking.async_outcome(earlier)

    @callback
    def change(self, change: Callable[[Carry], Carry], *, skip_delay: bool = False) -> None:
        """Keep what somebody asked for, and act on it. ``skip_delay``: what it changes is due now (11.5)."""
        self.memory.carry = change(self.memory.carry)
        self.memory.save_at_once()
        self.step(skip_delay=skip_delay)

    @callback
    def override_refused(self, because: str | None) -> None:
        """Take note that what somebody asked for by hand was refused, and why."""
        self._showing.note_refusal(because)
        self._show(dt_util.utcnow())

    async def async_charges_anyway(self) -> bool:
        """Whether the vehicle is charged although the charge point refused the setpoint, and will go on being."""
        return await self._asking.async_charges_anyway()

    @callback
    def change_options(self, changes: Mapping[str, Any]) -> None:
        """Keep what the owner has set; the entry's update listener then applies it."""
        entry = self.config_entry
        self.hass.config_entries.async_update_entry(entry, options={**entry.options, **changes})

    @callback
    def options_changed(self) -> None:
        """Apply what the owner has changed; the link stays up."""
        self.step()
        self.leave_behind()

    async def async_language_changed(self) -> None:
        """Speak the language, and keep the time zone, that Home Assistant is now set to."""
        self._showing.wording = await Wording.async_load(self.hass)
        self.hass.data[DATA_SITE].charge_points_changed()
        self.options_changed()

    @callback
    def leave_behind(self) -> None:
        """Write to the charge point what shall hold without us (reg 7), as soon as it is there and has spoken."""
        if not self._is_stopped:
            self._leaving.write()

    # Forgetting

    @callback
    def forget(self) -> None:
        """Forget the vehicle's stay so far: what goes on counts as a new one, from now on (S7.2)."""
        memory, reading, now = self.memory, self.charger.reading, dt_util.utcnow()
        memory.carry = counted_anew(memory.carry, self.session_wh)
        self._books.forget()
        self._sampling.forget()
        self._count(None if reading is None else replace(reading, taken_at=now), now)
        memory.save_at_once()
        self._show(now)

    # Beginning and end

    def _task[ResultT](self, work: Coroutine[Any, Any, ResultT], what: str) -> asyncio.Task[ResultT]:
        return self.config_entry.async_create_background_task(self.hass, work, f"{self.name}: {what}")

    @callback
    def start(self) -> Callable[[], Coroutine[Any, Any, None]]:
        """Take the first step. Returns what ends the loop and hands back control."""
        self._ends = self._books.start()
        self._note_link(dt_util.utcnow())
        self._count(self.charger.reading, dt_util.utcnow())
        self.step()
        self._meter.tell_accuracy()
        self.leave_behind()
        return self.async_stop

    async def async_stop(self) -> None:
        """Send nothing more, give control back, and put on disk what a restart needs. Safe to call again."""
        if self._is_stopped:
            return
        self._is_stopped = True
        for stop in self._stops:
            stop()
        self._sampling.close()
        self._wake.cancel()
        await self._async_send_no_more()
        self._books.close(dt_util.utcnow(), self.settings, self._decision)
        await self.charger.hand_back()
        await self.memory.async_save()
        for end in self._ends:
            end()

    async def _async_send_no_more(self) -> None:
        under_way = [task for task in (self._asking.task, self._leaving.task) if task is not None and not task.done()]
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)
