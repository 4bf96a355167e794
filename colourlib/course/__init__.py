"""The roof: what one source at one setting has made so far, and the notebooks that make it."""
