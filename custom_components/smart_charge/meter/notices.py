"""What the owner reads when the meter alarms, or cannot be believed: repairs, and a notification for an alarm."""

from typing import Final

from homeassistant.components import persistent_notification
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.translation import async_get_translations

from ..charging.accuracy import SessionError
from ..charging.alarms import Alarm, Danger
from ..const import DOMAIN, LOGGER
from ..guard import note
from ..security.events import Kind

METER_ERROR: Final = "meter_error"
METER_BIAS: Final = "meter_bias"


class MeterNotices:
    """What has been said of one charge point's meter."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry) -> None:
        self._hass = hass
        self._entry = entry
        self._alarms: tuple[Alarm, ...] = ()

    @callback
    def record(self, alarm: Alarm) -> None:
        """Write an alarm that was raised just now into the security log."""
        LOGGER.error(
            "%s: %s: %.1f A drawn, %.1f A allowed", self._entry.title, alarm.danger, alarm.drawn_a, alarm.allowed_a
        )
        note(
            self._hass,
            Kind.METER_ALARM,
            charge_point=self._entry.entry_id,
            danger=alarm.danger.value,
            drawn_a=round(alarm.drawn_a, 1),
            allowed_a=round(alarm.allowed_a, 1),
        )

    @callback
    def show_alarms(self, alarms: tuple[Alarm, ...]) -> None:
        """Say which alarms stand: an error to repair and a notification for each, both gone with it."""
        if alarms == self._alarms:
            return
        before, self._alarms = self._alarms, alarms
        for alarm in before:
            if alarm not in alarms:
                LOGGER.info("%s: %s is over", self._entry.title, alarm.danger)
                self._withdraw(issue_id(alarm.danger, self._entry))
        for alarm in alarms:
            if alarm not in before:
                self._raise(alarm)

    def _raise(self, alarm: Alarm) -> None:
        words = {"name": self._entry.title, "drawn": f"{alarm.drawn_a:.1f}", "allowed": f"{alarm.allowed_a:.1f}"}
        ir.async_create_issue(
            self._hass,
            DOMAIN,
            issue_id(alarm.danger, self._entry),
            data={"entry_id": self._entry.entry_id, "danger": alarm.danger.value},
            is_fixable=True,
            severity=ir.IssueSeverity.CRITICAL,
            translation_key=alarm.danger.value,
            translation_placeholders=words,
        )
        self._entry.async_create_background_task(self._hass, self._async_notify(alarm, words), "notify")

    async def _async_notify(self, alarm: Alarm, words: dict[str, str]) -> None:
        """Notify in Home Assistant's language, in the words of the repair."""
        texts = await async_get_translations(self._hass, self._hass.config.language, "issues", [DOMAIN])
        prefix = f"component.{DOMAIN}.issues.{alarm.danger}"
        persistent_notification.async_create(
            self._hass,
            texts.get(f"{prefix}.fix_flow.step.confirm.description", alarm.danger).format(**words),
            texts.get(f"{prefix}.title", "{name}").format(**words),
            issue_id(alarm.danger, self._entry),
        )

    def _withdraw(self, name: str) -> None:
        ir.async_delete_issue(self._hass, DOMAIN, name)
        persistent_notification.async_dismiss(self._hass, name)

    @callback
    def show_accuracy(self, error: SessionError | None, bias: float | None) -> None:
        """Say that power and register differ by more than is allowed, or always in one direction (9.5, 9.6)."""
        worst = error.error if error is not None and error.is_beyond else None
        self._show_share(METER_ERROR, worst, ir.IssueSeverity.ERROR)
        self._show_share(METER_BIAS, bias, ir.IssueSeverity.WARNING)

    def _show_share(self, key: str, share: float | None, severity: ir.IssueSeverity) -> None:
        if share is None:
            ir.async_delete_issue(self._hass, DOMAIN, f"{key}_{self._entry.entry_id}")
            return
        ir.async_create_issue(
            self._hass,
            DOMAIN,
            f"{key}_{self._entry.entry_id}",
            is_fixable=False,
            severity=severity,
            translation_key=key,
            translation_placeholders={"name": self._entry.title, "error": f"{100 * share:+.1f}"},
        )


def issue_id(danger: Danger, entry: ConfigEntry) -> str:
    """Return the id of an alarm's repair, and of its notification."""
    return f"{danger}_{entry.entry_id}"


@callback
def async_forget_notices(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Say nothing any more of a charge point that is gone."""
    for key in (METER_ERROR, METER_BIAS, *Danger):
        ir.async_delete_issue(hass, DOMAIN, f"{key}_{entry.entry_id}")
    for danger in Danger:
        persistent_notification.async_dismiss(hass, issue_id(danger, entry))
