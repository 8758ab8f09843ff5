"""How a current is asked for on the wire. Knows its protocol library and ``charging.model``, never Home Assistant."""
