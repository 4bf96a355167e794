"""Collect pictures, each whole, once, and with its origin written down.

The `bing-image-downloader` client searches, pages and counts; fetching, checking and filing are
done here, because what comes from the web is not always what its address says. Every picture
becomes a row of the manifest, also one that was turned away. A folder of photos is read in place.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import re
import tempfile
import threading
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from pathlib import Path

from bing_image_downloader.bing import Bing
from tqdm.auto import tqdm

from . import fetch, manifest, practice_search
from .fetch import Rejected
from .manifest import Photo
from .practice import QUERIES
from .workspace import CourseError, home

BARREN_PAGES = 3  # result pages in a row with no new link, after which a query has no more
PARALLEL = 4  # queries at a time
PICTURE_NAMES = (*fetch.FORMATS.values(), ".jpeg", ".jpe", ".jfif", ".tiff")
COPY = "same bytes as"

photos = manifest.read  # photos(root): the rows collected so far, without collecting


def collect(
    root: Path, source: str, queries: Sequence[str] = QUERIES, per_query: int = 100
) -> list[Photo]:
    """Collect up to `per_query` pictures for each query; return all rows, rejected ones too.

    source: 'practice' (drawn scenes, works offline), 'bing', or a folder of photos. A folder is
    read whole and in place: the name of a subfolder is the query of the pictures below it, and
    `queries` and `per_query` do not apply. A second run goes on where the first stopped.
    Raises CourseError for a source, query or number that cannot be, and where nothing came at all.
    """
    root = Path(root)
    if source not in ("practice", "bing"):
        return _collect_folder(root, Path(source).expanduser())
    _check(source, queries, per_query)
    known = {row.url: row for row in photos(root) if row.rejected or row.path(root).is_file()}
    run = _Run(root, known, per_query)
    missing = [query for query in dict.fromkeys(queries) if run.kept(query) < per_query]
    if missing:
        serving = practice_search.serve() if source == "practice" else contextlib.nullcontext()
        with serving:
            _run_queries(run, missing)
        _report(run, source)
    return photos(root)


def summary(rows: Iterable[Photo]) -> list[tuple[str, int, int, int]]:
    """(query, found, kept, rejected) for every query, in the order of the rows."""
    kept: dict[str, list[bool]] = {}
    for row in rows:
        kept.setdefault(row.query, []).append(not row.rejected)
    return [(query, len(k), sum(k), len(k) - sum(k)) for query, k in kept.items()]


def _check(source: str, queries: Sequence[str], per_query: int) -> None:
    """Raise CourseError, before anything is fetched, for arguments that cannot work."""
    if isinstance(per_query, bool) or not isinstance(per_query, int) or per_query < 1:
        raise CourseError(f"per_query is {per_query!r}; give a whole number from 1 up.")
    texts = not isinstance(queries, str) and all(isinstance(q, str) and q.strip() for q in queries)
    if not texts or not queries:
        raise CourseError(f"queries is {queries!r}; give a list of search words: ['moon', 'rain'].")
    unknown = [query for query in queries if source == "practice" and query not in QUERIES]
    if unknown:
        raise CourseError(
            f"There are no practice scenes for {unknown}. The practice engine knows the course's "
            f"{len(QUERIES)} queries: {', '.join(QUERIES)}. For other words use source='bing'."
        )


# ---- the web, real or practice -------------------------------------------------------------------


class _Run:
    """What the workers of one run share: the rows, who claimed which address, what went wrong."""

    def __init__(self, root: Path, known: dict[str, Photo], per_query: int):
        self.root, self.per_query = root, per_query
        self.rows = known  # by address
        self.by_hash = {row.sha256: row for row in known.values() if not row.rejected}
        self.claimed = {u for u, row in known.items() if not row.rejected.startswith(fetch.RETRY)}
        self.new, self.problems = 0, {}
        self.lock, self.stop = threading.Lock(), threading.Event()

    def kept(self, query: str) -> int:
        return sum(row.query == query for row in self.by_hash.values())

    def claim(self, url: str) -> None:
        """Reserve an address for one worker. Raises Rejected where it is known or taken."""
        with self.lock:
            if url in self.claimed:
                raise Rejected("this address is in the manifest already")
            self.claimed.add(url)

    def keep(self, row: Photo, scratch: Path) -> None:
        """Move a checked picture to its place and write its row. Raises Rejected for a copy."""
        with self.lock:
            if twin := self.by_hash.get(row.sha256):
                raise Rejected(f"{COPY} {twin.url}")
            target = row.path(self.root)
            target.parent.mkdir(parents=True, exist_ok=True)
            if not target.exists():  # it does where a run died between moving and writing
                os.replace(scratch, target)
            manifest.append(self.root, row)
            self.rows[row.url] = self.by_hash[row.sha256] = row
            self.new += 1

    def reject(self, row: Photo) -> None:
        with self.lock:
            manifest.append(self.root, row)
            self.rows[row.url] = row


def _run_queries(run: _Run, queries: list[str]) -> None:
    """Run the queries, a few at a time, with one progress bar over all pictures."""
    run.root.mkdir(parents=True, exist_ok=True)
    total = sum(run.per_query - run.kept(query) for query in queries)
    with (
        tempfile.TemporaryDirectory(dir=run.root, prefix="scratch-") as scratch,
        tqdm(total=total, desc="collecting", unit="picture") as bar,
        contextlib.redirect_stdout(io.StringIO()),  # the client prints several lines a picture
        ThreadPoolExecutor(PARALLEL) as pool,
    ):
        waiting = {pool.submit(_run_query, run, query, Path(scratch)) for query in queries}
        try:
            while waiting:
                done, waiting = wait(waiting, timeout=0.1)
                bar.update(run.new - bar.n)
                for future in done:
                    future.result()
        except BaseException:  # Stop or Ctrl-C: let no worker begin another picture
            run.stop.set()
            pool.shutdown(cancel_futures=True)
            raise


def _run_query(run: _Run, query: str, scratch: Path) -> None:
    """Let the real client search for one query, until the limit or the end of its results."""
    folder = Path(tempfile.mkdtemp(dir=scratch))
    client = Bing(query, run.per_query, folder, adult="on", timeout=fetch.TIMEOUT, verbose=False)
    client.download_count = run.kept(query)  # go on from here

    def save_image(link: str, file: Path) -> None:
        """Stands in for the client's own; a picture that raises does not count for the limit."""
        # The engine takes `first` for the position of a result, but the client sends the number
        # of a page. One less than the links seen, since the client is about to add one.
        client.page_counter = len(client.seen) - 1
        _take(run, query, link, client.headers, file)

    client.save_image = save_image
    barren = 0
    try:
        while client.download_count < run.per_query and barren < BARREN_PAGES:
            seen = len(client.seen)
            client.run()  # ends at the limit, and also at a page of which no picture was good
            barren = 0 if len(client.seen) > seen else barren + 1
            client.page_counter = len(client.seen)
    except Exception as error:  # one query failing must not end the others
        run.problems[query] = f"the search answered: {fetch.in_words(error)}"


