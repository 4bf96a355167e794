"""What stands around the lesson: exercises, the clinic, the board, comparisons, review by hand."""
