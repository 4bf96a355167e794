"""The real photos that come with the course, in the public domain or CC0: data/photos."""

from pathlib import Path

from ..common.errors import CourseError

_INSTALLED = Path(__file__).parents[1] / "shipped" / "photos"  # setup.py puts data/photos there
_CHECKOUT = Path(__file__).parents[2] / "data" / "photos"
FOLDER = _INSTALLED if _INSTALLED.is_dir() else _CHECKOUT


def public_photos() -> dict[str, Path]:
    """{name: file} of all of them, by name. Raises CourseError where they are missing."""
    found = {path.stem: path for path in sorted(FOLDER.glob("*.jpg"))}
    if not found:
        raise CourseError(f"The photos that come with colourlib are missing: none in {FOLDER}.")
    return found
