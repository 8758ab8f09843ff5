"""What strangers and people type, made fit to be shown or used (S6.1, S6.2)."""

from ipaddress import ip_address
import re
from typing import Final

_LABEL: Final = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_LONGEST_HOST: Final = 253


def plain(text: str | None, limit: int = 48) -> str:
    """Return a peer's own words, fit to be shown as code in a form: one line, no backticks, not long.

    Forms render Markdown, in which a hostile charge point could otherwise call itself a picture
    from elsewhere or a link. Directional marks and other unprintables go too.
    """
    printable = "".join(character if character.isprintable() else " " for character in text or "")
    line = " ".join(printable.replace("`", " ").split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def clean_host(text: str) -> str | None:
    """Return the host name or address that a person meant; None when it can be none.

    Forgives what is often pasted along: a scheme, a path, a full stop, capitals, brackets.
    """
    host = re.sub(r"^[a-z][a-z0-9+.-]*://", "", text.strip().lower()).partition("/")[0]
    host = host.removeprefix("[").removesuffix("]").removesuffix(".")
    try:
        return str(ip_address(host))
    except ValueError:
        pass
    labels = host.split(".")
    is_name = 0 < len(host) <= _LONGEST_HOST and all(map(_LABEL.fullmatch, labels)) and not labels[-1].isdigit()
    return host if is_name else None
