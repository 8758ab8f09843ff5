"""Each charge point's energy as long-term statistics, hour by hour, for the Energy dashboard.

They are a copy of the records, never their source: every hour the copy is compared with them and put right
from the first hour that differs, so that an outage is filled in and a correction shows.
"""

from collections.abc import Callable, Coroutine, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from homeassistant.components.recorder.models import StatisticData, StatisticMeanType, StatisticMetaData
from homeassistant.components.recorder.statistics import async_add_external_statistics, statistics_during_period
from homeassistant.const import UnitOfEnergy
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.recorder import get_instance
from homeassistant.util import dt as dt_util
from homeassistant.util.unit_conversion import EnergyConverter

from ..const import DOMAIN
from ..ledger import DATA_LEDGER
from ..records.journal import Journal
from ..records.values import OutletKey, Usage

_HOUR: Final = timedelta(hours=1)
_LONG_AGO: Final = timedelta(days=400)


class PublishedStatistics:
    """One charge point's import, and its export where there is any."""

    def __init__(
        self, hass: HomeAssistant, outlet: OutletKey, name: str, run: Callable[[Coroutine[Any, Any, None], str], object]
    ) -> None:
        self._hass = hass
        self._outlet = outlet
        self._name = name
        self._run = run
        self._published_until: datetime | None = None
        self._is_busy = False
        self._is_due = False

    @callback
    def start(self) -> Callable[[], None]:
        """Follow the records; returns what stops that."""
        self._publish()
        return self._hass.data[DATA_LEDGER].listen(self._publish)

    @callback
    def _publish(self) -> None:
        """Publish the hours that are over; the running one is not a whole one yet."""
        self._is_due = self._published_until is None or dt_util.utcnow() >= self._published_until + _HOUR
        if self._is_due and not self._is_busy and "recorder" in self._hass.config.components:
            self._is_busy = True
            self._run(self._async_publish(), "publish statistics")

    async def _async_publish(self) -> None:
        try:
            while self._is_due:  # again where more was recorded meanwhile: nothing may be for hours
                self._is_due = False
                now = dt_util.utcnow()
                until = now.replace(minute=0, second=0, microsecond=0)
                await self._async_copy(until - _LONG_AGO, until)
                self._published_until = until
        except HomeAssistantError:
            return  # a repair says what is wrong with the records; the next write tries again
        finally:
            self._is_busy = False

    async def _async_copy(self, since: datetime, until: datetime) -> None:
        outlet, ledger = self._outlet, self._hass.data[DATA_LEDGER]

        def halves(journal: Journal) -> list[Usage]:
            return journal.half_hours(since, until, [outlet.charge_point])

        used = await ledger.async_ask(halves)
        for what, wh in (("import", _import_wh), ("export", _export_wh)):
            by_hour = hourly(used, wh)
            statistic_id = statistic_id_of(outlet, what)
            before = await self._async_published(statistic_id, since, until)
            if rows := rows_to_write(by_hour, before):
                async_add_external_statistics(self._hass, _metadata(statistic_id, self._name, what), rows)

    async def _async_published(self, statistic_id: str, since: datetime, until: datetime) -> dict[datetime, float]:
        """Return the running sums in kWh that are there, and the last one before them."""
        found = await get_instance(self._hass).async_add_executor_job(
            statistics_during_period, self._hass, since - _LONG_AGO, until, {statistic_id}, "hour",
            {"energy": UnitOfEnergy.KILO_WATT_HOUR}, {"sum"},
        )  # fmt: skip
        rows = found.get(statistic_id, [])
        return {dt_util.utc_from_timestamp(row["start"]): row.get("sum") or 0.0 for row in rows}


def _import_wh(usage: Usage) -> int:
    return usage.import_wh


def _export_wh(usage: Usage) -> int:
    return usage.export_wh


def statistic_id_of(outlet: OutletKey, what: str) -> str:
    """Return the id of a charge point's statistics."""
    return f"{DOMAIN}:{outlet.charge_point.lower()}_{what}"


def hourly(halves: Iterable[Usage], wh: Callable[[Usage], int]) -> dict[datetime, int]:
    """Return Wh by hour; hours without any are left out."""
    hours: dict[datetime, int] = {}
    for half in halves:
        if wh(half):
            hour = half.starts_at.replace(minute=0)
            hours[hour] = hours.get(hour, 0) + wh(half)
    return hours


def rows_to_write(by_hour: Mapping[datetime, int], published: Mapping[datetime, float]) -> list[StatisticData]:
    """Return the rows that differ from what is published, with running sums in kWh.

    Sums go on from the last row before the first hour looked at. From the first hour that differs on, all rows
    are written: an hour that was corrected moves every sum after it.
    """
    first = min(by_hour, default=None)
    older = {hour: total for hour, total in published.items() if first is None or hour < first}
    base_wh = 0 if first is None or not older else round(1000 * older[max(older)])
    rows: list[StatisticData] = []
    for hour in sorted({*by_hour, *(each for each in published if first is not None and each >= first)}):
        base_wh += by_hour.get(hour, 0)
        is_known = hour in published and round(1000 * published[hour]) == base_wh
        if rows or not is_known:
            rows.append(StatisticData(start=hour, state=by_hour.get(hour, 0) / 1000, sum=base_wh / 1000))
    return rows


def _metadata(statistic_id: str, name: str, what: str) -> StatisticMetaData:
    return StatisticMetaData(
        mean_type=StatisticMeanType.NONE,
        has_sum=True,
        name=f"{name} {what}",
        source=DOMAIN,
        statistic_id=statistic_id,
        unit_class=EnergyConverter.UNIT_CLASS,
        unit_of_measurement=UnitOfEnergy.KILO_WATT_HOUR,
    )
