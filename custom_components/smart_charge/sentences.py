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
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import intent
from homeassistant.util import dt as dt_util

from .charge_point_names import names_of
from .const import DOMAIN
from .errors import invalid
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


_CAR: Final = "([the|my|our] (car|ev|vehicle|van))"
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


@callback
def async_listen(hass: HomeAssistant) -> None:
    """Have Assist's own agent understand them: as one trigger, for of several that match each would be run."""
    sayings = {sentence: saying for saying in SAYINGS for sentence in saying.sentences}

    async def answer(heard: ConversationInput, result: RecognizeResult) -> str | None:
        saying = None if result.intent_sentence is None else sayings.get(result.intent_sentence.text or "")
        if saying is None:
            return None
        return await _async_answer(hass, saying, heard, {name: str(it.value) for name, it in result.entities.items()})

    get_agent_manager(hass).register_trigger(list(sayings), answer)


async def _async_answer(hass: HomeAssistant, saying: Saying, heard: ConversationInput, words: Mapping[str, str]) -> str:
    name, text = _without_name(hass, plain(words.get("words", "")))
    place = words.get("place")
    slots = saying.read(text)
    if slots is None and (split := _PLACE.fullmatch(text)) is not None:
        slots, name = saying.read(split[1]), split[2]
    if slots is None:
        return str(invalid("voice_not_understood", words=text))
    if (name := name or place) is not None:
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


def _without_name(hass: HomeAssistant, text: str) -> tuple[str | None, str]:
    """Return a charge point's name that is in ``text``, and the text without it."""
    names = {name for entry in charge_points(hass, None) for name in names_of(hass, entry)}
    for name in sorted(names, key=len, reverse=True):
        pattern = rf" ?\b(?:(?:at|in|on) )?(?:(?:the|my|our) )?{re.escape(plain(name))}$"
        rest = re.sub(pattern, "", text)
        if rest != text:
            return name, rest
    return None, text
