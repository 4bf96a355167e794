"""The checks of notebook 08, transfer: the encoder, and how it learns on."""
