"""The real photos that come with the course, in the public domain or CC0: data/photos."""

from pathlib import Path

from PIL import Image

from ..common.errors import CourseError
from ..common.files import pasted, shipped_folder
from ..common.opening import opened
from ..common.pictures import ENDINGS, on_white
from ..common.words import did_you_mean

SIDE = 512  # pixels of a photo's longer side

FOLDER = shipped_folder("photos")


def public_photos() -> dict[str, Path]:
    """{name: file} of all of them, by name. Raises CourseError where they are missing."""
    found = {path.stem: path for path in sorted(FOLDER.glob("*.jpg"))}
    if not found:
        raise CourseError(f"The photos that come with colourlib are missing: none in {FOLDER}.")
    return found


def picture_of(photo: str | Path) -> Image.Image:
    """A photo by its name among `public_photos`, or from a file: upright, sRGB, SIDE at most.

    Raises CourseError, with a hint, for what is neither, and for a file that cannot be opened.
    """
    picture = on_white(opened(path_of(photo)))
    picture.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    return picture


def path_of(photo: str | Path) -> Path:
    """The file of a name or a path. Raises CourseError where there is none."""
    if not isinstance(photo, str | Path):
        kind = type(photo).__name__
        raise CourseError(f"A photo is a name or a path between quotes, not of type {kind}.")
    ours, text = public_photos(), str(photo).strip().strip("\"'")
    path = ours.get(text) or pasted(photo)
    try:
        if path.is_file():
            return path
        is_folder, near = bool(text) and path.is_dir(), _near(path)
    except OSError:  # a name too long, or a folder that may not be looked into
        is_folder, near = False, ""
    if is_folder:
        one = f"{text.rstrip('/')}/NAME.jpg"
        raise CourseError(f"{text!r} is a folder: give one photo in it, {one}")
    hint = did_you_mean(text, ours) or near
    if "\\" in text or not text.isprintable():
        hint = " In a path, write / in place of every \\, which means something else in Python."
    raise CourseError(
        f"There is no photo {text[:200]!r}.{hint} Give the path to one of your own (a relative "
        f"path starts from {Path.cwd()}), or one that comes along: {', '.join(ours)}."
    )


def _near(path: Path) -> str:
    """What may have been meant, of the photos in the folder of a path that is not there."""
    if not path.parent.is_dir():
        return f" There is no folder {str(path.parent)!r}."
    there = [one.name for one in path.parent.iterdir() if one.suffix.lower() in ENDINGS]
    return did_you_mean(path.name, there) or did_you_mean(path.stem, [Path(n).stem for n in there])
