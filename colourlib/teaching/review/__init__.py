"""Review by hand, inside a notebook: a grid of pictures to keep or reject by click and by key.

`review` shows what the rules have decided, page by page; each decision is in `decisions.txt` before
the next one can be made, and `clean.judge` goes by it. The page that the browser draws is in
`grid.js`; everything it shows is asked of this module, and no picture is stored in the notebook.
The slider over the limit of a rule is in `slider`; `threshold` can be had from here.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

try:
    from anywidget import AnyWidget
except ImportError:  # installed before the course needed it: `review` says so
    AnyWidget = None

from ...clean import by_hand
from ...clean.rules import Verdict
from ...common.errors import CourseError
from .slider import threshold
from .thumbnails import thumbnail

__all__ = ["Desk", "Grid", "review", "threshold"]

PAGE = 24  # pictures a page: whole rows of 2, 3, 4, 6, 8 and 12
SIGNS = {True: "✓ kept", False: "✗ rejected"}


def review(root: Path, verdicts: Sequence[Verdict]):
    """A widget to look through the verdicts and to overrule them; the last thing in a cell.

    root: the folder of the workspace. verdicts: what `clean.judge` has returned. Only the page that
    is shown is decoded. What was decided before, in any notebook, is shown as decided; undo goes
    back through every decision since the kernel was started. Run `judge` again afterwards.
    Raises CourseError for a line of decisions.txt that cannot be read.
    """
    desk = Desk(root, verdicts)
    if AnyWidget is None:
        print("The grid needs the package anywidget: %pip install anywidget, restart the kernel.")
        return desk
    return Grid(desk)


@dataclass
class Step:
    """One decision that can be undone: a picture, and the line about it before and after."""

    sha256: str
    before: by_hand.Line | None
    after: by_hand.Line | None


@dataclass
class History:
    """The decisions made in one workspace since the kernel was started."""

    done: list[Step] = field(default_factory=list)
    undone: list[Step] = field(default_factory=list)


_histories: dict[Path, History] = {}  # every grid of a workspace, a cell's second run too, shares


class Desk:
    """What the grid shows and does, without a browser."""

    def __init__(self, root: Path, verdicts: Sequence[Verdict]):
        self.root = Path(root).resolve()
        self.verdicts = list(verdicts)
        if wrong := next((v for v in self.verdicts if not isinstance(v, Verdict)), None):
            kind = type(wrong).__name__
            raise CourseError(f"review wants what clean.judge has returned, not {kind}.")
        self.by_rules = [_by_rules(verdict) for verdict in self.verdicts]
        self.of_rule = Counter(rule or "passed" for rule, _ in self.by_rules)
        self.numbers = {v.photo.sha256: i for i, v in enumerate(self.verdicts) if v.fingerprint}
        self.history = _histories.setdefault(self.root, History())
        self.open("all")

    def __repr__(self) -> str:
        return f"Review by hand: {self.counts(self.by_hand())}"

    # ---- what is shown

    def by_hand(self) -> dict[str, bool]:
        """sha256 -> the decision of a person, read anew: another notebook may have decided."""
        return by_hand.match(by_hand.decisions(self.root), self.numbers)

    def open(self, reason: str) -> None:
        """Choose the pictures to show: "all", "passed", "by hand", or those of one rule."""
        decided = self.by_hand() if reason == "by hand" else {}
        self.reason, self.page = reason, 0
        self.order = [
            i
            for i, (rule, _) in enumerate(self.by_rules)
            if reason in ("all", rule or "passed")
            or (self.verdicts[i].fingerprint and self.verdicts[i].photo.sha256 in decided)
        ]

    @property
    def pages(self) -> int:
        """How many pages there are: at least one."""
        return max(1, -(-len(self.order) // PAGE))

    def shown(self) -> list[int]:
        """The numbers of the verdicts on this page."""
        return self.order[self.page * PAGE : (self.page + 1) * PAGE]

    def counts(self, decided: dict[str, bool]) -> str:
        """How many are kept, rejected, and decided by hand, in words."""
        kept = sum(rule == "" for rule, _ in self.by_rules)
        for sha, keep in decided.items():
            kept += keep - (self.by_rules[self.numbers[sha]][0] == "")
        rejected = len(self.verdicts) - kept
        return f"{kept:,} kept, {rejected:,} rejected, {len(decided):,} of them by hand"

    def reasons(self, decided: dict[str, bool]) -> list[tuple[str, str]]:
        """(reason, label with its count) for the choice of what to show."""
        counts = {"all": len(self.verdicts), "passed": self.of_rule["passed"]}
        counts |= {rule: n for rule, n in self.of_rule.most_common() if rule != "passed"}
        counts["by hand"] = len(decided)
        return [(reason, f"{reason} ({count:,})") for reason, count in counts.items()]

    def card(self, number: int, decided: dict[str, bool]) -> dict:
        """What is said of one picture; the browser shows it as text, never as HTML."""
        verdict, (rule, reason) = self.verdicts[number], self.by_rules[number]
        hand = decided.get(verdict.photo.sha256) if verdict.fingerprint else None
        keep = rule == "" if hand is None else hand
        return {
            "number": number,
            "name": f"{verdict.photo.query} {number + 1}",
            "keep": keep,
            "hand": hand is not None,
            "fixed": verdict.fingerprint is None,
            "state": SIGNS[keep] + " by hand" * (hand is not None),
            "reason": reason or "passed every rule",
            "file": verdict.photo.file,
        }

    def pictures(self) -> dict[str, str]:
        """Number -> data address of a small JPEG, for this page; "" for what cannot be opened."""
        readable = [i for i in self.shown() if self.verdicts[i].fingerprint]
        photos = [self.verdicts[i].photo for i in readable]
        with ThreadPoolExecutor(4) as pool:
            small = list(pool.map(lambda p: thumbnail(p.path(self.root), p.sha256), photos))
        return {str(i): address for i, address in zip(readable, small, strict=True)}

    # ---- what is done

    def answer(self, message: dict) -> dict:
        """Do what the browser asks for, and say what it is to show then.

        message: {"do": "show" | "open" | "turn" | "keep" | "reject" | "take back" | "undo" |
        "redo"}, with "number" of the verdict, "reason" to open or "page" to turn to. Pictures come
        with the answer only where others than before are to be shown.
        """
        before, said, at = (self.reason, self.page), "", None
        try:
            match message.get("do"):
                case "open":
                    self.open(str(message.get("reason")))
                case "turn":
                    self.page = min(max(int(message.get("page", 0)), 0), self.pages - 1)
                case "keep" | "reject" | "take back" as what:
                    at = int(message["number"])
                    keep = {"keep": True, "reject": False}.get(what)
                    said = self.decide(at, keep)
                case "undo" | "redo" as what:
                    said, at = self.undo() if what == "undo" else self.redo()
            decided = self.by_hand()
        except CourseError as error:  # a line that was edited meanwhile: say so, lose nothing
            said, decided = str(error), {}
        except OSError as error:
            said, decided = f"Not saved: {error.strerror or error}.", {}
        fresh = message.get("do") == "show" or before != (self.reason, self.page)
        return {
            "asked": message.get("asked", 0),
            "reasons": self.reasons(decided),
            "reason": self.reason,
            "page": self.page,
            "pages": self.pages,
            "cards": [self.card(number, decided) for number in self.shown()],
            "pictures": self.pictures() if fresh else {},
            "counts": self.counts(decided),
            "said": said,
            "at": at,
            "undo": len(self.history.done),
            "redo": len(self.history.undone),
        }

    def decide(self, number: int, keep: bool | None) -> str:
        """Save a decision, or take it back with None; what was done, in words."""
        verdict, (rule, _) = self.verdicts[number], self.by_rules[number]
        if verdict.fingerprint is None:
            return f"{self._name(number)} cannot be opened, so it stays out."
        line = by_hand.about(self.root, verdict.photo.sha256)
        if keep == (line.value if line else None):
            return f"{self._name(number)}: nothing to change."
        note = f"{verdict.photo.query}, {f'although {rule}' if rule and keep else 'by eye'}"
        by_hand.decide(self.root, verdict.photo.sha256, keep, note)
        now = by_hand.about(self.root, verdict.photo.sha256)
        self.history.done.append(Step(verdict.photo.sha256, line, now))
        self.history.undone.clear()
        words = {True: "kept by hand", False: "rejected by hand", None: "left to the rules again"}
        return f"{self._name(number)}: {words[keep]}. Saved."

    def undo(self) -> tuple[str, int | None]:
        """Put back what the last decision has changed; (what was done, the verdict's number)."""
        if not self.history.done:
            return "There is nothing to undo.", None
        step = self.history.done[-1]
        self._put(step.sha256, step.before)
        self.history.undone.append(self.history.done.pop())
        return self._went("Undone", step)

    def redo(self) -> tuple[str, int | None]:
        """Make again the decision that was undone last; (what was done, the verdict's number)."""
        if not self.history.undone:
            return "There is nothing to do again.", None
        step = self.history.undone[-1]
        self._put(step.sha256, step.after)
        self.history.done.append(self.history.undone.pop())
        return self._went("Done again", step)

    def _put(self, sha256: str, line: by_hand.Line | None) -> None:
        keep, note = (bool(line.value), line.note) if line else (None, "")
        by_hand.decide(self.root, sha256, keep, note)

    def _went(self, what: str, step: Step) -> tuple[str, int | None]:
        """Turn to the page of the picture that a step was about, where it is among those shown."""
        number = self.numbers.get(step.sha256)
        if number is None:
            return f"{what}: a picture that is not among these verdicts. Saved.", None
        said = f"{what}: {self._name(number)}"
        if number not in self.order:
            return f"{said}, which is not shown under {self.reason!r}. Saved.", None
        self.page = self.order.index(number) // PAGE
        return f"{said}. Saved.", number

    def _name(self, number: int) -> str:
        return f"{self.verdicts[number].photo.query} {number + 1}"


class Grid(AnyWidget or object):
    """The desk, in a browser."""

    _esm = Path(__file__).with_name("grid.js")
    _css = Path(__file__).with_name("grid.css")

    def __init__(self, desk: Desk):
        super().__init__()
        self.desk = desk
        self.on_msg(lambda _, message, buffers: self.send(self.desk.answer(message)))

    def __repr__(self) -> str:
        return repr(self.desk)


def _by_rules(verdict: Verdict) -> tuple[str, str]:
    """(rule, reason) as the rules alone have it; ("", "") for a picture that passed them."""
    if verdict.rule != "by hand":
        return verdict.rule, verdict.reason
    found = re.search(r"the rule: (([^:]+): .*)", verdict.reason, re.DOTALL)
    return (found[2], found[1]) if found else ("", "")
