"""The exercises of 10_share."""
