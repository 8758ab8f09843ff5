"""Who is behind a change: the user of an entity, an action, a voice request or a form (S10.1).

A change is written down by the entry's update listener, a task of its own, which inherits what is known here.
"""

from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import Any, Final

from homeassistant.core import ServiceCall
from homeassistant.helpers.http import current_request

from .const import DOMAIN

type Action[ResultT] = Callable[[ServiceCall], Coroutine[Any, Any, ResultT]]

_WHO: Final[ContextVar[str | None]] = ContextVar(f"{DOMAIN}_by_whom", default=None)


@contextmanager
def done_by(user_id: str | None) -> Iterator[None]:
    """Have what happens in this block known as this user's doing; None: it happens by itself."""
    token = _WHO.set(user_id)
    try:
        yield
    finally:
        _WHO.reset(token)


def who() -> str | None:
    """Return the id of the user whose doing this is; None where it happens by itself, or an automation does it."""
    return _WHO.get()


def who_fills_in() -> str | None:
    """Return the id of the user whose form, sent to Home Assistant just now, is being dealt with."""
    request = current_request.get()
    user = None if request is None else request.get("hass_user")
    return None if user is None else str(user.id)


def go_on_as(user_id: str | None) -> None:
    """Have what follows, to the end of the block or task that it is in, known as this user's doing."""
    _WHO.set(user_id)


def sign_form() -> None:
    """Have what comes of the form that is being dealt with known as the doing of whoever has filled it in."""
    go_on_as(who_fills_in())


def signed[ResultT](handler: Action[ResultT]) -> Action[ResultT]:
    """Have what an action does known as the doing of the user who has called it."""

    @wraps(handler)
    async def act(call: ServiceCall) -> ResultT:
        with done_by(call.context.user_id):
            return await handler(call)

    return act
