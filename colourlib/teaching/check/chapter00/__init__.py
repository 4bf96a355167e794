"""The checks of notebook 00, first colours: shapes, and a loop and a dataset of one's own."""
