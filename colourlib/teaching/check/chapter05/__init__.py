"""The checks of notebook 05, train: losses, steps, training, minute."""
