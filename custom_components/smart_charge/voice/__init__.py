"""What may be asked by voice, and in which words."""
