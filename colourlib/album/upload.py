"""Choose photos in a notebook, see them coloured, save them: `upload.upload()`.

The photos go to the kernel that runs the notebook, and nowhere else: on one's own machine they
never leave it. Works in JupyterLab, Notebook 7 and Colab.
"""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Iterator
from pathlib import Path

import ipywidgets as widgets
from PIL import Image

from .. import show
from ..colourise import colourise
from ..common.errors import CourseError
from ..common.pictures import normalise
from ..common.unreadable import open_photo
from . import save
from .batch import has_colours, weights_name

OWN_COLOURS = "its own colours are ignored"
SHOWN = 360  # pixels: longer side of the pictures in the notebook; saved ones are full size
HELP = (
    "Several at once will do, about 10 MB together, which is what a notebook can take in. For "
    "larger photos and whole folders: <code>python -m colourlib colourise PHOTO -o OUT</code>"
)


def upload(model=None, saturation: float = 1.0, size: int | None = None) -> Upload:
    """A button that asks for photos, then shows each beside its result, with a link to save it.

    model, saturation, size: as in `colourise`. What cannot be read is told in a line, and the
    others go on. The files are in `.coloured` as well: {name: bytes}.
    """
    return Upload(model, saturation, size)


class Upload(widgets.VBox):
    """The button, a sentence on how it went, and the results."""

    def __init__(self, model, saturation: float, size: int | None) -> None:
        self.arguments = (model, saturation, size)
        self.coloured: dict[str, bytes] = {}  # what the links save
        self.files = widgets.FileUpload(
            accept="image/*", multiple=True, description="Choose photos", layout={"width": "14em"}
        )
        self.words, self.results = widgets.HTML(), widgets.VBox()
        for name in ("files", "words", "results"):
            getattr(self, name).add_class(f"colourlib-upload-{name}")
        self.files.observe(self._chosen, names="value")
        super().__init__([self.files, widgets.HTML(HELP), self.words, self.results])

    def __repr__(self) -> str:
        return "A button to choose photos that are then coloured. It needs a running kernel."

    def _chosen(self, change) -> None:
        files = list(contents(change["new"]))
        if files:
            self.colour(files)
            if isinstance(change["new"], tuple):  # so that the same file can be chosen again
                self.files.value = ()

    def colour(self, files: list[tuple[str, bytes]]) -> None:
        """Colour files, (name, bytes) each, and show them in place of those before."""
        self.coloured, shown, failed = {}, [], 0
        self.results.children = ()
        for number, (name, content) in enumerate(files, start=1):
            self._say(f"{number} of {len(files)}: {name} …")
            try:
                shown.append(self._coloured(name, content))
            except Exception as error:  # one bad file must not end the others
                failed += 1
                shown.append(
                    _row(f"<strong>{html.escape(f'✗ {name}: {one_line(error)}')}</strong>")
                )
            self.results.children = tuple(shown)
        self._say(f"{len(files) - failed} coloured, {failed} not. The colours are guesses.")

    def _coloured(self, name: str, content: bytes) -> widgets.HTML:
        """The row of one photo. Raises CourseError and whatever a network raises."""
        photo, _ = open_photo(io.BytesIO(content))
        result = colourise(photo, *self.arguments)
        kind, ending = ("PNG", "png") if result.mode == "RGBA" else ("JPEG", "jpg")
        saved = self._free_name(f"{Path(name).stem}-coloured", ending)
        self.coloured[saved] = data = save.encode(result, kind, weights_name(self.arguments[0]))
        before, after = (_small(picture) for picture in (photo, result))
        size = f"{result.width} × {result.height} pixels"
        said = f"{name}; {OWN_COLOURS}" if has_colours(photo) else name
        figures = show.as_html(before, said, f"{name} as it was given", "45%")
        figures += show.as_html(after, f"coloured, {size}", f"{name}, coloured", "45%")
        return _row(
            f'<div style="display: flex; gap: 8px; align-items: flex-start">{figures}</div>'
            f"{_link(saved, kind, data)}"
        )

    def _free_name(self, stem: str, ending: str) -> str:
        """Two photos of one name, out of two folders, are saved under two names."""
        names = (f"{stem}{n}.{ending}" for n in ("", *(f"-{i}" for i in range(2, 10_000))))
        return next(name for name in names if name not in self.coloured)

    def _say(self, words: str) -> None:
        self.words.value = f'<span role="status">{html.escape(words)}</span>'


def contents(value) -> Iterator[tuple[str, bytes]]:
    """(name, bytes) of each file of a FileUpload: a dict in ipywidgets 7, a tuple from 8 on."""
    for name, file in value.items() if isinstance(value, dict) else ((None, f) for f in value):
        yield name or file["name"], bytes(file["content"])


def one_line(error: Exception) -> str:
    """What went wrong with a file, in a line."""
    words = " ".join(str(error).split())[:300]
    if isinstance(error, CourseError):
        return words
    if isinstance(error, MemoryError):
        return "takes more memory than there is. Make it smaller first."
    return f"could not be coloured ({type(error).__name__}: {words})"


def _small(picture: Image.Image) -> Image.Image:
    small = normalise(picture)
    small.thumbnail((SHOWN, SHOWN))
    return small


def _row(content: str) -> widgets.HTML:
    row = widgets.HTML(content)
    row.add_class("colourlib-upload-result")
    return row


def _link(name: str, kind: str, data: bytes) -> str:
    """A link that saves the file; its bytes are in the link itself."""
    address = f"data:image/{kind.lower()};base64,{base64.b64encode(data).decode()}"
    words = f"⤓ Save {name} ({len(data) / 1000:,.0f} kB)"
    look = "text-decoration: underline; font-weight: bold"
    return (
        f'<a download="{html.escape(name)}" href="{address}" style="{look}">'
        f"{html.escape(words)}</a>"
    )
