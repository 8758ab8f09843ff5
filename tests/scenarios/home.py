"""A home to live a day in: a vehicle and a charge point that obey, and the core deciding as the coordinator would.

A step's actions are plain words (see ``ACTIONS``). Between steps time goes on from review to
review, and a setpoint that changes where the day's file says nothing fails the day.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
import json
import math
import re
from zoneinfo import ZoneInfo

from custom_components.smart_charge.charging.decide import decide
from custom_components.smart_charge.charging.demand_response import opted_out, with_event, without_event
from custom_components.smart_charge.charging.fallback import reconcile
from custom_components.smart_charge.charging.model import (
    Carry,
    Ceiling,
    ConnectorStatus,
    Decision,
    DsrEvent,
    DsrKind,
    Fault,
    Mode,
    Reading,
    Settings,
    Situation,
    WeeklyHours,
)
from custom_components.smart_charge.charging.off_peak import preset_hours, windows_from_list
from custom_components.smart_charge.charging.override import (
    begin_charge_now,
    begin_stop,
    end_override,
    is_spent,
    next_showing,
)
from custom_components.smart_charge.charging.plan_making import Facts
from custom_components.smart_charge.charging.planning import Errand, Planning, follow
from custom_components.smart_charge.charging.session import Session, State, advance
from custom_components.smart_charge.outlook.tariff import Rate, Tariff
from custom_components.smart_charge.records.carry import recover, to_plain

MAINS_V = 230.0
POLL = timedelta(minutes=1)


@dataclass
class Wall:
    """The charge point and what hangs on it. It does what it was last told, also when nobody speaks to it."""

    is_plugged: bool = False
    is_full: bool = False
    is_faulted: bool = False
    cable_a: float | None = None
    setpoint_a: float = 0.0
    takes_a: float = math.inf
    energy_wh: float = 4_000_000.0

    @property
    def drawn_a(self) -> float:
        draws = self.is_plugged and not self.is_full and not self.is_faulted
        return min(self.setpoint_a, self.takes_a) if draws else 0.0

    def read(self, now: datetime) -> Reading:
        return Reading(
            taken_at=now,
            status=self._status(),
            setpoint_a=self.setpoint_a,
            offered_a=self.setpoint_a,
            current_a=(self.drawn_a, None, None),
            power_w=self.drawn_a * MAINS_V,
            import_wh=int(self.energy_wh),
            cable_a=self.cable_a,
            fault=Fault(code="GroundFailure") if self.is_faulted else None,
        )

    def _status(self) -> ConnectorStatus:
        if self.is_faulted:
            return ConnectorStatus.FAULTED
        if not self.is_plugged:
            return ConnectorStatus.AVAILABLE
        if self.setpoint_a == 0:
            return ConnectorStatus.SUSPENDED_EVSE
        return ConnectorStatus.SUSPENDED_EV if self.is_full else ConnectorStatus.CHARGING


@dataclass
class Home:
    """One charge point, its vehicle, and Home Assistant."""

    settings: Settings
    now: datetime
    zone: ZoneInfo
    wall: Wall = field(default_factory=Wall)
    carry: Carry = field(default_factory=Carry)
    session: Session | None = None
    sessions: list[Session] = field(default_factory=list)
    reading: Reading | None = None
    tariff: Tariff | None = None
    prices_end_at: datetime | None = None  # so far, and no further, prices are known
    planning: Planning = field(default_factory=Planning)
    decision: Decision | None = None
    has_link: bool = True
    is_running: bool = True
    skip_delay: bool = False
    power_returned: bool = False
    share: Callable[[Situation], Ceiling | None] | None = None  # of a supply that others use as well
    wish_a: float = 0.0

    @property
    def session_wh(self) -> int | None:
        session = self.session
        return None if session is None or session.state is State.FINISHED else session.energy_wh

    def wait_until(self, at: datetime) -> None:
        """Let time pass. Raises AssertionError if a setpoint changes or a delay is drawn before ``at``."""
        while self.is_running and self.decision and self.decision.review_at and self.decision.review_at < at:
            self._pass_to(self.decision.review_at)
            self._unlisted_step()
        self._pass_to(at)

    def _unlisted_step(self) -> None:
        before = self.decision
        self.step(dice=0.5)
        assert self.decision.setpoint_a == before.setpoint_a, f"unlisted change at {self.now}: {self.decision}"
        assert self.carry.last_draw_s == before.carry.last_draw_s, f"unlisted delay at {self.now}: {self.decision}"

    def step(self, dice: float) -> None:
        """Read, decide, act."""
        if not self.is_running:
            return
        if self.has_link:
            self._hear()
        self._plan()
        situation = Situation(
            now=self.now,
            dice=dice,
            settings=self.settings,
            reading=self.reading,
            carry=self.carry,
            session_wh=self.session_wh,
            skip_delay=self.skip_delay,
            power_returned=self.power_returned,
            plan=self.planning.plan,
        )
        self.skip_delay = self.power_returned = False
        supply = None if self.share is None else self.share(situation)
        self.decision = decide(replace(situation, supply=supply))
        self.carry = self.decision.carry
        if self.has_link and self.wall.setpoint_a != self.decision.setpoint_a:
            self.wall.setpoint_a = self.decision.setpoint_a
            self._hear()

    def start(self) -> None:
        """Home Assistant starts: what it kept is read back, and nothing is written before it has heard the wall."""
        self.carry, lost = recover(Carry, json.loads(json.dumps(to_plain(self.carry))))
        assert not lost
        if self.session is not None:
            self.session, lost = recover(Session, json.loads(json.dumps(to_plain(self.session))))
            assert not lost
        errand, lost = recover(Errand, json.loads(json.dumps(to_plain(self.planning.errand))))
        assert errand is not None
        assert not lost
        self.planning = Planning(errand=errand)
        self.is_running, self.reading = True, None
        has_link, self.has_link = self.has_link, False
        self.step(dice=0.5)
        self.has_link = has_link
        self.carry = reconcile(self.carry, self.wall.read(self.now))

    def _plan(self) -> None:
        """Follow the plan as the coordinator's planner does; prices are those of the tariff, as far as it is known."""
        slots = ()
        if self.tariff is not None:
            midnight = self.now.astimezone(self.zone).replace(hour=0, minute=0, second=0, microsecond=0)
            end_at = self.prices_end_at or midnight + timedelta(days=3)
            slots = self.tariff.slots(midnight.astimezone(UTC), end_at) if end_at > midnight else ()
        self.planning = follow(
            self.planning,
            Facts(
                now=self.now,
                settings=self.settings,
                time_zone=self.zone,
                slots=slots,
                session=self.session,
                in_force_a=self.carry.in_force_a,
                hold=self.carry.hold,
                drawn=self.reading and (self.reading.metered_at, self.reading.power_w or 0.0),
            ),
        )

    def _hear(self) -> None:
        self.reading = self.wall.read(self.now)
        session = advance(self.session, self.reading)
        if session is not None and (self.session is None or session.plugged_in_at != self.session.plugged_in_at):
            self.sessions.append(session)
        elif session is not None:
            self.sessions[-1] = session
        self.session = session

    def _pass_to(self, at: datetime) -> None:
        assert at >= self.now, f"{at} is before {self.now}"
        while self.now < at:
            assert not is_spent(self.carry.override, self.session_wh), f"unlisted end of an amount at {self.now}"
            next_at = min(at, self.now + POLL)
            self.wall.energy_wh += self.wall.drawn_a * MAINS_V * (next_at - self.now).total_seconds() / 3600
            self.now = next_at
            if self.is_running and self.has_link:
                self._hear()
                plan = self.planning.plan
                self._plan()
                if self.planning.plan is not plan and self.now < at:
                    self._unlisted_step()