def _take(run: _Run, query: str, link: str, headers: dict[str, str], scratch: Path) -> None:
    """Fetch one link, check it, keep it; raises Rejected when the reason is in the manifest."""
    if run.stop.is_set():
        raise fetch.Stopped
    run.claim(link)
    row = Photo(query, link, "", "", 0, 0, 0, "", manifest.utc(time.time()))
    try:
        fetch.fetch(link, headers, scratch, run.stop)
        data = scratch.read_bytes()
        row = replace(row, sha256=hashlib.sha256(data).hexdigest(), bytes=len(data))
        width, height, kind = fetch.measure(data, decode=True)
        row = replace(row, width=width, height=height, format=kind)
        name = f"photos/{_folder_name(query)}/{row.sha256[:16]}{fetch.FORMATS[kind]}"
        run.keep(replace(row, file=name), scratch)
    except Rejected as error:
        run.reject(replace(row, rejected=str(error)))
        raise
    finally:
        scratch.unlink(missing_ok=True)


def _folder_name(query: str) -> str:
    """A query as the name of a folder on any system: no slash, no dots, nothing reserved."""
    name = re.sub(r"[^\w-]+", "_", query.strip())[:60].strip("_") or "query"
    return f"{name}_" if re.fullmatch(r"(?i)con|prn|aux|nul|(com|lpt)\d", name) else name


def _report(run: _Run, source: str) -> None:
    """Say what the run brought and what failed; raises CourseError where nothing came at all."""
    reasons = [f"{query}: {why}" for query, why in run.problems.items()]
    if not run.by_hash:
        reasons += [f"{row.url}: {row.rejected}" for row in run.rows.values()]
        why = (
            "What went wrong: " + "; ".join(reasons[:3]) if reasons else "The search found nothing"
        )
        raise CourseError(
            f"Not one picture could be collected from {source!r}. {why}. Is there a network? "
            "source='practice' needs none: its pictures are drawn on this machine."
        )
    print(f"{len(run.by_hash)} pictures kept, {run.new} of them new.")
    for reason in reasons:
        print(f"  {reason}. Run the cell again to go on.")


