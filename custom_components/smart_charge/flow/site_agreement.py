"""The owner's agreement on demand side response (10.5): with it, pre-set default hours are not required."""

from datetime import date
from typing import Any, Final

from homeassistant.config_entries import ConfigFlowResult
from homeassistant.helpers.selector import (
    DateSelector,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
)
import probatio

from ..const import CONF_AGREEMENT
from ..site.agreement import CONF_AGREEMENT_KIND, CONF_END, CONF_PARTY, CONF_START, KINDS
from .site_section import SiteSection

LONGEST_PARTY: Final = 200


class AgreementSection(SiteSection):
    """Who with, of which kind, from when to when: what a statement of compliance has to name."""

    async def async_step_agreement(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for it. Without a party there is none, and nothing else of it is kept."""
        errors: dict[str, str] = {}
        if user_input is not None:
            party = " ".join(user_input.get(CONF_PARTY, "").split())
            if not party:
                return self.keep_section(CONF_AGREEMENT, None)
            errors = _what_is_wrong(party, user_input)
            if not errors:
                return self.keep_section(CONF_AGREEMENT, user_input | {CONF_PARTY: party})
        return self.async_show_form(
            step_id="agreement",
            data_schema=self.add_suggested_values_to_schema(
                _AGREEMENT_SCHEMA, user_input or self.section(CONF_AGREEMENT)
            ),
            errors=errors,
        )


def _what_is_wrong(party: str, given: dict[str, Any]) -> dict[str, str]:
    if len(party) > LONGEST_PARTY:
        return {CONF_PARTY: "too_long_a_name"}
    if CONF_START not in given:
        return {CONF_START: "no_start"}
    if CONF_END in given and date.fromisoformat(given[CONF_END]) < date.fromisoformat(given[CONF_START]):
        return {CONF_END: "ends_before_it_starts"}
    return {}


_AGREEMENT_SCHEMA: Final = probatio.Schema(
    {
        probatio.Optional(CONF_PARTY): TextSelector(),
        probatio.Required(CONF_AGREEMENT_KIND, default=KINDS[0]): SelectSelector(
            SelectSelectorConfig(options=list(KINDS), mode=SelectSelectorMode.LIST, translation_key="agreement_kind")
        ),
        probatio.Optional(CONF_START): DateSelector(),
        probatio.Optional(CONF_END): DateSelector(),
    }
)
