"""The quarterly usage report of the On-Street Residential Chargepoint Scheme: made, written, announced (O1 to O6)."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
import hashlib
import os
from pathlib import Path
from typing import Any, Final

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.dispatcher import async_dispatcher_send
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey

from ..const import CONF_ORCS, DOMAIN, LOGGER
from ..errors import invalid
from ..guard import note
from ..ledger import DATA_LEDGER
from ..records.journal import Journal
from ..records.orcs import Report, file_name, report
from ..records.outlets import Outlets
from ..records.periods import UK, Quarter, days_overdue, quarters_due
from ..records.written_reports import WrittenReport, claim, note_written, written_reports
from ..security.events import Kind
from ..site import DATA_SITE
from ..whole_files import clear_away, write_whole

CONF_OPERATOR: Final = "operator"
CONF_AUTHORITY: Final = "authority"
CONF_FOLDER: Final = "folder"
CONF_RESIDENTS_ONLY: Final = "residents_only"

SIGNAL_OUTLETS: Final = f"{DOMAIN}_outlets"
SIGNAL_REPORT: Final = f"{DOMAIN}_usage_report"
ISSUE: Final = "usage_report_failed"
WRITE_S: Final = 60.0
"""A folder on a network share that hangs for longer counts as failed."""

ENOUGH: Final = 0.95
"""The completeness that the guidance asks for (O5)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Scheme:
    """What the owner has said of the scheme."""

    operator: str
    authority: str
    folder: Path
    is_residents_only: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Written:
    """A report on disk. ``before`` is the one of this quarter that was written earlier."""

    report: Report
    path: Path
    listed_path: Path
    before: WrittenReport | None = None

    @property
    def has_changed(self) -> bool:
        """Whether events have come in late, or been put right, since it was first written."""
        return self.before is not None and self.before.digest != self.report.digest


class FolderUnfit(Exception):
    """The folder may not be written, is not there, or is not one that Home Assistant allows."""


def default_folder(hass: HomeAssistant) -> Path:
    """Return the folder of our own, which is always allowed."""
    return Path(hass.config.path(f"{DOMAIN}_reports"))


def scheme_of(hass: HomeAssistant) -> Scheme | None:
    """Return what the site's options say; None where the scheme is not in use."""
    stored: Mapping[str, Any] = hass.data[DATA_SITE].options.get(CONF_ORCS) or {}
    if not stored:
        return None
    return Scheme(
        operator=stored[CONF_OPERATOR],
        authority=stored[CONF_AUTHORITY],
        folder=Path(stored[CONF_FOLDER]) if stored.get(CONF_FOLDER) else default_folder(hass),
        is_residents_only=bool(stored.get(CONF_RESIDENTS_ONLY, False)),
    )


def check_folder(hass: HomeAssistant, folder: Path) -> None:
    """Blocks. See that reports may be written here; our own folder is made.

    Raises:
        FolderUnfit: with the reason.
    """
    own = default_folder(hass)
    try:
        if folder == own:
            own.mkdir(mode=0o700, exist_ok=True)
        resolved = folder.resolve(strict=True)
    except OSError as err:
        raise FolderUnfit(err.strerror or type(err).__name__) from err
    is_own = resolved == own.resolve()
    if not folder.is_absolute() or not (is_own or hass.config.is_allowed_path(str(resolved))):
        raise FolderUnfit("it is not in allowlist_external_dirs")
    if not resolved.is_dir() or not os.access(resolved, os.W_OK | os.X_OK):
        raise FolderUnfit("it cannot be written")


async def async_write_report(hass: HomeAssistant, quarter: Quarter, *, user_id: str | None = None) -> Written:
    """Make a quarter's report and put it on disk, with the list of what is wrong beside it.

    Raises:
        ServiceValidationError: the scheme is not in use, or the folder is unfit.
        HomeAssistantError: the records cannot be read now.
    """
    scheme = scheme_of(hass)
    if scheme is None:
        raise invalid("scheme_not_in_use")
    ledger, now = hass.data[DATA_LEDGER], dt_util.utcnow()
    await ledger.async_flush()
    earlier = await ledger.async_ask(written_reports)
    on = _dated(quarter, now.astimezone(UK).date(), scheme, earlier)
    made = await ledger.async_ask(partial(_made, quarter=quarter, scheme=scheme, on=on))
    written = Written(
        report=made,
        path=scheme.folder / made.file_name,
        listed_path=scheme.folder / made.file_name.replace(".csv", " \N{EN DASH} remarks.csv"),
        before=next((each for each in earlier if each.quarter == str(quarter)), None),
    )
    try:
        async with asyncio.timeout(WRITE_S):
            await hass.async_add_executor_job(_put, hass, scheme.folder, written)
    except (FolderUnfit, OSError, TimeoutError) as err:
        raise invalid("folder_unfit", folder=str(scheme.folder), error=str(err) or type(err).__name__) from err
    await ledger.async_ask(partial(note_written, report=made, written_at=now))
    note(hass, Kind.DATA_EXPORTED, user_id=user_id, what="usage_report", since=str(quarter), until=str(quarter))
    return written


def _dated(quarter: Quarter, today: date, scheme: Scheme, earlier: Iterable[WrittenReport]) -> date:
    """Return the day in the report's name: today, unless another quarter's has that name, or is due to have it.

    Two reports that are caught up on one day would else be one file, and one subject of two mails.
    """
    others = {each.file_name for each in earlier if each.quarter != str(quarter)}
    is_taken = file_name(today, scheme.operator, scheme.authority) in others
    return quarter.due_on if is_taken or quarter.following.due_on <= today else today