def _wall(**changes) -> Callable[[Home], None]:
    def change(home: Home) -> None:
        home.wall = replace(home.wall, **changes)

    return change


def _set(**changes) -> Callable[[Home], None]:
    def change(home: Home) -> None:
        home.settings = replace(home.settings, **changes)

    return change


def _turn(**changes) -> Callable[[Home], None]:
    def change(home: Home) -> None:
        for name, value in changes.items():
            setattr(home, name, value)

    return change


def _by_hand(change: Callable[[Carry], Carry]) -> Callable[[Home], None]:
    def do(home: Home) -> None:
        home.carry, home.skip_delay = change(home.carry), True

    return do


def _charge_now(home: Home, **terms) -> None:
    home.carry = begin_charge_now(home.carry, home.now, **terms)


def _stop(home: Home, **terms) -> None:
    home.carry = begin_stop(home.carry, home.now, **terms)


_OVERRIDE = re.compile(
    r"(?P<what>charge now|stop)(?: for (?P<minutes>\d+) min| until (?P<clock>\d\d:\d\d)| to (?P<kwh>\d+) kWh)?"
)


def _override(home: Home, match: re.Match[str]) -> None:
    terms: dict[str, object] = {}
    if match["minutes"]:
        terms["ends_at"] = home.now + timedelta(minutes=int(match["minutes"]))
    if match["clock"]:
        terms["ends_at"] = next_showing(time.fromisoformat(match["clock"]), home.zone, home.now)
    if match["kwh"]:
        terms["energy_wh"] = int(match["kwh"]) * 1000
    (_stop if match["what"] == "stop" else _charge_now)(home, **terms)


