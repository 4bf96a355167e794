"""The practice web with the faults of the real one, every one of them labelled in its address.

    from colourlib.practice import faults, search
    with search.serve(faults.faulty_web(seed=1)):
        ...                      # collect: about one link in five has something wrong with it
    faults.fault_of(row.url)     # "sepia", "slow drip", ...; None for a healthy picture
    faults.grade(verdicts)       # what each rule caught, missed and turned away wrongly

Healthy links are those of `practice_web`. The faults are in `files` (what answers, and what the
files are) and `pictures` (what they show).
"""

import math
import random
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from urllib.parse import unquote

from ... import practice
from ...common.errors import CourseError
from ...common.queries import QUERIES
from ...common.words import did_you_mean
from ..search import PAGE, REFUSED, Response, asked, origin_at, practice_web, results_page
from .files import TWICE, Origin
from .pictures import FAULTS

QUICK = 45  # links of a query that a quick run looks at: rare faults come up among these
RARE = ("hang", "slow drip")  # each costs seconds on the web: RARELY of each over all queries
RARELY = 2
# Faults that repeat a scene which the search offers as well.
COPIES = tuple(name for name in FAULTS if name.startswith("same bytes") or name.endswith(" copy"))
# What 01_collect meets while it builds a collector of its own; none of these hangs or breaks off.
SIX = ("truncated JPEG", "web page named .jpg", "PNG named .jpg", "same bytes, other address",
       "recompressed copy", "poster with text")  # fmt: skip

_SLUGS = {name: re.sub("[^a-z0-9]+", "-", name.lower()) for name in FAULTS}
_NAMES = {slug: name for name, slug in _SLUGS.items()}
_ODD_HOSTS = {"connection refused": f"https://{REFUSED}", "file link": "file:///faults.example"}
_ODD_ENDS = {"percent-encoded address": "%20d%C3%A9j%C3%A0%20vu",
             "non-ASCII address": " été à la mer ☀"}  # fmt: skip
_ADDRESS = re.compile(
    rf"(?:https://faults\.example|https://{re.escape(REFUSED)}|file:///faults\.example)"
    r"/([a-z0-9-]{1,40})/([a-z]{1,40}/[0-9]{1,19}-[0-9x]{5,7})(?: [^/]{1,40})?\.jpg",
    re.ASCII,
)


def url_of(fault: str, origin: Origin) -> str:
    """The address under which the faulty web serves what `fault` makes of a scene."""
    host, end = _ODD_HOSTS.get(fault, "https://faults.example"), _ODD_ENDS.get(fault, "")
    query, seed, width, height = origin
    return f"{host}/{_SLUGS[fault]}/{query}/{seed}-{width}x{height}{end}.jpg"


def fault_of(url: str) -> str | None:
    """The fault that an address is labelled with; None for every other string."""
    found = _read(url)
    return found and found[0]


def _read(url: str) -> tuple[str, Origin] | None:
    """The fault and the scene of an address, however its odd characters are written."""
    found = _ADDRESS.fullmatch(unquote(url)) if isinstance(url, str) else None
    origin = found and practice.origin_of(f"https://practice.example/{found[2]}.jpg")
    return (_NAMES[found[1]], Origin(*origin)) if origin and found[1] in _NAMES else None


def faulty_web(
    seed: int = 1, faults: Sequence[str] = tuple(FAULTS), share: float = 0.2
) -> Callable[[str], Response]:
    """A whole web for `search.serve`, the same for the same seed; `share` of the links are faulty.

    `faults`, names of FAULTS, come up about equally often over the 38 queries; each of RARE comes
    up only twice. Raises CourseError for other names, or a share that is not from 0 to 1.
    """
    if isinstance(faults, str):
        raise CourseError(f"faults is {faults!r}; give a list of names: ['404', 'sepia'].")
    for name in faults:
        if name not in FAULTS:
            hint = did_you_mean(name, FAULTS, most=3) or f" Faults: {list(FAULTS)}."
            raise CourseError(f"There is no fault {str(name)[:80]!r}.{hint}")
    if isinstance(share, bool) or not isinstance(share, (int, float)) or not 0 <= share <= 1:
        raise CourseError(f"share is {share!r}; give a number from 0 (no faults) to 1 (all).")
    plan, seen = _Plan(seed, list(faults), share), {}

    def respond(url: str) -> Response:
        if found := asked(url):
            first, query = found
            return results_page(plan.links(query, max(first, 0)))
        if (found := _read(url)) is None:
            return practice_web(url)
        fault, mark = FAULTS[found[0]], object()
        # The first to ask is found in one step, since several threads ask.
        if fault.at_first and seen.setdefault(url, mark) is mark:
            return fault.at_first
        answer = fault.answer(found[1])
        return answer if isinstance(answer, Response) else Response(answer)

    return respond


