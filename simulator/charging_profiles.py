"""Charging profiles as OCPP 1.6 section 3.13 has them: what is installed, and what holds at an instant."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
import math
from typing import Any

_DAY = timedelta(days=1)
_WEEK = timedelta(days=7)


class Purpose(StrEnum):
    """What a profile is for."""

    MAX = "ChargePointMaxProfile"
    TX_DEFAULT = "TxDefaultProfile"
    TX = "TxProfile"


class ProfileRefused(Exception):
    """The charge point cannot take this profile."""


@dataclass(frozen=True, slots=True)
class Period:
    """From ``start_s`` into the schedule on: at most ``limit``."""

    start_s: int
    limit: float
    phases: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Profile:
    """One installed charging profile. ``start_at`` is None where charging's start is meant."""

    profile_id: int
    connector_id: int
    stack_level: int
    purpose: Purpose
    kind: str
    unit: str
    periods: tuple[Period, ...]
    transaction_id: int | None = None
    recurrency: str | None = None
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    start_at: datetime | None = None
    duration_s: int | None = None

    def period_at(self, now: datetime, charging_since: datetime | None) -> Period | None:
        """Return what this profile says at an instant; None when it is silent."""
        if (self.valid_from and now < self.valid_from) or (self.valid_to and now >= self.valid_to):
            return None
        began_at = self._began_at(now, charging_since)
        if began_at is None or now < began_at:
            return None
        elapsed_s = (now - began_at).total_seconds()
        if self.duration_s is not None and elapsed_s >= self.duration_s:
            return None
        past = [period for period in self.periods if period.start_s <= elapsed_s]
        return past[-1] if past else None

    def edges(self, begin_at: datetime, end_at: datetime, charging_since: datetime | None) -> Iterator[datetime]:
        """Give every instant in the span at which the answer may change."""
        yield from (edge for edge in (self.valid_from, self.valid_to) if edge is not None)
        began_at = self._began_at(begin_at, charging_since) or self.start_at
        repeat = _repeat(self.recurrency)
        while began_at is not None and began_at < end_at:
            yield from (began_at + timedelta(seconds=period.start_s) for period in self.periods)
            if self.duration_s is not None:
                yield began_at + timedelta(seconds=self.duration_s)
            began_at = began_at + repeat if self.kind == "Recurring" and repeat else None

    def _began_at(self, now: datetime, charging_since: datetime | None) -> datetime | None:
        if self.kind == "Relative" or self.start_at is None:
            return charging_since
        repeat = _repeat(self.recurrency)
        if self.kind != "Recurring" or repeat is None or now < self.start_at:
            return self.start_at
        return self.start_at + (now - self.start_at) // repeat * repeat


@dataclass(frozen=True, kw_only=True, slots=True)
class Abilities:
    """What a charge point can hold.

    ``units`` are those it takes, "A" and "W". ``purposes`` and ``kinds`` that are missing are refused.
    """

    units: frozenset[str] = frozenset({"A", "W"})
    purposes: frozenset[Purpose] = frozenset(Purpose)
    kinds: frozenset[str] = frozenset({"Absolute", "Recurring", "Relative"})
    highest_level: int = 8
    most_periods: int = 24
    most_profiles: int = 10


