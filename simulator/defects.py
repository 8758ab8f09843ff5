"""What is wrong with the hardware though it says nothing of it; every default is sound hardware."""

from dataclasses import dataclass


@dataclass(kw_only=True)
class Defects:
    """Switches, all of which may be changed while it runs.

    Attributes:
        welded: the contactor does not open, and the charge point does not notice.
        overdraw_a: the vehicle draws this while its inlet is live, whatever is offered; 0 for one that obeys.
        ambient_c: temperature around the charge point; None for a mild day.
        power_error: share by which the meter's live values are off; 0.03 shows 3 % too much.
        register_step_wh: the energy register moves in steps of so many Wh.
    """

    welded: bool = False
    overdraw_a: float = 0.0
    ambient_c: float | None = None
    power_error: float = 0.0
    register_step_wh: int = 1
