"""How every test waits for something that happens in real time."""

import asyncio
from collections.abc import Callable
from typing import Any


async def until(is_so: Callable[[], Any], within_s: float = 60) -> None:
    """Wait until something is so; fail if it does not become so.

    The limit costs nothing where all is well, and a busy machine may need it. What must be quick is measured by itself.
    """
    async with asyncio.timeout(within_s):
        while not is_so():  # noqa: ASYNC110  what is waited for is a value of a stranger, which has no event
            await asyncio.sleep(0.01)
