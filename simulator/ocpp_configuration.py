"""The configuration keys of a simulated OCPP 1.6 charge point."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from .charging_profiles import Abilities

MEASURANDS = (
    "Energy.Active.Import.Register",
    "Power.Active.Import",
    "Current.Import",
    "Voltage",
    "Current.Offered",
    "Power.Offered",
    "SoC",
    "Temperature",
    "Frequency",
    "Power.Factor",
)
"""What the meter can sample."""


@dataclass(kw_only=True)
class Key:
    """One configuration key. ``check`` returns the value to keep, or raises ValueError."""

    value: str | None
    is_readonly: bool = False
    is_write_only: bool = False
    needs_reboot: bool = False
    check: Callable[[str], str] = str


class Configuration:
    """A store of configuration keys that survives reboots. Names match in any case."""

    def __init__(self, *, password: str | None = None, with_smart_charging: bool = True) -> None:
        self._keys = _standard_keys(password, with_smart_charging=with_smart_charging)
        self._pending: dict[str, str] = {}

    def get(self, name: str) -> str:
        """Return a value; "" when there is none."""
        key = self._find(name)
        return "" if key is None or key[1].value is None else key[1].value

    def is_true(self, name: str) -> bool:
        """Return a boolean value."""
        return self.get(name).lower() == "true"

    def whole(self, name: str, otherwise: int = 0) -> int:
        """Return a whole number."""
        try:
            return int(self.get(name))
        except ValueError:
            return otherwise

    def set(self, name: str, value: str | None, *, is_readonly: bool = False) -> None:
        """Set a value from inside, creating the key if need be."""
        found = self._find(name)
        if found is None:
            self._keys[name] = Key(value=value, is_readonly=is_readonly)
        else:
            found[1].value = value

    def remove(self, name: str) -> None:
        """Make a key unknown."""
        self._keys.pop(name, None)

    def change(self, name: str, value: str) -> str:
        """Answer ChangeConfiguration: Accepted, Rejected, RebootRequired or NotSupported."""
        found = self._find(name)
        if found is None:
            return "NotSupported"
        own_name, key = found
        if key.is_readonly:
            return "Rejected"
        try:
            checked = key.check(value)
        except ValueError:
            return "Rejected"
        if key.needs_reboot:
            self._pending[own_name] = checked
            return "RebootRequired"
        key.value = checked
        return "Accepted"

    def describe(self, abilities: Abilities) -> None:
        """Tell what the charge point can hold, unless smart charging or a key was taken out."""
        units = {"A": "Current", "W": "Power"}
        told = {
            "ChargeProfileMaxStackLevel": str(abilities.highest_level),
            "ChargingScheduleAllowedChargingRateUnit": ",".join(units[unit] for unit in sorted(abilities.units)),
            "ChargingScheduleMaxPeriods": str(abilities.most_periods),
            "MaxChargingProfilesInstalled": str(abilities.most_profiles),
        }
        for name, value in told.items():
            if name in self._keys:
                self.set(name, value)

    def reboot(self) -> None:
        """Let what waited for a reboot hold."""
        for name, value in self._pending.items():
            self._keys[name].value = value
        self._pending.clear()

    def answer(self, names: Iterable[str] | None, *, shows_password: bool = False) -> dict[str, object]:
        """Answer GetConfiguration."""

        def show(name: str, key: Key) -> dict[str, object]:
            shown: dict[str, object] = {"key": name, "readonly": key.is_readonly}
            if key.value is not None and (shows_password or not key.is_write_only):
                shown["value"] = key.value
            return shown

        most = self.whole("GetConfigurationMaxKeys", 50)
        asked = list(names or ())
        if not asked:
            return {"configurationKey": [show(name, key) for name, key in self._keys.items()]}
        found = [(name, self._find(name)) for name in asked[:most]]
        return {
            "configurationKey": [show(*pair) for _, pair in found if pair is not None],
            "unknownKey": [name for name, pair in found if pair is None],
        }

    def _find(self, name: str) -> tuple[str, Key] | None:
        return next(((own, key) for own, key in self._keys.items() if own.lower() == name.lower()), None)


def _boolean(value: str) -> str:
    if value.lower() not in ("true", "false"):
        raise ValueError(f"not a boolean: {value}")
    return value.lower()


def _between(lowest: int, highest: int) -> Callable[[str], str]:
    """Accept whole numbers; those above the range are clamped, as real charge points do."""

    def check(value: str) -> str:
        number = int(value)
        if number < 0:
            raise ValueError(f"below zero: {value}")
        return str(number) if number == 0 and lowest <= 1 else str(min(max(number, lowest), highest))

    return check


def _measurands(value: str) -> str:
    names = [name.strip() for name in value.split(",") if name.strip()]
    unknown = [name for name in names if name not in MEASURANDS]
    if unknown:
        raise ValueError(f"cannot measure {unknown}")
    return ",".join(names)


def _hex_password(value: str) -> str:
    if not 16 <= len(value) <= 40:
        raise ValueError("an AuthorizationKey has 16 to 40 digits")
    return value


def _flag(value: bool) -> Key:
    return Key(value=str(value).lower(), check=_boolean)


def _number(value: int, lowest: int = 0, highest: int = 86_400) -> Key:
    return Key(value=str(value), check=_between(lowest, highest))


def _fixed(value: str) -> Key:
    return Key(value=value, is_readonly=True)


def _standard_keys(password: str | None, *, with_smart_charging: bool) -> dict[str, Key]:
    profiles = "Core,FirmwareManagement,LocalAuthListManagement,RemoteTrigger"
    keys = {
        "AllowOfflineTxForUnknownId": _flag(False),
        "AuthorizationCacheEnabled": _flag(True),
        "AuthorizeRemoteTxRequests": _flag(False),
        "ClockAlignedDataInterval": _number(0),
        "ConnectionTimeOut": _number(120, 1),
        "ConnectorPhaseRotation": Key(value="1.RST"),
        "GetConfigurationMaxKeys": _fixed("20"),
        "HeartbeatInterval": _number(300, 10),
        "LocalAuthListEnabled": _flag(True),
        "LocalAuthListMaxLength": _fixed("100"),
        "LocalAuthorizeOffline": _flag(True),
        "LocalPreAuthorize": _flag(False),
        "MaxEnergyOnInvalidId": _number(0, 0, 1_000_000),
        "MeterValuesAlignedData": Key(value="Energy.Active.Import.Register", check=_measurands),
        "MeterValuesSampledData": Key(value="Energy.Active.Import.Register", check=_measurands),
        "MeterValueSampleInterval": _number(60, 1),
        "MinimumStatusDuration": _number(0),
        "NumberOfConnectors": _fixed("1"),
        "ResetRetries": _number(3, 0, 10),
        "SendLocalListMaxLength": _fixed("20"),
        "StopTransactionOnEVSideDisconnect": _flag(True),
        "StopTransactionOnInvalidId": _flag(True),
        "StopTxnAlignedData": Key(value="", check=_measurands),
        "StopTxnSampledData": Key(value="", check=_measurands),
        "SupportedFeatureProfiles": _fixed(profiles + ",SmartCharging" if with_smart_charging else profiles),
        "TransactionMessageAttempts": _number(3, 0, 100),
        "TransactionMessageRetryInterval": _number(30, 0, 3600),
        "UnlockConnectorOnEVSideDisconnect": _flag(True),
        "WebSocketPingInterval": _number(60),
        "AuthorizationKey": Key(value=password, is_write_only=True, check=_hex_password),
        "FreeVendEnabled": Key(value="false", check=_boolean, needs_reboot=True),
        "FreeVendIdTag": Key(value="FREEVEND"),
    }
    if with_smart_charging:
        keys |= {
            "ChargeProfileMaxStackLevel": _fixed("8"),
            "ChargingScheduleAllowedChargingRateUnit": _fixed("Current,Power"),
            "ChargingScheduleMaxPeriods": _fixed("24"),
            "MaxChargingProfilesInstalled": _fixed("10"),
        }
    return keys
