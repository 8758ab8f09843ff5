"""Actions for administrators: whoever else calls one is refused, and that is written down (S9.1, S10.1)."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse, SupportsResponse, callback
from homeassistant.exceptions import Unauthorized, UnknownUser

from .by_whom import done_by
from .const import DOMAIN
from .guard import note
from .security.events import Kind

type Handler = Callable[[ServiceCall], Awaitable[ServiceResponse | None]]


@callback
def async_register_admin_action(
    hass: HomeAssistant,
    name: str,
    handler: Handler,
    schema: Any,
    supports_response: SupportsResponse = SupportsResponse.NONE,
) -> None:
    """Make an action known that only an administrator may call. Automations have no user and may."""
    hass.services.async_register(DOMAIN, name, partial(_async_guarded, handler), schema, supports_response)


async def _async_guarded(handler: Handler, call: ServiceCall) -> ServiceResponse | None:
    if (user_id := call.context.user_id) is not None:
        user = await call.hass.auth.async_get_user(user_id)
        if user is None or not user.is_admin:
            note(call.hass, Kind.ACTION_REFUSED, user_id=user_id, action=call.service)
            raise UnknownUser(context=call.context) if user is None else Unauthorized(context=call.context)
    with done_by(user_id):
        return await handler(call)
