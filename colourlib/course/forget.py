"""Take a picture out of a workspace again, because somebody asked for it.

`forget` removes the picture and everything that was made of it, and sees to it that no later
collection brings it back. For that `forgotten.txt` keeps two hashes: nobody can tell the address or
the picture from them, but a collection can tell if it meets either.
"""

import contextlib
import json
import re
import shutil
from pathlib import Path

import numpy as np

from ..clean import by_hand
from ..clean.duplicates import ALIKE, as_array, mirrored
from ..collect import manifest
from ..collect.forgotten import NAME, digest, forgotten, note
from ..collect.manifest import Photo
from ..collect.store import in_use
from ..common.errors import CourseError
from ..common.files import printable, read_json, read_text, replace_text


def forget(root: Path, which: str) -> list[str]:
    """Remove one picture from a workspace; print and return what was done, in sentences.

    which: its address (`url` of the manifest), or its sha256, or at least the first 8 digits of
    that. Gone are then its file, if we made it; its rows of the manifest, those of its exact copies
    too; what was measured of it and decided about it; its side of the split; every prepared set
    that holds it; and the pictures of it that runs show. A file of one's own in a folder of photos
    is never touched. Whatever interrupts this, calling it again finishes it. Raises CourseError for
    a picture that is not here, and while a notebook collects into the same workspace.
    """
    root, rows = Path(root), _rows(Path(root), which)
    if not rows:
        if {which, digest(which)} & forgotten(root):
            return _say(["It was forgotten before: nothing of it is left here."])
        raise CourseError(
            f"There is no picture {which!r} in the manifest of {root.name}. Give its url as it "
            "stands there, or at least the first 8 digits of its sha256: "
            "[photo for photo in collect.photos(root) if photo.query == 'moon'] shows both."
        )
    if in_use(root):
        raise CourseError(
            f"A notebook is collecting into {root.name} just now, and would write down again what "
            "is removed here. Stop it or let it finish, then forget."
        )
    hashes = {row.sha256 for row in rows if row.sha256}
    limits = _what_stays(root, rows, hashes)  # while what they can be read from is still there
    note(root, sorted(hashes) + [digest(row.url) for row in rows])  # first: it must not come back
    try:
        done = [line for sha256 in sorted(hashes) for line in _remove_traces(root, sha256)]
        done += [_remove_file(root, row) for row in rows if row.file]
    except OSError as error:
        raise CourseError(
            f"Not everything could be removed: {error}. Perhaps another program has the file open: "
            "restart the kernels of other notebooks, close the picture, then forget once more."
        ) from error
    # The rows go last: until then they tell a second call what to finish.
    manifest.rewrite(root, [row for row in manifest.read(root) if row not in rows])
    done.append(f"{len(rows)} row{'s' * (len(rows) > 1)} of the manifest removed.")
    done.append(f"{NAME} has its hash and those of its addresses: it will not be collected again.")
    return _say(done + limits)


def _rows(root: Path, which: str) -> list[Photo]:
    """The rows of one picture: those of an address or a hash, and all with the same bytes.

    Raises CourseError where the first digits of a hash are those of several pictures.
    """
    rows = manifest.read(root)
    found = [row for row in rows if row.url == which]
    if not found and re.fullmatch("[0-9a-fA-F]{8,64}", which):
        found = [row for row in rows if row.sha256.startswith(which.lower())]
        if len({row.sha256 for row in found}) > 1:
            raise CourseError(f"{which!r} is the start of several pictures; give more digits.")
    hashes = {row.sha256 for row in found if row.sha256}
    return [row for row in rows if row in found or row.sha256 in hashes]


