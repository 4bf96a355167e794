"""The exercises of chapter 04 on whole networks: far sight for little work, a patient, a question.

What a network sees and costs is read off the clinic's report.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import nn

from ....model import ColourNet, chroma_head, conv_bn_relu
from ..core import UNREADABLE, Noted, Open, Wrong, exercise
from ..values import words_for_teacher

if TYPE_CHECKING:
    from ...clinic import Report

SEE = 65  # pixels, in height and in width
GIVEN_SEES, GIVEN_ADDS = (13, 13), 191_660_224  # of the task's network: PlainNet(width=16)
BUDGET = 48_000_000  # multiply-adds for a photo of 128 x 128: a quarter of that
PATIENT_SEES = (16, 16)  # once mended
HIDDEN = "is a plain "  # the clinic's words, of a list, a tuple or a dict of layers


def _report(answer) -> Report:
    """The clinic's report. Raises Wrong for what is no network."""
    if isinstance(answer, type):
        text = f"{answer.__name__} is the plan of a network, not yet one."
        raise Wrong(UNREADABLE, text, f"the brackets make one: {answer.__name__}().")
    if not isinstance(answer, nn.Module):
        text = f"The answer is of type {type(answer).__name__}, and a network is wanted."
        raise Wrong(UNREADABLE, text, "give an nn.Module, made by the brackets behind its class.")
    return _inspected(answer)


def _inspected(net: nn.Module) -> Report:
    from ...clinic import inspect  # here, for its import takes a second that other checks can save

    return inspect(net, photos=0)


def _objection(report: Report, least: str = "warning") -> str:
    """The clinic's first finding, '' where there is none as bad as `least`, error or warning."""
    bad = ("error", "warning") if least == "warning" else ("error",)
    found = [f for f in report.findings if f.severity in bad]
    return f"{found[0].layer}: {found[0].what}" if found else ""


def _million(adds: float) -> str:
    return f"{adds / 1e6:.1f} million"


# ---------------------------------------------------------------- far sight, little work


@exercise("04.4", "Far sight for little work", "a network")
def far_sight(answer):
    """At least 65 x 65 pixels seen, at most 48 million multiply-adds, as the clinic counts them."""
    report = _report(answer)
    last = report.rows[-1] if report.rows else None
    if last and (last.sees, report.multiply_adds) == (GIVEN_SEES, GIVEN_ADDS):
        raise Open(
            f"This is still the network that was given: it sees 13 × 13 pixels for "
            f"{_million(GIVEN_ADDS)} multiply-adds. Change the class, and run the cell again."
        )
    _fits(report)
    if isinstance(last.sees, tuple):
        _sees_enough(report, last.sees)
    elif last.sees != "all":
        raise Wrong(
            "what it sees cannot be told",
            f"Somewhere before {last.kind} the clinic loses track of places: it shows `?` for what "
            f"the network sees.",
            "make it of convolutions, pooling and enlargement; `inspect` shows from which on.",
        )
    sees = "the whole picture" if last.sees == "all" else f"{last.sees[0]} × {last.sees[1]} pixels"
    if report.multiply_adds > BUDGET:
        _too_costly(report, sees)
    if objection := _objection(report):
        raise Wrong(
            "the clinic has a doubt",
            f"It sees {sees} within the budget. But {objection}.",
            "`inspect(...)` of your network also says how to mend it.",
        )
    return (
        f"It sees {sees} for {_million(report.multiply_adds)} multiply-adds; the one given "
        f"saw 13 × 13 for {_million(GIVEN_ADDS)}, {GIVEN_ADDS / report.multiply_adds:.0f} times "
        f"the work. The clinic has nothing against it. Not looked at: how much the pixels at the "
        f"edge count, and how well it colours."
    )


