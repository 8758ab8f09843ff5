"""What a register map file may hold. What is not named here is refused, and so is what would have no effect."""

from typing import Any, Final

import probatio as vol

from ...charging.model import ConnectorStatus, PilotState
from .codec import FIXED_COUNTS, TEXTS
from .map_model import AMPS, WATTS, KeepAliveKind
from .register import CONNECTOR, Cadence, Table

FORMAT: Final = 1

PLAUSIBLE: Final[dict[str, tuple[float, float]]] = {
    "voltage": (0, 500),
    "current": (-1, 125),
    "power": (-1000, 100_000),
    "energy": (0, 1e10),
    "temperature": (-50, 125),
    "setpoint": (0, 125),
}
"""What a quantity may be unless the map has its own ``range``; in SI units after scaling."""


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise vol.Invalid("expected a number")
    if not -1e15 < value < 1e15:
        raise vol.Invalid("number out of range")
    return value


def _scale(value: Any) -> float:
    if not 1e-6 <= abs(_number(value)) <= 1e6:
        raise vol.Invalid("expected a scale from 0.000001 to 1000000")
    return float(value)


def _whole(low: int, high: int) -> Any:
    def check(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise vol.Invalid(f"expected a whole number from {low} to {high}")
        return value

    return check


def _scalar(value: Any) -> Any:
    if not isinstance(value, str | int | float):
        raise vol.Invalid("expected a text or a number")
    return value


def _list(item: Any) -> Any:
    return vol.All([item], vol.Length(min=1))


_TEXT = vol.All(str, vol.Length(min=1, max=500))
_KEY = vol.All(str, vol.Match(r"^[a-z][a-z0-9_]{0,63}$"))
_POSITIVE = vol.All(_number, vol.Range(min=0, min_included=False))
_SECONDS = vol.All(_number, vol.Range(min=0, max=3600))
_UNIT_ID = _whole(0, 255)
_BIT = _whole(0, 63)
_MASK = _whole(1, 2**64 - 1)
_VERSION = vol.All(str, vol.Match(r"^\d[\w.\-]*$"))

_CONDITION = vol.Any(
    vol.All(
        {
            vol.Optional("in"): _list(_scalar),
            vol.Optional("not"): _list(_scalar),
            vol.Optional("min"): _number,
            vol.Optional("max"): _number,
            vol.Optional("any_bit"): _MASK,
        },
        vol.Length(min=1),
    ),
    _list(_scalar),
    _scalar,
)
_CONDITIONS = vol.All({_KEY: _CONDITION}, vol.Length(min=1))

_REGISTER = vol.Schema(
    {
        vol.Required("address"): _whole(0, 65535),
        vol.Required("type"): vol.In([*FIXED_COUNTS, "string"]),
        vol.Optional("length"): _whole(1, 125),
        vol.Optional("unit"): _KEY,
        vol.Optional("block"): _KEY,
        vol.Optional("table"): vol.In(list(Table)),
        vol.Optional("word_order"): vol.In(["big", "little"]),
        vol.Optional("byte_order"): vol.In(["big", "little"]),
        vol.Optional("encoding"): vol.In(TEXTS),
        vol.Optional("scale"): _scale,
        vol.Optional("offset"): _number,
        vol.Optional("scale_from_firmware"): vol.All({_VERSION: _scale}, vol.Length(min=1)),
        vol.Optional("mask"): _MASK,
        vol.Optional("shift"): _BIT,
        vol.Optional("none"): _list(_number),
        vol.Optional("quantity"): vol.In(PLAUSIBLE),
        vol.Optional("range"): vol.ExactSequence([_number, _number]),
        vol.Optional("read"): vol.In(list(Cadence)),
        vol.Optional("write"): vol.In(["fc6", "fc16", "any"]),
        vol.Optional("readback"): _KEY,
        vol.Optional("since"): _VERSION,
        vol.Optional("private"): bool,
        vol.Optional("source"): _TEXT,
        vol.Optional("note"): _TEXT,
    }
)

_ORIGIN = vol.Any(_KEY, _list(vol.Any(_KEY, {vol.Required("sum"): _list(_KEY)})))
_PHASES = vol.ExactSequence([vol.Any(None, _KEY)] * 3)

_WRITES = _list(
    {
        vol.Required("write"): _KEY,
        vol.Required("value"): vol.Any(vol.In([AMPS, WATTS]), _number),
        vol.Optional("when"): _CONDITIONS,
        vol.Optional("wait_s"): _SECONDS,
    }
)

MAP: Final = vol.Schema(
    {
        vol.Required("format"): FORMAT,
        vol.Required("id"): _KEY,
        vol.Required("manufacturer"): _TEXT,
        vol.Required("models"): _list(_TEXT),
        vol.Required("sources"): _list(_TEXT),
        vol.Optional("notes"): _list(_TEXT),
        vol.Required("unit_ids"): _list(_UNIT_ID),
        vol.Optional("units", default=dict): {vol.All(_KEY, vol.NotIn([CONNECTOR])): _UNIT_ID},
        vol.Optional("blocks", default=dict): {
            _KEY: {
                vol.Required("base"): _whole(0, 65535),
                vol.Required("stride"): _whole(1, 65535),
                vol.Required("connectors"): _whole(2, 64),
            }
        },
        vol.Optional("word_order", default="big"): vol.In(["big", "little"]),
        vol.Optional("byte_order", default="big"): vol.In(["big", "little"]),
        vol.Optional("table", default="holding"): vol.In(list(Table)),
        vol.Optional("limits", default=dict): {
            vol.Optional("max_registers"): _whole(1, 125),
            vol.Optional("max_gap"): _whole(0, 124),
            vol.Optional("one_value"): bool,
            vol.Optional("spacing_s"): _SECONDS,
            vol.Optional("timeout_s"): vol.All(_POSITIVE, vol.Range(max=60)),
            vol.Optional("poll_s"): vol.All(_POSITIVE, vol.Range(max=60)),
        },
        vol.Required("registers"): vol.All({_KEY: _REGISTER}, vol.Length(min=1)),
        vol.Required("identity"): {
            vol.Required("rules"): _list({vol.Required("register"): _KEY, vol.Required("matches"): _TEXT}),
            vol.Optional("manufacturer"): _KEY,
            vol.Optional("model"): _KEY,
            vol.Optional("serial"): _KEY,
            vol.Optional("firmware"): _KEY,
            vol.Optional("weak"): bool,
        },
        vol.Optional("outlets"): {
            vol.Optional("most", default=2): _whole(2, 64),
            vol.Optional("count_from"): _KEY,
            vol.Optional("unit_ids"): vol.All([_UNIT_ID], vol.Length(min=2)),
        },
        vol.Required("status"): _list(
            {
                vol.Required("when"): _CONDITIONS,
                vol.Optional("pilot"): vol.In(list(PilotState)),
                vol.Optional("status"): vol.In(list(ConnectorStatus)),
                vol.Optional("fault"): _TEXT,
                vol.Optional("safety"): bool,
                vol.Optional("awaits_tag"): bool,
            }
        ),
        vol.Optional("faults", default=dict): {
            _KEY: {_BIT: vol.Any(_TEXT, {vol.Required("code"): _TEXT, vol.Optional("safety"): bool})}
        },
        vol.Required("reading"): {
            vol.Optional("power_w"): _ORIGIN,
            vol.Optional("import_wh"): _ORIGIN,
            vol.Optional("export_wh"): _ORIGIN,
            vol.Optional("session_wh"): _ORIGIN,
            vol.Optional("offered_a"): _ORIGIN,
            vol.Optional("temperature_c"): _ORIGIN,
            vol.Optional("cable_a"): _ORIGIN,
            vol.Optional("current_a"): _PHASES,
            vol.Optional("voltage_v"): _PHASES,
        },
        vol.Required("control"): {
            vol.Required("setpoint"): _KEY,
            vol.Optional("setpoint_is"): vol.In([AMPS, WATTS]),
            vol.Optional("step_a"): vol.All(_POSITIVE, vol.Range(max=6)),
            vol.Optional("min_a"): vol.All(_number, vol.Range(min=6, max=32)),
            vol.Optional("max_a"): vol.All(_number, vol.Range(min=6, max=125)),
            vol.Optional("max_from"): _list(_KEY),
            vol.Optional("phases"): vol.In([1, 3]),
            vol.Optional("phases_from"): _KEY,
            vol.Optional("volts"): vol.All(_number, vol.Range(min=100, max=300)),
            vol.Required("charge"): _WRITES,
            vol.Required("pause"): _WRITES,
            vol.Optional("paused"): _CONDITIONS,
            vol.Optional("min_interval_s"): _SECONDS,
            vol.Optional("settle_s"): _SECONDS,
            vol.Optional("wears_flash"): bool,
        },
        vol.Optional("keep_alive", default=dict): {
            vol.Optional("kind"): vol.In(list(KeepAliveKind)),
            vol.Optional("timeout_s"): vol.All(_POSITIVE, vol.Range(max=65535)),
            vol.Optional("timeout_from"): _KEY,
            vol.Optional("remaining_from"): _KEY,
            vol.Optional("register"): _KEY,
            vol.Optional("values"): _list(_whole(0, 65535)),
        },
        vol.Optional("failsafe", default=dict): {
            vol.Optional("current"): vol.Any(_KEY, _list(_KEY)),
            vol.Optional("fixed_a"): vol.All(_number, vol.Range(min=0, max=125)),
            vol.Optional("timeout"): _KEY,
            vol.Optional("timeout_s"): _whole(1, 65535),
        },
        vol.Optional("restart", default=dict): {
            vol.Optional("uptime"): _KEY,
            vol.Optional("setpoints"): _list(_number),
        },
    }
)
