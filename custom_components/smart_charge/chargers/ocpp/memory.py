"""What one charge point's object must remember over a restart."""

from collections.abc import Mapping
import copy
from typing import Any

from ..charger import Save


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

    async def keep(self) -> None:
        """Store everything; returns once it is on disk."""
        await self._save(copy.deepcopy(self._data))
