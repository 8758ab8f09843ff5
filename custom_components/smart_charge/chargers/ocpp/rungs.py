"""Every way to say a setpoint, in the order in which they are tried (OCPP notes A6). Pure."""

from dataclasses import dataclass, replace

from .smart import SmartCharging

KEY = "key"


@dataclass(frozen=True, kw_only=True, slots=True)
class Rung:
    """One way to say a setpoint. The ladder is the order in which they are tried."""

    name: str
    purpose: str = "TxProfile"
    unit: str = "A"
    at_top_level: bool = True
    has_duration: bool = True
    is_whole: bool = False
    on_connector_zero: bool = False

    @property
    def outlives_transaction(self) -> bool:
        """Whether it would bind the next vehicle too, unless it is cleared."""
        return self.purpose != "TxProfile"

    @property
    def is_key(self) -> bool:
        """Whether it is no profile but a key of the maker's own, which holds until it is written anew (rung 9)."""
        return self.purpose == KEY


_FIRST = Rung(name="tx_a")

LADDER: tuple[Rung, ...] = (
    _FIRST,
    replace(_FIRST, name="tx_w", unit="W"),
    replace(_FIRST, name="tx_a_level_0", at_top_level=False),
    replace(_FIRST, name="tx_w_level_0", unit="W", at_top_level=False),
    replace(_FIRST, name="tx_a_no_duration", at_top_level=False, has_duration=False),
    replace(_FIRST, name="tx_a_whole", at_top_level=False, is_whole=True),
    replace(_FIRST, name="default_a", purpose="TxDefaultProfile", is_whole=True),
    replace(_FIRST, name="default_w", purpose="TxDefaultProfile", unit="W", is_whole=True),
    replace(_FIRST, name="default_a_unit", purpose="TxDefaultProfile", is_whole=True, on_connector_zero=True),
    replace(_FIRST, name="max_a", purpose="ChargePointMaxProfile", is_whole=True, on_connector_zero=True),
    replace(_FIRST, name="max_w", purpose="ChargePointMaxProfile", unit="W", is_whole=True, on_connector_zero=True),
    replace(_FIRST, name="key", purpose=KEY, has_duration=False, is_whole=True, on_connector_zero=True),
)


def rungs(smart: SmartCharging) -> tuple[Rung, ...]:
    """Return the ladder, without the rungs that this charge point cannot have."""
    ladder = tuple(
        rung
        for rung in LADDER
        if not (smart.is_shared and rung.on_connector_zero) and (smart.has_limit_key or not rung.is_key)
    )
    return tuple(rung for rung in ladder if rung.is_key or rung.unit in smart.units) or ladder
