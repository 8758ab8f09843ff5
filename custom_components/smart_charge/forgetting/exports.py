"""The session exports that were written to files here, so that deleting personal data finds them again (S7.2)."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
import hashlib
from pathlib import Path
from typing import Any, Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.storage import Store
from homeassistant.util.hass_dict import HassKey

from ..const import DOMAIN
from ..records.carry import recover, to_plain
from ..whole_files import clear_away

VERSION: Final = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Export:
    """A file that we wrote. ``digest`` tells it from another that has taken its name since."""

    path: str
    digest: str
    charge_points: tuple[str, ...]


class Exports:
    """Those that have been written and not been deleted by us."""

    def __init__(self, hass: HomeAssistant) -> None:
        self._hass = hass
        self._file = Store[dict[str, Any]](hass, VERSION, f"{DOMAIN}.exports", private=True, atomic_writes=True)
        self._access = asyncio.Lock()

    async def async_write(self, path: Path, text: str, charge_points: Iterable[str], write: Callable[[], None]) -> None:
        """Have a file written and remember it; one of the same name is replaced by it.

        It is remembered before: of one that a kill cuts short at least the folder is known, and one that is given up
        meanwhile is written all the same. ``write`` blocks.
        """
        digest = hashlib.sha256(text.encode()).hexdigest()
        fresh = Export(path=str(path), digest=digest, charge_points=tuple(charge_points))
        async with self._access:
            known = await self._async_known()
            await self._async_keep([*known, fresh])
            try:
                await self._hass.async_add_executor_job(write)
            except HomeAssistantError:
                await self._async_keep(known)
                raise
            await self._async_keep([*(each for each in known if each.path != fresh.path), fresh])

    async def async_clear_away(self) -> None:
        """Delete what a kill left of exports that were being written."""
        async with self._access:
            folders = {Path(each.path).parent for each in await self._async_known()}
        for folder in folders:
            await self._hass.async_add_executor_job(clear_away, folder)

    async def async_delete(self, charge_points: frozenset[str] | None) -> tuple[int, list[str]]:
        """Delete those that tell of some charge points, or all for None.

        Returns how many that were, and the files that stay: changed since, so no longer ours, or not ours to delete.
        """
        async with self._access:
            known = await self._async_known()
            meant = [
                each for each in known if charge_points is None or not charge_points.isdisjoint(each.charge_points)
            ]
            deleted, stay = await self._hass.async_add_executor_job(_delete, meant)
            if meant:
                await self._async_keep([each for each in known if each not in meant or each in stay])
        return deleted, [each.path for each in stay]

    async def _async_known(self) -> list[Export]:
        stored = await self._file.async_load() or {}
        found = (recover(Export, plain)[0] for plain in stored.get("files", ()))
        return [each for each in found if each is not None]

    async def _async_keep(self, exports: list[Export]) -> None:
        await self._file.async_save({"files": [to_plain(each) for each in exports]})


_EXPORTS: HassKey[Exports] = HassKey(f"{DOMAIN}_exports")


@callback
def exports_of(hass: HomeAssistant) -> Exports:
    """Return what knows the exports of this installation."""
    return hass.data.setdefault(_EXPORTS, Exports(hass))


def _delete(exports: Iterable[Export]) -> tuple[int, list[Export]]:
    """Blocks. Returns how many are gone by this, and those that are still there."""
    deleted, stay = 0, []
    for each in exports:
        path = Path(each.path)
        clear_away(path.parent, older_than_s=0)
        try:
            if hashlib.sha256(path.read_bytes()).hexdigest() == each.digest:
                path.unlink()
                deleted += 1
            else:
                stay.append(each)
        except FileNotFoundError:
            continue
        except OSError:
            stay.append(each)
    return deleted, [each for each in stay if Path(each.path).exists()]
