"""The one kind of error that a student is meant to read."""


class CourseError(ValueError):
    """A mistake that the message explains: what is wrong, where, and what to do about it."""

    def __init__(self, words: object = ""):
        # A file's name may hold what no terminal takes: bytes that are no UTF-8.
        super().__init__(str(words).encode(errors="backslashreplace").decode())
