"""What the owner can put right, and the flow that does it."""

from dataclasses import replace
from typing import override

from homeassistant.components.repairs import ConfirmRepairFlow, RepairsFlow, RepairsFlowResult
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.selector import TextSelector
import probatio

from .by_whom import who_fills_in
from .chargers.charger import Remedy
from .charging.alarms import Danger, acknowledged
from .const import DOMAIN
from .coordinator import SmartChargeConfigEntry
from .forgetting import request as forgetting_request
from .guard import note
from .household_tags import AcceptTag
from .keeping import log_watch
from .ledger import DATA_LEDGER
from .ledger.repairs import ISSUE_ID, ISSUE_LEFT
from .remedies import ApplyRemedy
from .security.events import Kind
from .site import DATA_SITE
from .site.doubts import METER_DOUBTED
from .site.left import LEFT_OFF, AllowAllUnwatched
from .site.wiring import AskWiring


class StartRecordsAnew(ConfirmRepairFlow):
    """Put the damaged records aside and begin new ones."""

    @override
    async def async_step_confirm(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Ask first: what is in the damaged file is not shown any more."""
        if user_input is not None:
            watch = self.hass.data[log_watch.DATA_LOG_WATCH]
            try:
                with watch.still():
                    await self.hass.data[DATA_LEDGER].async_start_anew()
                    await watch.async_set_aside()
            except HomeAssistantError as err:
                return self.async_abort(reason="not_started_anew", description_placeholders={"error": str(err)})
        return await super().async_step_confirm(user_input)


class SettleShared(RepairsFlow):
    """Two homes have one id on one server: ask which this one is."""

    async def async_step_init(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Ask: nobody but the owner knows which is which."""
        return self.async_show_menu(step_id="init", menu_options=["moved", "copy"])

    async def async_step_moved(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Be the one that writes."""
        return await self._async_settle(is_copy=False)

    async def async_step_copy(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Be a home of its own, whose security log begins anew."""
        return await self._async_settle(is_copy=True)

    async def _async_settle(self, *, is_copy: bool) -> RepairsFlowResult:
        issue = ir.async_get(self.hass).async_get_issue(DOMAIN, ISSUE_ID)
        if issue is None or not (issue.data or {}).get("is_shared"):
            return self.async_abort(reason="settled")  # at the other one, while this was open
        watch = self.hass.data[log_watch.DATA_LOG_WATCH]
        with watch.still():
            try:
                await self.hass.data[DATA_LEDGER].async_settle_doubt(is_copy=is_copy)
            except HomeAssistantError as err:
                return self.async_abort(reason="not_settled", description_placeholders={"error": str(err)})
            finally:
                if is_copy:  # it has another id from now on, also where nothing can be written yet
                    await watch.async_set_aside()
        return self.async_create_entry(data={})


class GiveUpRecordsLeft(ConfirmRepairFlow):
    """Look no more for records in a database that is gone for good."""

    @override
    async def async_step_confirm(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Ask first: nothing will fetch them afterwards, and no deletion reach them."""
        if user_input is not None:
            await self.hass.data[DATA_LEDGER].async_give_up_left()
        return await super().async_step_confirm(user_input)


class AcceptBrokenLog(ConfirmRepairFlow):
    """Check the security log from its present end on, after an administrator has looked at what is broken."""

    @override
    async def async_step_confirm(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Ask first."""
        if user_input is not None:
            try:
                await self.hass.data[log_watch.DATA_LOG_WATCH].async_accept(who_fills_in())
            except HomeAssistantError as err:
                return self.async_abort(reason="records_unavailable", description_placeholders={"error": str(err)})
        return await super().async_step_confirm(user_input)


class TrustMeter(ConfirmRepairFlow):
    """Somebody has put the grid meter right: it is believed again, until it is found out anew."""

    @override
    async def async_step_confirm(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Ask first: it guards the fuse from then on."""
        if user_input is not None:
            self.hass.data[DATA_SITE].trust_meter()
        return await super().async_step_confirm(user_input)


class DeletePersonalData(RepairsFlow):
    """Have a person at the screen type the serial number, then delete."""

    def __init__(self, entry_id: str) -> None:
        self._entry_id = entry_id

    async def async_step_init(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Begin."""
        return await self.async_step_confirm()

    async def async_step_confirm(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Ask, and do it once the right thing was typed. What became of it is told in a notification."""
        entry = self.hass.config_entries.async_get_entry(self._entry_id)
        if entry is None or entry.state is not ConfigEntryState.LOADED:
            return self.async_abort(reason="charge_point_not_loaded")
        errors = {}
        if user_input is not None:
            typed = user_input.get("confirm", "")
            if forgetting_request.is_meant([entry], typed):
                try:
                    await forgetting_request.async_delete(self.hass, [entry], typed, user_id=who_fills_in())
                except HomeAssistantError as err:
                    return self.async_abort(reason="records_unavailable", description_placeholders={"error": str(err)})
                return self.async_create_entry(data={})
            errors["confirm"] = "wrong_confirmation"
        return self.async_show_form(
            step_id="confirm_everything" if forgetting_request.is_everything(entry) else "confirm",
            data_schema=probatio.Schema({probatio.Required("confirm"): TextSelector()}),
            errors=errors,
            description_placeholders=forgetting_request.placeholders(entry),
        )

    async def async_step_confirm_everything(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Ask the same where there is no other charge point, so that the household's tags go too."""
        return await self.async_step_confirm(user_input)


class SeenTo(ConfirmRepairFlow):
    """Somebody has seen to what the meter alarmed about: the rules hold again."""

    def __init__(self, entry_id: str, danger: Danger) -> None:
        super().__init__()
        self._entry_id = entry_id
        self._danger = danger

    @override
    async def async_step_confirm(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Ask first: from then on current may flow again."""
        if user_input is not None:
            entry: SmartChargeConfigEntry | None = self.hass.config_entries.async_get_entry(self._entry_id)
            if entry is None or entry.state is not ConfigEntryState.LOADED:
                return self.async_abort(reason="not_loaded")
            danger = self._danger
            by = who_fills_in()
            note(self.hass, Kind.METER_ALARM_SEEN_TO, charge_point=entry.entry_id, danger=danger.value, user_id=by)
            entry.runtime_data.change(lambda carry: replace(carry, alarms=acknowledged(carry.alarms, danger)))
        return await super().async_step_confirm(user_input)


async def async_create_fix_flow(
    hass: HomeAssistant, issue_id: str, data: dict[str, str | int | float | None] | None
) -> RepairsFlow:
    """Return the flow for an issue."""
    if issue_id == ISSUE_ID:
        return SettleShared() if data is not None and data.get("is_shared") else StartRecordsAnew()
    if issue_id == ISSUE_LEFT:
        return GiveUpRecordsLeft()
    if issue_id == log_watch.ISSUE:
        return AcceptBrokenLog()
    if issue_id == METER_DOUBTED:
        return TrustMeter()
    if data is not None and issue_id.startswith(forgetting_request.ISSUE):
        return DeletePersonalData(str(data["entry_id"]))
    if data is not None and "tag_refused_by" in data:
        return AcceptTag(str(data["tag_refused_by"]))
    if data is not None and "remedy" in data:
        return ApplyRemedy(str(data["entry_id"]), Remedy(str(data["remedy"])))
    if data is not None and issue_id == LEFT_OFF:
        return AllowAllUnwatched(float(data["needed_a"] or 0))
    if data is not None and "wiring_of" in data:
        return AskWiring(str(data["wiring_of"]))
    if data is not None and "danger" in data:
        return SeenTo(str(data["entry_id"]), Danger(str(data["danger"])))
    return ConfirmRepairFlow()
