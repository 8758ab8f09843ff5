"""What charge points share: supply, grid meter, solar, battery and agreement, and what is to be put right of them."""

from .site import DATA_SITE, Site, async_make_site, is_site

__all__ = ["DATA_SITE", "Site", "async_make_site", "is_site"]
