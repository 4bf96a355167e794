"""The checks of notebook 07, vivid: bins, shares, the loss, temperature, weights, honesty."""