def _remove_traces(root: Path, sha256: str) -> list[str]:
    """Take a picture out of everything that was made of it; one sentence for each that held it."""
    done = []
    lines = read_text(root / "measures.jsonl").splitlines(keepends=True)
    kept = [line for line in lines if sha256 not in line]
    if len(kept) < len(lines):
        replace_text(root / "measures.jsonl", "".join(kept))
        done.append("What was measured of it is removed.")
    if by_hand.about(root, sha256):
        by_hand.decide(root, sha256, None)
        done.append("What was decided about it by hand is removed.")
    if sha256 in (text := read_text(root / "split.json")):
        sides = {key: side for key, side in json.loads(text).items() if key != sha256}
        replace_text(root / "split.json", json.dumps(sides, indent=0, sort_keys=True))
        done.append("Its side of the split is removed.")
    for folder in _prepared_with(root, {sha256}):
        for file in sorted(folder.iterdir(), key=lambda file: file.name == "meta.json"):
            # meta.json last: it says what the set holds. Editors leave folders beside files.
            shutil.rmtree(file) if file.is_dir() else file.unlink()
        folder.rmdir()
        done.append(f"The prepared set {folder.name}, which held it, is removed: 03 makes it anew.")
    for file, story in _stories(root):
        shown = [row for row in story.get("samples", ()) if row["sha256"] == sha256]
        for row in shown:
            for name in (row["file"], row["file"].replace("sample", "truth")):
                (file.parent / Path(name).name).unlink(missing_ok=True)
        if shown:
            story["samples"] = [row for row in story["samples"] if row not in shown]
            replace_text(file, json.dumps(story, indent=1))
            done.append(f"The pictures of it in the run {file.parent.name} are removed.")
    return done


def _remove_file(root: Path, row: Photo) -> str:
    """Remove the file of a row, if it lies where collecting puts files; say what was done."""
    photos, file = (root / "photos").resolve(), row.path(root)
    if photos not in file.resolve().parents:
        return f"{file} is a file of your own: it is left where it is, but not used any more."
    file.unlink(missing_ok=True)
    return f"{row.file} is removed."


def _what_stays(root: Path, rows: list[Photo], hashes: set[str]) -> list[str]:
    """What forgetting cannot undo, in sentences."""
    stays = []
    sets = {folder.name for folder in _prepared_with(root, hashes)}
    seen, perhaps = [], []
    for file, story in _stories(root):
        data = str(story.get("data", {}).get("fingerprint"))
        seen += [file.parent.name] * (data in sets)
        perhaps += [file.parent.name] * (not (root / "prepared" / data / "meta.json").exists())
    if seen:
        stays.append(f"Trained with it: {', '.join(seen)}. A network cannot forget: train anew.")
    if perhaps:
        stays.append(
            "Trained with pictures that are not prepared any more, perhaps with it: "
            f"{', '.join(perhaps)}."
        )
    if any(row.url.startswith("torchvision:") for row in rows):
        stays.append("The data set in download/ still holds it: remove that folder if need be.")
    if alike := _alike(root, hashes):
        stays.append(
            f"Pictures that are like it, but not the same bytes, stay: {', '.join(alike)}. Look at "
            "them, and forget them one by one."
        )
    return stays


def _alike(root: Path, hashes: set[str]) -> list[str]:
    """The files of near-duplicates, by what the cleaning has measured."""
    files = {row.sha256: row.file for row in manifest.read(root) if not row.rejected}
    prints = {}
    for line in read_text(root / "measures.jsonl").split("\n"):
        with contextlib.suppress(ValueError, KeyError, TypeError):  # torn, or unreadable
            row = json.loads(line)
            prints[row["sha256"]] = int(row["dhash"], 16), int(row["phash"], 16)
    ours = as_array(prints[sha256] for sha256 in hashes & prints.keys())
    ours = np.concatenate([ours, mirrored(ours)])
    others = [sha256 for sha256 in prints if sha256 in files and sha256 not in hashes]
    bits = (np.bitwise_count(as_array([prints[s]]) ^ ours).sum(axis=1) for s in others)
    alike = {s for s, apart in zip(others, bits, strict=True) if (apart <= ALIKE).any()}
    return [files[sha256] for sha256 in others if sha256 in alike]


def _prepared_with(root: Path, hashes: set[str]) -> list[Path]:
    """The folders of prepared arrays that hold one of the pictures."""
    metas = {meta: read_text(meta) for meta in sorted((root / "prepared").glob("*/meta.json"))}
    return [meta.parent for meta, text in metas.items() if any(one in text for one in hashes)]


def _stories(root: Path) -> list[tuple[Path, dict]]:
    """The run.json of each run, and what it holds; nothing if it cannot be read."""
    return [(file, read_json(file)) for file in sorted((root / "runs").glob("*/run.json"))]


def _say(sentences: list[str]) -> list[str]:
    print("\n".join(printable(sentence, "?") for sentence in sentences))
    return sentences
