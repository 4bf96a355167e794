"""The checks of notebook 03, colour and batches: colours, tints, scales, batches."""
