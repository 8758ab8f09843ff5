"""Check passwords, a few at a time."""

import asyncio
from collections.abc import Awaitable, Callable

PASSWORD_CHECKS_AT_ONCE = 2
"""A check is expensive by design; more at once would let strangers keep the processor busy."""


class PasswordCheck:
    """Checks passwords, a few at a time."""

    def __init__(self) -> None:
        self._at_once = asyncio.Semaphore(PASSWORD_CHECKS_AT_ONCE)

    async def is_right(self, verify: Callable[[bytes], Awaitable[bool]] | None, password: bytes | None) -> bool:
        """Whether this is the password; where none is needed, any is."""
        if verify is None:
            return True
        if password is None:
            return False
        async with self._at_once:
            return await verify(password)
