"""Collect pictures, each whole, once, and with its origin written down.

The `bing-image-downloader` client searches, pages and counts; fetching, checking and filing are
done here, because what comes from the web is not always what its address says. Every picture
becomes a row of the manifest, also one that was turned away.
"""

import contextlib
import io
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path

from bing_image_downloader.bing import Bing

from ..common.bars import bar
from ..common.errors import CourseError
from . import fetch
from .connection import Patience, Stopped, TimeUp, Web
from .manifest import Photo
from .store import COPY, Shelf, photos

__all__ = ["COPY", "Photo", "collect_web", "photos", "reasons", "summary"]

BARREN_PAGES = 3  # result pages in a row with no new link, after which a query has no more
BAD_LINKS = 60  # links in a row without one picture to keep, after which more will not help
PARALLEL = 4  # queries at a time, where answers take long to come
HOPELESS = 8  # searches that failed before one picture came, after which the others will, too

# Parts of a reason that differ from picture to picture, and what stands for them in a count
_VARYING = {
    f"{COPY} .*": f"{COPY} another",
    r"(cut short or damaged) .*": r"\1",
    r"\d+ x \d+": "N x N",
    r"\d+ bytes short": "N bytes short",
    r", asked \d+ times": "",
}


def collect_web(
    root: Path, source: str, queries: Sequence[str], per_query: int, patience: Patience, web=None
) -> list[Photo]:
    """Collect up to `per_query` pictures for each query; return all rows, rejected ones too.

    source: the name of the web in messages. web: a context in which another stands in for it. That
    one is asked query after query, so that of two equal pictures always the same one is the first.
    A second run goes on where the first stopped. Raises CourseError for a query or number that
    cannot be, where nothing came at all, and where nothing can be written.
    """
    check(queries, per_query)
    run = _Run(Shelf(root), per_query, Web(patience), 1 if web else PARALLEL)
    missing = [query for query in dict.fromkeys(queries) if run.shelf.kept(query) < per_query]
    if missing:
        with web or contextlib.nullcontext():
            _run_queries(run, missing)
        _report(run, source, missing)
    return photos(root)


def summary(rows: Iterable[Photo]) -> list[tuple[str, int, int, int]]:
    """(query, found, kept, rejected) for every query, in the order of the rows."""
    rows = list(rows)
    kept = Counter(row.query for row in rows if not row.rejected)
    found = Counter(row.query for row in rows)
    return [(query, count, kept[query], count - kept[query]) for query, count in found.items()]


def reasons(rows: Iterable[Photo]) -> list[tuple[str, int]]:
    """(reason, pictures) for what was turned away, most first; numbers and addresses left out."""
    found: Counter[str] = Counter()
    for reason in (row.rejected for row in rows if row.rejected):
        for varies, kind in _VARYING.items():
            reason = re.sub(varies, kind, reason)
        found[reason] += 1
    return found.most_common()


def check(queries: Sequence[str], per_query: int) -> None:
    """Raise CourseError, before anything is fetched, for arguments that cannot work."""
    if type(per_query) is not int or per_query < 1:
        raise CourseError(f"per_query is {per_query!r}; give a whole number from 1 up.")
    words = [] if isinstance(queries, str) else queries
    if not words or not all(isinstance(query, str) and query.strip() for query in words):
        raise CourseError(f"queries is {queries!r}; give a list of search words: ['moon', 'rain'].")


@dataclass
class _Run:
    """One run over the web: what is there, how to ask for more, what went wrong by query."""

    shelf: Shelf
    per_query: int
    web: Web
    at_a_time: int  # queries
    problems: dict[str, str] = field(default_factory=dict)


