"""What a support file tells of one charger: counters, what was learnt, and the settings that are no secret."""

from collections import Counter
from typing import Any

from .parts import Parts


def diagnose(parts: Parts, counts: Counter[str]) -> dict[str, Any]:
    """Return it; JSON-serialisable."""
    link = parts.line.link
    return {
        "is_online": parts.line.is_online,
        "version": link.version if link else None,
        "counts": dict(sorted(counts.items())),
        "restarts": parts.hearing.restarts,
        "rung": parts.lease.rung.name,
        "is_followed": parts.lease.is_followed,
        "sample_interval_s": parts.snapshot.interval_s,
        "sample_interval_least_s": parts.rate.least_s,
        "clock_offset_s": parts.hearing.times.offset.total_seconds(),
        "unreadable_times": parts.hearing.times.untrusted,
        "has_transaction": parts.book.open is not None,
        "warning": parts.snapshot.warning,
        "unattended": parts.unattended,
        "hours_form": parts.memory.section("hours").get("form"),
        "settings_refused": sorted(parts.memory.section("settings").get("refused", {})),
        "configuration": parts.configuration.shown(),
    }
