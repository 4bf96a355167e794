"""The checks of notebook 09, hints: how they spread, how they are drawn, where to ask."""
