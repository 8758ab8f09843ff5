"""Tests of the tariffs and price entities."""
