"""Shared by every test: our component is found before anybody else's, Home Assistant on request."""

import custom_components  # noqa: F401, I001  before the test plugin's own package of that name
import asyncio
from collections.abc import Callable, Iterator
import gc
import logging
import os
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest.mock import patch

from hypothesis import HealthCheck, settings as effort
import pytest
from pytest_homeassistant_custom_component import patch_time

from custom_components.smart_charge.security import credentials

# The test plugin has every statement told, and everything from INFO on; a test that reads the log asks for `caplog`.
logging.getLogger("sqlalchemy.engine").setLevel(logging.WARNING)
logging.getLogger().setLevel(logging.WARNING)

# Same examples every time, and as long for each as a busy machine may need. HYPOTHESIS_PROFILE=search looks for others.
_PATIENT: dict[str, Any] = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
effort.register_profile("same", max_examples=50, derandomize=True, database=None, **_PATIENT)
effort.register_profile("search", max_examples=1000, **_PATIENT)
effort.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))

# Home Assistant is large and stays: what is new is looked through more seldom than Python would.
gc.set_threshold(20_000, 20, 20)

pytest_plugins = ["tests.shell_fixtures"]


def _size_of_module(module: ModuleType) -> tuple[int, int]:
    """Tell whether a module has grown since it was last looked through for clocks to freeze.

    The test plugin compares all names of all modules, for each test that freezes its clock.
    """
    return id(module), len(getattr(module, "__dict__", ()))


patch_time.ha_get_module_attributes_hash = _size_of_module


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Call a long text by the name of its parameter: the name of a test is handed to every process it starts."""
    return argname if isinstance(val, str | bytes) and len(val) > 60 else None


@pytest.fixture(autouse=True, scope="session")
def cost_of_hashing() -> Iterator[int]:
    """Hash passwords quickly, as the test plugin does Home Assistant's; the value is what it costs otherwise."""
    proper = credentials._COST
    with patch.object(credentials, "_COST", 2):
        yield proper


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