# ---- a folder of photos --------------------------------------------------------------------------


def _collect_folder(root: Path, folder: Path) -> list[Photo]:
    """One row for each picture below a folder, read in place; only changed files are read again."""
    if not folder.is_dir():
        what = "is a file, not a folder" if folder.exists() else "does not exist"
        raise CourseError(
            f"The source {str(folder)!r} {what}. Give 'practice', 'bing', or a folder of pictures; "
            f"a relative path starts from {Path.cwd()}."
        )
    folder = folder.resolve()
    found = _files_below(folder, skip=root.resolve())
    before = photos(root)
    known = {row.file: row for row in before}
    changed = [path for path in found if not _is_current(known.get(str(path)), path)]
    for path in tqdm(changed, desc="reading", unit="picture", disable=not changed):
        known[str(path)] = _row_of_file(folder, path)
    rows = manifest.by_query(_mark_copies([known[str(path)] for path in found]))
    if all(row.rejected for row in rows):
        raise CourseError(_no_pictures(folder, rows))
    if rows != before:
        root.mkdir(parents=True, exist_ok=True)
        manifest.rewrite(root, rows)
        print(f"{sum(not row.rejected for row in rows)} of {len(rows)} pictures, read in place.")
    return rows


def check_folder(folder: Path) -> None:
    """Raises CourseError if no file below the folder is named like a picture."""
    if not _files_below(folder.resolve(), skip=home()):
        raise CourseError(_no_pictures(folder, []))


def _files_below(folder: Path, skip: Path) -> list[Path]:
    """Every file that is named like a picture, sorted; nothing hidden, nothing below `skip`."""
    found = []
    for here, folders, names in os.walk(folder):
        folders[:] = [f for f in folders if not f.startswith(".") and Path(here, f) != skip]
        found += [Path(here, name) for name in names if not name.startswith(".")]
    return sorted(path for path in found if path.suffix.lower() in PICTURE_NAMES)


def _is_current(row: Photo | None, path: Path) -> bool:
    """Whether a row was made from the file as it is now, judged by size and time of change."""
    stat = path.stat()
    return bool(row) and (row.bytes, row.time) == (stat.st_size, manifest.utc(stat.st_mtime))


def _row_of_file(folder: Path, path: Path) -> Photo:
    """The row of a file: its bytes are hashed and its size read, its pixels are not decoded."""
    inner = path.relative_to(folder).parts
    query = inner[0] if len(inner) > 1 else folder.name
    stat = path.stat()
    changed = manifest.utc(stat.st_mtime)
    row = Photo(query, path.as_uri(), str(path), "", stat.st_size, 0, 0, "", changed)
    try:
        if stat.st_size > fetch.MAX_BYTES:
            raise Rejected(f"larger than {fetch.MAX_BYTES // 1_000_000} MB")
        data = path.read_bytes()
        row = replace(row, sha256=hashlib.sha256(data).hexdigest())
        width, height, kind = fetch.measure(data, decode=False)
        return replace(row, width=width, height=height, format=kind)
    except Rejected as error:
        return replace(row, rejected=str(error))
    except OSError as error:  # no permission, a disk gone
        return replace(row, rejected=f"unreadable: {error}")


def _mark_copies(rows: list[Photo]) -> list[Photo]:
    """Of files with the same bytes the first stays, the others are rejected as its copies."""
    first: dict[str, str] = {}
    marked = []
    for row in rows:
        if row.rejected.startswith(COPY):  # said by an earlier run; the other may be gone by now
            row = replace(row, rejected="")
        if not row.rejected and (twin := first.setdefault(row.sha256, row.file)) != row.file:
            row = replace(row, rejected=f"{COPY} {twin}")
        marked.append(row)
    return marked


def _no_pictures(folder: Path, rows: list[Photo]) -> str:
    """What to say about a folder without a usable picture: what it holds instead, what to do."""
    if rows:
        held = f"no picture that can be used. {Path(rows[0].file).name}: {rows[0].rejected}"
    else:
        others = (path for path in folder.rglob("*") if path.is_file())
        kinds = sorted({path.suffix.lower() or path.name for path in others})
        held = f"files, but no picture: {', '.join(kinds[:8])}" if kinds else "no file at all"
    return (
        f"The folder {str(folder)!r} holds {held}. Put pictures in it, in one subfolder for each "
        f"subject ({', '.join(PICTURE_NAMES)}), or choose another folder."
    )
