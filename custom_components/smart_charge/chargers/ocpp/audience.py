"""Those who want to hear of one charger, and the counters that support asks for."""

from collections import Counter

from ..listeners import Listeners


class Audience(Listeners):
    """Tells listeners, and counts what happened."""

    def __init__(self) -> None:
        super().__init__()
        self.counts: Counter[str] = Counter()

    def count(self, word: str) -> None:
        """Count something that happened."""
        self.counts[word] += 1
