"""Words that stand for people, so that a log can be kept when they ask to be forgotten (S7.2, S10.1)."""

from collections.abc import Mapping
import hashlib
import hmac
from ipaddress import ip_address
import math
import re
from typing import Any, Final

from .tables import as_words

PERSONAL: Final = frozenset({
    "address", "client", "from", "host", "id_tag", "ip", "location", "mac", "name", "parent_id_tag", "peer",
    "remote", "tag", "user", "user_id", "username", "who",
})  # fmt: skip
"""Details under these names, however deep, are written as pseudonyms."""

_DEEPEST: Final = 5
_MAY_BE_ADDRESS: Final = re.compile(r"(?<![\w.:])[0-9a-fA-F]*[.:][0-9a-fA-F.:]+")


class Pseudonyms:
    """The same word for the same person, which nobody without the installation's key can trace back."""

    def __init__(self, key: bytes) -> None:
        if len(key) < 16:
            raise ValueError("The key for pseudonyms has fewer than 16 bytes")
        self._key = key

    def of(self, value: str) -> str:
        """Return the word that stands for a value; case and blanks around it make no difference."""
        folded = value.strip().casefold().encode("utf-8", "replace")
        return "~" + hmac.new(self._key, folded, hashlib.sha256).hexdigest()[:16]

    def in_text(self, text: str) -> str:
        """Return text with every IP address in it replaced."""
        return _MAY_BE_ADDRESS.sub(lambda found: self._if_address(found.group()), text)

    def cleaned(self, value: Any, name: str = "", depth: int = 0) -> Any:
        """Return a detail as it may be written: no personal data, nothing that JSON cannot say."""
        if value is None or isinstance(value, bool):
            return value
        if name.casefold() in PERSONAL and not isinstance(value, Mapping | list | tuple):
            return self.of(str(value))
        if isinstance(value, Mapping | list | tuple) and depth >= _DEEPEST:
            return "…"
        if isinstance(value, Mapping):
            return {
                self.in_text(as_words(str(key))): self.cleaned(item, str(key), depth + 1) for key, item in value.items()
            }
        if isinstance(value, list | tuple):
            return [self.cleaned(item, name, depth + 1) for item in value]
        if isinstance(value, int) or (isinstance(value, float) and math.isfinite(value)):
            return value
        return as_words(self.in_text(str(value)))

    def _if_address(self, text: str) -> str:
        """Return text with the address that it begins with replaced; a port or full stop after it stays."""
        ended = text.rstrip(".:")
        for candidate in (text, ended, ended.rpartition(":")[0]):
            try:
                ip_address(candidate)
            except ValueError:
                continue
            return self.of(candidate) + text[len(candidate) :]
        return text
