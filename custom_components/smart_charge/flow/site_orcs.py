"""The site's part in the On-Street Residential Chargepoint Scheme, and what its reports must know (O3, O6, O7)."""

from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

from homeassistant.config_entries import ConfigFlowResult
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.dispatcher import async_dispatcher_send
from homeassistant.helpers.selector import (
    BooleanSelector,
    DateSelector,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    TextSelector,
)
from homeassistant.util import dt as dt_util
import probatio

from ..const import CONF_CONNECTOR_ID, CONF_ORCS, DOMAIN
from ..keeping.usage_reports import (
    CONF_AUTHORITY,
    CONF_FOLDER,
    CONF_OPERATOR,
    CONF_RESIDENTS_ONLY,
    SIGNAL_OUTLETS,
    FolderUnfit,
    check_folder,
    default_folder,
)
from ..ledger import DATA_LEDGER
from ..records.equipment import classed
from ..records.journal import Journal
from ..records.outlets import IdIsSet, IdTaken, IdUnfit, Outlets
from ..records.periods import UK, midnight
from ..records.values import Outlet, OutletKey
from ..security.inputs import plain
from ..site import is_site
from .site_section import SiteSection

CONF_OUTLET: Final = "outlet"
CONF_PUBLIC_ID: Final = "public_id"
CONF_RATED_KW: Final = "rated_kw"
CONF_IS_DC: Final = "is_dc"
CONF_SINCE: Final = "since"
CONF_CONFIRM: Final = "confirm"

SCHEME_SCHEMA: Final = probatio.Schema(
    {
        probatio.Required(CONF_OPERATOR): TextSelector(),
        probatio.Required(CONF_AUTHORITY): TextSelector(),
        probatio.Optional(CONF_FOLDER): TextSelector(),
        probatio.Required(CONF_RESIDENTS_ONLY, default=False): BooleanSelector(),
    }
)
OUTLET_SCHEMA: Final = probatio.Schema(
    {
        probatio.Required(CONF_PUBLIC_ID): TextSelector(),
        probatio.Required(CONF_RATED_KW): NumberSelector(
            NumberSelectorConfig(min=0.1, max=400, step=0.1, unit_of_measurement="kW", mode=NumberSelectorMode.BOX)
        ),
        probatio.Required(CONF_IS_DC, default=False): BooleanSelector(),
        probatio.Required(CONF_SINCE): DateSelector(),
    }
)


