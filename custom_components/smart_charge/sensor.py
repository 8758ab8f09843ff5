"""Things to see: what the charge point does, why, and what was asked of it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, override

from homeassistant.components.sensor import SensorDeviceClass, SensorEntity, SensorEntityDescription, SensorStateClass
from homeassistant.const import (
    EntityCategory,
    UnitOfElectricCurrent,
    UnitOfElectricPotential,
    UnitOfEnergy,
    UnitOfPower,
    UnitOfRatio,
    UnitOfTime,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.typing import StateType

from .charging.model import ConnectorStatus
from .const import CONF_SUPPLY
from .coordinator import SmartChargeConfigEntry
from .entity import Quiet, SmartChargeEntity, SmartChargeEntityDescription
from .entity_adding import async_add_for_site
from .happenings import limited_by
from .picture import UNATTENDED, WHY, Picture
from .price_sensor import price_sensors
from .prices import DATA_PRICES
from .sensor_outlets import async_add_outlet_sensors
from .site import is_site
from .site_sensors import site_sensors
from .usage_sensors import usage_descriptions

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class SmartChargeSensorDescription(SmartChargeEntityDescription, SensorEntityDescription):
    """A sensor. ``phase`` is set for those that a charge point with fewer phases does not have.

    ``last_reset_fn`` says since when a sum that begins anew now and then has been counted.
    """

    phase: int = 1
    last_reset_fn: Callable[[Picture], datetime | None] | None = None


def _current(index: int) -> Callable[[Picture], float | None]:
    return lambda picture: picture.reading.current_a[index]


def _voltage(index: int) -> Callable[[Picture], float | None]:
    return lambda picture: picture.reading.voltage_v[index]


def _why(picture: Picture) -> dict[str, Any]:
    return {"until": picture.until_at, "sentence": picture.sentence, "limited_by": limited_by(picture)}


def _plan(picture: Picture) -> dict[str, Any]:
    """When it is meant to charge. What is over stays, so that nothing is written as time goes by."""
    plan = picture.plan
    if plan is None:
        return {}
    return {
        "periods": [{"start": begins_at, "end": ends_at} for begins_at, ends_at in plan.spans],
        "based_on": plan.basis,
        "in_time": plan.is_met,
        "cost": float(round(plan.cost, 2)),
        "energy_without_price": round(plan.unpriced_wh / 1000, 2),
    }


_CURRENT: Final = Quiet(step=0.5, share=0.02)

DESCRIPTIONS: Final[tuple[SmartChargeSensorDescription, ...]] = (
    SmartChargeSensorDescription(
        key="status",
        translation_key="status",
        device_class=SensorDeviceClass.ENUM,
        options=[status.value for status in ConnectorStatus],
        value_fn=lambda picture: picture.status,
    ),
    SmartChargeSensorDescription(
        key="why",
        translation_key="why",
        device_class=SensorDeviceClass.ENUM,
        options=list(WHY),
        needs_link=False,
        value_fn=lambda picture: picture.why,
        extra_fn=_why,
    ),
    SmartChargeSensorDescription(
        key="power",
        device_class=SensorDeviceClass.POWER,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfPower.WATT,
        suggested_display_precision=0,
        quiet=Quiet(step=50, share=0.02),
        value_fn=lambda picture: picture.reading.power_w,
    ),
    SmartChargeSensorDescription(
        key="energy_total",
        translation_key="energy_total",
        device_class=SensorDeviceClass.ENERGY,
        state_class=SensorStateClass.TOTAL_INCREASING,
        native_unit_of_measurement=UnitOfEnergy.WATT_HOUR,
        suggested_unit_of_measurement=UnitOfEnergy.KILO_WATT_HOUR,
        suggested_display_precision=2,
        quiet=Quiet(step=100, is_sum=True),
        value_fn=lambda picture: picture.total_wh,
    ),
    SmartChargeSensorDescription(
        key="session_energy",
        translation_key="session_energy",
        device_class=SensorDeviceClass.ENERGY,
        state_class=SensorStateClass.TOTAL_INCREASING,
        native_unit_of_measurement=UnitOfEnergy.WATT_HOUR,
        suggested_unit_of_measurement=UnitOfEnergy.KILO_WATT_HOUR,
        suggested_display_precision=2,
        quiet=Quiet(step=100, is_sum=True),
        value_fn=lambda picture: None if picture.session is None else picture.session.energy_wh,
    ),
    SmartChargeSensorDescription(
        key="session_duration",
        translation_key="session_duration",
        device_class=SensorDeviceClass.DURATION,
        native_unit_of_measurement=UnitOfTime.SECONDS,
        suggested_unit_of_measurement=UnitOfTime.MINUTES,
        suggested_display_precision=0,
        quiet=Quiet(step=60, every=timedelta(seconds=59), is_of_stay=True),
        value_fn=lambda picture: picture.session_s,
    ),
    *(
        SmartChargeSensorDescription(
            key=f"current_l{index + 1}",
            translation_key=f"current_l{index + 1}",
            device_class=SensorDeviceClass.CURRENT,
            state_class=SensorStateClass.MEASUREMENT,
            native_unit_of_measurement=UnitOfElectricCurrent.AMPERE,
            suggested_display_precision=1,
            entity_category=EntityCategory.DIAGNOSTIC,
            entity_registry_enabled_default=False,
            quiet=_CURRENT,
            phase=index + 1,
            value_fn=_current(index),
        )
        for index in range(3)
    ),
    *(
        SmartChargeSensorDescription(
            key=f"voltage_l{index + 1}",
            translation_key=f"voltage_l{index + 1}",
            device_class=SensorDeviceClass.VOLTAGE,
            state_class=SensorStateClass.MEASUREMENT,
            native_unit_of_measurement=UnitOfElectricPotential.VOLT,
            suggested_display_precision=0,
            entity_category=EntityCategory.DIAGNOSTIC,
            entity_registry_enabled_default=False,
            quiet=Quiet(step=2, every=timedelta(minutes=1)),
            phase=index + 1,
            value_fn=_voltage(index),
        )
        for index in range(3)
    ),
    SmartChargeSensorDescription(
        key="setpoint",
        translation_key="setpoint",
        device_class=SensorDeviceClass.CURRENT,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfElectricCurrent.AMPERE,
        suggested_display_precision=0,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        needs_link=False,
        value_fn=lambda picture: picture.decision.setpoint_a,
    ),
    SmartChargeSensorDescription(
        key="offered",
        translation_key="offered",
        device_class=SensorDeviceClass.CURRENT,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfElectricCurrent.AMPERE,
        suggested_display_precision=0,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value_fn=lambda picture: picture.reading.offered_a,
    ),
    SmartChargeSensorDescription(
        key="drawn",
        translation_key="drawn",
        device_class=SensorDeviceClass.CURRENT,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfElectricCurrent.AMPERE,
        suggested_display_precision=1,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        quiet=_CURRENT,
        value_fn=lambda picture: picture.reading.drawn_a,
    ),
    SmartChargeSensorDescription(
        key="supply_share",
        translation_key="supply_share",
        device_class=SensorDeviceClass.CURRENT,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfElectricCurrent.AMPERE,
        suggested_display_precision=0,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        site_section=CONF_SUPPLY,
        needs_link=False,
        value_fn=lambda picture: picture.supply_share_a,
    ),
    SmartChargeSensorDescription(
        key="sample_interval",
        translation_key="sample_interval",
        device_class=SensorDeviceClass.DURATION,
        native_unit_of_measurement=UnitOfTime.SECONDS,
        suggested_display_precision=0,
        entity_category=EntityCategory.DIAGNOSTIC,
        quiet=Quiet(step=0.5, share=0.25, every=timedelta(hours=1)),
        value_fn=lambda picture: picture.sample_s,
    ),
    SmartChargeSensorDescription(
        key="meter_error",
        translation_key="meter_error",
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfRatio.PERCENTAGE,
        suggested_display_precision=1,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        needs_link=False,
        value_fn=lambda picture: None if picture.meter_error is None else round(100 * picture.meter_error.error, 2),
    ),
    SmartChargeSensorDescription(
        key="unattended",
        translation_key="unattended",
        device_class=SensorDeviceClass.ENUM,
        options=list(UNATTENDED),
        entity_category=EntityCategory.DIAGNOSTIC,
        needs_link=False,
        value_fn=lambda picture: picture.unattended,
        extra_fn=lambda picture: {"sentence": picture.unattended_sentence},
    ),
    SmartChargeSensorDescription(
        key="delay_kept_by",
        translation_key="delay_kept_by",
        device_class=SensorDeviceClass.ENUM,
        options=["home_assistant", "charge_point"],
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        needs_link=False,
        value_fn=lambda picture: "charge_point" if picture.settings.charger_delays_itself else "home_assistant",
    ),
    SmartChargeSensorDescription(
        key="next_change",
        translation_key="next_change",
        device_class=SensorDeviceClass.TIMESTAMP,
        needs_link=False,
        value_fn=lambda picture: picture.decision.review_at,
    ),
    SmartChargeSensorDescription(
        key="plan_start",
        translation_key="plan_start",
        device_class=SensorDeviceClass.TIMESTAMP,
        needs_link=False,
        value_fn=lambda picture: None if picture.plan is None else picture.plan.next_start(picture.as_of),
        extra_fn=_plan,
    ),
    SmartChargeSensorDescription(
        key="delay_ends",
        translation_key="delay_ends",
        device_class=SensorDeviceClass.TIMESTAMP,
        needs_link=False,
        value_fn=lambda picture: picture.delay_ends_at,
    ),
)


async def async_setup_entry(
    hass: HomeAssistant, entry: SmartChargeConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add what this charge point can tell, or the site."""
    if is_site(entry):
        async_add_entities(site_sensors(entry))
        async_add_entities(price_sensors(entry, hass.data[DATA_PRICES]))
        return
    phases = entry.runtime_data.charger.capabilities.phases or 3
    usage = (SmartChargeSensorDescription(**facts) for facts in usage_descriptions(hass.config.currency))
    shown = [description for description in (*DESCRIPTIONS, *usage) if description.phase <= phases]
    async_add_for_site(hass, entry, async_add_entities, shown, SmartChargeSensor)
    async_add_outlet_sensors(hass, entry, async_add_entities)


class SmartChargeSensor(SmartChargeEntity, SensorEntity):
    """A thing to see."""

    entity_description: SmartChargeSensorDescription

    @property
    @override
    def native_value(self) -> StateType | datetime:
        """As last looked at."""
        value: StateType | datetime = self._value
        return value

    @property
    @override
    def last_reset(self) -> datetime | None:
        """As the description says."""
        since = self.entity_description.last_reset_fn
        return None if since is None else since(self.coordinator.data)
