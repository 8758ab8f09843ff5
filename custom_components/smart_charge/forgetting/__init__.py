"""Deleting personal data (S7.2): what is asked first, what is deleted, and the search for what is left."""
