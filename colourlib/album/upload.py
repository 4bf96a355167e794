"""Choose photos in a notebook, see them coloured, save them: `upload.upload()`.

The photos go to the kernel that runs the notebook, and nowhere else: on one's own machine they
never leave it. Works in JupyterLab, Notebook 7 and Colab.
"""

import html
import io
from collections.abc import Iterator
from pathlib import Path

import ipywidgets as widgets
from PIL import Image

from .. import show
from ..colourise import colourise
from ..common.pictures import normalise, unusual
from ..common.unreadable import open_photo
from . import names, save
from .batch import OWN_COLOURS, has_colours, one_line, weights_name

SHOWN = 360  # pixels: longer side of the pictures in the notebook; saved ones are full size
HELP = (
    "Several at once will do, about 10 MB together, which is what a notebook can take in. For "
    "larger photos and whole folders: <code>python -m colourlib colourise PHOTO -o OUT</code>"
)


class Upload(widgets.VBox):
    """A button that asks for photos, then shows each beside its result, with a link to save it.

    model, saturation, size: as in `colourise`. What cannot be read is told in a line, and the
    others go on. The files are in `.coloured` as well: {name: bytes}.
    """

    def __init__(self, model=None, saturation: float = 1.0, size: int | None = None) -> None:
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
        if files := list(contents(change["new"])):
            self.colour(files)
            if isinstance(change["new"], tuple):  # so that the same file can be chosen again
                self.files.value = ()

    def colour(self, files: list[tuple[str, bytes]]) -> None:
        """Colour files, (name, bytes) each, and show them in place of those before."""
        self.coloured, self.results.children = {}, ()
        for number, (name, content) in enumerate(files, start=1):
            self._say(f"{number} of {len(files)}: {name} …")
            try:
                found = self._coloured(name, content)
            except Exception as error:  # one bad file must not end the others
                found = f"<strong>{html.escape(f'✗ {name}: {one_line(error)}')}</strong>"
            row = widgets.HTML(found)
            row.add_class("colourlib-upload-result")
            self.results.children += (row,)
        done = len(self.coloured)
        self._say(f"{done} coloured, {len(files) - done} not. The colours are guesses.")

    def _coloured(self, name: str, content: bytes) -> str:
        """The row of one photo. Raises CourseError and whatever a network raises."""
        photo, _ = open_photo(io.BytesIO(content))
        result = colourise(photo, *self.arguments)
        kind, ending = ("PNG", "png") if result.mode == "RGBA" else ("JPEG", "jpg")
        data = save.encode(result, kind, weights_name(self.arguments[0]))
        # Two photos of one name, out of two folders, are saved under two names.
        wish = Path(f"{Path(name).stem}-coloured.{ending}")
        saved = str(names.free(wish, {names.key(one) for one in self.coloured}))
        size = f"coloured, {result.width} × {result.height} pixels"
        facts = [name, OWN_COLOURS if has_colours(photo) else "", unusual(photo)]
        said = "; ".join(filter(None, facts))
        figures = show.as_html(_small(photo), said, f"{name} as it was given", "45%")
        figures += show.as_html(_small(result), size, f"{name}, coloured", "45%")
        words = html.escape(f"⤓ Save {saved} ({len(data) / 1000:,.0f} kB)")
        look = 'style="text-decoration: underline; font-weight: bold"'
        link = f'download="{html.escape(saved)}" href="{show.data_address(data, kind)}"'
        self.coloured[saved] = data
        return (
            f'<div style="display: flex; gap: 8px; align-items: flex-start">{figures}</div>'
            f"<a {look} {link}>{words}</a>"
        )

    def _say(self, words: str) -> None:
        self.words.value = f'<span role="status">{html.escape(words)}</span>'


upload = Upload  # a cell calls it: `upload.upload()`


def contents(value) -> Iterator[tuple[str, bytes]]:
    """(name, bytes) of each file of a FileUpload: a dict in ipywidgets 7, a tuple from 8 on."""
    for name, file in value.items() if isinstance(value, dict) else ((None, f) for f in value):
        yield name or file["name"], bytes(file["content"])


def _small(picture: Image.Image) -> Image.Image:
    small = normalise(picture)
    small.thumbnail((SHOWN, SHOWN))
    return small
