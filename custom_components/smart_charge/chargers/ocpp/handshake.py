"""What a charge point says before the upgrade: its id, its password, the versions it speaks. Pure."""

import base64
import binascii
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import unquote

SPOKEN = ("ocpp1.6",)
"""Subprotocols that we speak."""

ASSUMED = "ocpp1.6"
"""What a charge point without the header is taken to speak (quirk Q2)."""

MAX_ID_LENGTH = 48


@dataclass(frozen=True, slots=True)
class Credentials:
    """Basic credentials. The password is raw bytes: any bytes are allowed in it."""

    user: str
    password: bytes


def id_from_path(raw_path: str) -> str | None:
    """Return the charge point id: the last non-empty segment of the path, percent-decoded (quirks Q1, Q3, Q4).

    None when there is none, or when it is not fit to be one: too long, or holding control characters.
    """
    path = raw_path.partition("?")[0].partition("#")[0]
    segments = [segment for segment in path.split("/") if segment]
    if not segments:
        return None
    name = unquote(segments[-1], errors="replace").strip()
    return name if is_fit(name) else ""


def is_fit(charge_point_id: str) -> bool:
    """Whether this can be a charge point's id (OCPP-J 1.6 section 3.1.1)."""
    return 0 < len(charge_point_id) <= MAX_ID_LENGTH and charge_point_id.isprintable() and "/" not in charge_point_id


def credentials_from(header: str | None, charge_point_id: str | None) -> Credentials | None:
    """Read Basic credentials; None when there are none or they cannot be read.

    The user is the charge point's id, which may hold a colon: what begins with it is split behind it.
    """
    scheme, _, encoded = (header or "").strip().partition(" ")
    if scheme.lower() != "basic" or not encoded:
        return None
    try:
        decoded = base64.b64decode(encoded.strip() + "==", validate=False)
    except binascii.Error, ValueError:
        return None
    if charge_point_id:
        prefix = charge_point_id.encode() + b":"
        if decoded[: len(prefix)].lower() == prefix.lower():
            return Credentials(charge_point_id, decoded[len(prefix) :])
    user, colon, password = decoded.partition(b":")
    if not colon:
        return None
    return Credentials(user.decode(errors="replace"), password)


def choose_version(header: str | None) -> str | None:
    """Return the first version on the charge point's list that we speak; None when there is no overlap."""
    if header is None:
        return ASSUMED
    offered = [name.strip().lower() for name in header.split(",")]
    return next((name for name in offered if name in SPOKEN), None)


def as_spelt(header: str | None, version: str) -> str:
    """Return a version as the charge point spelt it: it looks for that very text in our answer."""
    offered = [name.strip() for name in (header or "").split(",")]
    return next((name for name in offered if name.lower() == version), version)


def match(charge_point_id: str, known: Iterable[str]) -> str | None:
    """Return the known spelling of this id: exact, else the only one that differs in case alone."""
    names = list(known)
    if charge_point_id in names:
        return charge_point_id
    folded = [name for name in names if name.casefold() == charge_point_id.casefold()]
    return folded[0] if len(folded) == 1 else None