_EVENT = re.compile(
    r"event (?P<event_id>\w+): (?P<kind>turn down|turn up|shift|response)(?: to (?P<amperes>\d+) A)?"
    r"(?: in (?P<wait>\d+) min)? for (?P<minutes>\d+) min(?P<delayed>, delayed already)?"
)


def _event(home: Home, match: re.Match[str]) -> None:
    start_at = home.now + timedelta(minutes=int(match["wait"] or 0))
    event = DsrEvent(
        event_id=match["event_id"],
        kind=DsrKind(match["kind"].replace(" ", "_")),
        start_at=start_at,
        end_at=start_at + timedelta(minutes=int(match["minutes"])),
        limit_a=float(match["amperes"]) if match["amperes"] else None,
        delay_already_applied=match["delayed"] is not None,
    )
    home.carry = with_event(home.carry, event, home.now)


_EVENT_ENDS = re.compile(r"(?P<what>end|opt out of) event (?P<event_id>\w+)")


def _event_ends(home: Home, match: re.Match[str]) -> None:
    if match["what"] == "end":
        home.carry = without_event(home.carry, match["event_id"], home.now)
    else:
        home.carry, home.skip_delay = opted_out(home.carry, match["event_id"]), True


def _power_cut(home: Home) -> None:
    home.wall.setpoint_a = 0.0
    home.power_returned = True


_NEED = re.compile(r"needs (?P<kwh>\d+) kWh by (?P<clock>\d\d:\d\d)")


def _need(home: Home, match: re.Match[str]) -> None:
    home.settings = replace(
        home.settings, energy_needed_wh=int(match["kwh"]) * 1000, ready_by=time.fromisoformat(match["clock"])
    )


_PRICES = re.compile(r"prices are known until (?P<clock>\d\d:\d\d)")


def _prices_until(home: Home, match: re.Match[str]) -> None:
    home.prices_end_at = next_showing(time.fromisoformat(match["clock"]), home.zone, home.now)


