"""OCPP-J frames: text to a call, a result or an error, and back (OCPP-J 1.6 section 4)."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import orjson

CALL, CALL_RESULT, CALL_ERROR = 2, 3, 4

type Payload = dict[str, Any]
type MessageId = str | int | float
"""A text of at most 36 characters by the standard; some send numbers. Echoed as it came."""


class Code(StrEnum):
    """The CALLERROR codes that we send."""

    NOT_IMPLEMENTED = "NotImplemented"
    FORMATION_VIOLATION = "FormationViolation"
    INTERNAL_ERROR = "InternalError"


@dataclass(frozen=True, slots=True)
class Call:
    """A request."""

    id: MessageId
    action: str
    payload: Payload


@dataclass(frozen=True, slots=True)
class CallResult:
    """The answer to a request. The payload is whatever came; nothing says that it is an object."""

    id: MessageId
    payload: Any


@dataclass(frozen=True, slots=True)
class CallError:
    """The refusal of a request."""

    id: MessageId
    code: str
    description: str


type Frame = Call | CallResult | CallError


class FrameError(Exception):
    """What came is no frame of OCPP-J.

    Attributes:
        kind: a word to count it under.
        id: of the call to refuse; None when there is none to answer.
    """

    def __init__(self, kind: str, message_id: MessageId | None = None) -> None:
        super().__init__(kind)
        self.kind = kind
        self.id = message_id


class CallFault(Exception):
    """Raised by a handler: answer this call with a CALLERROR."""

    def __init__(self, code: Code, description: str) -> None:
        super().__init__(f"{code}: {description}")
        self.code = code
        self.description = description


def is_accepted(answer: Payload) -> bool:
    """Whether an answer's status is a yes."""
    return str(answer.get("status", "")).casefold() == "accepted"


def parse(text: str | bytes) -> Frame:
    """Read one frame, forgiving what does not matter: extra elements, a missing or null payload.

    Raises:
        FrameError: it is not JSON, not an array, of an unknown type, or a call without action.
    """
    try:
        parts = orjson.loads(text)
    except orjson.JSONDecodeError as err:
        raise FrameError("not_json") from err
    if not isinstance(parts, list) or len(parts) < 2:
        raise FrameError("not_a_frame")
    kind, message_id, *rest = parts
    if isinstance(kind, bool) or kind not in (CALL, CALL_RESULT, CALL_ERROR):
        raise FrameError("unknown_message_type")
    if isinstance(message_id, bool) or not isinstance(message_id, str | int | float):
        raise FrameError("no_message_id")
    if kind == CALL:
        return _call(message_id, rest)
    if kind == CALL_RESULT:
        return CallResult(message_id, rest[0] if rest else None)
    code, description = (*rest, "", "")[:2]
    return CallError(message_id, str(code)[:100], str(description)[:500])


def _call(message_id: MessageId, rest: list[Any]) -> Call:
    if not rest or not isinstance(rest[0], str):
        raise FrameError("no_action", message_id)
    payload = rest[1] if len(rest) > 1 and rest[1] is not None else {}
    if not isinstance(payload, dict):
        raise FrameError("payload_not_an_object", message_id)
    return Call(message_id, rest[0], payload)


def dump_call(message_id: str, action: str, payload: Payload) -> str:
    """Write a request.

    Raises:
        ValueError: it holds what JSON cannot: half a character, a number of more than 64 bits.
    """
    try:
        return orjson.dumps([CALL, message_id, action, payload]).decode()
    except orjson.JSONEncodeError as err:
        raise ValueError(f"{action} cannot be written: {err}") from err


def dump_result(message_id: MessageId, payload: Payload) -> str:
    """Write an answer."""
    return orjson.dumps([CALL_RESULT, message_id, payload]).decode()


def dump_error(message_id: MessageId, code: Code, description: str) -> str:
    """Write a refusal."""
    return orjson.dumps([CALL_ERROR, message_id, code, description[:255], {}]).decode()
