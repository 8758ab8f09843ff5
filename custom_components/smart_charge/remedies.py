"""Repairs that the charge point itself needs and its owner must agree to: a restart, or limits cleared."""

from collections.abc import Callable
from typing import Final

from homeassistant.components.repairs import ConfirmRepairFlow, RepairsFlowResult
from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from .chargers.charger import ChargerError, ChargerRefused, Remedy
from .chargers.ocpp.charger import OcppCharger
from .const import DOMAIN

_KEYS: Final = {Remedy.RESTART: "needs_restart", Remedy.CLEAR_PROFILES: "outranked"}


class RemedyRepairs:
    """Raises a repair while a remedy would help, and takes it back when it would not."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry, charger: OcppCharger) -> None:
        self._hass = hass
        self._entry = entry
        self._charger = charger
        self._told: frozenset[Remedy] = frozenset()

    def watch(self) -> Callable[[], None]:
        """Begin; returns what ends it."""
        stop = self._charger.listen(self._look)
        self._look()

        def end() -> None:
            stop()
            for remedy in self._told:
                ir.async_delete_issue(self._hass, DOMAIN, self._issue_id(remedy))

        return end

    def _issue_id(self, remedy: Remedy) -> str:
        return f"{_KEYS[remedy]}_{self._entry.entry_id}"

    @callback
    def _look(self) -> None:
        wanted = self._charger.remedies
        if wanted == self._told:
            return
        for remedy in wanted - self._told:
            self._raise(remedy)
        for remedy in self._told - wanted:
            ir.async_delete_issue(self._hass, DOMAIN, self._issue_id(remedy))
        self._told = wanted

    def _raise(self, remedy: Remedy) -> None:
        ir.async_create_issue(
            self._hass,
            DOMAIN,
            self._issue_id(remedy),
            data={"entry_id": self._entry.entry_id, "remedy": remedy.value},
            is_fixable=True,
            severity=ir.IssueSeverity.WARNING,
            translation_key=_KEYS[remedy],
            translation_placeholders={"name": self._entry.title},
        )


class ApplyRemedy(ConfirmRepairFlow):
    """Do it, once the owner has agreed."""

    def __init__(self, entry_id: str, remedy: Remedy) -> None:
        super().__init__()
        self._entry_id = entry_id
        self._remedy = remedy

    async def async_step_confirm(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Ask first."""
        if user_input is not None and (reason := await self._async_apply()) is not None:
            return self.async_abort(reason=reason)
        return await super().async_step_confirm(user_input)

    async def _async_apply(self) -> str | None:
        """Apply the remedy; returns why it could not be."""
        entry = self.hass.config_entries.async_get_entry(self._entry_id)
        if entry is None or entry.state is not ConfigEntryState.LOADED:
            return "not_loaded"
        charger = entry.runtime_data.charger
        if not isinstance(charger, OcppCharger):
            return "not_loaded"
        try:
            await charger.remedy(self._remedy)
        except ChargerRefused:
            return "refused"
        except ChargerError:
            return "no_answer"
        return None
