"""What a charge point says it is, and how it writes the time."""

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, kw_only=True, slots=True)
class Nameplate:
    """What BootNotification tells."""

    vendor: str = "Loopback Motors"
    model: str = "Wall One"
    serial: str = "LM-0001"
    firmware: str = "1.6.0"


def write_instant(shown: datetime, style: str) -> str:
    """Write an instant in one of the styles of ``Behaviour.time_style``."""
    text = shown.strftime("%Y-%m-%dT%H:%M:%S")
    milliseconds = f"{shown.microsecond // 1000:03}"
    match style:
        case "offset":
            return (shown + timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M:%S") + "+02:00"
        case "no_zone":
            return text
        case "space":
            return text.replace("T", " ")
        case "nanoseconds":
            return f"{text}.{milliseconds}000000Z"
        case "no_seconds":
            return text[:-3] + "Z"
    return f"{text}.{milliseconds}Z"
