"""Words in a form's rows, where a translation has fewer words than there are values."""

from unittest.mock import patch

from homeassistant.core import HomeAssistant

from custom_components.smart_charge.const import DOMAIN
from custom_components.smart_charge.flow.rows import async_choice

MODULE = "custom_components.smart_charge.flow.rows.async_get_translations"


async def test_two_days_of_one_name_are_shown_as_they_are_stored(hass: HomeAssistant) -> None:
    prefix = f"component.{DOMAIN}.selector.day.options"
    alike = {f"{prefix}.tue": "M", f"{prefix}.wed": "M", f"{prefix}.thu": "J"}
    with patch(MODULE, return_value=alike):
        choice = await async_choice(hass, "day", ("tue", "wed", "thu"), multiple=True)
    assert choice.in_words(["tue", "thu"]) == ["tue", "thu"]
    assert choice(["wed"]) == ["wed"]


async def test_days_of_different_names_are_shown_by_them_and_stored_as_they_were(hass: HomeAssistant) -> None:
    prefix = f"component.{DOMAIN}.selector.day.options"
    with patch(MODULE, return_value={f"{prefix}.tue": "Mardi", f"{prefix}.wed": "Mercredi"}):
        choice = await async_choice(hass, "day", ("tue", "wed"), multiple=True)
    assert choice.in_words(["tue"]) == ["Mardi"]
    assert choice.as_stored(choice(["Mercredi"])) == ["wed"]
