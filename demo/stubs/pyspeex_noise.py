"""Stands in for a package that needs a compiler. Home Assistant imports it to describe voice; the demo has no voice."""


class AudioProcessor:
    """Leaves audio as it is."""

    def __init__(self, auto_gain: int, noise_suppression: int) -> None:
        """Accept what the real one is told."""
