"""The blueprints are what Home Assistant reads, and the one that mails a report does."""

from pathlib import Path
import shutil
from typing import Any

from homeassistant.components.automation import DOMAIN as AUTOMATION
from homeassistant.components.blueprint import BLUEPRINT_SCHEMA, Blueprint
from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.setup import async_setup_component
from homeassistant.util.yaml import load_yaml
import pytest

FOLDER = Path(__file__).parent.parent / "blueprints"
REPORT = {
    "event_type": "ready", "quarter": "2026-Q4", "file": "/r/a.csv", "remarks_file": "/r/b.csv", "subject": "270101 A",
    "events": 7, "completeness": 0.976, "remarks": 3,
}  # fmt: skip


@pytest.mark.parametrize("path", sorted(FOLDER.rglob("*.yaml")), ids=lambda path: path.stem)
def test_a_blueprint_is_one(path: Path) -> None:
    blueprint = Blueprint(load_yaml(path), path=path.name, expected_domain=path.parts[-3], schema=BLUEPRINT_SCHEMA)
    assert blueprint.validate() is None
    assert blueprint.metadata["description"]


@pytest.mark.requirement("O4")
async def test_a_report_that_is_ready_is_mailed_once_with_its_remarks(
    hass: HomeAssistant, hass_config_dir: str
) -> None:
    shutil.copytree(FOLDER, Path(hass_config_dir) / "blueprints")
    sent: list[dict[str, Any]] = []

    async def mail(call: ServiceCall) -> None:
        sent.append(call.data)

    hass.services.async_register("notify", "mail", mail)
    entity_id = "event.site_usage_report"
    hass.states.async_set(entity_id, "unknown")
    inputs = {"report": entity_id, "notifier": "notify.mail", "recipient": "office@example.org"}
    use = {"use_blueprint": {"path": "smart_charge/mail_usage_report.yaml", "input": inputs}}
    assert await async_setup_component(hass, AUTOMATION, {AUTOMATION: use})
    await hass.async_block_till_done()
    hass.states.async_set(entity_id, "2027-01-01T03:00:05.000+00:00", REPORT)
    await hass.async_block_till_done()
    hass.states.async_set(entity_id, "2027-01-02T03:00:05.000+00:00", {"event_type": "failed", "quarter": "2026-Q4"})
    hass.states.async_set(entity_id, "unavailable")
    hass.states.async_set(entity_id, "2027-01-01T03:00:05.000+00:00", REPORT)  # restored after a restart
    await hass.async_block_till_done()
    (mailed,) = sent
    assert (mailed["title"], mailed["target"]) == ("270101 A", "office@example.org")
    assert mailed["data"] == {"images": ["/r/a.csv", "/r/b.csv"]}
    assert "97.6 % complete" in mailed["message"]
