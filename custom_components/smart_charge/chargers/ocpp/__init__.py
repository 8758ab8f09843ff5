"""Charge points that speak OCPP-J."""
