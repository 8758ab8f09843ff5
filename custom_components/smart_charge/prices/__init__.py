"""What electricity costs on the premises: what the owner has said of it, where it comes from, and what is known now."""

from .prices import DATA_PRICES, SitePrices

__all__ = ["DATA_PRICES", "SitePrices"]
