"""The same requests as tools for a language model that speaks for Assist."""

from typing import Final

from homeassistant.components.llm import LLMTools
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import intent
from homeassistant.helpers.llm import LLM_API_ASSIST, IntentTool, LLMContext, Tool, ToolAnnotations

from .const import DOMAIN
from .voice.intents import RequestHandler, charge_points

_PROMPT: Final = (
    "Use the smart_charge tools for anything about charging the electric car. Say back what they answer. "
    "Name a charge point only if the user did."
)


@callback
def async_get_tools(hass: HomeAssistant, llm_context: LLMContext, api_id: str) -> LLMTools | None:
    """Return a tool for each request, while there is a charge point that this assistant may be spoken to about."""
    if api_id != LLM_API_ASSIST or not llm_context.assistant or not charge_points(hass, llm_context.assistant):
        return None
    handlers = [handler for handler in intent.async_get(hass) if isinstance(handler, RequestHandler)]
    return LLMTools(tools=[_tool(handler) for handler in handlers], prompt=_PROMPT)


def _tool(handler: RequestHandler) -> Tool:
    is_read_only = handler.request.is_read_only
    return IntentTool(
        f"{DOMAIN}__{handler.intent_type}",
        handler,
        title=handler.request.title,
        integration=DOMAIN,
        annotations=ToolAnnotations(
            read_only=is_read_only, destructive=False, idempotent=is_read_only, open_world=False
        ),
    )
