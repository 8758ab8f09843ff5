"""The actions, by subject; `services.py` registers them."""
