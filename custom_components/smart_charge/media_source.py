"""Hands usage reports to whoever mails files: Home Assistant's mail takes attachments from media sources (O4)."""

from pathlib import Path
from typing import Final, override

from homeassistant.components.media_source import (
    BrowseMediaSource,
    MediaSource,
    MediaSourceItem,
    PlayMedia,
    Unresolvable,
)
from homeassistant.core import HomeAssistant

from .const import DOMAIN
from .keeping.usage_reports import scheme_of
from .records.orcs import is_file_name

MIME_TYPE: Final = "text/csv"


async def async_get_media_source(hass: HomeAssistant) -> UsageReportSource:
    """Return the one source that we have."""
    return UsageReportSource(hass)


class UsageReportSource(MediaSource):
    """The files in the folder of the reports. Nothing is served by HTTP: they are read where they are."""

    name = "Smart Charge: usage reports"

    def __init__(self, hass: HomeAssistant) -> None:
        super().__init__(DOMAIN)
        self._hass = hass

    @override
    async def async_resolve_media(self, item: MediaSourceItem) -> PlayMedia:
        """Return where a report is.

        Raises:
            Unresolvable: there is none of that name.
        """
        found = await self._hass.async_add_executor_job(_files, self._hass)
        path = next((each for each in found if each.name == item.identifier), None)
        if path is None:
            raise Unresolvable(translation_domain=DOMAIN, translation_key="no_such_report")
        return PlayMedia(item.media_source_id, MIME_TYPE, path=path)

    @override
    async def async_browse_media(self, item: MediaSourceItem) -> BrowseMediaSource:
        """List the reports, the last one first."""
        found = await self._hass.async_add_executor_job(_files, self._hass)
        listed = _listed(None, self.name or DOMAIN)
        listed.children = [_listed(each.name, each.stem) for each in found]
        return listed


def _files(hass: HomeAssistant) -> list[Path]:
    """Blocks. Return the reports that are there, the last one first; none without the scheme."""
    scheme = scheme_of(hass)
    if scheme is None or not scheme.folder.is_dir():
        return []
    return sorted((each for each in scheme.folder.iterdir() if is_file_name(each.name)), reverse=True)


def _listed(name: str | None, title: str) -> BrowseMediaSource:
    return BrowseMediaSource(
        domain=DOMAIN,
        identifier=name,
        media_class="directory" if name is None else "url",
        media_content_type="" if name is None else MIME_TYPE,
        title=title,
        can_play=False,
        can_expand=name is None,
    )
