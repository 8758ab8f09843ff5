"""Home Assistant as the demo runs it: what listens to the whole network in a home listens on loopback alone here.

The integration's OCPP listener waits for charge points anywhere in the home. The demo's charge points are on this
machine, and nobody else should reach it.
"""

import runpy
from typing import Any

from aiohttp import web

from .home import LOOPBACK

EVERYWHERE = {None, "", "0.0.0.0", "::"}


class LoopbackSite(web.TCPSite):
    """A listener that takes loopback where it was to take every address."""

    __slots__ = ()

    def __init__(self, runner: web.BaseRunner, host: str | None = None, *args: Any, **kwargs: Any) -> None:
        super().__init__(runner, LOOPBACK if host in EVERYWHERE else host, *args, **kwargs)


if __name__ == "__main__":
    web.TCPSite = LoopbackSite  # type: ignore[misc]  # whoever makes a listener gets ours
    runpy.run_module("homeassistant", run_name="__main__", alter_sys=True)
