"""English sentences for Assist's own agent, which no file of an integration can teach it.

They are registered as an automation's sentence triggers are: heard before the built-in intents, with wildcards whose
words we read ourselves. What they lead to is an intent of ours.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
import re
from typing import Any, Final

from hassil.recognize import RecognizeResult
from homeassistant.components.conversation import ConversationInput
from homeassistant.components.conversation.agent_manager import get_agent_manager
from homeassistant.components.conversation.const import DOMAIN as ASSISTANT
from homeassistant.config_entries import SIGNAL_CONFIG_ENTRY_CHANGED
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import intent
from homeassistant.helpers.area_registry import EVENT_AREA_REGISTRY_UPDATED
from homeassistant.helpers.device_registry import EVENT_DEVICE_REGISTRY_UPDATED
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.entity_registry import EVENT_ENTITY_REGISTRY_UPDATED
from homeassistant.util import dt as dt_util

from ..const import DOMAIN
from ..errors import invalid
from ..site import is_site
from .intents import (
    ATTR_ENERGY,
    ATTR_HOURS,
    ATTR_NAME,
    ATTR_TIME,
    ATTR_UNTIL,
    ATTR_UNTIL_UNPLUGGED,
    CHARGE_NOW,
    READY_BY,
    RESUME,
    SKIP_DELAY,
    STOP,
    USAGE,
    WHY,
    charge_points,
)
from .names import names_of, sayable, short_forms, spoken
from .spoken import clock, duration, energy_kwh, plain

type Slots = dict[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Saying:
    """Sentences that ask for one thing. ``read`` makes slots of what is in the wildcard; None: not understood."""

    intent_type: str
    sentences: tuple[str, ...]
    read: Callable[[str], Slots | None] = lambda _: {}


def _until(text: str) -> Slots | None:
    said = clock(text)
    return None if said is None else {ATTR_UNTIL: said.next_after(dt_util.now()).isoformat()}


def _until_or_unplugged(text: str) -> Slots | None:
    return {ATTR_UNTIL_UNPLUGGED: True} if "unplug" in text else _until(text)


def _until_unless_unplugged(text: str) -> Slots | None:
    return {} if "unplug" in text else _until(text)  # which ends "charge now" anyway


def _hours(text: str) -> Slots | None:
    said = duration(text)
    return None if said is None else {ATTR_HOURS: said.total_seconds() / 3600}


def _kwh(text: str) -> Slots | None:
    said = energy_kwh(text)
    return None if said is None else {ATTR_ENERGY: said}


def _bare_kwh(text: str) -> Slots | None:
    return _kwh(f"{text.removeprefix('for ')} kwh")


def _hours_or_kwh(text: str) -> Slots | None:
    return _hours(text) or _kwh(text)


def _ready_by(text: str) -> Slots | None:
    said = clock(text)  # people leave in the morning
    return None if said is None else {ATTR_TIME: said.at.isoformat()}


_CALLED: Final = "car|ev|vehicle|van"
_CAR: Final = f"([the|my|our] ({_CALLED}))"
_IT: Final = f"[{_CAR}|it]"
_AT: Final = "[(at|in|on) [the|my|our] {place}]"
_CHARGE: Final = f"(charge|start charging|boost) {_IT} [now]"
_STOP: Final = f"(stop|pause|halt) [the] charging {_IT}"
_KWH: Final = "(kwh|kilowatt hours|kilowatt hour|kilowatt-hours)"
_TILL: Final = "(until|till|til)"

SAYINGS: Final = (
    Saying(
        intent_type=CHARGE_NOW,
        sentences=(
            f"(charge|start charging) {_IT} (now|right now|at once|straight away) {_AT}",
            f"start charging {_IT} {_AT}",
            f"charge {_CAR} {_AT}",
            f"boost {_CAR} {_AT}",
        ),
    ),
    Saying(intent_type=CHARGE_NOW, sentences=(f"{_CHARGE} {_TILL} {{words}}",), read=_until_unless_unplugged),
    Saying(intent_type=CHARGE_NOW, sentences=(f"{_CHARGE} for {{words}}",), read=_hours_or_kwh),
    Saying(
        intent_type=CHARGE_NOW,
        sentences=(
            f"(charge|boost) {_IT} [with|by|up to|to|another] {{words}} {_KWH} [now] {_AT}",
            f"(add|put) [another] {{words}} {_KWH} (to|in|into) {_CAR} {_AT}",
        ),
        read=_bare_kwh,
    ),
    Saying(intent_type=STOP, sentences=(f"{_STOP} {_AT}",)),
    Saying(intent_type=STOP, sentences=(f"{_STOP} {_TILL} {{words}}",), read=_until_or_unplugged),
    Saying(intent_type=STOP, sentences=(f"{_STOP} for {{words}}",), read=_hours),
    Saying(
        intent_type=RESUME,
        sentences=(f"(resume|continue) charging {_IT} {_AT}", f"charge {_IT} (as usual|normally) {_AT}"),
    ),
    Saying(
        intent_type=SKIP_DELAY,
        sentences=(
            f"(skip|cancel|end) the [random|charging] (delay|wait) {_AT}",
            f"(do not|don't|dont) wait for the [random|charging] delay {_AT}",
        ),
    ),
    Saying(
        intent_type=WHY,
        sentences=(
            f"why (is|isn't|isnt) {_CAR} [not] [being] (charging|charged) {_AT}",
            f"is {_CAR} [being] (charging|charged) {_AT}",
            f"what is {_CAR} [charger] doing {_AT}",
            f"what is the (charger|charge point) doing {_AT}",
            f"when (will|is) {_CAR} [be] (ready|charged|done|full|finished) {_AT}",
            f"when does {_CAR} (start|finish|stop) charging {_AT}",
            f"when will {_CAR} (start|finish|stop) charging {_AT}",
        ),
    ),
    Saying(
        intent_type=READY_BY,
        sentences=(
            f"(have|get) {_CAR} (ready|charged) (by|at|for) {{words}}",
            f"charge {_CAR} by {{words}}",
            f"{_CAR} (must|should|has to|needs to) be (ready|charged) (by|at|for) {{words}}",
            f"i need {_CAR} [ready|charged] (by|at) {{words}}",
        ),
        read=_ready_by,
    ),
    Saying(
        intent_type=USAGE,
        sentences=(
            f"how much [energy|electricity] (has|did) {_CAR} (used|use|taken|take|charged|charge) this month {_AT}",
            f"(what did|how much did) charging {_IT} cost this month {_AT}",
        ),
    ),
)


_PLACE: Final = re.compile(r"(.+) (?:at|in|on) (?:the |my |our )?(.+?)")
"""A part of a charge point's name, or one that we do not know, behind what was said."""
_BEHIND_NAME: Final = re.compile(r".+ (?:with|by|up to|to|for|another) (.+?)")
"""The rest of a name whose first word was taken for all of it: "charge box | 2 with 10 | kWh"."""
_BEFORE_WORDS: Final = re.compile(r"(?:(?:with|by|up to|to|for|another) )+")


