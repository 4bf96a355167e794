"""Numbers and hints in words, the same everywhere."""

import difflib
from collections.abc import Iterable


def percent(share: float) -> str:
    """0.312 -> '31.2 %'. Never '-0.0 %'."""
    return f"{round(100 * share, 1) + 0.0:.1f} %"


def duration(seconds: float) -> str:
    """A time that was measured: 35 -> '35 s', 125 -> '2 min 05 s', 4320 -> '1 h 12 min'."""
    seconds = max(0, round(seconds))
    minutes, hours = seconds // 60, seconds // 3600
    if hours:
        return f"{hours} h {minutes % 60:02d} min"
    return f"{minutes} min {seconds % 60:02d} s" if minutes else f"{seconds} s"


def roughly(seconds: float) -> str:
    """A time that was estimated: 0.35 -> '0.35 s', 90 -> '1.5 minutes', 9000 -> '2.5 hours'."""
    units = ((3600, "hours"), (60, "minutes"), (0, "s"))
    unit, name = next(one for one in units if seconds >= 1.5 * one[0])
    number = seconds / (unit or 1)
    return f"{number:.2g} {name}" if number < 10 else f"{number:.0f} {name}"


def did_you_mean(word: object, choices: Iterable[str], most: int = 1) -> str:
    """ " Did you mean 'fog'?" where a choice is spelled much like the word, else nothing.

    Capitals make no difference. most: how many choices are named, joined by "or".
    """
    known = {choice.lower(): choice for choice in choices}
    near = difflib.get_close_matches(str(word).lower(), known, n=most)
    return f" Did you mean {' or '.join(repr(known[key]) for key in near)}?" if near else ""
