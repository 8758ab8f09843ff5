"""Chromium without a window, driven over its own DevTools protocol: enough to open a page and take its picture."""

import asyncio
from asyncio.subprocess import DEVNULL
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from itertools import count
import os
from pathlib import Path
import shutil
import tempfile
from typing import Any

import aiohttp

# Beyond being headless: nothing that would call home, which fails slowly where there is no internet.
ARGUMENTS = (
    "--headless=new",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--hide-scrollbars",
    "--force-color-profile=srgb",
    "--remote-debugging-port=0",
)

# All text on the page, shadow roots included, which is where Home Assistant keeps nearly all of it.
PAGE_TEXT = """(() => {
  const out = [];
  const walk = (node) => {
    if (node.nodeType === Node.TEXT_NODE) out.push(node.data);
    if (node.shadowRoot) walk(node.shadowRoot);
    if (!["STYLE", "SCRIPT"].includes(node.nodeName)) for (const child of node.childNodes) walk(child);
  };
  walk(document.body);
  return out.join(" ").replace(/\\s+/g, " ");
})()"""


class PageError(Exception):
    """The page did not become what was waited for."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Screen:
    """What the page is shown on, in CSS pixels, and how many real ones make one of them."""

    width: int
    height: int
    scale: float = 2
    is_phone: bool = False
    is_dark: bool = False


class Page:
    """One page of a running browser."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._ids = count(1)

    async def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Perform one DevTools method and return its result."""
        number = next(self._ids)
        await self._socket.send_json({"id": number, "method": method, "params": parameters})
        while True:
            message = await self._socket.receive_json(timeout=60)
            if message.get("id") == number:  # the others are events
                if "error" in message:
                    raise PageError(f"{method}: {message['error']}")
                result: dict[str, Any] = message["result"]
                return result

    async def evaluate(self, expression: str) -> Any:
        """Return the value of a JavaScript expression in the page."""
        result = await self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        return result["result"].get("value")

    async def show_on(self, screen: Screen) -> None:
        """Lay the page out for this screen."""
        await self.call(
            "Emulation.setDeviceMetricsOverride",
            width=screen.width,
            height=screen.height,
            deviceScaleFactor=screen.scale,
            mobile=screen.is_phone,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if screen.is_dark else "light"}
        await self.call("Emulation.setEmulatedMedia", features=[scheme])

    async def on_every_page(self, script: str) -> None:
        """Run JavaScript in every page opened from now on, before its own."""
        await self.call("Page.enable")  # without which Chromium keeps the script and never runs it
        await self.call("Page.addScriptToEvaluateOnNewDocument", source=script)

    async def open(self, url: str) -> None:
        """Go to an address."""
        await self.call("Page.navigate", url=url)

    async def wait_for(self, *texts: str, within_s: float = 60, settle_s: float = 2.5) -> None:
        """Wait until all texts are on the page, then for pictures and animations to settle.

        Raises:
            PageError: they did not appear in time; it says which.
        """
        shown = ""
        try:
            async with asyncio.timeout(within_s):
                while not all(text in shown for text in texts):
                    await asyncio.sleep(0.25)
                    with suppress(PageError):  # Home Assistant goes on from its login page by itself
                        shown = await self.evaluate(PAGE_TEXT) or ""
        except TimeoutError:
            missing = [text for text in texts if text not in shown]
            raise PageError(f"not on the page: {missing}; what is: {shown[:600]}") from None
        await self.evaluate("document.fonts.ready.then(() => true)")
        await asyncio.sleep(settle_s)

    async def picture(self) -> bytes:
        """Return what the screen shows as PNG."""
        result = await self.call("Page.captureScreenshot", format="png")
        return base64.b64decode(result["data"])


@asynccontextmanager
async def chromium() -> AsyncIterator[Page]:
    """Provide an empty page in a Chromium with a profile of its own.

    Raises:
        PageError: there is no Chromium.
    """
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if program is None:
        raise PageError("Chromium is not installed")
    profile = Path(tempfile.mkdtemp(prefix="smart-charge-"))
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []  # Chromium refuses its sandbox to root
    process = await asyncio.create_subprocess_exec(
        program, *ARGUMENTS, *sandbox, f"--user-data-dir={profile}", "about:blank", stdout=DEVNULL, stderr=DEVNULL
    )
    try:
        port = await _debugging_port(profile / "DevToolsActivePort")
        async with aiohttp.ClientSession() as session:
            async with session.get(f"http://127.0.0.1:{port}/json/list") as response:
                target = next(page for page in await response.json() if page["type"] == "page")
            address = target["webSocketDebuggerUrl"]
            async with session.ws_connect(address, max_msg_size=64 * 1024 * 1024) as socket:
                yield Page(socket)
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        await process.wait()
        shutil.rmtree(profile, ignore_errors=True)


async def _debugging_port(announced: Path) -> int:
    for _ in range(300):
        if announced.is_file() and (words := announced.read_text().split()):
            return int(words[0])
        await asyncio.sleep(0.1)
    raise PageError("Chromium did not start within 30 s")
