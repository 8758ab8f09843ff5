"""What the coordinator may ask of any charge point, whatever it speaks."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from ..charging.model import MIN_CURRENT_A, Reading, WeeklyHours

type Clock = Callable[[], datetime]
"""The present instant, aware UTC."""

type Listener = Callable[[], None]
"""Called, without arguments and in the event loop, when anything a charger shows has changed."""

type SampleListener = Callable[[Reading], None]
"""Called in the event loop with each reading of the meter, changed or not."""

type Save = Callable[[Mapping[str, Any]], Awaitable[None]]
"""Keeps what a charger must remember over a restart; returns once it is on disk."""


class ChargerError(Exception):
    """Speaking to a charge point did not work."""


class ChargerUnreachable(ChargerError):
    """There is no link: refused, lost, or the charge point has not called."""


class ChargerTimedOut(ChargerError):
    """The link is there, but no answer came. Whether it was done is not known."""


class ChargerRefused(ChargerError):
    """The charge point understood and said no, or cannot do it."""


class ChargerNotPermitted(ChargerError):
    """The charge point would not let us: credentials, a licence or a setting on it is missing."""


class ChargerMisunderstood(ChargerError):
    """The answer made no sense, or this is not the charge point it was thought to be."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Identity:
    """Who a charge point says it is. Empty strings are never kept: unknown is None."""

    manufacturer: str | None = None
    model: str | None = None
    serial: str | None = None
    firmware: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Capabilities:
    """What this charge point can do, as far as is known when it is built or has booted.

    Attributes:
        max_a: its rated current per phase.
        step_a: setpoints are multiples of this, rounded down.
        phases: 1 or 3; None when not known.
        delays_itself: a random delay of the maker's own is switched on (11.6).
        unattended: what the vehicle gets when Home Assistant is away (7.1), one of
            "default_hours", "charges", "failsafe_current", "stays_as_it_was", "stays_off", "unknown".
        failsafe_a: the one current that it then allows at all times; None where that is not so, or not known.
    """

    max_a: float = 32.0
    min_a: float = MIN_CURRENT_A
    step_a: float = 1.0
    phases: int | None = None
    delays_itself: bool = False
    unattended: str = "unknown"
    failsafe_a: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class LeaveBehind:
    """What the charge point shall do by itself when we are gone (reg 7, DESIGN "leases").

    Attributes:
        hours: default charging hours to follow; None to charge whenever plugged in.
        max_a: the current to allow while they are open.
        draw_s: draws one fresh random delay in whole seconds, for each edge that is written.
        delay_max_s: the longest random delay that the owner wants, for a charge point that delays by itself (11.4).
    """

    hours: WeeklyHours | None
    max_a: float
    draw_s: Callable[[], int]
    delay_max_s: int | None = None


class Kept(StrEnum):
    """What a charge point still holds of people after it was asked to forget them (S7.2)."""

    TAG_CACHE = "tag_cache"
    TAG_LIST = "tag_list"


class Remedy(StrEnum):
    """What would put a charge point right, and is done only when its owner says so."""

    RESTART = "restart"  # settings that it has taken hold only after one
    CLEAR_PROFILES = "clear_profiles"  # somebody else's limits outrank ours


@dataclass(frozen=True, kw_only=True, slots=True)
class PastTransaction:
    """A charge as the charge point itself bracketed it, ended.

    The same ``key`` may come again with other values: an end that was a guess, and is told later.

    Attributes:
        key: the same for ever, and of no other transaction of this charge point.
        transaction_id: as it stands on the wire.
        began_at: None when only its end was ever told.
        meter_start_wh, meter_stop_wh: the register then; None when it was not told.
        id_tag: as the charge point wrote it; None when it was not told, or is forgotten.
        began_live, ended_live: it was heard as it happened, so that a session of ours saw it. Where neither
            is true it was queued while we, or the link, were away, and no session knows of it.
        is_reconstructed: its end was never told: it is where something else showed that nothing ran any more.
    """

    key: str
    transaction_id: str
    began_at: datetime | None
    ended_at: datetime
    meter_start_wh: int | None
    meter_stop_wh: int | None
    id_tag: str | None
    reason: str | None
    began_live: bool
    ended_live: bool
    is_reconstructed: bool


class Charger(Protocol):
    """One charge point, one connector of it. Reading it is free: it keeps its last snapshot.

    A setpoint is a lease: the charger object renews it for as long as it runs, and the charge
    point ends it by itself some time after that stops.
    """

    @property
    def identity(self) -> Identity:
        """Who it is."""

    @property
    def capabilities(self) -> Capabilities:
        """What it can do."""

    @property
    def reading(self) -> Reading | None:
        """What it last said; None before it first spoke. Kept while the link is lost."""

    @property
    def is_online(self) -> bool:
        """Whether the link is there now."""

    @property
    def restarts(self) -> int:
        """How often the charge point has been seen to restart (power cut, reboot) since we run."""

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call ``listener`` on every change; returns what stops that."""

    def listen_samples(self, listener: SampleListener) -> Callable[[], None]:
        """Call ``listener`` each time that the meter was read, changed or not; returns what stops that."""

    def attend(self, *, is_watched: bool) -> None:
        """Hear whether somebody watches the meter: then it is read as often as it may be, current or no current."""

    def admit(self, *, is_admitted: bool) -> None:
        """Hear whether a person in Home Assistant asks to charge: that stands in for a required tag (O10)."""

    async def run(self) -> None:
        """Keep the link, poll, renew leases, until cancelled. Never raises for a lost link."""

    async def apply(self, setpoint_a: float) -> None:
        """Ask for ``setpoint_a`` amperes per phase (0 pauses) and keep asking from now on.

        The value is kept and sent again after a reconnect even when this raises.

        Raises:
            ChargerError: it did not reach the charge point, or was refused.
        """

    async def leave_behind(self, plan: LeaveBehind) -> None:
        """Write what shall hold without us, if it differs from what is there.

        Raises:
            ChargerError: the charge point cannot hold it, or it did not reach it.
        """

    async def hand_back(self) -> None:
        """Want nothing any more, so that what was left behind holds soon. Best effort, 5 s at most.

        A lease that ends by itself within half an hour may be left to: after a mere restart nothing has switched.
        """

    @property
    def sample_interval_s(self) -> float | None:
        """How far apart measurements really come; None before that is known (9.4)."""

    @property
    def keeps_transactions(self) -> bool:
        """Whether it tells by itself what it did while we were away."""

    @property
    def past_transactions(self) -> tuple[PastTransaction, ...]:
        """Those that ended and were not acknowledged, the oldest first. Listeners hear of each.

        They outlive a restart. Empty for ever where the protocol knows no transactions.
        """

    async def acknowledge(self, transactions: Iterable[PastTransaction]) -> None:
        """Hear that these are on record: they are not handed over again, unless they change."""

    async def forget_people(self) -> frozenset[Kept]:
        """Delete the tags that the charge point and this object hold; returns what it would not delete (S7.2).

        Empty where nothing is left, or nothing was ever there. What is wanted in its list must be gone from
        ``set_tags`` before.

        Raises:
            ChargerUnreachable: there is no link now. What this object itself held is gone all the same.
        """

    def diagnostics(self) -> dict[str, Any]:
        """Counters and facts for a support file; no secrets, JSON-serialisable."""
