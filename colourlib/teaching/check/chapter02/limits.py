"""An exercise of chapter 02: choose a limit by precision and recall."""

from __future__ import annotations

from ....clean.rules import LIMITS
from ..core import Wrong, exercise
from ..values import number

# What the rule "drawing or poster" measures, in %, on the quick setting's practice pictures: all
# drawings and posters, and the photos that come nearest. The first four photos have a frame.
DRAWN = [
    14.3,
    11.9,
    11.6,
    9.9,
    9.7,
    9.1,
    8.4,
    7.3,
    7.1,
    6.6,
    6.4,
    5.4,
    4.8,
    3.9,
    2.6,
    1.3,
    0.0,
    0.0,
]
HONEST = [3.3, 2.3, 1.9, 1.8, 1.1, 0.9, 0.7, 0.6, 0.6, 0.5, 0.4, 0.4, 0.2, 0.2, 0.1, 0.1, 0.1, 0.1]
PRECISION = 0.9  # at least


def _grades(limit: float) -> tuple[int, int, str]:
    """(drawings, photos) that are turned away above a limit, and the arithmetic in words."""
    drawn, honest = (sum(value > limit for value in values) for values in (DRAWN, HONEST))
    out = drawn + honest
    precision = f"{drawn} / {out} = {drawn / out:.2f}" if out else "0 / 0, which is no number"
    said = (
        f"At a limit of {limit:g} the rule turns away {drawn} of {len(DRAWN)} drawings and "
        f"{honest} of {len(HONEST)} photos: precision {precision}, recall {drawn} / {len(DRAWN)} "
        f"= {drawn / len(DRAWN):.2f}"
    )
    return drawn, honest, said


@exercise("02.3", "Draw the line", expects="a limit, in % of the picture")
def best_limit(answer):
    """Counts what a limit turns away, and whether another one keeps to the terms and gets more."""
    limit = number(answer, "limit")
    drawn, honest, said = _grades(limit)
    best = max(_grades(x)[0] for x in DRAWN + HONEST if _precise(x))
    if drawn == best and _precise(limit):
        _, _, ours = _grades(LIMITS["drawing or poster"])
        return (
            f"{said}. No other limit with a precision of {PRECISION:g} finds more. The course's "
            f"limit is {LIMITS['drawing or poster']:g}. {ours}. But the photos it would lose have "
            "a frame, and 'mostly border' is asked first. Not shown by this: what the line is "
            "worth on drawings that were not among these 18, and on the web's."
        )
    if limit < 0 or honest == len(HONEST):
        raise Wrong(
            "everything is turned away",
            f"{said}. Of the photos none is left to learn from.",
            "the rule turns away what is above the limit.",
        )
    if drawn + honest == 0:
        raise Wrong(
            "nothing is turned away",
            f"{said}. The largest value is {max(DRAWN):g}.",
            "the rule turns away what is above the limit; the values are in %, up to about 14.",
        )
    if _precise(limit):
        _too_high(limit, drawn, honest, said)
    raise Wrong(
        "too many photos lost",
        f"{said}. The precision wanted is {PRECISION:g} at least: of ten that go, nine drawings.",
        "go up with the limit, from value to value, and count on both lists.",
    )


def _precise(limit: float) -> bool:
    drawn, honest, _ = _grades(limit)
    return drawn > 0 and drawn / (drawn + honest) >= PRECISION


def _too_high(limit: float, drawn: int, honest: int, said: str) -> None:
    """Raises Wrong for a limit that is precise enough and could find more."""
    better = [x for x in DRAWN + HONEST if x > limit and _grades(x)[0] == drawn]
    if honest and any(_grades(x)[1] < honest for x in better):
        raise Wrong(
            "a photo lost for nothing",
            f"{said}. At {max(better):g} it finds just as many drawings, and loses "
            f"{_grades(max(better))[1]} photos.",
            "between two values of the lists nothing changes; a limit is worth lowering only past "
            "a drawing.",
        )
    raise Wrong(
        "recall left lying",
        f"{said}. Of the drawings that stay, the nearest to your limit is at "
        f"{max(x for x in DRAWN if x <= limit):g}.",
        f"the terms are a precision of {PRECISION:g}, not of 1: what would the next drawings cost?",
    )