def _fits(report: Report) -> None:
    """Raises Wrong unless the network runs and answers two channels of the size of its input."""
    stopped = any("stopped" in note for note in report.notes)
    if not stopped and report.rows:
        _, channels, *side = report.rows[-1].shape
        if side != [128, 128]:
            raise Wrong(
                "not enlarged again",
                f"Of a photo of 128 × 128 it makes a map of {side[0]} × {side[1]}: on the way down "
                f"the size was halved, and there is no way back up.",
                "`upsample_to(h, x)` gives a map the size of x.",
                "In forward: pool, the bricks, and upsample_to at the end; or before a skip.",
            )
        if channels != 2:
            raise Wrong(
                "not two channels",
                f"Its answer has {channels} channels, and chroma has two, a and b.",
                "end with `chroma_head(...)`.",
            )
    if objection := _objection(report, "error"):
        raise Wrong(
            "it does not work yet",
            f"What it sees comes later. First: {objection}.",
            "`inspect(...)` of your network also says how to mend it.",
        )


def _sees_enough(report: Report, sees: tuple[int, int]) -> None:
    high, wide = sees
    cost = f"for {_million(report.multiply_adds)} multiply-adds"
    more = (
        "A 3×3 window on a map that was halved twice spans 4 pixels of the photo from one place to "
        "the next, so each such layer adds 2 · 4 = 8 pixels; halved three times, 16."
    )
    if min(sees) < SEE <= max(sees):
        raise Wrong(
            "far in one direction only",
            f"It sees {high} rows and {wide} columns, {cost}: wanted are {SEE} of both.",
            "pool, or widen, along height and width alike.",
            more,
        )
    if min(sees) < SEE:
        smaller = any(len(row.shape) == 4 and row.shape[-1] < 128 for row in report.rows)
        halved = (
            "It pools, but too few layers work on the smaller map" if smaller else "Nothing pools"
        )
        raise Wrong(
            "sees too little",
            f"It sees {high} × {wide} pixels {cost}: {SEE - high} too few each way. At full size "
            f"each 3×3 layer adds 2, and so from 13 on {(SEE - 13) // 2} more would be needed. "
            f"{halved}.",
            "a layer on a halved map reaches twice as far, for a quarter of the work.",
            more,
        )


def _too_costly(report: Report, sees: str) -> None:
    top = max(report.rows, key=lambda row: row.multiply_adds)
    over = report.multiply_adds / BUDGET
    side = top.shape[-1]
    start = (
        f"It sees {sees} for {_million(report.multiply_adds)} multiply-adds, {over:.3g} times the "
        f"budget. The dearest layer is {top.name}, {top.kind}, with "
        f"{_million(top.multiply_adds)}"
    )
    places = f"{side} × {side}"
    full = [row for row in report.rows if row.multiply_adds > BUDGET / 50 and row.shape[-1] == 128]
    window = top.kind.split(",")[0].split()[-1].split("x")[0]
    if window.isdigit() and int(window) > 3:
        raise Wrong(
            "large windows",
            f"{start}: each of its {places} places takes {window}² = {int(window) ** 2} "
            f"products for each pair of channels, where a 3×3 window takes 9.",
            "far sight by large windows costs their square; pooling makes it cheaper.",
        )
    if len(full) > 6:
        raise Wrong(
            "all at full size",
            f"{start}, and {len(full)} layers work on all {places} places.",
            "halve the map first; the layers after it are four times cheaper and reach twice as "
            "far.",
            "`pool(h)` twice or three times, the bricks, then `upsample_to(h, x)`.",
        )
    raise Wrong(
        "over the budget",
        f"{start}: parameters times places, {places} = {side * side:,} of them.",
        "few channels where the map is large; many cost little where it is small.",
        "With half the channels in and half out a layer costs a quarter.",
    )


# ---------------------------------------------------------------- a patient


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


