"""What happened, and what a restart must not forget. Knows ``charging.model`` only; everything here blocks."""
