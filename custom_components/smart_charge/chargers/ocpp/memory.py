"""What one charge point's object must remember over a restart."""

from collections.abc import Mapping
import copy
import logging
from typing import Any

from ..charger import Save

LOGGER = logging.getLogger(__name__)


class Memory:
    """A small JSON document that is kept whole. What was stored by nobody we know is ignored."""

    def __init__(self, stored: Mapping[str, Any], save: Save) -> None:
        self._data: dict[str, Any] = copy.deepcopy(dict(stored))
        self._save = save

    def section(self, name: str) -> dict[str, Any]:
        """Return the part of this name, to read and to write; ``keep`` afterwards."""
        part = self._data.get(name)
        if not isinstance(part, dict):
            part = self._data[name] = {}
        return part

    async def keep_or_raise(self) -> None:
        """Store everything; returns once it is on disk, and raises what kept it from there."""
        await self._save(copy.deepcopy(self._data))

    async def keep(self) -> None:
        """Store what may be learnt again: a disk that fails is no reason to stop charging."""
        try:
            await self.keep_or_raise()
        except Exception:
            LOGGER.exception("What was learnt of a charge point could not be stored")
