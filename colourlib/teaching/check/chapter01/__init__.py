"""The checks of notebook 01, collect: collecting, origins, showing."""
