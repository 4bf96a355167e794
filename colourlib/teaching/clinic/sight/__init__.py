"""How far a network sees."""
