"""What the owner can put right, and the flow that does it."""

from typing import override

from homeassistant.components.repairs import ConfirmRepairFlow, RepairsFlow, RepairsFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError

from .ledger import DATA_LEDGER
from .ledger_repairs import ISSUE_ID


class StartRecordsAnew(ConfirmRepairFlow):
    """Put the damaged records aside and begin new ones."""

    @override
    async def async_step_confirm(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Ask first: what is in the damaged file is not shown any more."""
        if user_input is not None:
            try:
                await self.hass.data[DATA_LEDGER].async_start_anew()
            except HomeAssistantError as err:
                return self.async_abort(reason="not_started_anew", description_placeholders={"error": str(err)})
        return await super().async_step_confirm(user_input)


async def async_create_fix_flow(
    hass: HomeAssistant, issue_id: str, data: dict[str, str | int | float | None] | None
) -> RepairsFlow:
    """Return the flow for an issue."""
    return StartRecordsAnew() if issue_id == ISSUE_ID else ConfirmRepairFlow()
