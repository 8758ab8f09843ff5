"""A listening central system for each test."""

from collections.abc import AsyncIterator

import pytest

from .peer import Site


@pytest.fixture
async def site(socket_enabled: None) -> AsyncIterator[Site]:
    site = Site()
    await site.central.start()
    try:
        yield site
    finally:
        await site.close()
