"""Make, judge and check the secret that a charge point shows when it calls (S2.1, S2.2, S4.1).

Only hashes are kept. Hashing is slow on purpose (about 50 ms): call `hash_secret` and
`verify_secret` outside the event loop.
"""

import base64
import binascii
from collections.abc import Iterable
import hashlib
import hmac
import re
import secrets
from typing import Final, NamedTuple

SHORTEST: Final = 16
LONGEST: Final = 40
"""What OCPP 2.0.1 allows of a BasicAuthPassword, and what 1.6 holds as hex digits or as text."""

_COST: Final = 2**14
_BLOCK: Final = 8
_PARALLEL: Final = 1
_SALT_BYTES: Final = 16
_KEY_BYTES: Final = 32
_MOST_MEMORY: Final = 64 * 2**20
_LONGEST_PRESENTED: Final = 256
_SHORTEST_FACT: Final = 4

_DEFAULTS: Final = frozenset(
    {
        "admin", "administrator", "authorizationkey", "basicauth", "changeit", "changeme", "chargebox", "charger",
        "chargepoint", "chargestation", "chargingstation", "deadbeef", "default", "evcharger", "guest", "homeassistant",
        "installer", "letmein", "master", "ocpp", "operator", "passw0rd", "password", "passwort", "root", "secret",
        "service", "smartcharge", "snickers", "steve", "superuser", "test", "user", "wallbox", "welcome",
    }
)  # fmt: skip
"""Words that shipped or sample passwords are made of, alone, repeated, or with digits around them."""

_RUNS: Final = ("01234567890123456789", "abcdefghijklmnopqrstuvwxyz", "qwertyuiopasdfghjklzxcvbnm", "0123456789abcdef")


class _Hash(NamedTuple):
    """One stored hash, taken apart."""

    cost: int
    block: int
    parallel: int
    salt: bytes
    key: bytes


def make_password() -> str:
    """Draw a new password: 20 random bytes as 40 hex digits, which any OCPP version can hold."""
    return secrets.token_hex(20)


def hash_secret(secret: str) -> list[str]:
    """Return what to store of a password: hashes of its text and, if it is hex, of its bytes.

    A correct OCPP 1.6 charge point sends the bytes, many send the text (whitepaper section
    "AuthorizationKey"; observed: Java-OCA-OCPP pull request 163). Both share a salt, so that
    checking a call costs one derivation.
    """
    salt = secrets.token_bytes(_SALT_BYTES)
    forms = [secret.encode()]
    if (decoded := _unhex(forms[0])) is not None:
        forms.append(decoded)
    return [_pack(_Hash(_COST, _BLOCK, _PARALLEL, salt, _derive(form, salt))) for form in forms]


def verify_secret(hashes: Iterable[str], presented: bytes) -> bool:
    """Tell whether what a charge point presented is the secret behind ``hashes``.

    Accepts the text, the bytes that its hex digits stand for, and the hex digits in either case.
    A stored value that is no hash matches nothing. Takes the same time whichever one matches.
    """
    if len(presented) > _LONGEST_PRESENTED:
        return False
    forms = [presented]
    if (decoded := _unhex(presented)) is not None:
        forms.append(decoded)
    derived: dict[bytes, list[bytes]] = {}
    is_match = False
    for stored in filter(None, map(_unpack, hashes)):
        if stored.salt not in derived:
            derived[stored.salt] = [_derive(form, stored.salt) for form in forms]
        for key in derived[stored.salt]:
            is_match |= hmac.compare_digest(key, stored.key)
    return is_match


def weakness(secret: str, *identities: str | None) -> str | None:
    """Return why a typed password must not be used, as a translation key; None when it may.

    Args:
        secret: what the owner typed.
        identities: public facts of the charge point: its id, serial, model, maker.

    Source: requirement S2.1 (ETSI EN 303 645 provision 5.1-2: not a default, not derived).
    """
    bare = _bare(secret)
    if _is_default(bare):
        return "known_default"
    if len(secret) < SHORTEST:
        return "too_short"
    if len(secret) > LONGEST:
        return "too_long"
    if not all("!" <= character <= "~" for character in secret):
        return "unusual_characters"
    if is_derived(secret, *identities):
        return "derived_from_identity"
    return "too_simple" if _is_simple(bare) else None


def is_derived(secret: str, *identities: str | None) -> bool:
    """Tell whether a password is little more than a public fact of the charge point."""
    bare = _bare(secret)
    facts = [_bare(identity) for identity in identities if identity]
    return any(_is_mostly(bare, form) for fact in facts if len(fact) >= _SHORTEST_FACT for form in (fact, fact[::-1]))


def _is_mostly(bare: str, fact: str) -> bool:
    if not bare or fact not in bare:
        return bool(bare) and bare in fact
    return len(bare.replace(fact, "")) < SHORTEST // 2


def _is_default(bare: str) -> bool:
    word = bare.strip("0123456789")
    return _smallest_unit(bare) in _DEFAULTS or _smallest_unit(word) in _DEFAULTS


def _is_simple(bare: str) -> bool:
    """Tell whether it repeats something short, walks along keyboard or alphabet, or says little."""
    if len(_smallest_unit(bare)) < SHORTEST // 2 or len(set(bare)) < 5:
        return True
    return any(bare in run * 3 or bare[::-1] in run * 3 for run in _RUNS)


def _smallest_unit(text: str) -> str:
    """Return the shortest text that, repeated, begins with ``text``."""
    for length in range(1, len(text)):
        if text == (text[:length] * len(text))[: len(text)]:
            return text[:length]
    return text


def _bare(text: str) -> str:
    return re.sub(r"[^0-9a-z]", "", text.casefold())


def _unhex(text: bytes) -> bytes | None:
    try:
        return binascii.unhexlify(text) or None
    except ValueError:
        return None


def _derive(secret: bytes, salt: bytes) -> bytes:
    """Derive what is stored. The digest first: scrypt alone takes a secret and the same padded with zeros for one."""
    digest = hashlib.sha256(secret).digest()
    return hashlib.scrypt(digest, salt=salt, n=_COST, r=_BLOCK, p=_PARALLEL, maxmem=_MOST_MEMORY, dklen=_KEY_BYTES)


def _pack(stored: _Hash) -> str:
    salt, key = (base64.b64encode(part).decode() for part in (stored.salt, stored.key))
    return f"scrypt${stored.cost}${stored.block}${stored.parallel}${salt}${key}"


def _unpack(text: str) -> _Hash | None:
    """Take a stored hash apart; None unless it is one that this module could have made."""
    try:
        scheme, cost, block, parallel, salt, key = text.split("$")
        parts = _Hash(
            int(cost),
            int(block),
            int(parallel),
            base64.b64decode(salt, validate=True),
            base64.b64decode(key, validate=True),
        )
    except ValueError:
        return None
    is_ours = scheme == "scrypt" and parts[:3] == (_COST, _BLOCK, _PARALLEL) and len(parts.key) == _KEY_BYTES
    return parts if is_ours else None
