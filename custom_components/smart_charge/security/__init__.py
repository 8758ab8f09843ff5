"""Who may speak, and what may be shown. Knows nothing of chargers or of Home Assistant."""