def _run_queries(run: _Run, queries: list[str]) -> None:
    """Run the queries, a few at a time, with one progress bar over all pictures."""
    total = sum(run.per_query - run.shelf.kept(query) for query in queries)
    with (
        run.shelf,
        run.web,
        bar(total=total, desc="collecting", unit="picture") as progress,
        contextlib.redirect_stdout(io.StringIO()),  # the client prints several lines a picture
        ThreadPoolExecutor(run.at_a_time) as pool,
    ):
        waiting = {pool.submit(_run_query, run, query) for query in queries}
        try:
            while waiting:
                done, waiting = wait(waiting, timeout=0.1)
                progress.set_postfix({"turned away": run.shelf.turned_away}, refresh=False)
                progress.update(run.shelf.new - progress.n)
                for future in done:
                    future.result()
        except Stopped as error:  # a worker found that nothing can be written
            raise CourseError(
                f"A picture could not be saved in {run.shelf.root}: {error.__cause__}. Is the disk "
                "full, or the folder not yours to write to? Once that is mended, run this again: "
                "it goes on from here."
            ) from error
        finally:  # the end, or Stop, or Ctrl-C: let no worker begin another picture
            run.web.stop.set()
            pool.shutdown(cancel_futures=True)


def _run_query(run: _Run, query: str) -> None:
    """Let the real client search for one query, until the limit or the end of its results."""
    if len(run.problems) >= HOPELESS and not run.shelf.by_hash:
        return
    patience = run.web.patience
    client = Bing(query, run.per_query, Path(), "on", patience.timeout, verbose=False)
    client.download_count = run.shelf.kept(query)  # go on from here

    def save_image(link: str, file: Path) -> None:
        """Stands in for the client's own; a picture that raises does not count for the limit."""
        # The engine takes `first` for the position of a result, but the client sends the number
        # of a page. One less than the links seen, since the client is about to add one.
        client.page_counter = len(client.seen) - 1
        if run.web.stop.is_set():
            raise Stopped
        try:
            run.shelf.take(Photo(query, link), lambda: fetch.fetch(run.web, link, client.headers))
        except OSError as error:  # not from the web, whose errors are Rejected by now
            raise Stopped from error

    client.save_image = save_image
    run.web.begin(patience.query)
    barren = bad = 0
    try:
        while client.download_count < run.per_query and barren < BARREN_PAGES:
            seen, count = set(client.seen), client.download_count
            client.run()  # ends at the limit, and at a page of which no picture was good
            new = client.seen - seen
            barren = 0 if new else barren + 1
            bad = bad + len(new - run.shelf.known) if client.download_count == count else 0
            if bad >= BAD_LINKS:
                run.problems[query] = f"{bad} links in a row, and not one new picture"
                break
            client.page_counter = len(client.seen)
    except TimeUp:
        run.problems[query] = f"not finished after {patience.query:g} s; run this again to go on"
    except Exception as error:  # one query failing must not end the others
        run.problems[query] = f"the search answered: {error or type(error).__name__}"


def _report(run: _Run, source: str, queries: list[str]) -> None:
    """Say what the run brought and what failed; raises CourseError where nothing came at all."""
    shelf, failed = run.shelf, _grouped(run.problems)
    if not shelf.by_hash:
        most = [f"{why} ({count} pictures)" for why, count in reasons(shelf.rows.values())[:3]]
        why = "What went wrong: " + "; ".join(failed[:3] + most)
        raise CourseError(
            f"Not one picture could be collected from {source!r}. "
            f"{why if failed or most else 'The search found nothing'}. {fetch.OFFLINE}"
        )
    away = f", {shelf.turned_away} turned away" if shelf.turned_away else ""
    print(f"{len(shelf.by_hash)} pictures kept, {shelf.new} of them new{away}.")
    short = [q for q in queries if q not in run.problems and shelf.kept(q) < run.per_query]
    for line in failed + _grouped(dict.fromkeys(short, "the search has no more pictures")):
        print(f"  {line}")


def _grouped(problems: dict[str, str]) -> list[str]:
    """One line for each kind of problem, most frequent first, naming the queries that had it."""
    lines = []
    for why, count in Counter(problems.values()).most_common():
        queries = [query for query, its in problems.items() if its == why]
        more = f" and {count - 5} more queries" if count > 5 else ""
        lines.append(f"{', '.join(queries[:5])}{more}: {why}")
    return lines
