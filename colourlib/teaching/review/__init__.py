"""Review by hand, inside a notebook: a grid of pictures to keep or reject by click and by key.

`review` shows what the rules have decided, page by page; each decision is in `decisions.txt` before
the next one can be made, and `clean.judge` goes by it. `grid.js` draws the page in the browser and
asks this module for everything; no picture is stored in the notebook. `slider` has the other
widget, `threshold`.
"""

import re
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ...clean import by_hand
from ...clean.rules import Verdict
from ...common import page
from ...common.errors import CourseError
from ...common.files import printable
from .slider import threshold, thumbnail

__all__ = ["Desk", "Grid", "review", "threshold"]

PAGE = 24  # pictures a page: whole rows of 2, 3, 4, 6, 8 and 12
DECISIONS = {  # what the browser asks for: the decision, and its words
    "keep": (True, "kept by hand"),
    "reject": (False, "rejected by hand"),
    "take back": (None, "left to the rules again"),
}


def review(root: Path, verdicts: Sequence[Verdict]) -> "Grid":
    """A widget to look through the verdicts and to overrule them; the last thing in a cell.

    root: the folder of the workspace. verdicts: what `clean.judge` has returned. Only the page that
    is shown is decoded. What was decided before, in any notebook, is shown as decided; undo goes
    back through every decision since the kernel was started. Run `judge` again afterwards.
    Raises CourseError for a line of decisions.txt that cannot be read.
    """
    return Grid(Desk(root, verdicts))


# Workspace -> "undo" and "redo" -> the steps, latest last: a sha256, the line about it that the
# step writes, and the one that it replaces; None is no line. Shared by every grid of a workspace,
# also when a cell is run again.
_histories: dict[Path, dict[str, list[tuple]]] = {}


