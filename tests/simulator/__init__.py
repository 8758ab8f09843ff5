"""The simulator, tried from the outside."""
