"""What has happened from one picture to the next, in the words that automations want."""

from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from .charging.model import Source
from .picture import Picture

OVERRIDE_REFUSED: Final = "override_refused"
TAG_REFUSED: Final = "tag_refused"


@dataclass(frozen=True, kw_only=True, slots=True)
class _Matter:
    """Something that goes on for a while. ``of`` names what goes on now, each by itself; None when nobody can tell."""

    began: str
    ended: str
    of: Callable[[Picture], frozenset[Hashable] | None]
    told: Callable[[Picture, Hashable], dict[str, Any]] = field(default=lambda _picture, _which: {})


@dataclass(frozen=True, kw_only=True, slots=True)
class Happening:
    """One thing that happened, and what is to be told of it."""

    kind: str
    told: dict[str, Any]


def _if(is_so: bool | None) -> frozenset[Hashable] | None:
    return None if is_so is None else frozenset({"so"} if is_so else ())


def _delay(picture: Picture) -> frozenset[Hashable]:
    hold = picture.decision.carry.hold
    return frozenset(() if hold is None else {hold.began_at})


def _override(picture: Picture) -> frozenset[Hashable]:
    override = picture.decision.carry.override
    return frozenset(() if override is None else {(override.kind.value, override.made_at)})


def events_on(picture: Picture) -> frozenset[Hashable]:
    """Return the ids of the demand response events that the charge point takes part in."""
    if picture.settings.is_dsr_opted_out:
        return frozenset()
    now = picture.as_of
    return frozenset(
        event.event_id
        for event in picture.decision.carry.events
        if event.start_at <= now < event.end_at and not event.is_opted_out
    )


def limited_by(picture: Picture) -> str:
    """Return whose limit binds: that of charge point and circuit where nobody else leaves the vehicle less."""
    binding = picture.decision.binding
    is_less = binding.max_a < picture.settings.rated_a
    return binding.source.value if is_less else Source.CHARGE_POINT_RATING.value


def _supply(picture: Picture) -> frozenset[Hashable] | None:
    return _if(limited_by(picture) == Source.SUPPLY and picture.decision.carry.in_force_a < picture.settings.rated_a)


def _event_told(picture: Picture, which: Hashable) -> dict[str, Any]:
    event = next((event for event in picture.decision.carry.events if event.event_id == which), None)
    told: dict[str, Any] = {"event_id": which}
    return told if event is None else told | {"kind": event.kind.value, "source": event.source, "ends": event.end_at}


def _override_told(picture: Picture, which: Hashable) -> dict[str, Any]:
    override = picture.decision.carry.override
    kind = which[0] if isinstance(which, tuple) else None
    return {"override": kind, "until": None if override is None else override.ends_at}


MATTERS: Final = (
    _Matter(
        began="vehicle_plugged_in",
        ended="vehicle_unplugged",
        of=lambda picture: _if(picture.reading.is_plugged_in),
    ),
    _Matter(began="override_started", ended="override_ended", of=_override, told=_override_told),
    _Matter(began="dsr_event_started", ended="dsr_event_ended", of=events_on, told=_event_told),
    _Matter(began="limited_by_supply", ended="supply_limit_ended", of=_supply),
    _Matter(
        began="charging_delayed",
        ended="delay_ended",
        of=_delay,
        told=lambda picture, _which: {"ends": picture.delay_ends_at},
    ),
    _Matter(
        began="started_charging",
        ended="stopped_charging",
        of=lambda picture: _if(picture.reading.is_charging),
    ),
    _Matter(began="problem_occurred", ended="problem_resolved", of=lambda picture: _if(picture.has_problem)),
)

KINDS: Final = (*(kind for matter in MATTERS for kind in (matter.began, matter.ended)), OVERRIDE_REFUSED, TAG_REFUSED)
"""Every happening there is."""


class Happenings:
    """What goes on at one charge point. Taken afresh when Home Assistant starts: what goes on then has not begun."""

    def __init__(self, picture: Picture) -> None:
        self._going_on = [matter.of(picture) for matter in MATTERS]
        self._refusals = picture.refusals
        self._refused_tags = picture.refused_tags

    def note(self, picture: Picture) -> Iterator[Happening]:
        """Yield what has happened since the last picture."""
        for index, matter in enumerate(MATTERS):
            before, now = self._going_on[index], matter.of(picture)
            if now is None or now == before:
                continue
            self._going_on[index] = now
            if before is None:
                continue
            for which in before - now:
                if not (now and matter.ended in _FOLLOWED_ON):
                    yield Happening(kind=matter.ended, told=_told(matter, picture, which))
            for which in now - before:
                yield Happening(kind=matter.began, told=_told(matter, picture, which))
        if picture.refusals != self._refusals:
            self._refusals = picture.refusals
            yield Happening(kind=OVERRIDE_REFUSED, told=_why(picture) | {"refused_because": picture.refused_because})
        if picture.refused_tags != self._refused_tags:
            self._refused_tags = picture.refused_tags
            yield Happening(kind=TAG_REFUSED, told=_why(picture) | {"refused_because": picture.tag_refused_because})


_FOLLOWED_ON: Final = ("delay_ended",)
"""What another of its kind takes the place of is not told as ended."""


def _told(matter: _Matter, picture: Picture, which: Hashable) -> dict[str, Any]:
    return _why(picture) | matter.told(picture, which)


def _why(picture: Picture) -> dict[str, Any]:
    return {"reason": picture.why, "sentence": picture.sentence, "setpoint": picture.decision.setpoint_a}
