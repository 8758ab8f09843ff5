"""Forget people: erase what is kept of them, here and in the charge point, then look for what is left (S7.2).

Charging goes on: the vehicle's stay so far is forgotten, and what follows counts as a new one.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Final

from homeassistant.const import KEY_DATA_LOGGING
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.storage import STORAGE_DIR
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey

from ..chargers.charger import ChargerError
from ..chargers.ocpp.charger import OcppCharger
from ..const import DOMAIN
from ..coordinator import SmartChargeConfigEntry
from ..guard import note
from ..household_tags import DATA_REFUSED_TAGS
from ..ledger import DATA_LEDGER
from ..records.remnants import Remnant
from ..records.retention import Erased
from ..security.events import Kind
from ..storage import DATA_HOUSEHOLD
from .exports import exports_of
from .history import HistoryOutOfReach, async_erase_history, async_find_history, history_files
from .later import async_have_forgotten
from .names import async_forget_names, telling_entity_ids
from .search import needles, not_searched, search
from .traces import Traces, async_gather_traces
from .unfinished import async_begin, async_end, async_unfinished

NOWHERE_NEAR: Final = ("backups", "log", "charge_point_log", "given_away", "disk")
"""What no program of ours can reach, whatever is erased."""


_OUT_OF_REACH: Final = "history"
"""The recorder did not answer: nothing of it has been erased."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Item:
    """One line of what became of it. ``where`` is a file, a charge point or a name."""

    what: str
    count: int | None = None
    where: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Forgotten:
    """What was erased, what remains and why, and what cannot be reached from here.

    Attributes:
        remains: kept on purpose, such as the register of sales.
        left: found by the search afterwards although it should be gone.
    """

    erased: Sequence[Item]
    remains: Sequence[Item]
    left: Sequence[Item]
    out_of_reach: Sequence[Item]

    @property
    def is_complete(self) -> bool:
        """Whether the search found nothing that should be gone."""
        return not self.left


async def async_forget_people(
    hass: HomeAssistant, entries: Sequence[SmartChargeConfigEntry], *, user_id: str | None
) -> Forgotten:
    """Erase what is kept of the charge points of these entries; of everybody, when they are all there are.

    What an earlier deletion did not finish is finished by this one.

    Raises:
        HomeAssistantError: the records cannot be erased now, and nothing was.
    """
    async with hass.data.setdefault(_BUSY, asyncio.Lock()):
        earlier = await async_unfinished(hass)
        traces = await async_gather_traces(hass, entries, None if earlier is None else earlier.erasure)
        began_at = dt_util.utcnow()
        await async_begin(hass, [entry.entry_id for entry in entries], traces.erasure, user_id)
        erased = await _async_erase_records(hass, entries, traces, is_first=earlier is None)
        done = [Item(what=table, count=count) for table, count in erased.rows.items() if count]
        copies = await hass.async_add_executor_job(_delete_copies, hass, traces)
        done += [Item(what="damaged_copies", count=len(copies))] if copies else []
        done += await _async_erase_stored(hass, entries, traces)
        files, changed = await exports_of(hass).async_delete(
            None if traces.is_everybody else traces.erasure.charge_points
        )
        done += [Item(what="exports", count=files)] if files else []
        asked, deaf = await _async_tell_chargers(entries)
        history, left = await _async_erase_history(hass, traces, began_at)
        if _OUT_OF_REACH not in {item.what for item in left}:
            await async_end(hass)
        hass.data[DATA_LEDGER].refresh()
        left += [Item(what="records", count=each.count, where=each.where) for each in _unlawful(erased, copies)]
        left += [Item(what="changed_export", where=path) for path in changed]
        telling, logs = await _async_search(hass, traces)
        left += telling + deaf
        forgotten = Forgotten(
            erased=[*done, *asked, *history],
            remains=_kept(erased, traces),
            left=left,
            out_of_reach=[*logs, *await _async_out_of_reach(hass, traces, erased)],
        )
        _write_down(hass, traces, forgotten, user_id)
        return forgotten


_BUSY: HassKey[asyncio.Lock] = HassKey(f"{DOMAIN}_forgetting")


async def _async_erase_records(
    hass: HomeAssistant, entries: Sequence[SmartChargeConfigEntry], traces: Traces, *, is_first: bool
) -> Erased:
    try:
        return await hass.data[DATA_LEDGER].async_erase(traces.erasure, then=partial(_begin_anew, entries))
    except HomeAssistantError:
        if is_first:  # nothing was erased, so nothing is unfinished
            await async_end(hass)
        raise


def _begin_anew(entries: Sequence[SmartChargeConfigEntry]) -> None:
    for entry in entries:
        entry.runtime_data.forget()


async def _async_erase_stored(
    hass: HomeAssistant, entries: Sequence[SmartChargeConfigEntry], traces: Traces
) -> list[Item]:
    """Erase from Home Assistant's private files: tags, sessions under way, names, restored states."""
    done = []
    if traces.is_everybody:
        done.append(Item(what="tags", count=await hass.data[DATA_HOUSEHOLD].async_forget_tags()))
        for entry in entries:
            if isinstance(charger := entry.runtime_data.charger, OcppCharger):
                charger.set_tags({})
    for entry in entries:
        if (refused := hass.data.get(DATA_REFUSED_TAGS, {}).get(entry.entry_id)) is not None:
            refused.forget()
        await entry.runtime_data.memory.async_save()
    names, states = await async_forget_names(hass, entries, traces)
    done += [
        Item(what="given_names", count=names),
        Item(what="restored_states", count=states),
    ]
    return [item for item in done if item.count]


