"""What may be asked of charge points by voice: a table of intents, for sentences and for language models (U9)."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any, Final, override

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import config_validation as cv, intent
from homeassistant.util import dt as dt_util
import probatio

from ..by_whom import done_by
from ..charging.model import Mode, OverrideKind
from ..charging.override import next_showing
from ..const import CONF_READY_BY, DOMAIN
from ..coordinator import SmartChargeConfigEntry, SmartChargeCoordinator
from ..errors import invalid
from ..owner import async_charge_now, async_resume, async_skip_delay, async_stop
from ..settings import local_zone
from ..site import is_site
from .names import is_exposed, names_of, spoken

ATTR_NAME: Final = "name"
ATTR_HOURS: Final = "hours"
ATTR_UNTIL: Final = "until"
ATTR_ENERGY: Final = "energy_kwh"
ATTR_UNTIL_UNPLUGGED: Final = "until_unplugged"
ATTR_TIME: Final = "time"

CHARGE_NOW: Final = "SmartChargeNow"
STOP: Final = "SmartChargeStop"
RESUME: Final = "SmartChargeResume"
SKIP_DELAY: Final = "SmartChargeSkipDelay"
WHY: Final = "SmartChargeWhy"
READY_BY: Final = "SmartChargeReadyBy"
USAGE: Final = "SmartChargeUsage"

type Said = Mapping[str, Any]
"""Values of the slots by name."""

_NAME: Final = {
    probatio.Optional(ATTR_NAME, description="Name of the charge point, only if the user said one"): cv.string
}
_END: Final = {
    probatio.Optional(ATTR_HOURS, description="For this many hours from now"): probatio.All(
        probatio.Coerce(float), probatio.Range(min=1 / 60, max=31 * 24)
    ),
    probatio.Optional(ATTR_UNTIL, description="Until this time of day, HH:MM in 24 hours"): cv.time,
}
_ENERGY: Final = {
    probatio.Optional(ATTR_ENERGY, description="Until this many kilowatt hours more are charged"): probatio.All(
        probatio.Coerce(float), probatio.Range(min=0.1, max=500)
    )
}
_UNPLUGGED: Final = {probatio.Optional(ATTR_UNTIL_UNPLUGGED, description="Until the car is unplugged"): cv.boolean}


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """One thing to ask for.

    Attributes:
        concerns: which charge points are meant where there are several and none was named.
        is_for_one: it is asked back which is meant, rather than all of them.
        answer: does what is asked, and returns what to say.
    """

    intent_type: str
    title: str
    description: str
    slots: Mapping[Any, Any]
    concerns: Callable[[SmartChargeCoordinator], bool]
    answer: Callable[[SmartChargeCoordinator, Said], Awaitable[str]]
    is_for_one: bool = False
    is_read_only: bool = False


def _is_plugged_in(coordinator: SmartChargeCoordinator) -> bool:
    return bool(coordinator.data.reading.is_plugged_in)


def _has_override(coordinator: SmartChargeCoordinator) -> bool:
    return coordinator.memory.carry.override is not None


def _is_delayed(coordinator: SmartChargeCoordinator) -> bool:
    return coordinator.memory.carry.hold is not None


def _ends_at(said: Said) -> datetime | None:
    if sum(bool(said.get(key)) for key in (ATTR_HOURS, ATTR_UNTIL, ATTR_ENERGY, ATTR_UNTIL_UNPLUGGED)) > 1:
        raise invalid("one_end_only")
    now = dt_util.utcnow()
    hours: float | None = said.get(ATTR_HOURS)
    until: time | None = said.get(ATTR_UNTIL)
    if hours is not None:
        return now + timedelta(hours=hours)
    return None if until is None else next_showing(until, local_zone(), now)


async def _async_charge_now(coordinator: SmartChargeCoordinator, said: Said) -> str:
    ends_at, energy = _ends_at(said), said.get(ATTR_ENERGY)
    await async_charge_now(coordinator, ends_at=ends_at, energy_wh=None if energy is None else round(energy * 1000))
    return _words(coordinator, "said_when_plugged_in") if not _is_plugged_in(coordinator) else _why(coordinator)


async def _async_stop(coordinator: SmartChargeCoordinator, said: Said) -> str:
    await async_stop(coordinator, ends_at=_ends_at(said), ends_with_vehicle=bool(said.get(ATTR_UNTIL_UNPLUGGED)))
    return coordinator.sentence("stopped", _override_end(coordinator), dt_util.utcnow()) or ""


async def _async_resume(coordinator: SmartChargeCoordinator, said: Said) -> str:
    await async_resume(coordinator)
    return _why(coordinator)


async def _async_skip_delay(coordinator: SmartChargeCoordinator, said: Said) -> str:
    await async_skip_delay(coordinator)
    return _why(coordinator)


async def _async_why(coordinator: SmartChargeCoordinator, said: Said) -> str:
    plan, why = coordinator.data.plan, _why(coordinator)
    if plan is None or not plan.spans or coordinator.memory.carry.override is not None:
        return why
    done = coordinator.sentence("said_done", plan.spans[-1][1], dt_util.utcnow())
    return f"{why}. {done}"


async def _async_ready_by(coordinator: SmartChargeCoordinator, said: Said) -> str:
    at: time = said[ATTR_TIME]
    coordinator.change_options({CONF_READY_BY: at.isoformat()})
    is_heeded = coordinator.settings.mode is Mode.CHEAPEST
    return _words(coordinator, "said_ready_by" if is_heeded else "said_ready_by_unheeded", time=f"{at:%H:%M}")


async def _async_usage(coordinator: SmartChargeCoordinator, said: Said) -> str:
    usage = coordinator.data.usage
    if usage is None:
        return _words(coordinator, "said_usage_unknown")
    energy, cost = f"{usage.month.import_wh / 1000:.1f}", f"{usage.month.cost:.2f} {coordinator.hass.config.currency}"
    return _words(coordinator, "said_usage_cost" if usage.month.cost else "said_usage", energy=energy, cost=cost)


def _why(coordinator: SmartChargeCoordinator) -> str:
    return coordinator.data.sentence or ""


def _words(coordinator: SmartChargeCoordinator, key: str, **values: str) -> str:
    return coordinator.words(key, values) or ""


def _override_end(coordinator: SmartChargeCoordinator) -> datetime | None:
    stands = coordinator.data.override_of(OverrideKind.STOP)
    return None if stands is None else stands.ends_at


REQUESTS: Final = (
    Request(
        intent_type=CHARGE_NOW,
        title="Charge now",
        description="Charges the electric car now, whatever the hours and prices: until it is unplugged, or for a "
        "number of hours, or until a time of day, or until an amount of energy is charged",
        slots=_NAME | _END | _ENERGY,
        concerns=_is_plugged_in,
        answer=_async_charge_now,
        is_for_one=True,
    ),
    Request(
        intent_type=STOP,
        title="Stop charging",
        description="Stops charging the electric car: until it is resumed, or for a number of hours, or until a time "
        "of day, or until it is unplugged",
        slots=_NAME | _END | _UNPLUGGED,
        concerns=_is_plugged_in,
        answer=_async_stop,
    ),
    Request(
        intent_type=RESUME,
        title="Charge as usual",
        description="Ends charge now or stop, so that the electric car is charged as usual again",
        slots=_NAME,
        concerns=_has_override,
        answer=_async_resume,
    ),
    Request(
        intent_type=SKIP_DELAY,
        title="Skip the delay",
        description="Skips the random delay that holds back a start or stop of charging the electric car",
        slots=_NAME,
        concerns=_is_delayed,
        answer=_async_skip_delay,
    ),
    Request(
        intent_type=WHY,
        title="Why",
        description="Tells why the electric car is or is not being charged, and when that changes or it is done",
        slots=_NAME,
        concerns=lambda _: True,
        answer=_async_why,
        is_read_only=True,
    ),
    Request(
        intent_type=READY_BY,
        title="Ready by",
        description="Sets by what time of day the electric car should be charged in the cheapest hours",
        slots=_NAME | {probatio.Required(ATTR_TIME, description="Time of day, HH:MM in 24 hours"): cv.time},
        concerns=lambda _: True,
        answer=_async_ready_by,
    ),
    Request(
        intent_type=USAGE,
        title="Energy this month",
        description="Tells how much energy the electric car has taken this month, and what it cost",
        slots=_NAME,
        concerns=lambda _: True,
        answer=_async_usage,
        is_read_only=True,
    ),
)


class RequestHandler(intent.IntentHandler):
    """Does what one request asks for at the charge points that are meant."""

    def __init__(self, request: Request) -> None:
        self.intent_type = request.intent_type
        self.description = request.description
        self.request = request

    @property
    @override
    def slot_schema(self) -> dict[Any, Any]:
        """What may be said with it."""
        return dict(self.request.slots)

    @override
    async def async_handle(self, intent_obj: intent.Intent) -> intent.IntentResponse:
        """Do it, and say what comes of it.

        Raises:
            IntentHandleError: with the words for whoever asked.
        """
        said = {key: slot["value"] for key, slot in self.async_validate_slots(intent_obj.slots).items()}
        try:
            meant = _meant(intent_obj.hass, self.request, said.get(ATTR_NAME), intent_obj.assistant)
            several = len(meant) > 1
            with done_by(intent_obj.context.user_id):
                answers = [(one.name, await self.request.answer(one, said)) for one in meant]
        except HomeAssistantError as err:
            raise intent.IntentHandleError(str(err)) from err
        response = intent_obj.create_response()
        response.async_set_speech(". ".join(f"{name}: {answer}" if several else answer for name, answer in answers))
        return response


def _meant(
    hass: HomeAssistant, request: Request, name: str | None, assistant: str | None
) -> list[SmartChargeCoordinator]:
    """Return the charge points that are asked.

    Raises:
        ServiceValidationError: there is none, none of that name, or it is not clear which.
    """
    known = charge_points(hass, assistant)
    if not known:
        raise invalid("voice_no_charge_point")
    meant = list(known)
    if name is not None:
        said = spoken(name)
        meant = [entry for entry in known if said in {spoken(each) for each in names_of(hass, entry)}]
        meant = meant or [entry for entry in known if _has_words(names_of(hass, entry), said)]
    coordinators = [entry.runtime_data for entry in meant]
    concerned = [each for each in coordinators if request.concerns(each)] if len(meant) > 1 else coordinators
    titles = " / ".join(entry.title for entry in known)
    if not meant:
        raise invalid("voice_not_known", name=str(name), names=titles)
    if request.is_for_one and len(concerned) != 1:
        raise invalid("voice_which", names=titles)
    return concerned or coordinators


def _has_words(names: Iterable[str], said: str) -> bool:
    """Whether a part of one of the names was said: "wall one" for "Acme Wall One"."""
    return any(set(said.split()) <= set(spoken(name).split()) for name in names)


def charge_points(hass: HomeAssistant, assistant: str | None) -> list[SmartChargeConfigEntry]:
    """Return the charge points that run, and that this assistant may be spoken to about."""
    return [
        entry
        for entry in hass.config_entries.async_entries(DOMAIN)
        if entry.state is ConfigEntryState.LOADED and not is_site(entry) and is_exposed(hass, entry, assistant)
    ]


@callback
def async_setup_intents(hass: HomeAssistant) -> None:
    """Make the intents known."""
    for request in REQUESTS:
        intent.async_register(hass, RequestHandler(request))
