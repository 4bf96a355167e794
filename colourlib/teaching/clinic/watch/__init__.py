"""A network watched while it runs: which layer was given what, and what it made of it."""
