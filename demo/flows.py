"""Set-up as an owner does it: the integration's own config flow, answered step by step over the REST API."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta

from .client import Client, Json

type Answer = Json | Callable[[Json], Awaitable[Json]]
"""What to send for a step, or what makes it from the step as it was shown."""

FLOWS = "config/config_entries/flow"
OPTIONS = "config/config_entries/options/flow"
DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


class FlowStuck(Exception):
    """The flow did not go the way that was known when this was written."""


async def set_up(client: Client, answers: Mapping[str, Answer], within_s: float = 90) -> Json:
    """Walk through one config flow, answering each step by its id; return the created entry's result.

    Raises:
        FlowStuck: a step has no answer, showed an error, or the flow was aborted.
    """
    created: Json = (await _walk(client, FLOWS, "smart_charge", answers, within_s))["result"]
    return created


async def change(client: Client, entry_id: str, answers: Mapping[str, Answer], within_s: float = 90) -> None:
    """Walk through the options of one entry; raises as `set_up`."""
    await _walk(client, OPTIONS, entry_id, answers, within_s)


async def _walk(client: Client, flows: str, handler: str, answers: Mapping[str, Answer], within_s: float) -> Json:
    step: Json = await client.request("POST", flows, {"handler": handler})
    path = f"{flows}/{step['flow_id']}"
    answered: set[str] = set()
    async with asyncio.timeout(within_s):
        while step["type"] != "create_entry":
            if step["type"] in {"progress", "progress_done"}:
                await asyncio.sleep(0.3)
                step = await client.request("GET", path)
                continue
            step_id = step.get("step_id", "")
            if step["type"] == "abort" or step.get("errors") or step_id not in answers or step_id in answered:
                raise FlowStuck(f"{step['type']} {step_id}: {step.get('reason') or step.get('errors') or 'no answer'}")
            answered.add(step_id)
            step = await client.request("POST", path, await _answer(answers[step_id], step))
    return step


async def _answer(answer: Answer, step: Json) -> Json:
    return await answer(step) if callable(answer) else answer


def choose(option: str) -> Json:
    """Return the answer to a menu."""
    return {"next_step_id": option}


def hours_answers(now: datetime, *, are_open: bool) -> dict[str, Answer]:
    """Answer the step about default charging hours so that they are open, or closed, at ``now`` (local time).

    The pre-set hours are accepted when they fit; otherwise the hours are changed in the form, as an owner could,
    so that a viewer sees both "waiting" and "delay" whatever the time of day.
    """
    is_weekday, hour = now.weekday() < 5, now.hour
    is_peak = is_weekday and (8 <= hour < 11 or 16 <= hour < 22)
    if is_peak is not are_open:
        return {"hours": choose("accept_hours")}
    begin = now - timedelta(hours=1) if are_open else now + timedelta(hours=3)
    window = {"days": DAYS, "start": f"{begin:%H}:00:00", "end": f"{begin + timedelta(hours=8):%H}:00:00"}
    return {"hours": choose("change_hours"), "change_hours": {"default_hours": [window]}}


def shown_in(step: Json, name: str) -> str:
    """Return what a step shows in one of its placeholders.

    Raises:
        FlowStuck: it does not.
    """
    shown = step.get("description_placeholders") or {}
    if not shown.get(name):
        raise FlowStuck(f"{step.get('step_id')} does not show {name}, only {sorted(shown)}")
    return str(shown[name])
