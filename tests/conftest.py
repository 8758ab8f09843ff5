"""Shared by every test: our component is found before anybody else's, Home Assistant on request."""

import custom_components  # noqa: F401, I001  before the test plugin's own package of that name
import asyncio
from collections.abc import Callable
import logging
from pathlib import Path
from typing import Any

import pytest


logging.getLogger("sqlalchemy.engine").setLevel(logging.WARNING)  # the test plugin has it tell every statement

pytest_plugins = ["tests.shell_fixtures"]


@pytest.fixture(autouse=True)
async def enable_event_loop_debug() -> None:
    """Keep of asyncio's debug mode what finds faults: calls from another thread.

    The test plugin's fixture of this name turns all of it on. The stack that is then kept with each future and timer
    takes half of the time of all tests.
    """
    loop: Any = asyncio.get_running_loop()
    for name in ("call_soon", "call_at"):
        setattr(loop, name, _in_its_own_thread(loop, getattr(loop, name)))


def _in_its_own_thread[ResultT](loop: Any, schedule: Callable[..., ResultT]) -> Callable[..., ResultT]:
    def checked(*args: Any, **kwargs: Any) -> ResultT:
        loop._check_thread()
        return schedule(*args, **kwargs)

    return checked


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