class _Plan:
    """Which link stands at which position of a query's results: fixed by the seed alone."""

    def __init__(self, seed: int, faults: list[str], share: float):
        dice = random.Random(seed)
        self.share, self.slots = share, max(round(QUICK * share), 1)  # faulty ones of the first 45
        self.phase = {query: dice.random() for query in QUERIES}
        self.deck = [name for name in faults if name not in RARE]
        dice.shuffle(self.deck)
        places = [(query, slot) for query in QUERIES for slot in range(self.slots)]
        rare = [name for name in RARE if name in faults] * RARELY
        self.rare = dict(zip(dice.sample(places, len(rare)), rare, strict=True))

    def links(self, query: str, first: int) -> list[str]:
        """The `PAGE` links from position `first` on; none for a query the course does not know."""
        places = range(first, first + PAGE if query in QUERIES else first)
        return [self._link(query, position) for position in places]

    def _link(self, query: str, position: int) -> str:
        fault = self._drawn(query, position)
        if fault is None:
            if (before := self._seen_before(query, position)) is None:
                return practice.url_of(*origin_at(query, position))
            fault, position = TWICE, before
        elif fault in COPIES:
            if fault == "same bytes, other query":
                query = QUERIES[QUERIES.index(query) - 1]
            position = self._healthy_near(query, position)
        return url_of(fault, Origin(*origin_at(query, position)))

    def _seen_before(self, query: str, position: int) -> int | None:
        """Where the link stands that this healthy position, a page later or more, repeats."""
        for first in range(position - PAGE, -1, -1):
            if self._drawn(query, first) == TWICE:
                return first
            if self._drawn(query, first + PAGE - 1) is None:
                return None
        return None

    def _drawn(self, query: str, position: int) -> str | None:
        """The fault dealt to a position: every few links the next card of the deck."""
        before, after = (int((position + i) * self.share + self.phase[query]) for i in (0, 1))
        if before == after:
            return None
        lap, slot = divmod(before, self.slots)
        if rare := self.rare.get((query, before)):
            return rare
        card = (lap * len(QUERIES) + QUERIES.index(query)) * self.slots + slot
        return self.deck[card % len(self.deck)] if self.deck else None

    def _healthy_near(self, query: str, position: int) -> int:
        """The position of a healthy link: the last one before `position` if there is one."""
        others = [*range(position - 1, -1, -1), *range(position + 1, position + 4 * PAGE)]
        healthy = (p for p in others if self._drawn(query, p) is None)
        return next((p for p in healthy if self._seen_before(query, p) is None), position)


def grade(verdicts: Iterable) -> list[tuple[str, int, int, int, float, float]]:
    """(rule, should, caught, wrongly, precision, recall) of every rule, on pictures with a label.

    should: pictures that this rule should turn away; caught: how many of them it did; wrongly:
    others that it did. A precision or recall of nothing is nan. Decisions by hand are left out, and
    so are faults that no rule claims to see; `by_fault` shows these, too.
    """
    return score((expected, decided) for _, expected, decided in labelled(verdicts).values())


def score(pairs: Iterable[tuple[str, str]]) -> list[tuple[str, int, int, int, float, float]]:
    """The rows of `grade` from (rule expected, rule decided); "kept" where none is, "" unknown."""
    counts, rows = Counter(pairs), []
    rules = dict.fromkeys(fault.expected for fault in FAULTS.values())  # in their order
    for rule in rules | dict.fromkeys(rule for pair in counts for rule in pair):
        if rule not in ("kept", ""):
            should = sum(n for (expected, _), n in counts.items() if expected == rule)
            caught = counts[rule, rule]
            wrongly = sum(n for (e, d), n in counts.items() if d == rule and e not in (rule, ""))
            shares = (round(caught / n, 3) if n else math.nan for n in (caught + wrongly, should))
            rows.append((rule, should, caught, wrongly, *shares))
    return rows


def by_fault(verdicts: Iterable) -> list[tuple[str, str, int, str]]:
    """(fault, expected, pictures, what became of them) for every label; healthy ones are first."""
    found: dict[tuple[str, str], Counter] = {}
    for name, expected, decided in labelled(verdicts).values():
        found.setdefault((name, expected or "no rule claims it"), Counter())[decided] += 1
    place = ["healthy", *FAULTS].index
    return [
        (name, expected, became.total(), ", ".join(f"{r} {n}" for r, n in became.most_common()))
        for (name, expected), became in sorted(found.items(), key=lambda item: place(item[0][0]))
    ]


def labelled(verdicts: Iterable) -> dict[str, tuple[str, str, str]]:
    """(fault or "healthy", rule expected, rule decided) of every labelled address.

    Of two copies the rules turn away one, whichever: both are judged as if it were the labelled
    one. A copy whose original was not collected is no copy.
    """
    by_url = {v.photo.url: v for v in verdicts if v.rule != "by hand"}
    decided = {url: "kept" if v.keep else v.rule for url, v in by_url.items()}
    expected = {url: ("healthy", "kept") for url in by_url if practice.is_practice(url)}
    for url, (fault, origin) in ((url, found) for url in by_url if (found := _read(url))):
        rule = FAULTS[fault].expected
        if fault in COPIES:
            original, turned_away = practice.url_of(*origin), rule or "near-duplicate"
            if original not in by_url:
                rule = "kept"
            elif decided[url] == "kept" and decided[original] == turned_away:
                decided[url], decided[original] = turned_away, "kept"
        expected[url] = (fault, rule)
    return {url: (*labels, decided[url]) for url, labels in expected.items()}
