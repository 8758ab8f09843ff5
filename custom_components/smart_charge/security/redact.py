"""The one list of what no log, diagnostic or export may show (S4.1), and the function that hides it."""

from collections.abc import Iterable, Mapping
import re
from typing import Any, Final

HIDDEN: Final = "**REDACTED**"

_NAMES: Final = frozenset(
    {
        # secrets
        "accesstoken", "apikey", "authorization", "authorizationkey", "basicauthpassword", "password", "passwordhashes",
        "passwords", "pin", "privatekey", "puk", "secret", "token", "websocketpassword", "websocketuser",
        # who and where
        "address", "calleraddress", "host", "hostname", "ip", "ipaddress", "latitude", "location", "longitude", "mac",
        "macaddress", "remoteaddress", "ssid", "url", "configurationurl",
        # the charge point and its parts
        "chargeboxserialnumber", "chargepointid", "chargepointserialnumber", "iccid", "identifiers", "imsi",
        "meterserialnumber", "serial", "serialnumber", "stationid", "title", "uniqueid",
        # whom the owner deals with
        "authority", "folder", "operator", "party",
        # people and vehicles
        "groupidtoken", "idtag", "idtags", "idtoken", "knowntags", "parentidtag", "tag", "tags", "userid", "vin",
    }
)  # fmt: skip
"""Names whose values are hidden; compared without case, underscores and hyphens."""


def is_private(name: str) -> bool:
    """Tell whether what stands under this name must not be shown."""
    return re.sub(r"[^0-9a-z]", "", name.casefold()) in _NAMES


def redact(data: Any, private: Iterable[str] = ()) -> Any:
    """Return a copy of JSON-like ``data`` that may be shown to strangers.

    Args:
        data: mappings, lists and plain values.
        private: texts to hide wherever they occur inside a value or a key, such as this charge
            point's id, serial and address. Shorter than four characters are left: they occur
            by chance.
    """
    words = sorted({word for word in private if len(word) >= 4}, key=len, reverse=True)
    pattern = re.compile("|".join(map(re.escape, words)), re.IGNORECASE) if words else None
    return _redact(data, pattern)


def _redact(data: Any, pattern: re.Pattern[str] | None) -> Any:
    match data:
        case Mapping():
            return {
                _hide(key, pattern): HIDDEN if _is_hidden(key, value) else _redact(value, pattern)
                for key, value in data.items()
            }
        case list() | tuple() | set() | frozenset():
            return [_redact(value, pattern) for value in data]
    return _hide(data, pattern)


def _is_hidden(key: Any, value: Any) -> bool:
    """Hide what is there: that something is missing is no secret, and often the answer sought."""
    return isinstance(key, str) and is_private(key) and value not in (None, "", [], {})


def _hide(text: Any, pattern: re.Pattern[str] | None) -> Any:
    return pattern.sub(HIDDEN, text) if pattern is not None and isinstance(text, str) else text