@callback
def async_listen(hass: HomeAssistant) -> None:
    """Have Assist's own agent understand them, with the names that charge points have at any time."""
    Listening(hass).start()


class Listening:
    """One trigger for all sentences, for of several that match each would be run."""

    def __init__(self, hass: HomeAssistant) -> None:
        self._hass = hass
        self._forms: list[str] | None = None
        self._stop: Callable[[], None] | None = None
        self._is_due = False

    @callback
    def start(self) -> None:
        """Listen, and anew whenever somebody is called something else."""
        self._listen()
        self._hass.bus.async_listen(EVENT_DEVICE_REGISTRY_UPDATED, self._renamed)
        self._hass.bus.async_listen(EVENT_AREA_REGISTRY_UPDATED, self._renamed)
        self._hass.bus.async_listen(EVENT_ENTITY_REGISTRY_UPDATED, self._renamed, event_filter=_may_rename)
        async_dispatcher_connect(self._hass, SIGNAL_CONFIG_ENTRY_CHANGED, self._renamed)

    @callback
    def _renamed(self, *_what: object) -> None:
        if not self._is_due:
            self._is_due = True
            self._hass.loop.call_soon(self._listen)

    @callback
    def _listen(self) -> None:
        self._is_due = False
        entries = [entry for entry in self._hass.config_entries.async_entries(DOMAIN) if not is_site(entry)]
        forms = sorted({form for entry in entries for name in names_of(self._hass, entry) for form in sayable(name)})
        if forms == self._forms:
            return
        if self._stop is not None:
            self._stop()
        self._forms = forms
        called = "|".join((_CALLED, *forms))
        sayings = {text.replace(_CALLED, called): saying for saying in SAYINGS for text in saying.sentences}

        async def answer(heard: ConversationInput, result: RecognizeResult) -> str | None:
            saying = None if result.intent_sentence is None else sayings.get(result.intent_sentence.text or "")
            if saying is None:
                return None
            words = {name: str(entity.value) for name, entity in result.entities.items()}
            return await _async_answer(self._hass, saying, heard, words)

        self._stop = get_agent_manager(self._hass).register_trigger(list(sayings), answer)


