"""The one kind of error that a student is meant to read."""


class CourseError(ValueError):
    """A mistake that the message explains: what is wrong, where, and what to do about it."""
