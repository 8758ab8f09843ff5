"""The owner's "why" as one plain sentence, in Home Assistant's language and local time."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from homeassistant.core import HomeAssistant
from homeassistant.helpers.translation import async_get_translations
from homeassistant.util import dt as dt_util

from .const import DOMAIN

_SENTENCES: Final = f"component.{DOMAIN}.entity.sensor.why.state_attributes.sentence.state."
_ACCOUNTS: Final = f"component.{DOMAIN}.entity.calendar.dsr_events.state_attributes.description.state."
_DAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


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
