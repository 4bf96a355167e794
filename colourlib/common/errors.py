"""The one kind of error that a student is meant to read."""

import traceback


class CourseError(ValueError):
    """A mistake that the message explains: what is wrong, where, and what to do about it."""

    def __init__(self, words: object = ""):
        # A file's name may hold what no terminal takes: bytes that are no UTF-8.
        super().__init__(str(words).encode(errors="backslashreplace").decode())

    def _render_traceback_(self) -> list[str]:
        """What IPython shows instead of a traceback: the lines of the notebook's cells, no others.

        Everywhere else the traceback is as long as ever.
        """
        frames = (f for f, _ in traceback.walk_tb(self.__traceback__))
        ours = [f.f_globals.get("__name__") == "__main__" for f in frames]
        steps = traceback.extract_tb(self.__traceback__)
        lines = [
            f"line {step.lineno} of {step.name}: {step.line}".replace(" of <module>", "")
            for step, own in zip(steps, ours, strict=True)
            if own
        ]
        return [*lines, f"{type(self).__name__}: {self}"]