class Desk:
    """What the grid shows and does, without a browser."""

    def __init__(self, root: Path, verdicts: Sequence[Verdict]):
        self.root = Path(root).resolve()
        self.verdicts = list(verdicts)
        if wrong := next((v for v in self.verdicts if not isinstance(v, Verdict)), None):
            kind = type(wrong).__name__
            raise CourseError(f"review wants what clean.judge has returned, not {kind}.")
        self.by_rules = [_by_rules(verdict) for verdict in self.verdicts]
        # None for what cannot be opened: nobody can decide about it.
        self.shas = [v.photo.sha256 if v.fingerprint else None for v in self.verdicts]
        self.numbers = {sha: i for i, sha in enumerate(self.shas) if sha}
        self.history = _histories.setdefault(self.root, {"undo": [], "redo": []})
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
            if reason in ("all", rule or "passed") or self.shas[i] in decided
        ]
        self.pages = max(1, -(-len(self.order) // PAGE))

    def counts(self, decided: dict[str, bool]) -> str:
        """How many are kept, rejected, and decided by hand, in words."""
        kept = sum(
            decided.get(sha, rule == "")
            for sha, (rule, _) in zip(self.shas, self.by_rules, strict=True)
        )
        rejected = len(self.verdicts) - kept
        return f"{kept:,} kept, {rejected:,} rejected, {len(decided):,} of them by hand"

    def shown(self, decided: dict[str, bool], fresh: bool) -> dict:
        """The page for the browser. fresh: with small JPEGs, "" for what cannot be opened."""
        here = self.order[self.page * PAGE : (self.page + 1) * PAGE]
        photos = {str(i): self.verdicts[i].photo for i in here if fresh and self.shas[i]}
        with ThreadPoolExecutor(4) as pool:
            small = pool.map(lambda p: thumbnail(p.path(self.root), p.sha256), photos.values())
            pictures = dict(zip(photos, small, strict=True))
        rules = Counter(rule or "passed" for rule, _ in self.by_rules)
        counts = {"all": len(self.verdicts), "passed": rules["passed"]}
        counts |= dict(rules.most_common()) | {"by hand": len(decided)}
        return {
            # What one may choose to show, and the label of each.
            "reasons": [(reason, f"{reason} ({count:,})") for reason, count in counts.items()],
            "reason": self.reason, "counts": self.counts(decided),
            "page": self.page, "pages": self.pages,
            "cards": [self.card(number, decided) for number in here], "pictures": pictures,
        }  # fmt: skip

    def card(self, number: int, decided: dict[str, bool]) -> dict:
        """What is said of one picture; the browser shows it as text, never as HTML."""
        (rule, reason), sha = self.by_rules[number], self.shas[number]
        keep, hand = decided.get(sha, rule == ""), sha in decided
        return {
            "number": number, "name": self._name(number), "keep": keep, "hand": hand,
            "fixed": sha is None, "state": ("✓ kept" if keep else "✗ rejected") + " by hand" * hand,
            "reason": reason or "passed every rule",
            "file": printable(self.verdicts[number].photo.file, "?"),
        }  # fmt: skip

    def _name(self, number: int) -> str:
        return f"{self.verdicts[number].photo.query} {number + 1}"

    # ---- what is done

    def answer(self, message: dict) -> dict:
        """Do what the browser asks for; the answer is what it then shows.

        message: {"do": "show" | "open" | "turn" | "keep" | "reject" | "take back" | "undo" |
        "redo"}, with "number" of the verdict, "reason" to open or "page" to turn to. Pictures come
        along only when the page has changed.
        """
        what, before, said, at = message.get("do"), (self.reason, self.page), "", None
        try:
            if what == "open":
                self.open(str(message.get("reason")))
            elif what == "turn":
                self.page = min(max(int(message.get("page", 0)), 0), self.pages - 1)
            elif what in DECISIONS:
                at = int(message["number"])
                said = self.decide(at, what)
            elif what in self.history:
                said, at = self.go(what)
            decided = self.by_hand()
        except CourseError as error:  # a line that was edited meanwhile: say so, lose nothing
            said, decided = str(error), {}
        except OSError as error:
            said, decided = f"Not saved: {error.strerror or error}.", {}
        steps = {what: len(steps) for what, steps in self.history.items()}
        page = self.shown(decided, what == "show" or before != (self.reason, self.page))
        return {"asked": message.get("asked", 0), "said": said, "at": at, **steps, **page}

    def decide(self, number: int, what: str) -> str:
        """Save one of DECISIONS about a picture; what was done, in words."""
        (rule, _), (keep, words) = self.by_rules[number], DECISIONS[what]
        sha, name = self.shas[number], self._name(number)
        if sha is None:
            return f"{name} cannot be opened, so it stays out."
        line = by_hand.about(self.root, sha)
        if keep == (line.value if line else None):
            return f"{name}: nothing to change."
        why = f"although {rule}" if rule and keep else "by eye"
        by_hand.decide(self.root, sha, keep, f"{self.verdicts[number].photo.query}, {why}")
        self.history["undo"].append((sha, line, by_hand.about(self.root, sha)))
        self.history["redo"].clear()
        return f"{name}: {words}. Saved."

    def go(self, what: str) -> tuple[str, int | None]:
        """Undo the last decision, or redo the one undone last; (what was done, verdict's number).

        It turns to the page of the picture, where that is among those shown.
        """
        if not self.history[what]:
            return f"There is nothing to {what}.", None
        sha, line, now = self.history[what][-1]
        by_hand.decide(self.root, sha, *((bool(line.value), line.note) if line else (None,)))
        self.history["redo" if what == "undo" else "undo"].append((sha, now, line))
        self.history[what].pop()
        number = self.numbers.get(sha)
        if number in self.order:
            self.page, where = self.order.index(number) // PAGE, self._name(number)
        elif number is None:
            where = "a picture that is not among these verdicts"
        else:
            where, number = f"{self._name(number)}, not shown under {self.reason!r}", None
        return f"{'Undone' if what == 'undo' else 'Done again'}: {where}. Saved.", number


def script(name: str) -> str:
    """What a page runs in the browser: what all pages have, then its own."""
    return "".join(Path(__file__).with_name(n).read_text("utf-8") for n in ("page.js", name))


class Page(page.Page):
    """A page with the review's looks."""

    _css = Path(__file__).with_name("grid.css")


class Grid(Page):
    """The desk of the review."""

    _esm = script("grid.js")


def _by_rules(verdict: Verdict) -> tuple[str, str]:
    """(rule, reason) as the rules alone have it; ("", "") for a picture that passed them."""
    if verdict.rule != "by hand":
        return verdict.rule, verdict.reason
    found = re.search(r"the rule: (([^:]+): .*)", verdict.reason, re.DOTALL)
    return (found[2], found[1]) if found else ("", "")