def _delete_copies(hass: HomeAssistant, traces: Traces) -> frozenset[str]:
    """Delete the files that were set aside as damaged, as nothing in them can be erased one by one; returns which."""
    wanted = [f"{DOMAIN}.{charge_point}.corrupt.*" for charge_point in sorted(traces.erasure.charge_points)]
    folder, found = Path(hass.config.path(STORAGE_DIR)), []
    if traces.is_everybody:
        wanted.append(f"{DOMAIN}.corrupt.*")
        records = hass.data[DATA_LEDGER].path
        found = list(records.parent.glob(f"{records.name}.damaged-*"))
    found += [file for pattern in wanted for file in folder.glob(pattern)]
    for file in found:
        file.unlink(missing_ok=True)
    return frozenset(file.name for file in found)


async def _async_tell_chargers(entries: Sequence[SmartChargeConfigEntry]) -> tuple[list[Item], list[Item]]:
    """Have each charge point forget the tags that it knows. Returns which have, and what is left where."""
    outcomes = await asyncio.gather(*(_async_tell(entry) for entry in entries))
    done, left = [], []
    for entry, kept in zip(entries, outcomes, strict=True):
        left += [Item(what=what, where=entry.title) for what in kept]
        done += [] if kept else [Item(what="charge_point_memory", where=entry.title)]
    return done, left


async def _async_tell(entry: SmartChargeConfigEntry) -> list[str]:
    """Return what the charge point still holds of people; nothing where it has forgotten, or never knew."""
    charger = entry.runtime_data.charger
    await charger.acknowledge(charger.past_transactions)  # or they would be put on record now
    try:
        return sorted(each.value for each in await async_have_forgotten(charger, entry.runtime_data.memory))
    except ChargerError, TimeoutError:
        return ["charge_point_away"]


async def _async_erase_history(
    hass: HomeAssistant, traces: Traces, began_at: datetime
) -> tuple[list[Item], list[Item]]:
    try:
        counts = await async_erase_history(hass, traces.history)
        found = await async_find_history(hass, traces.history, began_at)
    except HistoryOutOfReach as err:
        return [], [Item(what=_OUT_OF_REACH, where=str(err))]
    return (
        [Item(what=f"history_{kind}", count=count) for kind, count in counts.items() if count],
        [Item(what=f"history_{kind}", count=count) for kind, count in found.items()],
    )


async def _async_search(hass: HomeAssistant, traces: Traces) -> tuple[list[Item], list[Item]]:
    """Look into every file of the configuration folder, and of the recorder's database.

    Returns what is left, and what of Home Assistant's log names somebody: it goes on being written, by others too.
    """
    wanted = needles(traces.words, traces.patterns)
    found = await hass.async_add_executor_job(search, Path(hass.config.config_dir), wanted, history_files(hass))
    records = hass.data[DATA_LEDGER].path.name  # searched by the records themselves, which know what the law keeps
    log = Path(hass.data.get(KEY_DATA_LOGGING, "home-assistant.log")).name
    files = [Item(what="file", where=name) for name in found.files if not name.startswith((records, log))]
    unread = [Item(what="unread_file", where=name) for name in found.unread]
    return files + unread, [Item(what="log_file", where=name) for name in found.files if name.startswith(log)]


async def _async_out_of_reach(hass: HomeAssistant, traces: Traces, erased: Erased) -> list[Item]:
    """Say what stays because no program of ours can, or may, take it away."""
    unsearched = await hass.async_add_executor_job(not_searched, Path(hass.config.config_dir))
    return [
        *(Item(what=each) for each in (*NOWHERE_NEAR, *erased.out_of_reach)),
        *(Item(what="backup", where=name) for name in unsearched.archives),
        *(Item(what="unsearched_folder", where=name) for name in unsearched.folders),
        *(Item(what="entity_id", where=entity_id) for entity_id in telling_entity_ids(hass, traces)),
    ]


def _unlawful(erased: Erased, deleted: frozenset[str]) -> list[Remnant]:
    """Return what the records found that should be gone, and is not in a file that has been deleted since."""
    return [each for each in erased.remnants if not each.is_kept_by_law and each.where not in deleted]


def _kept(erased: Erased, traces: Traces) -> list[Item]:
    """Say what stays although it was met with, and what stays always."""
    kept = [Item(what="register_of_sales", count=each.count) for each in erased.remnants if each.is_kept_by_law]
    if not traces.is_everybody:
        kept.append(Item(what="listed_tags"))
    return [*kept, Item(what="security_log"), Item(what="meter_reading"), Item(what="usage_reports")]


def _write_down(hass: HomeAssistant, traces: Traces, forgotten: Forgotten, user_id: str | None) -> None:
    rows = sum(item.count or 0 for item in forgotten.erased)
    note(
        hass,
        Kind.DATA_DELETED,
        user_id=user_id,
        charge_points=sorted(traces.erasure.charge_points),
        everything=traces.is_everybody,
        rows=rows,
        left=len(forgotten.left),
    )
