"""The meter of a charge point, sample by sample: who listens, what alarms, and whether it can be believed."""
