"""Where pictures come from: which source is meant, and who collects from it."""

import hashlib
import os
import re
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from .. import stream
from ..clean import by_hand
from ..clean.rules import LIMITS
from ..collect import Photo, check, collect_web, fetch
from ..collect.own_photos import check_folder, collect_folder
from ..collect.published import PREFIX, SETS, DataSet, collect_set, find
from ..common.errors import CourseError
from ..common.files import pasted_folder
from ..common.queries import QUERIES
from ..common.words import did_you_mean
from ..practice import faults, search

NAMED = ("practice", "bing")


def collect(
    root: Path, source: str, queries: Sequence[str] = QUERIES, per_query: int = 100
) -> list[Photo]:
    """Collect up to `per_query` pictures for each query; return all rows, rejected ones too.

    source: 'practice' (drawn scenes among the web's faults, works offline), 'bing', a folder of
    photos, or 'torchvision:' and the name of a data set. A folder is read whole and in place: the
    name of a subfolder is the query of the pictures below it, and `queries` and `per_query` do not
    apply. The queries of a data set are its classes. A second run goes on where the first stopped.
    Raises CourseError for a source, query or number that cannot be, where nothing came at all, and
    where nothing can be written.
    """
    root, source = Path(root), check_source(source)
    if source.startswith(PREFIX):
        check(queries, per_query)
        return collect_set(root, source, per_query, partial(_allow_small_pictures, root, source))
    if stream.is_stream(source):
        raise CourseError(stream.DONE.format(source))
    if source == "practice":
        check(queries, per_query)
        if unknown := [query for query in queries if query not in QUERIES]:
            raise CourseError(
                f"There are no practice scenes for {unknown}. The practice engine knows the "
                f"course's {len(QUERIES)} queries: {', '.join(QUERIES)}. For other words use "
                "source='bing'."
            )
        # What stands in for the web, faults and all: no link's fate hangs on how busy we are
        web = search.serve(faults.faulty_web(), waits=False)
        return collect_web(root, source, queries, per_query, fetch.LOCAL, web)
    if source == "bing":
        return collect_web(root, source, queries, per_query, fetch.WEB)
    return collect_folder(root, Path(source))


def _allow_small_pictures(root: Path, source: str, chosen: DataSet, first: bool) -> None:
    """Where every picture of a set would be too small for the cleaning, move that limit, once."""
    usual, name = LIMITS["too small"], source.removeprefix(PREFIX)
    if first and chosen.side < usual and "too small" not in by_hand.limits(root):
        Path(root).mkdir(parents=True, exist_ok=True)
        by_hand.set_limit(root, "too small", chosen.side, f"every picture of {name} is smaller")
        print(
            f"The pictures of {name} are {chosen.side} pixels on the shorter side. The cleaning "
            f"turns away what is under {usual}, which would be all of them: so decisions.txt now "
            f"has the line 'limit too small {chosen.side}' for this workspace."
        )


def source_name(source: str) -> str:
    """A folder name for a source: a photo folder's own name gets a short hash of its path."""
    if source in NAMED or source.startswith(PREFIX):
        return source.replace(":", "-")
    path = Path(source.removesuffix(".tar") if stream.is_stream(source) else source)
    tidy = re.sub(r"[^\w-]+", "_", path.name).strip("_") or "photos"
    return f"{tidy}-{hashlib.sha256(os.fsencode(path)).hexdigest()[:6]}"


def check_source(source: str | Path) -> str:
    """'practice', 'bing', 'torchvision:NAME', or the absolute path of an existing folder.

    Raises CourseError for anything else: nothing has been downloaded or written by then.
    """
    text = str(source)
    if text in NAMED:
        return text
    if text.startswith(PREFIX):
        find(text)
        return text
    if stream.is_stream(text):
        return stream.check(text)
    path = pasted_folder(text)
    if text and os.path.isdir(path):
        check_folder(path)
        return str(path.resolve())
    hint = did_you_mean(text, [*NAMED, PREFIX, *stream.PREFIXES]) or (
        _where_it_ends(path) if text else ""
    )
    raise CourseError(
        f"There is no source {text!r}.{hint} Choose 'practice' (drawn scenes, works offline), "
        f"'bing' (photos from the web), 'torchvision:NAME' (a published data set, such as "
        f"'torchvision:Imagenette'), 'shards:PATH', 'hub:owner/name', or the path of a folder of "
        "pictures."
    )


def _where_it_ends(path: Path) -> str:
    """Up to where a path exists, and the folder there whose name is most like the one missing."""
    path = Path.cwd() / path
    missing = [p for p in (path, *path.parents) if not os.path.isdir(p)][-1]
    there = missing.parent
    try:
        folders = [p.name for p in there.iterdir() if p.is_dir()]
    except OSError:
        folders = []
    hint = did_you_mean(missing.name, folders)
    return f" If it is meant as a folder: {there} has none called {missing.name!r}.{hint}"


def exists(source: str) -> bool:
    """Is this source, which was chosen once, still there?"""
    if source.startswith(PREFIX):
        return source.removeprefix(PREFIX) in SETS
    if stream.is_stream(source):  # whether it is still there, `prepared` finds out
        return True
    return source in NAMED or Path(source).is_dir()
