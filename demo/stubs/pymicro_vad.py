"""Stands in for a package that needs a compiler. Home Assistant imports it to describe voice; the demo has no voice."""


class MicroVad:
    """Hears nothing."""

    def Process10ms(self, audio: bytes) -> float:  # noqa: N802  the name Home Assistant calls
        """Return the probability that this is speech."""
        return 0.0
