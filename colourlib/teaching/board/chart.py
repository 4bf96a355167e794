"""Explained chroma over epochs as an SVG drawing: two curves, and the baselines as named lines.

Nothing is said by colour alone: the curves differ in width, dashes and dots, each baseline has
dashes of its own and its name at its end. Text takes the colour of the page around it; the two
colours are Okabe and Ito's, told apart by colour-blind readers and seen on white and on black.
"""

from __future__ import annotations

import base64
import html
import math

from ...common.files import printable
from ...runs.view import View
from . import view as words

BLUE, ORANGE = "#0072B2", "#D55E00"
TRAINING = f'stroke="{ORANGE}" stroke-width="1.5" stroke-dasharray="5 3"'
VALIDATION = f'stroke="{BLUE}" stroke-width="2.5"'
WIDTH, HEIGHT = 680, 310
LEFT, RIGHT, TOP, BOTTOM = 56, 530, 36, 262  # of the field that the curves are drawn in
TOPS = (
    0.2,
    0.3,
    0.4,
    0.5,
    0.6,
    0.8,
    1.0,
)  # where the upward axis may end: the first that leaves some air
DASHES = ("2 4", "8 4", "12 3 2 3", "5 2 1 2 1 2")  # of the baselines, the lowest first
MARGIN = 12  # around the drawing where it brings its own paper
DOTS = 40  # on the curve of validation, at most
LINE = 16  # between two lines of text
FONT = 'font-family="system-ui, sans-serif" font-size="13"'


def inline(view: View) -> str:
    """The drawing for a page: its text has the page's colour, in light and in dark themes."""
    return _svg(view, ink="currentColor", paper="none", margin=0)


def as_image(view: View) -> str:
    """The same as an <img>, dark on white.

    GitHub, and JupyterLab where it does not trust a notebook, drop drawings that stand in the page
    and keep pictures; so this is the form for what is to stay in the file.
    """
    svg = _svg(view, ink="#222222", paper="#FFFFFF", margin=MARGIN).encode()
    source = f"data:image/svg+xml;base64,{base64.b64encode(svg).decode()}"
    size = f'width="{WIDTH}" style="max-width: 100%; height: auto"'
    return f'<img src="{source}" {size} alt="{html.escape(in_words(view))}">'


def in_words(view: View) -> str:
    """What the chart shows, for those who cannot see it."""
    return f"Chart of explained chroma over epochs. {words.scores(view)} {words.levels(view)}"


def _svg(view: View, ink: str, paper: str, margin: int) -> str:
    training, validation = words.training_curve(view), words.validation_curve(view)
    field = Field(view, training, validation)
    hidden = [p for p in (*training[-1:], *validation) if p[1] < field.bottom]
    width, height = WIDTH + 2 * margin, HEIGHT + 2 * margin
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="{-margin} {-margin} {width} {height}" style="max-width: 100%; height: auto" '
        f'role="img" aria-label="{html.escape(in_words(view))}" color="{ink}" fill="{ink}" {FONT}>',
        f'<rect x="{-margin}" y="{-margin}" width="{width}" height="{height}" fill="{paper}"/>',
        _legend(training, validation),
        _axes(field, bool(hidden)),
        _baselines(field, view),
        _curves(field, training, validation),
        *(_triangle(field.x(epoch), BOTTOM) for epoch, _ in hidden),
        "</svg>",
    ]
    return "".join(parts)


class Field:
    """Where a number lies in the drawing."""

    def __init__(self, view: View, training: list, validation: list) -> None:
        values = [y for _, y in (*training, *validation)] + list(words.baselines(view).values())
        highest = max(values, default=0.0)
        self.top = next((top for top in TOPS if 1.1 * highest <= top), 1.0)
        self.bottom = (
            -self.top / 10
        )  # what is worse than the grey copy by more is marked, not drawn
        self.step = 0.05 if self.top <= 0.3 else 0.1 if self.top <= 0.6 else 0.2
        done = max((x for x, _ in (*training, *validation)), default=0.0)
        self.end, self.epochs = _epochs(done, view)

    def x(self, epoch: float) -> float:
        return LEFT + (RIGHT - LEFT) * min(max(epoch / self.end, 0.0), 1.0)

    def y(self, share: float) -> float:
        return BOTTOM - (BOTTOM - TOP) * (share - self.bottom) / (self.top - self.bottom)


def _epochs(done: float, view: View) -> tuple[float, list[float]]:
    """Where the axis of epochs ends, and what is written at it.

    While it trains, the axis goes to where the run will end: one sees how much is still to come.
    """
    end = done if done > 0 else 1.0
    if view.state == "training" and done > 0 and view.end is not None:
        end = max(done, view.end)
    scale = 10 ** math.floor(math.log10(end / 5))
    step = next(m * scale for m in (1, 2, 5, 10) if end / (m * scale) <= 6)
    if view.state == "training":  # whole steps: an estimate that wavers does not shake the chart
        end = step * math.ceil(end / step - 0.05)
    return end, [step * i for i in range(int(end / step + 1e-6) + 1)]


