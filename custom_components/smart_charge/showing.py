"""One charge point as its owner sees it: the picture that entities show, and its words."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from .bookkeeping.consumption import Consumption
from .chargers.charger import Charger
from .charging.ending import shown_ending
from .charging.left_to_each import Left
from .charging.metering import shown_wh
from .charging.model import Decision, Reading, Settings
from .following import Following
from .lot import lot_without_us
from .meter.sampling import Sampling
from .picture import Picture
from .planner import Planner
from .settings import local_zone, windows_of
from .storage import Memory
from .wording import Wording


class Showing:
    """What is shown of one charge point. Only its coordinator may use it."""

    def __init__(
        self,
        charger: Charger,
        memory: Memory,
        wording: Wording,
        *,
        following: Following,
        planner: Planner,
        sampling: Sampling,
        consumption: Consumption,
    ) -> None:
        self.wording = wording
        self._charger = charger
        self._memory = memory
        self._following = following
        self._planner = planner
        self._sampling = sampling
        self._consumption = consumption
        self._refusals = 0
        self._refused_because: str | None = None

    def note_refusal(self, because: str | None) -> None:
        """Take note that what somebody asked for by hand was refused, and why."""
        self._refusals += 1
        self._refused_because = because

    def picture(
        self, now: datetime, settings: Settings, options: Mapping[str, Any], decision: Decision, *, left: Left | None
    ) -> Picture:
        """Return all there is to see."""
        memory, charger, total = self._memory, self._charger, self._memory.total
        lot = lot_without_us(charger.capabilities.unattended, settings, left, self.wording)
        picture = Picture(
            as_of=now,
            is_online=charger.is_online,
            is_not_followed=self._following.is_failing,
            is_refused=self._following.is_refused,
            unattended=lot.state,
            unattended_sentence=lot.sentence,
            refusals=self._refusals,
            refused_because=self._refused_because,
            refused_tags=memory.refused_tags,
            tag_refused_because=memory.tag_refused_because,
            settings=settings,
            windows=windows_of(options),
            reading=charger.reading or Reading(taken_at=now),
            decision=decision,
            plan=self._planner.plan,
            session=memory.session,
            heat=self._sampling.heat(now),
            sample_s=charger.sample_interval_s,
            meter_error=self._sampling.error,
            total_wh=shown_wh(total),
            usage=self._consumption.periods,
            tab=memory.tab,
            ending=shown_ending(memory.ending, decision.carry.override, local_zone()),
        )
        return replace(picture, sentence=self.wording.sentence(picture.why, picture.until_at, now))
