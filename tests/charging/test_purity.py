"""The core runs where Home Assistant is not: the folder alone, by file location (STYLE section 1)."""

from pathlib import Path
import subprocess
import sys

import custom_components.smart_charge.charging as core

PROGRAM = """
import importlib, importlib.util, pkgutil, sys
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

folder = Path(sys.argv[1])
before = set(sys.modules)
spec = importlib.util.spec_from_file_location("core", folder / "__init__.py", submodule_search_locations=[str(folder)])
sys.modules["core"] = core = importlib.util.module_from_spec(spec)
spec.loader.exec_module(core)
for found in pkgutil.iter_modules([str(folder)]):
    importlib.import_module(f"core.{found.name}")

model, off_peak, decide = (sys.modules[f"core.{name}"] for name in ("model", "off_peak", "decide"))
settings = model.Settings(rated_a=32.0, default_hours=off_peak.preset_hours(ZoneInfo("Europe/London")))
now = datetime(2027, 3, 23, 18, tzinfo=UTC)
reading = model.Reading(taken_at=now, status=model.ConnectorStatus.PREPARING)
decision = decide.decide(model.Situation(now=now, dice=0.5, settings=settings, reading=reading))
print(decision.reason, decision.until_at)

loaded = {name.partition(".")[0] for name in set(sys.modules) - before}
print(sorted(loaded - set(sys.stdlib_module_names) - {"core", "tzdata"}))
"""


def test_the_core_loads_by_file_location_with_the_standard_library_alone():
    folder = Path(core.__file__).parent
    done = subprocess.run([sys.executable, "-I", "-c", PROGRAM, folder], capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert done.stdout.splitlines() == ["waiting_for_default_hours 2027-03-23 22:00:00+00:00", "[]"]