def _legend(training: list, validation: list) -> str:
    newest = [
        f" {words.percent(curve[-1][1])}" if curve else "" for curve in (validation, training)
    ]
    y, first, second = 14, 196, 382
    return (
        _text(0, y + 4, "Explained chroma", "font-weight='600'")
        + f'<path d="M{first} {y}h34" {VALIDATION}/>'
        + _dot(first + 17, y)
        + _text(first + 40, y + 4, f"validation{newest[0]}")
        + f'<path d="M{second} {y}h34" {TRAINING}/>'
        + _text(second + 40, y + 4, f"training{newest[1]}")
    )


def _axes(field: Field, hidden: bool) -> str:
    parts = []
    for i in range(round(field.top / field.step) + 1):
        share = i * field.step
        y = field.y(share)
        parts.append(
            f'<path d="M{LEFT} {y:.1f}H{RIGHT}" stroke="currentColor" stroke-opacity="0.15"/>'
        )
        parts.append(_text(LEFT - 8, y + 4, f"{100 * share:.0f} %", 'text-anchor="end"'))
    for epoch in field.epochs:
        x = field.x(epoch)
        parts.append(f'<path d="M{x:.1f} {BOTTOM}v5" stroke="currentColor"/>')
        parts.append(_text(x, BOTTOM + 18, f"{epoch:g}", 'text-anchor="middle"'))
    parts.append(f'<path d="M{LEFT} {TOP}V{BOTTOM}H{RIGHT}" fill="none" stroke="currentColor"/>')
    parts.append(_text((LEFT + RIGHT) / 2, BOTTOM + 36, "epochs", 'text-anchor="middle"'))
    if hidden:
        parts.append(
            _triangle(RIGHT + 14, BOTTOM + 32) + _text(RIGHT + 24, BOTTOM + 36, "below the chart")
        )
    return "".join(parts)


def _baselines(field: Field, view: View) -> str:
    """A line for each, with name and number at its right end; names that are close move apart."""
    known = {k: min(max(v, field.bottom), field.top) for k, v in words.baselines(view).items()}
    heights = [field.y(value) for value in known.values()]
    parts = []
    for i, (name, y, label) in enumerate(zip(known, heights, spread(heights), strict=True)):
        dash = DASHES[i % len(DASHES)]
        said = f"{printable(name)} {words.percent(view.levels[name])}"
        parts.append(
            f'<path d="M{LEFT} {y:.1f}H{RIGHT}" stroke="currentColor" stroke-dasharray="{dash}"/>'
            f'<path d="M{RIGHT} {y:.1f}L{RIGHT + 10} {label:.1f}" stroke="currentColor"/>'
        )
        parts.append(_text(RIGHT + 14, label + 4, said))
    return "".join(parts)


def spread(heights: list[float]) -> list[float]:
    """Heights, the largest y first, moved apart by a line of text and kept within the field."""
    placed, limit = [], BOTTOM + LINE / 2
    for y in heights:  # none below the one before it ...
        limit = min(y, limit)
        placed.append(limit)
        limit -= LINE
    limit = TOP
    for i in reversed(range(len(placed))):  # ... and none above the field
        placed[i] = max(placed[i], limit)
        limit = placed[i] + LINE
    return placed


def _curves(field: Field, training: list, validation: list) -> str:
    # A drawing inside the drawing: what leaves its edges is cut off. A clip path would need an id,
    # and two boards on one page would then share it.
    box = f"{LEFT} {TOP} {RIGHT - LEFT} {BOTTOM - TOP}"
    x, y, width, height = box.split()
    inner = f'<svg x="{x}" y="{y}" width="{width}" height="{height}" viewBox="{box}" fill="none">'
    apart = max(1, math.ceil(len(validation) / DOTS))  # the last has its dot in any case
    dots = [p for p in validation[::-1][::apart] if field.bottom <= p[1]]
    return (
        inner
        + _path(field, training, TRAINING)
        + _path(field, validation, VALIDATION)
        + "</svg>"
        + "".join(_dot(field.x(epoch), field.y(share)) for epoch, share in dots)
    )


def _path(field: Field, curve: list, style: str) -> str:
    # Far below the field is far enough: numbers of any size would make the drawing larger.
    floor = field.bottom - 20
    points = [f"{field.x(a):.1f} {field.y(max(b, floor)):.1f}" for a, b in curve]
    return f'<path d="M{"L".join(points)}" stroke-linejoin="round" {style}/>' if points else ""


def _dot(x: float, y: float) -> str:
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{BLUE}"/>'


def _triangle(x: float, y: float) -> str:
    """Points down, and stands on the field's lower edge: here something lies below the chart."""
    return f'<path d="M{x - 6:.1f} {y - 8:.1f}h12l-6 10z" fill="currentColor"/>'


def _text(x: float, y: float, text: str, more: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" {more}>{html.escape(text)}</text>'
