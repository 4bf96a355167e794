"""What the clinic finds in what it has watched."""