@exercise("04.5", "Mend a network", "the network, mended")
def mended(answer):
    """Runs, has no hidden layers, a head for both signs, its skip, and all its layers still."""
    report = _report(answer)
    hidden = any(HIDDEN in f.what for f in report.findings)
    relu = _ends_with_relu(answer)
    stopped = any("stopped" in note for note in report.notes)
    if stopped:
        if hidden and relu:
            raise Open(
                "This is still the network that was given, or as ill: it stops at a layer, it "
                "hides layers from torch, and its head cannot paint green. Mend the three."
            )
        raise Wrong(
            "the channels do not fit",
            f"It does not run yet: {_objection(report)}.",
            "what torch.cat stacks is counted together: add up the channels of both maps.",
            "`deep` has 2·w channels and `full` has w.",
        )
    if hidden:
        found, all_ = _count(answer), _count(_healthy())
        raise Wrong(
            "layers in a plain list",
            f"It runs, and torch finds {found:,} parameters; with those in the list there would be "
            f"about {all_:,}. What torch does not find keeps its first random weights for ever.",
            "a Python list holds layers without telling the network.",
            "`nn.ModuleList([...])` is a list that tells, `nn.Sequential(...)` a brick of bricks.",
        )
    if relu:
        raise Wrong(
            "ReLU behind the head",
            "It runs, but its head ends with ReLU: nothing below 0 comes out, neither green (−a) "
            "nor blue (−b), whatever it is trained on.",
            "the last layer is not a brick. Which one did section 1 make for it?",
        )
    _still_itself(answer, report)
    if objection := _objection(report):
        raise Wrong(
            "the clinic objects",
            f"The three faults are mended, and there is something else: {objection}.",
            "`inspect(...)` of your network also says how to mend it.",
        )
    return (
        f"It runs, and torch finds all its {_count(answer):,} parameters; the patient had hidden "
        f"{_count(_healthy().deep):,} of them in a list. Its answers can be below 0, and the "
        f"clinic finds nothing. torch alone would have stopped at one of the three; with the other "
        f"two it would have trained, badly. Not looked at: how well it colours."
    )


def _ends_with_relu(net: nn.Module) -> bool:
    """Is the last thing in the head a ReLU, or nothing below 0 ever answered?"""
    layers = list(getattr(net, "head", nn.Identity()).modules())
    return isinstance(layers[-1], nn.ReLU)


def _still_itself(net: nn.Module, report: Report) -> None:
    """Raises Wrong where the ill part was cut out, or another network was given."""
    sees = report.rows[-1].sees if report.rows else "?"
    if not any(row.kind.startswith(("cat", "add", "hstack")) for row in report.rows):
        raise Wrong(
            "the skip is cut out",
            f"It runs, because the skip is gone: nothing joins the sharp map of `down` with the "
            f"enlarged one any more. It has {_count(net):,} parameters; the head now sees only "
            f"what was pooled.",
            "let torch.cat stand, and give the layer behind it as many channels as it makes.",
        )
    own, wanted = _count(net, head=False), _count(_healthy(), head=False)
    if isinstance(sees, tuple) and own < wanted and sees < PATIENT_SEES:
        raise Wrong(
            "layers are left out",
            f"It runs and sees {sees[0]} × {sees[1]} pixels; with both bricks of `deep` it is "
            f"{PATIENT_SEES[0]} × {PATIENT_SEES[1]}.",
            "mend `deep`, do not drop it.",
        )
    if own != wanted:
        raise Wrong(
            "another network",
            f"It runs; but before its head it has {own:,} parameters, and the patient, once "
            f"mended, {wanted:,}. So it was not mended but rebuilt.",
            "change three lines; the comments in `forward` say how many channels each map has.",
        )


# ---------------------------------------------------------------- the open one


@exercise("04.6", "Twice the work", "a text of at least 20 words")
def twice_the_work(answer):
    """Kept for the teacher; told with what ColourNet costs, and where."""
    kept = words_for_teacher(answer)
    report = _inspected(ColourNet())
    top = max(report.rows, key=lambda row: row.multiply_adds)
    return Noted(
        f"{kept} To compare with: ColourNet takes {_million(report.multiply_adds)} multiply-adds a "
        f"photo, {top.multiply_adds / report.multiply_adds:.0%} of them in {top.name}."
    )
