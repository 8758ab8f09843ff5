"""Smart Charge: an ordinary charge point becomes a smart one, locally."""
