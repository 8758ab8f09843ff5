"""A checked mapping, as ``map_schema`` lets it through, to the nouns of ``map_model``."""

from collections.abc import Iterator, Mapping
import re
from typing import Any

from .codec import FIXED_COUNTS
from .map_model import (
    Block,
    Condition,
    Control,
    Facts,
    Failsafe,
    FaultBit,
    IdentityFacts,
    IdentityRule,
    KeepAlive,
    KeepAliveKind,
    Limits,
    MapError,
    Origin,
    Outlets,
    RegisterMap,
    Restart,
    StatusRule,
    Sum,
    Write,
)
from .map_schema import PLAUSIBLE
from .register import Cadence, Register, Table

_MULTI_WORD = ("uint32", "int32", "uint64", "int64", "float32", "float64")


def build(data: Mapping[str, Any]) -> RegisterMap:
    """Make the map.

    Raises:
        MapError: a register contradicts itself, or a pattern is none.
    """
    restart = data["restart"]
    return RegisterMap(
        id=data["id"],
        manufacturer=data["manufacturer"],
        models=tuple(data["models"]),
        sources=tuple(data["sources"]),
        unit_ids=tuple(data["unit_ids"]),
        units=data["units"],
        blocks={name: Block(**block) for name, block in data["blocks"].items()},
        outlets=_outlets(data.get("outlets")),
        limits=Limits(**data["limits"]),
        registers={key: _register(key, entry, data) for key, entry in data["registers"].items()},
        identity=_identity(data["identity"]),
        status=tuple(_status_rule(entry) for entry in data["status"]),
        faults=tuple(_fault_bits(data["faults"])),
        facts=_facts(data["reading"]),
        control=_control(data["control"]),
        keep_alive=_keep_alive(data["keep_alive"]),
        failsafe=_failsafe(data["failsafe"]),
        restart=Restart(uptime=restart.get("uptime"), setpoints=frozenset(restart.get("setpoints", ()))),
    )


def _register(key: str, entry: Mapping[str, Any], data: Mapping[str, Any]) -> Register:
    kind = entry["type"]
    if (kind == "string") != ("length" in entry):
        raise MapError(f"registers.{key}: a string has a length, and only a string")
    if "encoding" in entry and kind != "string":
        raise MapError(f"registers.{key}: only a string has an encoding")
    bounds = entry.get("range") or PLAUSIBLE.get(entry.get("quantity", ""))
    low, high = bounds or (None, None)
    scales = entry.get("scale_from_firmware", {})
    return Register(
        key=key,
        address=entry["address"],
        type=kind,
        count=entry.get("length") or FIXED_COUNTS[kind],
        unit=entry.get("unit", "connector"),
        block=entry.get("block"),
        table=Table(entry.get("table", data["table"])),
        word_order=entry.get("word_order", data["word_order"]) if kind in _MULTI_WORD else "big",
        byte_order=entry.get("byte_order", data["byte_order"]),
        encoding=entry.get("encoding", "ascii"),
        scale=entry.get("scale", 1),
        offset=entry.get("offset", 0),
        scales=tuple(sorted(scales.items(), key=lambda item: _sortable(item[0]), reverse=True)),
        mask=entry.get("mask"),
        shift=entry.get("shift", 0),
        none=frozenset(entry.get("none", ())),
        low=low,
        high=high,
        read=Cadence(entry.get("read", Cadence.FAST)),
        write=entry.get("write"),
        readback=entry.get("readback"),
        since=entry.get("since"),
        is_private=entry.get("private", False),
    )


def _sortable(version: str) -> list[int]:
    return [int(part) for part in re.findall(r"\d+", version)]


def _identity(entry: Mapping[str, Any]) -> IdentityFacts:
    rules = []
    for rule in entry["rules"]:
        try:
            pattern = re.compile(rule["matches"])
        except re.error as err:
            raise MapError(f"identity: {rule['matches']!r} is not a regular expression: {err}") from err
        rules.append(IdentityRule(key=rule["register"], pattern=pattern))
    names = {key: value for key, value in entry.items() if key not in ("rules", "weak")}
    return IdentityFacts(rules=tuple(rules), is_weak=entry.get("weak", False), **names)


def _outlets(entry: Mapping[str, Any] | None) -> Outlets | None:
    if entry is None:
        return None
    return Outlets(most=entry["most"], count_from=entry.get("count_from"), unit_ids=tuple(entry.get("unit_ids", ())))


def _failsafe(entry: Mapping[str, Any]) -> Failsafe:
    plain = {key: value for key, value in entry.items() if key != "current"}
    currents = entry.get("current", [])
    return Failsafe(currents=(currents,) if isinstance(currents, str) else tuple(currents), **plain)


def _conditions(entry: Mapping[str, Any] | None) -> tuple[Condition, ...]:
    return tuple(_condition(key, test) for key, test in (entry or {}).items())


def _condition(key: str, test: Any) -> Condition:
    if isinstance(test, list):
        return Condition(key=key, one_of=frozenset(test))
    if not isinstance(test, dict):
        return Condition(key=key, one_of=frozenset([test]))
    return Condition(
        key=key,
        one_of=frozenset(test["in"]) if "in" in test else None,
        none_of=frozenset(test["not"]) if "not" in test else None,
        low=test.get("min"),
        high=test.get("max"),
        any_bit=test.get("any_bit"),
    )


def _status_rule(entry: Mapping[str, Any]) -> StatusRule:
    return StatusRule(
        when=_conditions(entry["when"]),
        pilot=entry.get("pilot"),
        status=entry.get("status"),
        fault=entry.get("fault"),
        is_safety=entry.get("safety", True),
        awaits_tag=entry.get("awaits_tag", False),
    )


def _fault_bits(entry: Mapping[str, Mapping[int, Any]]) -> Iterator[FaultBit]:
    for key, bits in entry.items():
        for bit, what in bits.items():
            meaning: Mapping[str, Any] = {"code": what} if isinstance(what, str) else what
            yield FaultBit(key=key, bit=bit, code=meaning["code"], is_safety=meaning.get("safety", True))


def _facts(entry: Mapping[str, Any]) -> Facts:
    made: dict[str, Any] = {}
    for fact, origin in entry.items():
        made[fact] = tuple(origin) if fact in ("current_a", "voltage_v") else _origin(origin)
    return Facts(**made)


def _origin(entry: str | list[Any]) -> Origin:
    choices = [entry] if isinstance(entry, str) else entry
    return tuple(choice if isinstance(choice, str) else Sum(keys=tuple(choice["sum"])) for choice in choices)


def _control(entry: Mapping[str, Any]) -> Control:
    plain = {key: value for key, value in entry.items() if key not in ("charge", "pause", "paused", "max_from")}
    return Control(
        charge=_writes(entry["charge"]),
        pause=_writes(entry["pause"]),
        paused=_conditions(entry.get("paused")),
        max_from=tuple(entry.get("max_from", ())),
        **plain,
    )


def _writes(entries: list[Mapping[str, Any]]) -> tuple[Write, ...]:
    return tuple(
        Write(
            register=entry["write"],
            value=entry["value"],
            when=_conditions(entry.get("when")),
            wait_s=entry.get("wait_s", 0),
        )
        for entry in entries
    )


def _keep_alive(entry: Mapping[str, Any]) -> KeepAlive:
    plain = {key: value for key, value in entry.items() if key not in ("kind", "values")}
    return KeepAlive(
        kind=KeepAliveKind(entry.get("kind", KeepAliveKind.NONE)),
        values=tuple(entry.get("values", (1,))),
        **plain,
    )
