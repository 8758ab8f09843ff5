"""Where the records are kept, and for how long."""

from typing import Any, Final

from homeassistant.config_entries import ConfigFlowResult
from homeassistant.const import CONF_URL
from homeassistant.helpers.selector import (
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)
import probatio

from ..const import CONF_KEEP_MONTHS, CONF_RECORDS
from ..errors import ledger_key
from ..ledger.database import async_store_at
from ..records.errors import LedgerError
from ..records.retention import MONTHS_AT_HOME
from .site_section import SiteSection

CONF_REMOVE_URL: Final = "remove_url"
MOST_MONTHS: Final = 120

_SECRET: Final = TextSelector(TextSelectorConfig(type=TextSelectorType.PASSWORD, autocomplete="off"))
_MONTHS: Final = NumberSelector(
    NumberSelectorConfig(min=MONTHS_AT_HOME, max=MOST_MONTHS, step=1, mode=NumberSelectorMode.BOX)
)


class RecordsSection(SiteSection):
    """A database of the owner's own choice, tried before it is kept; what is stored is never shown again."""

    async def async_step_records(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask, and try the connection."""
        stored, errors, said = self.section(CONF_RECORDS), {}, ""
        if user_input is not None:
            url = _url(stored.get(CONF_URL), user_input)
            error = None if url is None or url == stored.get(CONF_URL) else await self._async_try(url)
            if error is None:
                months = {CONF_KEEP_MONTHS: int(user_input[CONF_KEEP_MONTHS])}
                return self.keep_section(CONF_RECORDS, months if url is None else months | {CONF_URL: url})
            errors, said = {CONF_URL: ledger_key(error)}, str(error)
        fields: dict[Any, Any] = {probatio.Optional(CONF_URL): _SECRET}
        if stored.get(CONF_URL):
            fields[probatio.Optional(CONF_REMOVE_URL, default=False)] = bool
        fields[probatio.Required(CONF_KEEP_MONTHS, default=MONTHS_AT_HOME)] = _MONTHS
        shown = {key: value for key, value in (user_input or stored).items() if key != CONF_URL}
        return self.async_show_form(
            step_id="records",
            data_schema=self.add_suggested_values_to_schema(probatio.Schema(fields), shown),
            errors=errors,
            description_placeholders={"example": "postgresql+psycopg://name:password@host/database", "error": said},
        )

    async def _async_try(self, url: str) -> LedgerError | None:
        """Open the database once, tables and all; return what is wrong with it."""
        try:
            store = await async_store_at(self.hass, url)
        except LedgerError as err:
            return err
        await self.hass.async_add_executor_job(store.close)
        return None


def _url(stored: str | None, user_input: dict[str, Any]) -> str | None:
    """Return the URL that shall hold: a new one, none, or as before when the field was left empty."""
    if user_input.get(CONF_REMOVE_URL):
        return None
    return str(user_input.get(CONF_URL, "")).strip() or stored
