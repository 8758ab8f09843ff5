"""A vehicle and a charge point that behave, for tests and for the demo. Shares no code with the component."""
