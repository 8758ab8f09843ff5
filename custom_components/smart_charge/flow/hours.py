"""The step about default charging hours: accept, change or remove, never skipped (10.2, 10.3)."""

from abc import abstractmethod
from typing import Any, Final
from zoneinfo import ZoneInfo

from homeassistant.config_entries import ConfigEntryBaseFlow, ConfigFlowResult
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.selector import ObjectSelector, ObjectSelectorConfig, TimeSelector
from homeassistant.helpers.translation import async_get_translations
from homeassistant.util import dt as dt_util
import probatio

from ..chargers.charger import Capabilities
from ..charging.off_peak import DAYS, preset_hours, windows_from_list, windows_to_list
from ..const import (
    CONF_DEFAULT_HOURS,
    CONF_DEFAULT_HOURS_ENABLED,
    CONF_PROTOCOL,
    DOMAIN,
    PROTOCOL_MODBUS,
    PROTOCOL_OCPP,
)
from ..lot import lot_without_us
from ..settings import local_zone, settings_from
from ..site import DATA_SITE
from ..site.agreement import Agreement, agreement_of
from ..site.unwatched import as_unwatched
from ..wording import Wording
from .rows import Choice, async_choice, shown, stored

MOST_WINDOWS: Final = 50

_CHOICES: Final = ["accept_hours", "change_hours", "remove_hours"]

type Windows = list[dict[str, Any]]
"""Weekly windows as they are stored."""


def preset_windows() -> Windows:
    """Return the pre-set hours in stored form; local hours are the same in any time zone."""
    return windows_to_list(preset_hours(ZoneInfo("UTC")).windows)


def _hours_schema(days: Choice) -> probatio.Schema:
    rows = ObjectSelectorConfig(
        multiple=True,
        translation_key="hours",  # a row shows all fields as no one of them is named its label
        fields={
            "days": {"required": True, "label": "Starts on", "selector": days},
            "start": {"required": True, "label": "From", "selector": TimeSelector()},
            "end": {"required": True, "label": "Until", "selector": TimeSelector()},
        },
    )
    return probatio.Schema({probatio.Required(CONF_DEFAULT_HOURS): ObjectSelector(rows)})


class HoursSteps(ConfigEntryBaseFlow):
    """The steps that set-up and options share."""

    @property
    def _present_hours(self) -> Windows:
        """What the form to change them begins with."""
        return preset_windows()

    @property
    def _unattended(self) -> str | None:
        """What is known of the vehicle's lot without Home Assistant; None where the step does not speak of it."""
        return None

    @abstractmethod
    async def _async_hours_chosen(self, options: dict[str, Any]) -> ConfigFlowResult:
        """Go on with the owner's choice, as entry options."""

    @property
    def _agreement(self) -> Agreement | None:
        site = self.hass.data.get(DATA_SITE)  # not there before the first entry is
        return None if site is None else agreement_of(site.options)

    async def async_step_hours(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask what the owner wants of the default charging hours; with an agreement none are required (10.5)."""
        agreement = self._agreement
        if agreement is not None and agreement.holds_on(dt_util.now().date()):
            return await self.async_step_hours_with_agreement()
        return self.async_show_menu(
            step_id="hours", menu_options=_CHOICES, description_placeholders=await self._async_unattended()
        )

    async def async_step_hours_with_agreement(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask the same of an owner who has an agreement on demand side response."""
        return self.async_show_menu(
            step_id="hours_with_agreement",
            menu_options=_CHOICES,
            description_placeholders={
                "party": "" if self._agreement is None else self._agreement.party,
                **await self._async_unattended(),
            },
        )

    async def _async_unattended(self) -> dict[str, str]:
        """Return the sentence that says what the charge point does by itself (7.1, 7.2)."""
        if self._unattended is None:
            return {}
        if (shared := await self._async_shared(self._unattended)) is not None:
            return {"unattended": f"{shared}."}
        texts = await async_get_translations(self.hass, self.hass.config.language, "selector", [DOMAIN])
        key = f"component.{DOMAIN}.selector.unattended.options.{self._unattended}"
        return {"unattended": texts.get(key, "")}

    async def _async_shared(self, unattended: str) -> str | None:
        """Return what it does by itself beside others at a small supply; None where that does not hold it back."""
        site = self.hass.data.get(DATA_SITE)
        protocol = PROTOCOL_OCPP if unattended == "by_profile" else PROTOCOL_MODBUS
        options = _options(preset_windows())
        if site is None:
            return None
        left = site.left_to_one_more(as_unwatched({CONF_PROTOCOL: protocol}, options, site.phases_of("")))
        if left is None or (left.max_a > 0 and left.turn is None):
            return None
        settings = settings_from(options, Capabilities(), local_zone())
        return lot_without_us(unattended, settings, left, await Wording.async_load(self.hass)).sentence

    async def async_step_accept_hours(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Take the pre-set hours."""
        return await self._async_hours_chosen(_options(preset_windows()))

    async def async_step_change_hours(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Let the owner set the hours."""
        errors: dict[str, str] = {}
        present = self._present_hours
        choices = {"days": await async_choice(self.hass, "days", DAYS, multiple=True)}
        if user_input is not None:
            present = stored(user_input[CONF_DEFAULT_HOURS], choices)
            if (error := _what_is_wrong(present)) is None:
                return await self._async_hours_chosen(_options(_as_stored(present)))
            errors[CONF_DEFAULT_HOURS] = error
        schema = _hours_schema(choices["days"])
        return self.async_show_form(
            step_id="change_hours",
            data_schema=self.add_suggested_values_to_schema(schema, {CONF_DEFAULT_HOURS: shown(present, choices)}),
            errors=errors,
        )

    async def async_step_remove_hours(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Say what it means to have no hours, and do it."""
        if user_input is None:
            return self.async_show_form(step_id="remove_hours", data_schema=probatio.Schema({}))
        return await self._async_hours_chosen(_options(self._present_hours, is_enabled=False))


def _options(windows: Windows, *, is_enabled: bool = True) -> dict[str, Any]:
    """Return the choice as entry options. Hours that are switched off are kept to be switched on again."""
    return {CONF_DEFAULT_HOURS: windows, CONF_DEFAULT_HOURS_ENABLED: is_enabled}


def _what_is_wrong(windows: Any) -> str | None:
    """Return the translation key of what keeps these windows from being used; None when nothing does."""
    if not isinstance(windows, list) or not windows:
        return "no_hours"
    if len(windows) > MOST_WINDOWS:
        return "too_many_hours"
    if not all(window.get("days") for window in windows):
        return "no_days"
    return None


def _as_stored(windows: Windows) -> Windows:
    """Return windows that a form has checked in the one form that is stored; a form takes 7:30 too."""
    times = [{key: cv.time(window[key]).isoformat() for key in ("start", "end")} for window in windows]
    return windows_to_list(windows_from_list([window | at for window, at in zip(windows, times, strict=True)]))
