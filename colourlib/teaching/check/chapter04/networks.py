"""Exercises of chapter 04 on whole networks: far sight for little work, a patient, a question.

What a network sees and costs is read off the clinic's report.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import nn

from ....model import ColourNet, chroma_head, conv_bn_relu
from ..answers import words_for_teacher
from ..core import Noted, Open, exercise
from ..slips import must_be, recognise, unreadable_if, wrong_if

if TYPE_CHECKING:
    from ...clinic import Report

SEE = 65  # pixels, in height and in width
GIVEN_SEES, GIVEN_ADDS = (13, 13), 191_660_224  # of the task's network: PlainNet(width=16)
BUDGET = 48_000_000  # multiply-adds for a photo of 128 x 128: a quarter of that
PATIENT_SEES = (16, 16)  # once mended
HIDDEN = "is a plain "  # the clinic's words, of a list, a tuple or a dict of layers
ASK = "`inspect(...)` of your network also says how to mend it."


def _report(answer) -> Report:
    """The clinic's report. Raises Wrong for what is not a network."""
    from ...clinic import inspect  # here, because it takes a second that other checks can save

    name = getattr(answer, "__name__", "")
    unreadable_if(
        isinstance(answer, type),
        f"{name} is the plan of a network, not yet one. Hint: the brackets make one: {name}().",
    )
    must_be(isinstance(answer, nn.Module), answer, "a network, an nn.Module")
    return inspect(answer, photos=0)


def _objection(report: Report, *severities: str) -> str:
    """The clinic's first finding of these severities, error or warning; '' where there is none."""
    found = [f for f in report.findings if f.severity in severities]
    return f"{found[0].layer}: {found[0].what}" if found else ""


def _stopped(report: Report) -> bool:
    return any("stopped" in note for note in report.notes)


def _million(adds: float) -> str:
    return f"{adds / 1e6:.1f} million"


@exercise("04.5", "Far sight for little work", "a network")
def far_sight(answer):
    """At least 65 x 65 pixels seen, at most 48 million multiply-adds, as the clinic counts them."""
    report = _report(answer)
    last, adds = report.rows[-1] if report.rows else None, report.multiply_adds
    if last and (last.sees, adds) == (GIVEN_SEES, GIVEN_ADDS):
        raise Open(
            "This is still the network that was given: it sees 13 × 13 pixels for "
            f"{_million(GIVEN_ADDS)} multiply-adds. Change the class, and run the cell again."
        )
    runs = report.rows and not _stopped(report)
    _, channels, *side = last.shape if runs else (1, 2, 128, 128)
    error = _objection(report, "error")
    slips = {
        "not enlarged again: 128 × 128 becomes "
        f"{' × '.join(map(str, side))}. Hint: `upsample_to(h, x)`.": side != [128, 128],
        f"not two channels: Its answer has {channels} channels, and chroma has two, a and b. Hint: "
        "end with `chroma_head(...)`.": channels != 2,
        f"it does not work yet: What it sees comes later. First: {error}. Hint: {ASK}": error,
    }
    recognise(slips)
    whole = last.sees == "all"
    wrong_if(
        not whole and not isinstance(last.sees, tuple),
        f"what it sees cannot be told: Somewhere before {last.kind} the clinic loses track of "
        "places and shows `?`. Hint: make it of convolutions, pooling and enlargement.",
    )
    high, wide = (128, 128) if whole else last.sees
    sees = "the whole picture" if whole else f"{high} × {wide} pixels"
    start = f"It sees {sees} for {_million(adds)} multiply-adds."
    _looks(report, high, wide, start)
    return (
        f"{start} The one given saw 13 × 13 for {GIVEN_ADDS / adds:.0f} times the work. Not looked "
        "at: how much the pixels at the edge count, and how well it colours."
    )


