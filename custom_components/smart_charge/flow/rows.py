"""Rows of a form's list, with what is chosen in them in words: a row shows what would be stored, untranslated."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, override

from homeassistant.core import HomeAssistant
from homeassistant.helpers.selector import SelectOptionDict, SelectSelector, SelectSelectorConfig, SelectSelectorMode
from homeassistant.helpers.translation import async_get_translations

from ..const import DOMAIN

_EDGES: Final = ("start", "end")


class Choice(SelectSelector):
    """One of several things, or some of them, by the words that a row shows; what is stored may be sent as well."""

    def __init__(self, options: Sequence[SelectOptionDict], words: Mapping[str, str], *, multiple: bool) -> None:
        mode = SelectSelectorMode.LIST if multiple else SelectSelectorMode.DROPDOWN
        super().__init__(SelectSelectorConfig(options=options, multiple=multiple, mode=mode))
        self._words = words
        self._stored = {word: stored for stored, word in words.items()}

    @override
    def __call__(self, data: Any) -> Any:
        """Check what was chosen, in either form."""
        return super().__call__(self.in_words(data))

    def in_words(self, data: Any) -> Any:
        """Return what is stored as a row shows it."""
        return _each(data, self._words)

    def as_stored(self, data: Any) -> Any:
        """Return what was chosen as it is stored."""
        return _each(data, self._stored)


def _each(data: Any, instead: Mapping[str, str]) -> Any:
    if isinstance(data, list):
        return [_each(item, instead) for item in data]
    return instead.get(data, data) if isinstance(data, str) else data


async def async_choice(hass: HomeAssistant, key: str, values: Iterable[str], *, multiple: bool) -> Choice:
    """Return a choice of values that have names in Home Assistant's language, and short ones for rows."""
    texts = await async_get_translations(hass, hass.config.language, "selector", [DOMAIN])

    prefix = f"component.{DOMAIN}.selector.{key}"
    named = {value: texts.get(f"{prefix}.options.{value}", value) for value in values}
    words = {value: texts.get(f"{prefix}_short.options.{value}", name) for value, name in named.items()}
    if len(set(words.values())) < len(words):  # a translation that calls two by one name
        words = {value: value for value in named}
    options = [SelectOptionDict(value=words[value], label=named[value]) for value in named]
    return Choice(options, words, multiple=multiple)


def shown(rows: Any, choices: Mapping[str, Choice]) -> Any:
    """Return stored rows as their list shows them: chosen words, and times as people write them."""
    if not isinstance(rows, list):  # a selector lets one row by itself pass
        return rows
    return [
        {**row}
        | {key: _without_seconds(str(row[key])) for key in _EDGES if key in row}
        | {key: choice.in_words(row[key]) for key, choice in choices.items() if key in row}
        for row in rows
    ]


def stored(rows: Any, choices: Mapping[str, Choice]) -> Any:
    """Return rows that a form has sent, what is chosen in them as it is stored."""
    if not isinstance(rows, list):
        return rows
    return [row | {key: choice.as_stored(row[key]) for key, choice in choices.items() if key in row} for row in rows]


def _without_seconds(time: str) -> str:
    return time.removesuffix(":00") if time.count(":") == 2 else time
