"""Shared by every test: our component is found before anybody else's, Home Assistant on request."""

import custom_components  # noqa: F401, I001  before the test plugin's own package of that name
import logging
from pathlib import Path

import pytest


logging.getLogger("sqlalchemy.engine").setLevel(logging.WARNING)  # the test plugin has it tell every statement

pytest_plugins = ["tests.shell_fixtures"]


@pytest.fixture(autouse=True)
def _custom_integrations(request: pytest.FixtureRequest) -> None:
    """Let Home Assistant load our component, after the recorder where a test uses one."""
    names = request.fixturenames
    if "recorder_mock" in names:
        request.getfixturevalue("recorder_mock")
    if "hass" in names:
        request.getfixturevalue("enable_custom_integrations")


@pytest.fixture
def hass_config_dir(tmp_path: Path) -> str:
    """Give every home a folder of its own: the records are a file in it."""
    return str(tmp_path)