async def async_due(hass: HomeAssistant) -> tuple[Quarter, ...]:
    """Return the quarters whose report is due and was never written; none where the scheme is not in use."""
    if scheme_of(hass) is None:
        return ()
    return await hass.data[DATA_LEDGER].async_ask(partial(_due, now=dt_util.utcnow()))


async def async_write_due(hass: HomeAssistant) -> None:
    """Write every report that is due, and announce each; what fails is tried again the next day.

    Of homes that share a database each writes the same report, and one of them announces it.
    """
    async with hass.data.setdefault(_WRITING, asyncio.Lock()):  # the night may come while a start catches up
        for quarter in await async_due(hass):
            try:
                written = await async_write_report(hass, quarter)
            except HomeAssistantError as err:
                _tell_failed(hass, quarter, err)
                return
            LOGGER.info("The usage report of %s was written", quarter)
            if await _async_is_ours(hass, quarter):
                announce(hass, written)
    ir.async_delete_issue(hass, DOMAIN, ISSUE)


_WRITING: HassKey[asyncio.Lock] = HassKey(f"{DOMAIN}_usage_reports")


async def _async_is_ours(hass: HomeAssistant, quarter: Quarter) -> bool:
    """Whether to announce it; twice rather than never, where the records cannot say by now."""
    try:
        return await hass.data[DATA_LEDGER].async_ask(partial(_claimed, hass=hass, quarter=quarter))
    except HomeAssistantError as err:
        LOGGER.debug("Whether another home announces the report of %s is not known: %s", quarter, err)
        return True


def _claimed(journal: Journal, *, hass: HomeAssistant, quarter: Quarter) -> bool:
    """Blocks. Return whether it is ours to announce, of all homes that make this report."""
    scheme = scheme_of(hass)
    said = "" if scheme is None else f"{scheme.operator}\x00{scheme.authority}".casefold()
    return claim(journal, quarter, hashlib.sha256(said.encode()).hexdigest(), dt_util.utcnow())


async def async_clear_away(hass: HomeAssistant) -> None:
    """Delete what a kill left of reports that were being written."""
    scheme = scheme_of(hass)
    for folder in {default_folder(hass)} if scheme is None else {default_folder(hass), scheme.folder}:
        await hass.async_add_executor_job(clear_away, folder)


def announce(hass: HomeAssistant, written: Written) -> None:
    """Tell automations that a report is ready."""
    async_dispatcher_send(hass, SIGNAL_REPORT, facts_of(written) | {"type": "ready"})


def facts_of(written: Written) -> dict[str, Any]:
    """Return what is said of a report that was written; nothing of it names a person."""
    made = written.report
    return {
        "quarter": str(made.quarter),
        "file": str(written.path),
        "remarks_file": str(written.listed_path),
        "media": _media(written.path),
        "remarks_media": _media(written.listed_path),
        "subject": written.path.stem,
        "events": made.events,
        "completeness": round(made.completeness, 4),
        "read_share": None if made.read_share is None else round(made.read_share, 4),
        "is_complete_enough": made.completeness >= ENOUGH and (made.read_share is None or made.read_share >= ENOUGH),
        "remarks": len(made.listed),
        "has_changed": written.has_changed,
        "days_overdue": days_overdue(made.quarter, dt_util.utcnow()),
    }


def _media(path: Path) -> str:
    """Return the name by which `media_source.py` finds a file of ours."""
    return f"media-source://{DOMAIN}/{path.name}"


def _tell_failed(hass: HomeAssistant, quarter: Quarter, error: HomeAssistantError) -> None:
    LOGGER.warning("The usage report of %s was not written: %s", quarter, error)
    ir.async_create_issue(
        hass,
        DOMAIN,
        ISSUE,
        is_fixable=False,
        severity=ir.IssueSeverity.ERROR,
        translation_key=ISSUE,
        translation_placeholders={"quarter": str(quarter), "error": str(error)},
    )
    async_dispatcher_send(hass, SIGNAL_REPORT, {"type": "failed", "quarter": str(quarter)})


def _made(journal: Journal, *, quarter: Quarter, scheme: Scheme, on: date) -> Report:
    """Blocks. All charge points of all sites that share the database are in one report (O3)."""
    outlets = Outlets(journal.store, journal.site)
    return report(
        quarter,
        journal.sessions(quarter.starts_at, quarter.ends_at, every_site=True),
        outlets.all(every_site=True),
        on=on,
        operator=scheme.operator,
        authority=scheme.authority,
        read_share=_read_share(journal, quarter),
        is_residents_only=scheme.is_residents_only,
    )


def _read_share(journal: Journal, quarter: Quarter) -> float | None:
    """Blocks. Return the share of the quarter in which the outlets of all sites were read, on average."""
    shares = []
    for outlet in Outlets(journal.store, journal.site).all(every_site=True):
        since = max(quarter.starts_at, outlet.operational_at or quarter.starts_at)
        until = min(quarter.ends_at, dt_util.utcnow())
        if outlet.public_id is not None and since < until:
            shares.append(journal.availability(outlet.key, since, until, site=outlet.site).read_share or 0.0)
    return sum(shares) / len(shares) if shares else None


def _due(journal: Journal, *, now: datetime) -> tuple[Quarter, ...]:
    since = [
        outlet.operational_at
        for outlet in Outlets(journal.store, journal.site).all(every_site=True)
        if outlet.operational_at is not None
    ]
    if not since:
        return ()
    return quarters_due(now, min(since), [each.quarter for each in written_reports(journal)])


def _put(hass: HomeAssistant, folder: Path, written: Written) -> None:
    """Blocks. Put both files there, each whole or not at all."""
    check_folder(hass, folder)
    for path, text in ((written.listed_path, written.report.listed_text), (written.path, written.report.text)):
        write_whole(path, text)