class ProfileStore:
    """The installed profiles of one charge point, and the current that they allow."""

    def __init__(self, abilities: Abilities | None = None, *, voltage_v: float = 230.0, phases: int = 1) -> None:
        self.abilities = abilities or Abilities()
        self.voltage_v = voltage_v
        self.phases = phases
        self.profiles: list[Profile] = []

    def install(self, profile: Profile, running_transaction: int | None) -> None:
        """Add a profile, in the place of one with its id or with its purpose, level and connector.

        Raises:
            ProfileRefused: it cannot be held, or there is no such transaction.
        """
        self.check(profile, running_transaction)
        self.profiles = [*self._others(profile), profile]

    def clear(
        self,
        *,
        profile_id: int | None = None,
        connector_id: int | None = None,
        purpose: str | None = None,
        stack_level: int | None = None,
    ) -> int:
        """Remove what matches all that is given; returns how many went."""

        def matches(profile: Profile) -> bool:
            return (
                (profile_id is None or profile.profile_id == profile_id)
                and (connector_id is None or profile.connector_id == connector_id)
                and (purpose is None or profile.purpose == purpose)
                and (stack_level is None or profile.stack_level == stack_level)
            )

        before = len(self.profiles)
        self.profiles = [profile for profile in self.profiles if not matches(profile)]
        return before - len(self.profiles)

    def end_transaction(self) -> None:
        """Drop what was meant for the transaction only."""
        self.profiles = [profile for profile in self.profiles if profile.purpose is not Purpose.TX]

    def limit_a(
        self, now: datetime, *, connector_id: int = 1, charging_since: datetime | None, with_defaults: bool = True
    ) -> float:
        """Return the current per phase that the stack allows; infinity when nothing speaks."""
        ceiling = self._topmost(now, Purpose.MAX, (0,), charging_since)
        chosen = None
        if charging_since is not None:
            chosen = self._topmost(now, Purpose.TX, (connector_id,), charging_since)
        if chosen is None and with_defaults:
            chosen = self._topmost(now, Purpose.TX_DEFAULT, (connector_id, 0), charging_since)
        return min(self._to_a(ceiling), self._to_a(chosen))

    def schedule(
        self,
        begin_at: datetime,
        duration_s: int,
        *,
        connector_id: int = 1,
        charging_since: datetime | None,
        with_defaults: bool = True,
    ) -> list[tuple[int, float]]:
        """Return (seconds from the beginning, ampere) for each change in the span; the first is at 0."""
        end_at = begin_at + timedelta(seconds=duration_s)
        edges = {begin_at}
        for profile in self.profiles:
            edges.update(edge for edge in profile.edges(begin_at, end_at, charging_since) if begin_at < edge < end_at)
        periods: list[tuple[int, float]] = []
        for edge in sorted(edges):
            limit_a = self.limit_a(
                edge, connector_id=connector_id, charging_since=charging_since, with_defaults=with_defaults
            )
            if not periods or periods[-1][1] != limit_a:
                periods.append((math.ceil((edge - begin_at).total_seconds()), limit_a))
        return periods

    def _topmost(
        self, now: datetime, purpose: Purpose, connectors: Iterable[int], charging_since: datetime | None
    ) -> tuple[Profile, Period] | None:
        for connector_id in connectors:
            speaking = [
                (profile, period)
                for profile in self.profiles
                if profile.purpose is purpose and profile.connector_id == connector_id
                if (period := profile.period_at(now, charging_since)) is not None
            ]
            if speaking:
                return max(speaking, key=lambda pair: pair[0].stack_level)
        return None

    def _to_a(self, speaking: tuple[Profile, Period] | None) -> float:
        if speaking is None:
            return math.inf
        profile, period = speaking
        if profile.unit == "A":
            return period.limit
        return period.limit / (self.voltage_v * (period.phases or self.phases))

    def _others(self, profile: Profile) -> list[Profile]:
        return [other for other in self.profiles if not _is_same_place(other, profile)]

    def check(self, profile: Profile, running_transaction: int | None) -> None:
        """Raise ProfileRefused, saying why, for what cannot be installed."""
        abilities = self.abilities
        complaints = {
            "unit": profile.unit not in abilities.units,
            "purpose": profile.purpose not in abilities.purposes,
            "kind": profile.kind not in abilities.kinds,
            "stack level": not 0 <= profile.stack_level <= abilities.highest_level,
            "number of periods": not 1 <= len(profile.periods) <= abilities.most_periods,
            "first period": bool(profile.periods) and profile.periods[0].start_s != 0,
            "order of periods": list(profile.periods) != sorted(profile.periods, key=lambda period: period.start_s),
            "connector": (profile.purpose is Purpose.MAX and profile.connector_id != 0)
            or (profile.purpose is Purpose.TX and profile.connector_id == 0),
            "ceiling of the relative kind": profile.purpose is Purpose.MAX and profile.kind == "Relative",
            "recurrency": profile.kind == "Recurring" and (_repeat(profile.recurrency) is None or not profile.start_at),
            "number, there being no room": len(self._others(profile)) >= abilities.most_profiles,
            "transaction": profile.purpose is Purpose.TX
            and (running_transaction is None or profile.transaction_id not in (None, running_transaction)),
        }
        wrong = [name for name, is_wrong in complaints.items() if is_wrong]
        if wrong:
            raise ProfileRefused(f"cannot take its {', '.join(wrong)}")


def parse_profile(connector_id: int, data: Mapping[str, Any]) -> Profile:
    """Read ``csChargingProfiles`` as it stands in SetChargingProfile and RemoteStartTransaction.

    Raises:
        ValueError: a field is missing or not what it should be.
    """
    try:
        schedule = data["chargingSchedule"]
        return Profile(
            profile_id=int(data["chargingProfileId"]),
            connector_id=connector_id,
            stack_level=int(data["stackLevel"]),
            purpose=Purpose(data["chargingProfilePurpose"]),
            kind=str(data["chargingProfileKind"]),
            unit=str(schedule["chargingRateUnit"]),
            periods=tuple(_parse_period(period) for period in schedule["chargingSchedulePeriod"]),
            transaction_id=data.get("transactionId"),
            recurrency=data.get("recurrencyKind"),
            valid_from=_parse_instant(data.get("validFrom")),
            valid_to=_parse_instant(data.get("validTo")),
            start_at=_parse_instant(schedule.get("startSchedule")),
            duration_s=None if schedule.get("duration") is None else int(schedule["duration"]),
        )
    except (KeyError, TypeError) as error:
        raise ValueError(f"not a charging profile: {error}") from error


def _parse_period(data: Mapping[str, Any]) -> Period:
    return Period(int(data["startPeriod"]), float(data["limit"]), data.get("numberPhases"))


def _parse_instant(value: str | None) -> datetime | None:
    if value is None:
        return None
    instant = datetime.fromisoformat(value)
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)


def _repeat(recurrency: str | None) -> timedelta | None:
    return {"Daily": _DAY, "Weekly": _WEEK}.get(recurrency or "")


def _is_same_place(one: Profile, other: Profile) -> bool:
    return one.profile_id == other.profile_id or (
        (one.purpose, one.stack_level, one.connector_id) == (other.purpose, other.stack_level, other.connector_id)
    )
