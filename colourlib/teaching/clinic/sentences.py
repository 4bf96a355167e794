"""All that the clinic says: what is wrong with a network, and what mends it, its code in backticks.

An entry is "key: what", then "-> mend", both wrapped at will; without a mend, the fact `code` is
the mend. `say` and `words` fill in the facts.
"""

import re
from dataclasses import dataclass, field

from .pages import PAGES
from .watch.tracing import Op

SEVERITIES = ("error", "warning", "note")


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong, or could be better."""

    severity: str  # 'error': cannot be trained; 'warning': trains, but badly; 'note'
    layer: str  # its name, or the line of forward
    what: str  # with the arithmetic
    fix: str  # in words; what stands between backticks is code
    clue: tuple = field(default=("", None, ""), compare=False, repr=False)  # key, line, op

    def __str__(self) -> str:
        at = f"{self.layer}: " if self.layer else ""
        return f"{self.severity}: {at}{self.what}" + (f"\n  mend: {self.fix}" if self.fix else "")


def _read(text: str) -> dict[str, tuple[str, str]]:
    """{key: (what, fix)} of a page of entries."""
    entries = {}
    for entry in re.split(r"\n(?=\S)", text.strip()):
        key, _, rest = entry.partition(": ")
        what, _, fix = rest.partition("\n  -> ")
        entries[key] = " ".join(what.split()), " ".join(fix.split()) or "{code}"
    return entries


# Errors, warnings, notes; and last what is said of a pass that failed.
SENTENCES = dict(zip((*SEVERITIES, "crash"), map(_read, PAGES.split("\n\n")), strict=True))


def say(key: str, at: Op | str, severity: str | None = None, when: str = "", **facts) -> Finding:
    """A finding at an op or a layer, with its usual severity or another; `when` ends the sentence.

    At an op, the sentence knows the op and the code of its layer.
    """
    usual = next(severity for severity in SEVERITIES if key in SENTENCES[severity])
    op = facts.get("op", at if isinstance(at, Op) else None)
    if isinstance(at, Op):
        facts = {"op": at, "layer": at.code or "it", "make": at.make} | facts
        at = at.where
    what, fix, _ = words(key, usual, **facts)
    clue = key, op.line if op else None, op.name if op else ""
    return Finding(severity or usual, at, what + when, fix, clue)


def words(key: str, page: str = "crash", **facts) -> tuple[str, str, str]:
    """(what, fix, key) of an entry, with its facts filled in."""
    what, fix = (text.format_map(facts) for text in SENTENCES[page][key])
    return what, fix, key
