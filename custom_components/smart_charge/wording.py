"""The owner's "why" as one plain sentence, in Home Assistant's language and local time."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final

from homeassistant.core import HomeAssistant
from homeassistant.helpers.translation import async_get_translations
from homeassistant.util import dt as dt_util

from .charging.model import Window
from .const import DOMAIN

_SENTENCES: Final = f"component.{DOMAIN}.entity.sensor.why.state_attributes.sentence.state."
_ACCOUNTS: Final = f"component.{DOMAIN}.entity.calendar.dsr_events.state_attributes.description.state."
_DAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def _runs(days: frozenset[int]) -> list[tuple[int, int]]:
    """Return the first and last of days that follow each other, over the week's end too."""
    firsts = [day for day in sorted(days) if (day - 1) % 7 not in days]
    return [
        (day, next(last for ahead in range(7) if ((last := (day + ahead) % 7) + 1) % 7 not in days)) for day in firsts
    ]


class Wording:
    """The sentences of one language."""

    def __init__(self, sentences: dict[str, str], language: str) -> None:
        self._sentences = sentences
        self.language = language

    @classmethod
    async def async_load(cls, hass: HomeAssistant) -> Wording:
        """Read the sentences of the language that Home Assistant is set to."""
        language = hass.config.language
        texts = await async_get_translations(hass, language, "entity", [DOMAIN])
        sentences = {
            key.removeprefix(prefix): text
            for prefix in (_SENTENCES, _ACCOUNTS)
            for key, text in texts.items()
            if key.startswith(prefix)
        }
        return cls(sentences, language)

    def words(self, key: str, values: Mapping[str, str]) -> str | None:
        """Return a sentence with values in it; None when this language has no words for it."""
        text = self._sentences.get(key)
        if text is None:
            return None
        for name, value in values.items():
            text = text.replace(f"{{{name}}}", value)
        return text

    def weekly(self, windows: Iterable[Window]) -> str:
        """Return weekly hours as a list: "22:00 to 03:00, Saturday to Sunday 11:00 to 13:15"."""
        return ", ".join(self._window(window) for window in sorted(windows, key=lambda one: (min(one.days), one.start)))

    def _window(self, window: Window) -> str:
        span = self._to(f"{window.start:%H:%M}", f"{window.end:%H:%M}")
        if len(window.days) == len(_DAYS):
            return span
        names = [self._sentences.get(f"on_{name}", "{time}").replace("{time}", "").strip() for name in _DAYS]
        runs = _runs(window.days)
        days = [names[first] if first == last else self._to(names[first], names[last]) for first, last in runs]
        return f"{', '.join(days)} {span}"

    def _to(self, first: str, last: str) -> str:
        return self.words("from_to", {"first": first, "last": last}) or f"{first} - {last}"

    def sentence(self, why: str, until_at: datetime | None, now: datetime) -> str | None:
        """Say why, and until when if that is known; None when this language has no words for it."""
        timed = self._sentences.get(f"{why}_until")
        if until_at is None or timed is None:
            return self._sentences.get(why)
        return timed.replace("{until}", self._moment(until_at, now))

    def _moment(self, at: datetime, now: datetime) -> str:
        """Local time to the minute, with the day unless it is today."""
        local, today = dt_util.as_local(at), dt_util.as_local(now).date()
        clock = f"{local:%H:%M}"
        if local.date() == today:
            return clock
        key = "tomorrow" if local.date() == today + timedelta(days=1) else _DAYS[local.weekday()]
        return self._sentences.get(f"on_{key}", "{time}").replace("{time}", clock)
