"""Charge points that speak Modbus TCP."""