@callback
def _may_rename(data: Mapping[str, Any]) -> bool:
    is_switch = str(data["entity_id"]).startswith("switch.")
    return is_switch and (data["action"] != "update" or "aliases" in data["changes"])


async def _async_answer(hass: HomeAssistant, saying: Saying, heard: ConversationInput, words: Mapping[str, str]) -> str:
    said = plain(words.get("words", ""))
    name, text = _without_name(hass, said)
    place = words.get("place")
    slots = saying.read(text)
    if slots is None and (split := _PLACE.fullmatch(text)) is not None:
        slots, name = saying.read(split[1]), split[2]
    if slots is None and (split := _BEHIND_NAME.fullmatch(text)) is not None:
        slots, name = saying.read(split[1]), _named(hass, heard.text)
    if slots is None:
        return str(invalid("voice_not_understood", words=text))
    if (name := name or place or _named(hass, plain(heard.text).removesuffix(said))) is not None:
        slots[ATTR_NAME] = plain(name)
    try:
        response = await intent.async_handle(
            hass,
            DOMAIN,
            saying.intent_type,
            {key: {"value": value} for key, value in slots.items()},
            text_input=heard.text,
            context=heard.context,
            language=heard.language,
            assistant=ASSISTANT,
            device_id=heard.device_id,
            satellite_id=heard.satellite_id,
        )
    except intent.IntentError as err:
        return str(err)
    return str(response.speech["plain"]["speech"])


def _forms(hass: HomeAssistant) -> list[str]:
    """Return what charge points may be called, the longest first."""
    names = {name for entry in charge_points(hass, None) for name in names_of(hass, entry)}
    return sorted({form for name in names for form in short_forms(name)}, key=len, reverse=True)


def _named(hass: HomeAssistant, text: str) -> str | None:
    """Return what a charge point is called in ``text``, in the place of "the car"."""
    heard = f" {spoken(text)} "
    return next((form for form in _forms(hass) if f" {form} " in heard), None)


def _without_name(hass: HomeAssistant, text: str) -> tuple[str | None, str]:
    """Return a charge point's name that ``text`` begins or ends with, and the text without it."""
    for form in _forms(hass):
        called = r"(?:(?:the|my|our) )?" + r"[\W_]+".join(map(re.escape, form.split()))
        behind = re.sub(rf" ?\b(?:(?:at|in|on) )?{called}$", "", text)
        if behind != text:
            return form, behind
        if before := re.match(rf"{called} ", text):
            return form, _BEFORE_WORDS.sub("", text[before.end() :], count=1)
    return None, text
