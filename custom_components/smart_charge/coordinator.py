"""The loop: gather facts, ask for a decision, act, remember, tell the entities (STYLE section 2)."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from random import SystemRandom
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.event import async_track_point_in_utc_time
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator
from homeassistant.util import dt as dt_util

from .asking import Asking
from .chargers.charger import Charger, ChargerError
from .charging.alarms import raised
from .charging.claims import Claim
from .charging.decide import decide, wish_before_supply_a, wish_without_events_a
from .charging.dsr_account import Books
from .charging.ending import shown_ending
from .charging.fallback import reconcile
from .charging.meter_guard import Asked
from .charging.model import NO_PHASES, Carry, Decision, Reading, Settings, Situation
from .charging.override import is_charge_now, is_spent, left_wh
from .charging.reason import is_not_taking
from .charging.session import State
from .charging.thermal import Heat
from .const import CONF_CONNECTOR_ID, LOGGER
from .consumption import Consumption
from .counting import Counting
from .dsr_book import DsrBook
from .leaving import Leaving
from .ledger import DATA_LEDGER
from .live import DATA_LIVE, LiveFeed
from .meter_notices import MeterNotices
from .picture import Picture
from .planner import Planner
from .prices import DATA_PRICES
from .recording import Recording, Scene
from .records.values import OutletKey
from .sampling import Sampling
from .settings import local_zone, settings_from, windows_of
from .site import DATA_SITE
from .statistics import PublishedStatistics
from .storage import Memory
from .wording import Wording

type SmartChargeConfigEntry = ConfigEntry[SmartChargeCoordinator]

LONG_ABSENCE: Final = timedelta(minutes=1)
"""After this long without a link the charge point may be following what was left behind."""

_SOONEST: Final = timedelta(seconds=1)
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
        self._wording = wording
        self._dice = SystemRandom()
        self.planner = Planner(memory, hass.data[DATA_PRICES])
        self._asking = Asking(self.name, charger, self._task, self._show)
        self._leaving = Leaving(
            hass, charger, entry_id=entry.entry_id, name=self.name, settings=self._settings_left_behind, run=self._task
        )
        outlet = OutletKey(charge_point=entry.entry_id, connector=entry.data.get(CONF_CONNECTOR_ID, 1))
        self.recording = Recording(hass.data[DATA_LEDGER], outlet)
        self.ledger = hass.data[DATA_LEDGER]
        self.dsr_book = DsrBook(self.ledger, outlet, memory)
        self._site = hass.data[DATA_SITE]
        self._sampling = Sampling(charger, memory, hass.data[DATA_LIVE].setdefault(entry.entry_id, LiveFeed()))
        self._notices = MeterNotices(hass, entry)
        self._wish_a = self._undisturbed_a = 0.0
        self.consumption = Consumption(hass, outlet, self._task, self._show_usage)
        self.statistics = PublishedStatistics(hass, outlet, self.name, self._task)
        self.counting = Counting(hass, charger, memory, self.recording, self._task)
        self._turn: asyncio.Handle | None = None
        self._forget_timer: CALLBACK_TYPE | None = None
        self._was_online = charger.is_online
        self._lost_at: datetime | None = dt_util.utcnow()
        self._is_new_here = True  # what the charge point does has not been compared with what we carry
        self._restarts = charger.restarts
        self._decided_on: object = None
        self._refusals = 0
        self._refused_because: str | None = None
        self._is_stopped = False
        self._stop_listening = charger.listen(self._on_charger)
        self._stop_pricing = hass.data[DATA_PRICES].listen(self._on_charger)
        self._leave_site = self._site.join(self)
        self._stop_following_site = self._site.listen(self.leave_behind)
        self._stop_sampling = charger.listen_samples(self._on_sample)
        self._decision = self._decide(dt_util.utcnow())
        memory.carry = self._decision.carry
        self.data = self._picture(dt_util.utcnow())

    # Facts

    @property
    def settings(self) -> Settings:
        """What the owner has chosen, as it holds for this charge point."""
        return settings_from(self.config_entry.options, self.charger.capabilities, local_zone())

    @property
    def session_wh(self) -> int | None:
        """Energy that the vehicle has taken in this session; None while there is none."""
        session = self.memory.session
        return None if session is None or session.state is State.FINISHED else session.energy_wh

    @property
    def heat(self) -> Heat:
        """What the charge point's temperature allows now."""
        return self._sampling.heat(dt_util.utcnow())

    @property
    def _facts(self) -> object:
        """What a decision can depend on. While it stays the same, only time can change the answer."""
        reading = self.charger.reading
        said = reading and (
            reading.status,
            reading.pilot,
            reading.fault,
            reading.cable_a,
            reading.is_plugged_in,
            reading.is_charging,
            reading.offered_a,
        )
        is_due = is_spent(self.memory.carry.override, self.session_wh)
        supply = self._site.ceiling_of(self.key)
        return (
            said,
            is_due,
            supply,
            self.charger.restarts,
            self.charger.capabilities,
            self._was_online,
            self.planner.plan,
            self.heat,
        )

    @callback
    def _on_charger(self) -> None:
        """Take a turn soon: however much a charge point says at once, it is one turn."""
        if self._turn is None and not self._is_stopped:
            self._turn = self.hass.loop.call_soon(self._take_turn)

    @callback
    def _on_sample(self, sample: Reading) -> None:
        """Take up what the meter shows; an alarm is acted on at once."""
        if self._is_stopped:
            return
        alarm, standing = self._sampling.take(sample, self._asked), self.memory.carry.alarms
        if alarm is not None and alarm.danger not in {each.danger for each in standing}:
            self._notices.record(alarm)
            self.change(lambda carry: replace(carry, alarms=raised(carry.alarms, alarm)))
        elif (believed := self._sampling.believed(standing)) != standing:
            self.change(lambda carry: replace(carry, alarms=believed))
        elif self._facts != self._decided_on:
            self._on_charger()

    @property
    def _asked(self) -> Asked | None:
        asked, settings = self._asking.asked, self.settings
        if asked is None or not self.charger.is_online:
            return None
        return Asked(setpoint_a=asked[0], since_at=asked[1], rated_a=settings.rated_a, phases=settings.phases)

    @callback
    def _take_turn(self) -> None:
        self._turn = None
        now = dt_util.utcnow()
        self._note_link(now)
        if self._leaving.is_due:
            self.leave_behind()
        self._count(self.charger.reading, now)
        self.planner.follow(now, self.settings)
        self._site.share(self)
        if self._facts == self._decided_on:
            self._asking.watch(now)
            self._show(now)
        else:
            self.step()

    def _note_link(self, now: datetime) -> None:
        """Log a link lost and found, once each; after a long absence see what became of our setpoint."""
        is_online = self.charger.is_online
        if is_online == self._was_online:
            return
        self._was_online = is_online
        if not is_online:
            LOGGER.info("%s cannot be reached", self.name)
            self._lost_at = now
            return
        LOGGER.info("%s is reached", self.name)
        self._is_new_here = self._is_new_here or (self._lost_at is not None and now - self._lost_at >= LONG_ABSENCE)
        self._asking.begin_again(now)
        self.leave_behind()

    def _count(self, reading: Reading | None, now: datetime) -> None:
        self.counting.count(reading, now)
        if reading is not None and self.charger.is_online:
            self._sampling.follow(self.memory.session, self._tell_accuracy)

    @callback
    def _tell_accuracy(self) -> None:
        """Say whether the meter can be believed (9.5, 9.6)."""
        self._notices.show_accuracy(self._sampling.error, self._sampling.bias)

    # The step

    @callback
    def step(self, *, skip_delay: bool = False) -> None:
        """Decide on the facts as they are, act on it, and show it."""
        if self._is_stopped:
            return
        now = dt_util.utcnow()
        before = self.memory.carry
        self._decision = self._decide(now, skip_delay=skip_delay)
        self._keep(before, self._decision.carry)
        self.charger.admit(is_admitted=is_charge_now(self.memory.carry))
        self._asking.ask_if_new(self._decision.setpoint_a, now)
        self._asking.watch(now)
        self._show(now)

    def _decide(self, now: datetime, *, skip_delay: bool = False) -> Decision:
        reading, restarts = self.charger.reading, self.charger.restarts
        carry = self.memory.carry
        if self._is_new_here and reading is not None and self.charger.is_online:
            self._is_new_here = False
            carry = reconcile(carry, reading)
        self.planner.follow(now, self.settings)
        situation = Situation(
            now=now,
            dice=self._dice.random(),
            settings=self.settings,
            reading=reading,
            carry=carry,
            session_wh=self.session_wh,
            heat=self.heat,
            skip_delay=skip_delay,
            power_returned=restarts != self._restarts,
            plan=self.planner.plan,
        )
        self.memory.carry = carry  # what is in force is part of what is claimed
        self._wish_a = wish_before_supply_a(situation)
        self._site.share(self)
        self._decided_on = self._facts
        situation = replace(situation, supply=self._site.ceiling_of(self.key))
        self._undisturbed_a = wish_without_events_a(situation)
        decision = decide(situation)
        if restarts != self._restarts:
            self._restarts = restarts
            self._asking.forget()
            self.leave_behind()
        return decision

    # The share of the supply

    @property
    def key(self) -> str:
        """By which the site knows this charge point."""
        return self.config_entry.entry_id

    @property
    def own_phases(self) -> int | None:
        """How many phases it is connected to; None when it does not tell."""
        return self.charger.capabilities.phases

    def _settings_left_behind(self) -> Settings:
        """Return what holds without us, when nobody shares the supply any more: no more than is safe unwatched."""
        settings, most_a = self.settings, self._site.unattended_a
        return settings if most_a is None else replace(settings, rated_a=min(settings.rated_a, most_a))

    def claim(self, phases: tuple[int, ...]) -> Claim:
        """Say what it wants of the supply, and what it draws."""
        reading, carry = self.charger.reading, self.memory.carry
        return Claim(
            key=self.key,
            wish_a=self._wish_a,
            phases=phases,
            drawn_a=NO_PHASES if reading is None else reading.current_a,
            taken_at=None if reading is None else reading.measured_at or reading.taken_at,
            in_force_a=carry.in_force_a,
            rises_at=carry.rises_at,
            is_taking=reading is None or not is_not_taking(reading),
        )

    @callback
    def supply_changed(self) -> None:
        """Take a step soon: the site has another share for us."""
        self._on_charger()

    def _keep(self, before: Carry, after: Carry) -> None:
        self.memory.carry = after
        kept = (before.hold, before.override, before.events, before.alarms)
        if kept != (after.hold, after.override, after.events, after.alarms):
            self.memory.save_at_once()
        elif before != after:
            self.memory.save_soon()

    # Showing

    def _show(self, now: datetime) -> None:
        self._notices.show_alarms(self.memory.carry.alarms)
        scene = self._scene(now)
        self.recording.note(scene)
        self.consumption.follow(now)
        self.dsr_book.note(scene, self._undisturbed_a)
        self._arm(now)
        self.async_set_updated_data(self._picture(now))

    def _show_usage(self, now: datetime) -> None:
        if not self._is_stopped:
            self.async_set_updated_data(self._picture(now))

    def _scene(self, now: datetime) -> Scene:
        return Scene(
            now=now,
            settings=self.settings,
            reading=self.charger.reading,
            is_online=self.charger.is_online,
            session=self.memory.session,
            decision=self._decision,
            tab=self.memory.tab,
        )

    def _picture(self, now: datetime) -> Picture:
        total = self.memory.total
        picture = Picture(
            as_of=now,
            is_online=self.charger.is_online,
            is_not_followed=self._asking.is_failing,
            is_refused=self._asking.is_refused,
            unattended=self.charger.capabilities.unattended,
            refusals=self._refusals,
            refused_because=self._refused_because,
            settings=self.settings,
            windows=windows_of(self.config_entry.options),
            reading=self.charger.reading or Reading(taken_at=now),
            decision=self._decision,
            plan=self.planner.plan,
            session=self.memory.session,
            heat=self.heat,
            sample_s=self.charger.sample_interval_s,
            meter_error=self._sampling.error,
            total_wh=None if total.last_wh is None else total.counted_wh,
            usage=self.consumption.periods,
            cost=None if self.memory.tab is None else self.memory.tab.cost,
            ending=shown_ending(self.memory.ending, self._decision.carry.override, local_zone()),
        )
        return replace(picture, sentence=self._wording.sentence(picture.why, picture.until_at, now))

    def sentence(self, why: str, until_at: datetime | None, at: datetime) -> str | None:
        """Say why, as it was said at an instant."""
        return self._wording.sentence(why, until_at, at)

    def words(self, key: str, values: Mapping[str, str]) -> str | None:
        """Return one of our own sentences in Home Assistant's language; None when it has no words for it."""
        return self._wording.words(key, values)

    def _arm(self, now: datetime) -> None:
        """Set the one timer to when time alone changes something."""
        if self._forget_timer is not None:
            self._forget_timer()
        midnight = dt_util.as_utc(dt_util.start_of_local_day(dt_util.as_local(now).date() + timedelta(days=1)))
        session = self.memory.session
        tick = now + _TICK if session is not None and session.state is not State.FINISHED else None
        times = (
            self._decision.review_at,
            self._asking.look_at(now),
            midnight,
            tick,
            self.recording.look_at(),
            self._sampling.cools_at,
        )
        due_at = max(min(at for at in times if at is not None), now + _SOONEST)
        self._forget_timer = async_track_point_in_utc_time(self.hass, self._on_time, due_at)

    @callback
    def _on_time(self, now: datetime) -> None:
        self._forget_timer = None
        now = dt_util.utcnow()
        review_at = self._decision.review_at
        self.planner.follow(now, self.settings)
        if (review_at is not None and review_at <= now) or self._facts != self._decided_on:
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
        self._refusals += 1
        self._refused_because = because
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
        self._wording = await Wording.async_load(self.hass)
        self.options_changed()

    @callback
    def leave_behind(self) -> None:
        """Write to the charge point what shall hold without us (reg 7), as soon as it is there and has spoken."""
        if not self._is_stopped:
            self._leaving.write()

    # Forgetting

    @callback
    def forget(self) -> None:
        """Forget the vehicle's stay so far: what goes on counts as a new one, from now on (S7.2).

        An override that lasts until some energy was taken ends when it would have.
        """
        memory, now = self.memory, dt_util.utcnow()
        override, reading = memory.carry.override, self.charger.reading
        if override is not None and override.energy_wh is not None:
            rest = replace(override, energy_wh=left_wh(override, self.session_wh), from_wh=0)
            memory.carry = replace(memory.carry, override=rest)
        memory.session = memory.tab = None
        self._sampling.forget()
        memory.books = Books()
        self.recording.forget()
        self._count(None if reading is None else replace(reading, taken_at=now), now)
        memory.save_at_once()
        self._show(now)

    # Beginning and end

    def _task[ResultT](self, work: Coroutine[Any, Any, ResultT], what: str) -> asyncio.Task[ResultT]:
        return self.config_entry.async_create_background_task(self.hass, work, f"{self.name}: {what}")

    @callback
    def start(self) -> Callable[[], Coroutine[Any, Any, None]]:
        """Take the first step. Returns what ends the loop and hands back control."""
        self._ends = (self.consumption.start(), self.statistics.start())
        self._end_preparing = self.hass.data[DATA_LEDGER].prepare(self.memory.async_save_waiting)
        self._note_link(dt_util.utcnow())
        self._count(self.charger.reading, dt_util.utcnow())
        self.step()
        self._tell_accuracy()
        self.leave_behind()
        return self.async_stop

    async def async_stop(self) -> None:
        """Send nothing more, give control back, and put on disk what a restart needs. Safe to call again."""
        if self._is_stopped:
            return
        self._is_stopped = True
        self._stop_listening()
        self._stop_pricing()
        self._leave_site()
        self._stop_following_site()
        self._stop_sampling()
        self._sampling.close()
        if self._turn is not None:
            self._turn.cancel()
        if self._forget_timer is not None:
            self._forget_timer()
            self._forget_timer = None
        under_way = [task for task in (self._asking.task, self._leaving.task) if task is not None and not task.done()]
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)
        self.recording.close(self._scene(dt_util.utcnow()))
        await self.charger.hand_back()
        await self.memory.async_save()
        self._end_preparing()
        for end in self._ends:
            end()
