"""Why a current is asked for: pure functions of facts. No Home Assistant, no I/O, no clock, no dice."""
