"""What people say for how long, until when and how much, in English: words and digits to numbers.

Speech recognition writes "two hours" or "2 hours", "7 a.m." or "07:00", as it likes. What is not understood is
None, and the person is told; nothing is guessed but which half of the day a bare "seven" means.
"""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
import re
from typing import Final

_ONES: Final = tuple(
    word
    for line in (
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen",
        "sixteen seventeen eighteen nineteen",
    )
    for word in line.split()
)
_TENS: Final = {
    "twenty": 20,
    "thirty": 30,
    "forty": 40,
    "fifty": 50,
    "sixty": 60,
    "seventy": 70,
    "eighty": 80,
    "ninety": 90,
}
_WORDS: Final = {name: number for number, name in enumerate(_ONES)} | _TENS | {"a": 1, "an": 1}

_NUMBER: Final = r"(?P<{0}>[a-z0-9.,]+(?:[ -][a-z0-9]+){{0,3}}?)"
_HOURS: Final = _NUMBER.format("hours")
_MINUTES: Final = _NUMBER.format("minutes") + r" ?m(?:in(?:ute)?s?)?"
_DURATIONS: Final = tuple(
    re.compile(pattern)
    for pattern in (
        rf"{_HOURS} ?h(?:ours?|rs?)?(?: and (?P<half>a half)| (?:and )?{_MINUTES})?",
        rf"{_HOURS} and (?P<half>a half) hours?",
        _MINUTES,
        r"(?P<half>half) (?:an )?hour",
        r"(?P<quarters>a quarter|three quarters) of an hour",
    )
)
_ENERGY: Final = re.compile(_NUMBER.format("energy") + r" ?(?:kwh|k w h|kw h|kilowatt ?-?hours?|units?)")
_CLOCK: Final = re.compile(
    r"(?:(?P<past>half|quarter|five|ten|twenty|twenty[ -]five|\d\d?) (?:minutes )?(?P<side>past|to) )?"
    r"(?P<hour>\d{1,2}|[a-z]+)(?:[:.](?P<minute>\d\d)| (?P<spoken>[a-z]+(?:[ -][a-z]+)??))??"
    r"(?: ?o'?clock)?(?: ?(?P<half>am|pm))?"
)
_DAYTIMES: Final = {
    "in the morning": "am",
    "tomorrow morning": "am",
    "this morning": "am",
    "in the afternoon": "pm",
    "this afternoon": "pm",
    "in the evening": "pm",
    "this evening": "pm",
    "tonight": "pm",
    "at night": "pm",
    "tomorrow": None,
    "today": None,
}
_NAMED: Final = {"noon": time(12), "midday": time(12), "midnight": time(0)}


@dataclass(frozen=True, kw_only=True, slots=True)
class Clock:
    """A time of day. ``is_half``: as a clock face shows it, without which half of the day is meant."""

    at: time
    is_half: bool = False

    def next_after(self, now: datetime) -> time:
        """Return the time of day that comes first after ``now``, in the zone of ``now``."""
        if not self.is_half:
            return self.at
        other = self.at.replace(hour=(self.at.hour + 12) % 24)
        return min(self.at, other, key=lambda at: _wait(at, now))


def _wait(at: time, now: datetime) -> timedelta:
    wait = datetime.combine(now.date(), at) - now.replace(tzinfo=None)
    return wait if wait > timedelta(0) else wait + timedelta(days=1)


def plain(text: str) -> str:
    """Return text as the parsers want it: lower case, single spaces, "a.m." as "am", no marks at the ends."""
    text = re.sub(r"\b([ap])\.? ?m\b\.?", r"\1m", text.lower().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'"))
    return re.sub(r"\s+", " ", text).strip(" .,!?")


def number(text: str) -> float | None:
    """Return the number that is said."""
    text = text.strip().replace(",", ".")
    if re.fullmatch(r"\d+(\.\d+)?", text):
        return float(text)
    whole, point, fraction = text.partition(" point ")
    if point and whole in _WORDS and all(digit in _ONES[:10] for digit in fraction.split()):
        return float(f"{_WORDS[whole]}." + "".join(str(_WORDS[digit]) for digit in fraction.split()))
    if text == "a couple of":
        return 2.0
    words = re.split(r"[ -]", text)
    if len(words) == 2 and words[0] in _TENS and words[1] in _ONES[1:10]:
        return float(_TENS[words[0]] + _WORDS[words[1]])
    return float(_WORDS[words[0]]) if len(words) == 1 and words[0] in _WORDS else None


def duration(text: str) -> timedelta | None:
    """Return how long is said: "two hours", "an hour and a half", "90 minutes"."""
    for pattern in _DURATIONS:
        if (found := pattern.fullmatch(plain(text))) is None:
            continue
        said = found.groupdict()
        parts = [number(said[unit]) for unit in ("hours", "minutes") if said.get(unit) is not None]
        if None in parts:
            continue
        hours, minutes = (number(said[unit]) or 0 if said.get(unit) else 0 for unit in ("hours", "minutes"))
        quarters = {None: 0, "a quarter": 15, "three quarters": 45}[said.get("quarters")]
        return timedelta(hours=hours, minutes=minutes + quarters + (30 if said.get("half") else 0))
    return None


def energy_kwh(text: str) -> float | None:
    """Return how much is said: "10 kWh", "seven point five kilowatt hours"."""
    found = _ENERGY.fullmatch(plain(text))
    return None if found is None else number(found["energy"])


def clock(text: str) -> Clock | None:
    """Return the time of day that is said: "07:00", "7 am", "half past seven", "midnight"."""
    text = plain(text)
    half: str | None = None
    for words, meant in _DAYTIMES.items():
        if text.endswith(f" {words}"):
            text, half = text.removesuffix(f" {words}"), meant
            break
    if text in _NAMED:
        return Clock(at=_NAMED[text])
    found = _CLOCK.fullmatch(text)
    return None if found is None else _clock(found.groupdict(), half)


def _clock(said: dict[str, str | None], half: str | None) -> Clock | None:
    hour, minute = number(said["hour"] or ""), number(said["minute"] or said["spoken"] or "0")
    if hour is None or minute is None or hour > 23 or minute > 59:
        return None
    minutes = int(hour) * 60 + int(minute)
    if said["past"] is not None:
        past = {"half": 30.0, "quarter": 15.0}.get(said["past"]) or number(said["past"]) or 0
        minutes += int(past if said["side"] == "past" else -past)
    at = time(*divmod(minutes % (24 * 60), 60))
    half = said["half"] or half
    is_whole_day = at.hour > 12 or (said["hour"] or "").startswith("0") or hour == 0
    if is_whole_day or half is None:
        return Clock(at=at, is_half=not is_whole_day)
    return Clock(at=at.replace(hour=at.hour % 12 + (12 if half == "pm" else 0)))