class OrcsSection(SiteSection):
    """Who runs the charge points for whom, where reports go, and each outlet's id for life."""

    _outlet: OutletKey
    _facts: dict[str, Any]

    async def async_step_orcs(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask what to change; at first, who takes part."""
        if not self.section(CONF_ORCS):
            return await self.async_step_orcs_scheme()
        return self.async_show_menu(step_id="orcs", menu_options=["orcs_scheme", "orcs_outlet", "orcs_end"])

    async def async_step_orcs_scheme(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the names in the report's file name, and for the folder."""
        errors: dict[str, str] = {}
        said = ""
        if user_input is not None:
            scheme = {name: value.strip() if isinstance(value, str) else value for name, value in user_input.items()}
            errors = {name: "name_missing" for name in (CONF_OPERATOR, CONF_AUTHORITY) if not scheme[name]}
            path = Path(scheme.get(CONF_FOLDER) or default_folder(self.hass))
            try:
                await self.hass.async_add_executor_job(check_folder, self.hass, path)
            except FolderUnfit as err:
                errors[CONF_FOLDER], said = "folder_unfit", str(err)
            if not errors:
                return self.keep_section(CONF_ORCS, scheme)
        return self.async_show_form(
            step_id="orcs_scheme",
            data_schema=self.add_suggested_values_to_schema(SCHEME_SCHEMA, user_input or self.section(CONF_ORCS)),
            errors=errors,
            description_placeholders={"folder": str(default_folder(self.hass)), "error": said},
        )

    async def async_step_orcs_end(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Take part no more. Outlets keep their ids."""
        if user_input is not None:
            return self.keep_section(CONF_ORCS, None)
        return self.async_show_form(step_id="orcs_end", data_schema=probatio.Schema({}))

    async def async_step_orcs_outlet(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask which outlet."""
        found = self._outlets()
        if not found:
            return self.async_abort(reason="no_charge_point")
        if user_input is not None:
            self._outlet = _key(user_input[CONF_OUTLET])
            return await self.async_step_orcs_facts()
        selector = SelectSelector(SelectSelectorConfig(options=found))
        return self.async_show_form(
            step_id="orcs_outlet", data_schema=probatio.Schema({probatio.Required(CONF_OUTLET): selector})
        )

    async def async_step_orcs_facts(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask what it is, and by which id it is known."""
        errors = {}
        if user_input is not None:
            self._facts = user_input
            outcome = await self._async_describe(is_confirmed=False)
            if outcome is None:
                return await self._async_done()
            if outcome == "id_is_set":
                return await self.async_step_orcs_confirm_id()
            errors = {"base" if outcome == "records_unavailable" else CONF_PUBLIC_ID: outcome}
        return self.async_show_form(
            step_id="orcs_facts",
            data_schema=self.add_suggested_values_to_schema(OUTLET_SCHEMA, user_input or await self._async_known()),
            errors=errors,
        )

    async def async_step_orcs_confirm_id(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask again: an id should stay the same for the life of the charge point (O6)."""
        known = await self._async_outlet()
        if user_input is not None:
            if not user_input[CONF_CONFIRM]:
                return await self.async_step_orcs_facts()
            outcome = await self._async_describe(is_confirmed=True)
            return await self._async_done() if outcome is None else self.async_abort(reason=outcome)
        return self.async_show_form(
            step_id="orcs_confirm_id",
            data_schema=probatio.Schema({probatio.Required(CONF_CONFIRM, default=False): BooleanSelector()}),
            description_placeholders={
                "before": plain(known.public_id if known is not None else ""),
                "after": plain(self._facts[CONF_PUBLIC_ID]),
            },
        )

    async def async_step_orcs_not_permitted(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Say that the scheme does not pay for such an outlet (O7)."""
        if user_input is not None:
            return self.keep_section(CONF_ORCS, self.section(CONF_ORCS))
        return self.async_show_form(step_id="orcs_not_permitted", data_schema=probatio.Schema({}))

    async def _async_done(self) -> ConfigFlowResult:
        async_dispatcher_send(self.hass, SIGNAL_OUTLETS)
        is_residents_only = bool(self.section(CONF_ORCS).get(CONF_RESIDENTS_ONLY, False))
        rated_w = _watts(self._facts[CONF_RATED_KW])
        found = classed(rated_w, is_dc=self._facts[CONF_IS_DC], is_residents_only=is_residents_only)
        if not found.is_permitted:
            return await self.async_step_orcs_not_permitted()
        return self.keep_section(CONF_ORCS, self.section(CONF_ORCS))

    async def _async_describe(self, *, is_confirmed: bool) -> str | None:
        facts = self._facts
        since = dt_util.parse_date(facts[CONF_SINCE]) or dt_util.now().date()
        try:
            return await self.hass.data[DATA_LEDGER].async_ask(
                partial(
                    _describe,
                    key=self._outlet,
                    public_id=facts[CONF_PUBLIC_ID],
                    rated_w=_watts(facts[CONF_RATED_KW]),
                    is_dc=facts[CONF_IS_DC],
                    since=midnight(since, UK),
                    is_confirmed=is_confirmed,
                )
            )
        except HomeAssistantError:
            return "records_unavailable"

    async def _async_outlet(self) -> Outlet | None:
        try:
            return await self.hass.data[DATA_LEDGER].async_ask(partial(_outlet_of, key=self._outlet))
        except HomeAssistantError:
            return None

    async def _async_known(self) -> dict[str, Any]:
        """Return what is known of the outlet, to begin with."""
        outlet = await self._async_outlet()
        today = dt_util.now().date().isoformat()
        if outlet is None:
            return {CONF_SINCE: today}
        since = outlet.operational_at
        known = {
            CONF_PUBLIC_ID: outlet.public_id,
            CONF_RATED_KW: None if outlet.rated_w is None else outlet.rated_w / 1000,
            CONF_IS_DC: outlet.is_dc,
            CONF_SINCE: today if since is None else since.astimezone(UK).date().isoformat(),
        }
        return {name: value for name, value in known.items() if value is not None}

    def _outlets(self) -> list[SelectOptionDict]:
        return [
            SelectOptionDict(value=f"{entry.entry_id}/{entry.data.get(CONF_CONNECTOR_ID, 1)}", label=entry.title)
            for entry in self.hass.config_entries.async_entries(DOMAIN)
            if not is_site(entry)
        ]


def _key(text: str) -> OutletKey:
    charge_point, _, connector = text.rpartition("/")
    return OutletKey(charge_point=charge_point, connector=int(connector))


def _watts(kilowatts: float) -> int:
    return round(kilowatts * 1000)


def _outlet_of(journal: Journal, *, key: OutletKey) -> Outlet | None:
    """Blocks."""
    return next((each for each in Outlets(journal.store, journal.site).all() if each.key == key), None)


def _describe(
    journal: Journal, *, key: OutletKey, public_id: str, rated_w: int, is_dc: bool, since: datetime, is_confirmed: bool
) -> str | None:
    """Blocks. Write it down, or return why not."""
    outlets = Outlets(journal.store, journal.site)
    try:
        outlets.set_public_id(key, public_id, is_confirmed=is_confirmed)
    except IdTaken:
        return "id_taken"
    except IdIsSet:
        return "id_is_set"
    except IdUnfit:
        return "id_unfit"
    outlets.describe(key, rated_w=rated_w, is_dc=is_dc, operational_at=since)
    return None
