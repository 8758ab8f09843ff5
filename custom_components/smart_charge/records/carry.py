"""Frozen values to plain JSON and back: the delay, override and session that a restart must not forget (11.9).

`recover` is for our own files, which may be damaged or written by another version: it takes what
it can read and says what it left. `from_plain` takes all or nothing.
"""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Any, TypeAliasType, Union, get_args, get_origin, get_type_hints

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


class Unreadable(ValueError):
    """What is stored is not what it should be; the message names the field."""


def to_plain(value: Any) -> Any:
    """Dataclasses as dicts, instants as ISO 8601 text, enums as their values, tuples as lists, money as text."""
    if is_dataclass(value):
        return {field.name: to_plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, date):  # an instant too
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, tuple | list):
        return [to_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {key: to_plain(item) for key, item in value.items()}
    return value


def from_plain[ValueT: DataclassInstance](kind: type[ValueT], plain: Any) -> ValueT:
    """Return the value that `to_plain` was given.

    A field that is not stored takes its default, one that we do not know is left: both happen
    when another version wrote the file.

    Raises:
        Unreadable: what is stored cannot be a ``kind``; the message names the field.
    """
    if not isinstance(plain, Mapping):
        raise Unreadable(f"{kind.__name__} is not stored as a mapping: {plain!r}")
    hints = _hints(kind)
    known = {
        field.name: _read(hints[field.name], plain[field.name], f"{kind.__name__}.{field.name}")
        for field in fields(kind)
        if field.name in plain
    }
    try:
        return kind(**known)
    except TypeError as err:
        raise Unreadable(f"{kind.__name__} lacks a field: {err}") from err


def recover[ValueT: DataclassInstance](kind: type[ValueT], plain: Any) -> tuple[ValueT | None, tuple[str, ...]]:
    """Return what can be read of the value that `to_plain` was given, and what was dropped.

    Never raises. A field that cannot be read takes its default; where it has none, the value is
    None. Each item dropped is a sentence that names the field, without what it held.
    """
    if not isinstance(plain, Mapping):
        return None, (f"{kind.__name__} is not stored as a mapping",)
    hints = _hints(kind)
    known: dict[str, Any] = {}
    dropped = [f"{kind.__name__} has no field {key}" for key in plain if key not in hints]
    for field in fields(kind):
        if field.name not in plain:
            continue
        try:
            known[field.name] = _read(hints[field.name], plain[field.name], f"{kind.__name__}.{field.name}")
        except Unreadable:
            dropped.append(f"{kind.__name__}.{field.name} cannot be read")
    try:
        return kind(**known), tuple(dropped)
    except TypeError:
        return None, (*dropped, f"{kind.__name__} lacks a field that it needs")


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _read(hint: Any, plain: Any, name: str) -> Any:
    """``plain`` as a ``hint``, which is one of the few kinds of type that our values have."""
    if isinstance(hint, TypeAliasType):
        return _read(hint.__value__, plain, name)
    if get_origin(hint) in (UnionType, Union):
        return _read_either(get_args(hint), plain, name)
    if get_origin(hint) is tuple:
        return _read_tuple(get_args(hint), plain, name)
    if is_dataclass(hint) and isinstance(hint, type):
        return from_plain(hint, plain)
    if isinstance(hint, type) and issubclass(hint, datetime):
        return _read_instant(plain, name)
    if hint is date:
        return _read_day(plain, name)
    if get_origin(hint) is Mapping and isinstance(plain, Mapping):
        return dict(plain)
    if hint is Decimal:
        return _read_money(plain, name)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return _read_member(hint, plain, name)
    if hint is float and isinstance(plain, int) and not isinstance(plain, bool):
        return float(plain)
    if type(plain) is not hint:
        raise Unreadable(f"{name} is {plain!r}")
    return plain


def _read_either(hints: tuple[Any, ...], plain: Any, name: str) -> Any:
    if plain is None and NoneType in hints:
        return None
    complaint: Unreadable | None = None
    for hint in hints:
        if hint is NoneType:
            continue
        try:
            return _read(hint, plain, name)
        except Unreadable as err:
            complaint = err
    raise Unreadable(f"{name} is {plain!r}") from complaint


def _read_tuple(hints: tuple[Any, ...], plain: Any, name: str) -> tuple[Any, ...]:
    if not isinstance(plain, list):
        raise Unreadable(f"{name} is {plain!r}")
    if len(hints) == 2 and hints[1] is Ellipsis:
        hints = (hints[0],) * len(plain)
    if len(hints) != len(plain):
        raise Unreadable(f"{name} has {len(plain)} parts")
    return tuple(_read(hint, item, name) for hint, item in zip(hints, plain, strict=True))


def _read_member(hint: type[Enum], plain: Any, name: str) -> Enum:
    try:
        return hint(plain)
    except ValueError as err:
        raise Unreadable(f"{name} is {plain!r}") from err


def _read_money(plain: Any, name: str) -> Decimal:
    try:
        amount = Decimal(plain) if isinstance(plain, str) else None
    except InvalidOperation:
        amount = None
    if amount is None or not amount.is_finite():
        raise Unreadable(f"{name} is {plain!r}")
    return amount


def _read_day(plain: Any, name: str) -> date:
    try:
        return date.fromisoformat(plain)
    except (TypeError, ValueError) as err:
        raise Unreadable(f"{name} is {plain!r}") from err


def _read_instant(plain: Any, name: str) -> datetime:
    """Return an aware instant: comparing one that is not with one that is would fail much later."""
    if not isinstance(plain, str):
        raise Unreadable(f"{name} is {plain!r}")
    try:
        instant = datetime.fromisoformat(plain)
    except ValueError as err:
        raise Unreadable(f"{name} is {plain!r}") from err
    if instant.tzinfo is None:
        raise Unreadable(f"{name} has no time zone: {plain!r}")
    return instant
