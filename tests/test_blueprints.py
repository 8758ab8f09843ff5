# ruff: noqa: RUF001  the name of a report has dashes
"""The blueprints are what Home Assistant reads, and the one that mails a report does."""

import asyncio
from datetime import timedelta
from pathlib import Path
import shutil
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.automation import DOMAIN as AUTOMATION
from homeassistant.components.blueprint import BLUEPRINT_SCHEMA, Blueprint
from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.exceptions import HomeAssistantError
from homeassistant.setup import async_setup_component
from homeassistant.util.yaml import load_yaml
import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed

FOLDER = Path(__file__).parent.parent / "blueprints"
REPORT = {
    "event_type": "ready", "quarter": "2026-Q4", "subject": "270101 A", "events": 7, "completeness": 0.976,
    "remarks": 3, "media": "media-source://smart_charge/270101 A.csv",
    "remarks_media": "media-source://smart_charge/270101 A – remarks.csv",
}  # fmt: skip
EVENT, OFFICE, COPY = "event.site_usage_report", "notify.office", "notify.copy"


@pytest.mark.parametrize("path", sorted(FOLDER.rglob("*.yaml")), ids=lambda path: path.stem)
def test_a_blueprint_is_one(path: Path) -> None:
    blueprint = Blueprint(load_yaml(path), path=path.name, expected_domain=path.parts[-3], schema=BLUEPRINT_SCHEMA)
    assert blueprint.validate() is None
    assert blueprint.metadata["description"]


async def go_on() -> None:
    """Let an automation run as far as it can. It may wait for an hour, so that Home Assistant is never at rest."""
    for _ in range(100):
        await asyncio.sleep(0)


@pytest.fixture
async def sent(hass: HomeAssistant, hass_config_dir: str, freezer: FrozenDateTimeFactory) -> list[dict[str, Any]]:
    """The mails that were tried, by an automation from the blueprint. A recipient tells when it has had one."""
    shutil.copytree(FOLDER, Path(hass_config_dir) / "blueprints")
    tried: list[dict[str, Any]] = []

    async def mail(call: ServiceCall) -> None:
        tried.append(dict(call.data))
        if len(tried) == 2:
            raise HomeAssistantError("the mail server is away")
        hass.states.async_set(call.data["entity_id"][0], f"mailed at {len(tried)}")

    hass.services.async_register("smtp", "send_message", mail)
    hass.states.async_set(EVENT, "unknown")
    inputs = {"report": EVENT, "recipients": [OFFICE, COPY]}
    use = {"use_blueprint": {"path": "smart_charge/mail_usage_report.yaml", "input": inputs}}
    assert await async_setup_component(hass, AUTOMATION, {AUTOMATION: use})
    await hass.async_block_till_done()
    hass.states.async_set(EVENT, "2027-01-01T03:00:05.000+00:00", REPORT)
    await go_on()
    return tried


@pytest.mark.requirement("O4")
async def test_a_report_that_is_ready_is_mailed_once_with_its_remarks(
    hass: HomeAssistant, sent: list[dict[str, Any]], freezer: FrozenDateTimeFactory
) -> None:
    hass.states.async_set(EVENT, "2027-01-02T03:00:05.000+00:00", {"event_type": "failed", "quarter": "2026-Q4"})
    hass.states.async_set(EVENT, "unavailable")
    hass.states.async_set(EVENT, "2027-01-01T03:00:05.000+00:00", REPORT)  # restored after a restart
    await go_on()
    assert len(sent) == 2
    mailed = sent[0]
    assert (mailed["title"], mailed["entity_id"]) == ("270101 A", [OFFICE])
    report, remarks = mailed["attachments"]
    assert (report["media_source"]["media_content_id"], report["filename"]) == (REPORT["media"], "270101 A.csv")
    assert remarks["media_source"]["media_content_id"] == REPORT["remarks_media"]
    assert "97.6 % complete" in mailed["message"]


@pytest.mark.requirement("O4")
async def test_a_mail_that_could_not_be_sent_is_tried_again_for_that_recipient_only(
    hass: HomeAssistant, sent: list[dict[str, Any]], freezer: FrozenDateTimeFactory
) -> None:
    assert [each["entity_id"] for each in sent] == [[OFFICE], [COPY]]
    for _ in range(3):
        freezer.tick(timedelta(hours=1, seconds=1))
        async_fire_time_changed(hass)
        await go_on()
    assert [each["entity_id"] for each in sent] == [[OFFICE], [COPY], [COPY]]
