"""Many photos at once: which file becomes which, saved without losing one, from a notebook too."""
