"""The checks of notebook 04, the model: layers, norms, networks."""
