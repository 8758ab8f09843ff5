"""The register of sales, for sellers and installers: off unless it is turned on here (14.1)."""

from typing import Any, Final

from homeassistant.config_entries import ConfigFlowResult
from homeassistant.helpers.selector import BooleanSelector
import probatio

from ..const import CONF_REGISTER, CONF_SALES
from .site_section import SiteSection

SALES_SCHEMA: Final = probatio.Schema({probatio.Required(CONF_REGISTER, default=False): BooleanSelector()})


class SalesSection(SiteSection):
    """Whether there is one. What is in it stays in it."""

    async def async_step_sales(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask."""
        if user_input is not None:
            return self.keep_section(CONF_SALES, user_input if user_input[CONF_REGISTER] else None)
        schema = self.add_suggested_values_to_schema(SALES_SCHEMA, self.section(CONF_SALES))
        return self.async_show_form(step_id="sales", data_schema=schema)
