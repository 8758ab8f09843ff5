"""What every section of the site's settings has in common."""

from collections.abc import Mapping
from typing import Any

from homeassistant.config_entries import ConfigFlowResult, OptionsFlow

from ..by_whom import sign_form


class SiteSection(OptionsFlow):
    """One section: a step of its own in the menu, a mapping of its own in the options."""

    def section(self, name: str) -> Mapping[str, Any]:
        """Return what is kept of a section; empty while it is not set."""
        stored: Mapping[str, Any] | None = self.config_entry.options.get(name)
        return stored or {}

    def keep_section(self, name: str, values: Mapping[str, Any] | None) -> ConfigFlowResult:
        """Keep a section, or with None do away with it. The other sections stay as they are."""
        sign_form()
        others = {key: value for key, value in self.config_entry.options.items() if key != name}
        return self.async_create_entry(data=others if values is None else others | {name: dict(values)})
