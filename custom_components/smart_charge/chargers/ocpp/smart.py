"""What a charge point says of its own smart charging."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class SmartCharging:
    """What a charge point says of its own smart charging; None where it does not say.

    ``has_limit_key``: a key of the maker's own limits the current, too.
    ``is_shared``: other connectors are set up too, so that nothing may be said to the whole unit.
    """

    units: frozenset[str] = frozenset({"A", "W"})
    max_level: int | None = None
    max_periods: int | None = None
    max_profiles: int | None = None
    phases: int | None = None
    is_shared: bool = False
    has_limit_key: bool = False

    @property
    def top_level(self) -> int:
        """The highest stack level that is sure to exist."""
        return 0 if self.max_level is None else max(0, self.max_level)
