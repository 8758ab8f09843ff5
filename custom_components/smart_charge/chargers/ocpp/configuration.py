"""The keys of GetConfiguration: read, understood, and shown only where they are no secret (A2, A11)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .fields import boolean, number, objects, text, whole
from .smart import SmartCharging

MAX_KEYS = 300

KNOWN = (
    "SupportedFeatureProfiles", "NumberOfConnectors", "ChargingScheduleAllowedChargingRateUnit",
    "ChargeProfileMaxStackLevel", "ChargingScheduleMaxPeriods", "MaxChargingProfilesInstalled",
    "ConnectorSwitch3to1PhaseSupported", "HeartbeatInterval", "WebSocketPingInterval", "MeterValuesSampledData",
    "MeterValueSampleInterval", "StopTxnSampledData", "StopTxnAlignedData", "MeterValuesAlignedData",
    "ClockAlignedDataInterval", "MinimumStatusDuration", "LocalAuthorizeOffline", "LocalPreAuthorize",
    "AllowOfflineTxForUnknownId", "AuthorizeRemoteTxRequests", "StopTransactionOnEVSideDisconnect",
    "UnlockConnectorOnEVSideDisconnect", "StopTransactionOnInvalidId", "MaxEnergyOnInvalidId", "ConnectionTimeOut",
    "TransactionMessageAttempts", "TransactionMessageRetryInterval", "LocalAuthListEnabled", "SendLocalListMaxLength",
    "LocalAuthListMaxLength", "GetConfigurationMaxKeys", "AuthorizationCacheEnabled", "ConnectorPhaseRotation",
    "SecurityProfile",
)  # fmt: skip
"""Keys of the standard that are no secret: asked for by name if need be, and fit for diagnostics (quirk Q59)."""

RANDOM_DELAYS = (
    "RandomisedDelayMaxSeconds", "RandomizedDelayMax", "G_RandDelayChargeTime", "RandomProfileMaxDelay",
    "RandomisedDelayDuration",
)  # fmt: skip
"""Vendor keys that hold a random delay in seconds; 0 is off."""

RANDOM_DELAY_SWITCHES = {"RandomProfileMaxDelay": "RandomProfileDelayEnabled"}

LIMIT_KEYS: Mapping[str, int] = {
    "currentlimitervalue": 1,
    "g_maxcurrent": 1,
    "chargerate": 10,
    "dynamicchargercurrent": 1,
    "chargingalimitconn1": 1,
}
"""Vendor keys, in lower case, that hold the most current in ampere, and what one ampere is written as."""

FREE_VENDING = (
    "FreeModeActive", "FreeChargeMode", "freecharging", "FreeCharging", "FreevendEnabled", "HagerOcppFreeAccessEnabled",
    "FreeMode", "Cst_FreeVendActive",
)  # fmt: skip
"""Vendor keys that, when true, let a vehicle charge without a tag."""

AUTHORISING = ("AuthorizationEnabled", "AuthEnabled")
"""Vendor keys that, when false, do the same."""

FREE_TAGS = (
    "FreeModeRFID", "FreeChargeModeIdTag", "rfidfreecharging", "FreeChargingIdTag", "AuthDisabledIdTag",
    "FreevendIdTag", "Cst_FreeVendIdTag", "DefaultTokenID", "PlugAndChargeIdentifier", "HagerOcppFreeAccessIdTag",
)  # fmt: skip
"""Vendor keys that hold the tag which the charge point then gives itself. A secret."""

_UNITS = {"A": {"current", "a"}, "W": {"power", "w"}}

SHOWN = frozenset(
    name.casefold()
    for name in (*KNOWN, *RANDOM_DELAYS, *RANDOM_DELAY_SWITCHES.values(), *FREE_VENDING, *AUTHORISING, *LIMIT_KEYS)
)


@dataclass(frozen=True, slots=True)
class Key:
    """One key, in the charge point's own spelling."""

    name: str
    value: str | None
    is_readonly: bool


class Configuration:
    """What a charge point said of its settings. Names are compared without case."""

    def __init__(self) -> None:
        self._keys: dict[str, Key] = {}

    def heard(self, answer: Mapping[str, Any]) -> int:
        """Take in an answer to GetConfiguration; returns how many keys it held."""
        found = 0
        for item in objects(answer.get("configurationKey")):
            name = text(item, "key", 50)
            if name is None or (name.casefold() not in self._keys and len(self._keys) >= MAX_KEYS):
                continue
            found += 1
            self._keys[name.casefold()] = Key(name, text(item, "value", 500), item.get("readonly") is True)
        return found

    def key(self, name: str) -> Key | None:
        """Return a key; None when the charge point has not shown it."""
        return self._keys.get(name.casefold())

    def value(self, name: str) -> str | None:
        """Return a key's value; None when it has none."""
        key = self.key(name)
        return key.value if key is not None else None

    def whole(self, name: str) -> int | None:
        """Return a key's value as a whole number."""
        return whole(self.value(name))

    def missing(self, names: Iterable[str]) -> list[str]:
        """Those of these keys that were not shown."""
        return [name for name in names if name.casefold() not in self._keys]

    @property
    def smart(self) -> SmartCharging:
        """What it says of smart charging."""
        stated = (self.value("ChargingScheduleAllowedChargingRateUnit") or "").casefold()
        words = {word.strip() for word in stated.split(",")}
        units = {unit for unit, names in _UNITS.items() if words & names}
        return SmartCharging(
            units=frozenset(units or {"A", "W"}),
            max_level=self.whole("ChargeProfileMaxStackLevel"),
            max_periods=self.whole("ChargingScheduleMaxPeriods"),
            max_profiles=self.whole("MaxChargingProfilesInstalled"),
            has_limit_key=self.limit_key is not None,
        )

    @property
    def limit_key(self) -> Key | None:
        """The maker's own key for the most current, if it can be written."""
        found = (self._keys.get(name) for name in LIMIT_KEYS)
        return next((key for key in found if key is not None and not key.is_readonly and number(key.value)), None)

    @property
    def random_delays(self) -> tuple[str, ...]:
        """Keys that hold the seconds of a random delay of the maker's own that is on."""
        return tuple(name for name in RANDOM_DELAYS if self._is_delaying(name))

    def _is_delaying(self, name: str) -> bool:
        switch = RANDOM_DELAY_SWITCHES.get(name)
        return (number(self.value(name)) or 0) > 0 and (switch is None or boolean(self.value(switch)) is True)

    @property
    def delays_itself(self) -> bool:
        """Whether a random delay of the maker's own is on (requirement 11.6)."""
        return bool(self.random_delays)

    @property
    def starts_offline(self) -> bool:
        """Whether a vehicle can begin to charge without us (OCPP notes A7)."""
        if any(boolean(self.value(name)) for name in FREE_VENDING):
            return True
        if any(boolean(self.value(name)) is False for name in AUTHORISING):
            return True
        return bool(boolean(self.value("LocalAuthorizeOffline")) or boolean(self.value("AllowOfflineTxForUnknownId")))

    @property
    def free_tags(self) -> frozenset[str]:
        """Tags that the charge point gives itself when it charges without one."""
        return frozenset(value for name in FREE_TAGS if (value := self.value(name)))

    def shown(self) -> dict[str, str | None]:
        """Keys and values fit for diagnostics: what is not known to be harmless has its value hidden."""
        return {
            key.name: key.value if folded in SHOWN or key.value in (None, "") else "**REDACTED**"
            for folded, key in sorted(self._keys.items())
        }
