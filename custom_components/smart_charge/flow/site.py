"""The site's settings: a menu of sections, each in a file of its own."""

from typing import Any, Final

from homeassistant.config_entries import ConfigFlowResult

from .site_agreement import AgreementSection
from .site_meter import MeterSections
from .site_orcs import OrcsSection
from .site_records import RecordsSection
from .site_sales import SalesSection
from .site_supplier import TariffSection
from .site_supply import SupplySection

SECTIONS: Final = [
    "supply",
    "grid_meter",
    "solar",
    "battery",
    "tariff",
    "supplier",
    "agreement",
    "records",
    "orcs",
    "sales",
]


class SiteOptionsFlow(
    SupplySection, MeterSections, TariffSection, AgreementSection, RecordsSection, OrcsSection, SalesSection
):
    """What the premises have to say to charging."""

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask which section."""
        return await self.async_step_site()

    async def async_step_site(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show the sections."""
        return self.async_show_menu(step_id="site", menu_options=SECTIONS)