def _looks(report: Report, high: int, wide: int, start: str) -> None:
    """Raise Wrong for a network that sees too little or costs too much: where does the work go?"""
    smaller = any(len(row.shape) == 4 and row.shape[-1] < 128 for row in report.rows)
    halved = "It pools, but too few layers work on the smaller map" if smaller else "Nothing pools"
    top = max(report.rows, key=lambda row: row.multiply_adds)
    side = f"{top.shape[-1]} × {top.shape[-1]}"
    full = [row for row in report.rows if row.multiply_adds > BUDGET / 50 and row.shape[-1] == 128]
    kernel = top.kind.split(",")[0].split()[-1].split("x")[0]
    window = int(kernel) if kernel.isdigit() else 0
    over = report.multiply_adds > BUDGET
    times = f"{report.multiply_adds / BUDGET:.3g} times the budget"
    dear = f"That is {times}. The dearest layer is {top.name}, {top.kind}:"
    doubt = _objection(report, "error", "warning")
    slips = {
        f"far in one direction only: It should be {SEE} rows and {SEE} columns. Hint: pool, or "
        "widen, along height and width alike.": min(high, wide) < SEE <= max(high, wide),
        f"sees too little: {halved}. Hint: at full size a 3×3 layer adds 2 pixels; on a halved map "
        "it reaches twice as far, for a quarter of the work.": min(high, wide) < SEE,
        f"large windows: {dear} at each of {side} places {window}² = {window**2} products, where "
        "3×3 takes 9. Hint: pooling makes far sight cheaper.": over and window > 3,
        f"all at full size: {dear} {len(full)} layers work on all {side} places. Hint: `pool(h)` "
        "twice or three times, the bricks, then `upsample_to(h, x)`.": over and len(full) > 6,
        f"over the budget: {dear} parameters times {side} = {top.shape[-1] ** 2:,} places. Hint: "
        "few channels where the map is large; half the channels in and out cost a quarter.": over,
        f"the clinic has a doubt: {doubt}. Hint: {ASK}": doubt,
    }
    recognise(slips, start=start)


def _healthy(w: int = 16) -> nn.Module:
    """The layers of the patient when it is mended, to count them."""
    net = nn.Module()
    net.down = conv_bn_relu(1, w)
    net.deep = nn.ModuleList([conv_bn_relu(w, 2 * w), conv_bn_relu(2 * w, 2 * w)])
    net.up = conv_bn_relu(3 * w, w)
    net.head = chroma_head(w)
    return net


def _count(net: nn.Module, head: bool = True) -> int:
    named = net.named_parameters()
    return sum(p.numel() for name, p in named if head or not name.startswith("head."))


@exercise("04.3", "Mend a network", "the network, mended")
def mended(answer):
    """Runs, has no hidden layers, a head for both signs, its skip, and all its layers still."""
    report = _report(answer)
    objection = _objection(report, "error", "warning")
    hidden = any(HIDDEN in f.what for f in report.findings)
    last = list(getattr(answer, "head", nn.Identity()).modules())[-1]
    relu, normed = isinstance(last, nn.ReLU), isinstance(last, nn.BatchNorm2d)
    if _stopped(report) and hidden and relu:
        given = "Still the network that was given."
        raise Open(f"{given} Look for its three faults, then ask `inspect`.")
    wrong_if(
        _stopped(report),
        f"the channels do not fit: It does not run yet: {objection}. Hint: torch.cat stacks both "
        "maps: add up their channels. More: `deep` has 2·w channels and `full` has w.",
    )
    own, wanted = _count(answer, head=False), _count(_healthy(), head=False)
    sees = report.rows[-1].sees if report.rows else "?"
    cut = isinstance(sees, tuple) and own < wanted and sees < PATIENT_SEES
    joined = any(row.kind.startswith(("cat", "add", "hstack")) for row in report.rows)
    slips = {
        f"layers in a plain list: torch finds {_count(answer):,} parameters of about "
        f"{_count(_healthy()):,}. Hint: `nn.ModuleList([...])` tells the network.": hidden,
        "ReLU behind the head: Nothing below 0 comes out, neither green (−a) nor blue (−b). Hint: "
        "the last layer is not a brick. Which one did section 3 make for it?": relu,
        "BatchNorm behind the head: It gives every batch the same mean colour. Hint: "
        "the head is no brick at all: the layer that section 3 made is `chroma_head(w)`.": normed,
        "the skip is cut out: Nothing joins the sharp map of `down` with the enlarged one. Hint: "
        "let torch.cat stand.": not joined,
        f"layers are left out: It sees {sees}, and with both bricks of `deep` {PATIENT_SEES}.": cut,
        f"another network: Before its head it has {own:,} parameters, the mended patient "
        f"{wanted:,}: it was rebuilt.": own != wanted,
        f"the clinic objects: The three faults are mended. But {objection}. "
        f"Hint: change three lines. {ASK}": objection,
    }
    recognise(slips, start="It runs.")
    return (
        f"It runs, and torch finds all its {_count(answer):,} parameters. torch itself stops at "
        "one of the three faults; with the others it trains, badly. Not looked at: how it colours."
    )


@exercise("04.6", "Twice the work", "a text of at least 20 words")
def twice_the_work(answer):
    """Kept for the teacher; told with what ColourNet costs, and where."""
    hint = "where the work goes, what should look better by it, and how you would find out."
    kept = words_for_teacher(answer, hint=hint)
    report = _report(ColourNet())
    top = max(report.rows, key=lambda row: row.multiply_adds)
    return Noted(
        f"{kept} To compare with: ColourNet takes {_million(report.multiply_adds)} multiply-adds a "
        f"photo, {top.multiply_adds / report.multiply_adds:.0%} of them in {top.name}."
    )
