"""What is counted and written down of charge points, by reading, by night and by quarter."""

from .bookkeeping import Bookkeeping

__all__ = ["Bookkeeping"]
