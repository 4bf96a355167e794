"""What every room needs and no chapter teaches: errors, files, words, pictures, memory."""
