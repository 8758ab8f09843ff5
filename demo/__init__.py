"""A home to look at: Home Assistant on loopback with two simulated charge points, set up as an owner would.

``python -m demo`` is what ``script/demo`` runs. It imports nothing of the component: it uses it through Home
Assistant's own API, as a browser does.
"""
