"""Gather what is known of those who are to be forgotten, before it is erased: afterwards nobody can tell (S7.2)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
import re
from typing import Final

from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er

from ..const import CONF_PROTOCOL, DOMAIN
from ..coordinator import SmartChargeConfigEntry
from ..ledger import DATA_LEDGER
from ..records.journal import Journal
from ..records.outlets import Outlets
from ..records.remnants import Erasure
from ..records.values import SessionRecord
from ..storage import DATA_HOUSEHOLD
from .history import History, async_statistic_ids

_EVER: Final = (datetime(2000, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC))


@dataclass(frozen=True, kw_only=True, slots=True)
class Traces:
    """Where somebody may be found.

    Attributes:
        is_everybody: all charge points are meant, and so everybody's tags and names.
        patterns: regular expressions of session ids.
    """

    is_everybody: bool
    erasure: Erasure
    history: History
    patterns: tuple[str, ...]

    @property
    def words(self) -> frozenset[str]:
        """Tags and names."""
        return self.erasure.words

    def is_told_by(self, text: str | None) -> bool:
        """Whether a text names somebody."""
        folded = (text or "").casefold()
        return any(word.casefold() in folded for word in self.words)


async def async_gather_traces(
    hass: HomeAssistant, entries: Sequence[SmartChargeConfigEntry], earlier: Erasure | None = None
) -> Traces:
    """Gather them for the charge points of these entries, and for whom an earlier deletion has not finished with.

    Raises:
        HomeAssistantError: the records cannot be read now.
    """
    ours = charge_point_entries(hass)
    is_everybody = {entry.entry_id for entry in ours} <= {entry.entry_id for entry in entries}
    chosen = frozenset(entry.entry_id for entry in entries)
    ledger, known = hass.data[DATA_LEDGER], partial(_erasure, is_everybody=is_everybody, chosen=chosen)
    erasure = await ledger.async_ask(known)
    for left in await ledger.async_ask_left(known):
        erasure = erasure | left
    if is_everybody:
        erasure = _with_listed(hass, erasure) | _waiting(hass)
    if earlier is not None:
        erasure = erasure | earlier
    entity_ids = frozenset(_entity_ids(hass, None if is_everybody else erasure.charge_points))
    prefixes = tuple(f"{DOMAIN}:{each}" for each in ([""] if is_everybody else _slugs(erasure.charge_points)))
    return Traces(
        is_everybody=is_everybody,
        erasure=erasure,
        history=History(
            entity_ids=entity_ids,
            device_ids=frozenset(_device_ids(hass, chosen)),
            statistic_ids=await async_statistic_ids(hass, entity_ids, prefixes),
            words=frozenset(word for word in erasure.tags if len(word.strip()) >= 4) | _session_prefixes(erasure),
        ),
        patterns=tuple(rf"{re.escape(each)}/\d+/\d{{8}}T\d{{6}}" for each in sorted(erasure.charge_points)),
    )


def charge_point_entries(hass: HomeAssistant) -> list[SmartChargeConfigEntry]:
    """Return the entries that are charge points, whatever their state."""
    return [entry for entry in hass.config_entries.async_entries(DOMAIN) if CONF_PROTOCOL in entry.data]


def _erasure(journal: Journal, *, is_everybody: bool, chosen: frozenset[str]) -> Erasure:
    """Blocks. Return what is to be erased from the records, those of charge points that are gone included."""
    if not is_everybody:
        return Erasure(charge_points=chosen)
    known = {outlet.key.charge_point for outlet in Outlets(journal.store, journal.site).all()}
    sessions = journal.sessions(*_EVER)
    return Erasure(
        charge_points=chosen | known,
        tags=frozenset(each.tag for each in sessions if each.tag),
        names=frozenset(each.who for each in sessions if each.who),
    )


def _with_listed(hass: HomeAssistant, erasure: Erasure) -> Erasure:
    """Add the tags and names of the owner's list, used or not."""
    listed = hass.data[DATA_HOUSEHOLD].tags
    return Erasure(
        charge_points=erasure.charge_points,
        tags=erasure.tags | {tag.tag for tag in listed},
        names=erasure.names | {tag.name for tag in listed if tag.name},
    )


def _waiting(hass: HomeAssistant) -> Erasure:
    """Return of whom the records tell that could not be written yet."""
    waiting = [each for each in hass.data[DATA_LEDGER].buffer.waiting if isinstance(each, SessionRecord)]
    return Erasure(
        charge_points=frozenset(each.outlet.charge_point for each in waiting),
        tags=frozenset(each.tag for each in waiting if each.tag),
        names=frozenset(each.who for each in waiting if each.who),
    )


def _entity_ids(hass: HomeAssistant, entry_ids: frozenset[str] | None) -> set[str]:
    """Return the ids of our entities, also of those that were removed."""
    registry = er.async_get(hass)
    known: list[er.RegistryEntry | er.DeletedRegistryEntry] = [
        *registry.entities.values(),
        *registry.deleted_entities.values(),
    ]
    return {
        each.entity_id
        for each in known
        if each.platform == DOMAIN and (entry_ids is None or each.config_entry_id in entry_ids)
    }


def _device_ids(hass: HomeAssistant, entry_ids: frozenset[str]) -> Iterator[str]:
    registry = dr.async_get(hass)
    for entry_id in entry_ids:
        yield from (device.id for device in dr.async_entries_for_config_entry(registry, entry_id))


def _slugs(charge_points: frozenset[str]) -> list[str]:
    return [each.lower() for each in sorted(charge_points)]


def _session_prefixes(erasure: Erasure) -> frozenset[str]:
    return frozenset(f"{each}/" for each in erasure.charge_points)
