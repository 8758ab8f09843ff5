"""Time one call of ``decide`` in several situations: ``python benchmarks/decide.py``. Printed, not asserted.

Loads the core by file location, so that it runs where Home Assistant is not installed.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
import importlib
import importlib.util
from pathlib import Path
import sys
from timeit import Timer
from types import ModuleType
from zoneinfo import ZoneInfo

CORE = Path(__file__).parent.parent / "custom_components" / "smart_charge" / "charging"
NOW = datetime(2027, 3, 23, 18, tzinfo=UTC)  # Tuesday, peak


def load_core() -> Callable[[str], ModuleType]:
    """Load the folder as a package of its own; returns what imports one of its modules."""
    spec = importlib.util.spec_from_file_location("core", CORE / "__init__.py", submodule_search_locations=[str(CORE)])
    if spec is None or spec.loader is None:
        raise SystemExit(f"There is no core at {CORE}")
    sys.modules["core"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(sys.modules["core"])
    return lambda name: importlib.import_module(f"core.{name}")


def situations(model: ModuleType, off_peak: ModuleType) -> dict[str, object]:
    """Return what is timed, by name."""
    hours = off_peak.preset_hours(ZoneInfo("Europe/London"))
    plugged = model.Reading(taken_at=NOW, status=model.ConnectorStatus.CHARGING, offered_a=32.0, cable_a=32.0)
    unplugged = model.Reading(taken_at=NOW, status=model.ConnectorStatus.AVAILABLE)
    charging = model.Carry(in_force_a=32.0)
    hold = model.Hold(target_a=0.0, began_at=NOW, ends_at=NOW + timedelta(seconds=300))
    forced = model.Carry(in_force_a=32.0, override=model.Override(made_at=NOW, has_seen_vehicle=True))

    events = tuple(
        model.DsrEvent(
            event_id=str(hour),
            kind=model.DsrKind.TURN_DOWN,
            start_at=NOW + timedelta(hours=hour),
            end_at=NOW + timedelta(hours=hour + 1),
        )
        for hour in range(100)
    )

    def situation(reading: object, carry: object, now: datetime = NOW, **settings: object) -> object:
        chosen = model.Settings(**{"rated_a": 32.0, "default_hours": hours} | settings)
        return model.Situation(now=now, dice=0.5, settings=chosen, reading=reading, carry=carry)

    open_at = NOW + timedelta(hours=5)
    friday = NOW + timedelta(days=3, hours=5)
    return {
        "no reading yet": situation(None, charging),
        "nothing plugged in": situation(unplugged, model.Carry()),
        "waiting for default hours": situation(plugged, model.Carry()),
        "delayed stop running": situation(plugged, model.Carry(in_force_a=32.0, hold=hold)),
        "charging in default hours": situation(plugged, charging, open_at),
        "charging, open over the weekend": situation(plugged, charging, friday),
        "charging over a clock change": situation(plugged, charging, friday + timedelta(days=1)),
        "charge now at peak": situation(plugged, forced),
        "a hundred demand response events": situation(plugged, model.Carry(events=events), open_at),
        "drawing a delay": situation(plugged, model.Carry(), open_at),
        "whenever plugged in": situation(plugged, charging, mode=model.Mode.ALWAYS),
    }


def main() -> None:
    """Print one line per situation."""
    core = load_core()
    decide = core("decide").decide
    print("decide, best of 5, microseconds per call")
    for name, situation in situations(core("model"), core("off_peak")).items():
        timer = Timer(lambda asked=situation: decide(asked))
        count = 500
        best_s = min(timer.repeat(repeat=5, number=count)) / count
        print(f"  {name:34} {best_s * 1e6:8.1f}")


if __name__ == "__main__":
    main()