ACTIONS: dict[str, Callable[[Home], None]] = {
    "plug in": _wall(is_plugged=True, is_full=False),
    "unplug": _wall(is_plugged=False),
    "vehicle is full": _wall(is_full=True),
    "fault": _wall(is_faulted=True),
    "fault clears": _wall(is_faulted=False),
    "stop until unplugged": lambda home: _stop(home, ends_with_vehicle=True),
    "end charge now": _by_hand(end_override),
    "resume": _by_hand(end_override),
    "skip delay": _turn(skip_delay=True),
    "safety lock on": _set(is_locked=True),
    "safety lock off": _set(is_locked=False),
    "mode off": _set(mode=Mode.OFF),
    "mode cheapest": _set(mode=Mode.CHEAPEST),
    "mode always": _set(mode=Mode.ALWAYS),
    "mode default hours": _set(mode=Mode.DEFAULT_HOURS),
    "remove hours": _set(default_hours=None),
    "take part in no event": _set(is_dsr_opted_out=True),
    "the charge point delays by itself": _set(charger_delays_itself=True),
    "the charge point no longer delays by itself": _set(charger_delays_itself=False),
    "all prices are known": _turn(prices_end_at=None),
    "home assistant stops": _turn(is_running=False),
    "home assistant starts": Home.start,
    "charger reboots": _power_cut,
    "link is lost": _turn(has_link=False),
    "link is back": _turn(has_link=True),
}
_AMPERES = re.compile(r"(?P<what>cable|charger goes over by itself to|rating) (?P<amperes>\d+) A")


def _amperes(home: Home, match: re.Match[str]) -> None:
    amperes = float(match["amperes"])
    match match["what"]:
        case "cable":
            home.wall.cable_a = amperes
        case "rating":
            home.settings = replace(home.settings, rated_a=amperes)
        case _:
            home.wall.setpoint_a = amperes


_PATTERNS = (
    (_AMPERES, _amperes),
    (_OVERRIDE, _override),
    (_EVENT, _event),
    (_EVENT_ENDS, _event_ends),
    (_NEED, _need),
    (_PRICES, _prices_until),
)


def act(home: Home, words: str) -> None:
    """Do what ``words`` say."""
    for pattern, do in _PATTERNS:
        if (match := pattern.fullmatch(words)) is not None:
            do(home, match)
            return
    ACTIONS[words](home)


def hours_of(stored, zone: ZoneInfo) -> WeeklyHours | None:
    """Hours from a day's file: ``preset``, ``none``, or windows in their stored form."""
    if stored == "preset":
        return preset_hours(zone)
    return None if stored == "none" else WeeklyHours(windows=windows_from_list(stored), time_zone=zone)


def tariff_of(stored, zone: ZoneInfo) -> Tariff | None:
    """A tariff from a day's file: ``otherwise`` in pence, and ``rates`` as windows with a price in pence."""
    if stored is None:
        return None
    rates = tuple(
        Rate(window=windows_from_list([rate])[0], price_per_kwh=Decimal(str(rate["pence"])) / 100)
        for rate in stored["rates"]
    )
    otherwise = stored.get("otherwise")
    return Tariff(
        time_zone=zone,
        rates=rates,
        otherwise_per_kwh=None if otherwise is None else Decimal(str(otherwise)) / 100,
    )


def instant(text: str, zone: ZoneInfo) -> datetime:
    """Return the instant of ``Sun 2026-10-25 01:30:00 GMT``; the name at the end tells the two of a time shown twice.

    Raises:
        ValueError: the weekday is another, or clocks never show that time.
    """
    weekday, day, clock, *name = text.split()
    local = datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=zone)
    meant = [moment for fold in (0, 1) if (moment := local.replace(fold=fold)).tzname() in (name or [moment.tzname()])]
    if local.strftime("%a") != weekday or not meant:
        raise ValueError(f"There is no {text}")
    found = meant[0].astimezone(UTC)
    if found.astimezone(zone).strftime("%H:%M") != clock[:5]:
        raise ValueError(f"Clocks never show {text}")
    if not name and local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset():
        raise ValueError(f"Clocks show {text} twice: name the zone")
    return found
