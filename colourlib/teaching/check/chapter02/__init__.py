"""The checks of notebook 02, clean: cleaning, limits, splitting."""
