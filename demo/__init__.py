"""A home to look at: Home Assistant on loopback with two simulated charge points, set up as an owner would.

``python -m demo`` is what ``script/demo`` runs. It uses the component through Home Assistant's own API,
as a browser does; only `demo.past`, which writes a year of records, imports a part of it.
"""
