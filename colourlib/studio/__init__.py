"""The studio: a photo on which a person sets colours that the network then takes up.

    studio("grandmother.jpg")  # the last thing in a cell

`studio.js` draws it, and a page in the web uses the same file; here stands what it asks Python for.
Each change is in a JSON file beside the photo, as `hints.save` writes it, so
`python -m colourlib colourise grandmother.jpg -o new.png --hints grandmother.json` makes the same.
"""

from copy import copy
from pathlib import Path

import torch
from PIL import Image

from ..album import save
from ..album.batch import weights_name
from ..colourise import guess, known, lightness, sizes_of
from ..common.chroma import put_chroma
from ..common.errors import CourseError
from ..common.files import pasted, printable, writable, write
from ..common.opening import opened
from ..common.page import Page
from ..common.pictures import on_white
from ..hints import about, checked, hinted, read, taking
from ..hints import write as write_hints
from ..show import data_address
from ..vivid import VividTransfer, palette, vividly

HERE = Path(__file__).parent
SHOWN = 768  # pixels: the longer side of the photo in the browser


def studio(photo: str | Path, folder: str | Path | None = None, model=None) -> Page:
    """A widget to colour a photo by hints; the last thing in a cell.

    photo: a file. folder: for the hints, NAME.json, and the picture, NAME-coloured.png; None for
    the photo's own. model: as in `colourise`; it must take hints. Run again, it goes on with the
    hints in the file. Raises CourseError for a photo that cannot be read, a folder that cannot be
    written to, a network that takes no hints, and a file of hints that `hints.read` refuses.
    """
    return StudioPage(Studio(photo, folder, model))


class Studio:
    """What the page shows and keeps, without a browser. The network looks at the photo once."""

    def __init__(self, photo: str | Path, folder: str | Path | None = None, model=None) -> None:
        network, card = known(model)
        self.photo, self.sizes = pasted(photo), sizes_of(card)
        self.weights, self.saturation = weights_name(model), card.get("saturation", 1.0)
        self.listener = looking_once(taking(network))
        picture = opened(self.photo)
        self.size, self.of = picture.size, about(self.photo, picture.size)
        self.x = lightness(picture, max(self.sizes))  # (1, 1, h, w)
        picture.thumbnail((SHOWN, SHOWN))
        self.shown = on_white(picture)
        folder = writable(pasted(folder) if folder is not None else self.photo.parent)
        self.path = folder / f"{self.photo.stem}.json"
        self.png = folder / f"{self.photo.stem}-coloured.png"
        self.hints = self._from_file()
        self.shares, self.bins = self._likely(network, card)

    def __repr__(self) -> str:
        count = f"{len(self.hints)} hint{'s' * (len(self.hints) != 1)}"
        return f"Studio: {printable(self.photo.name)} with {count}, kept in {self.path.name}."

    def _from_file(self) -> list[tuple]:
        if not self.path.exists():
            return []
        try:
            return checked(read(self.path, self.photo), self.size)
        except CourseError as error:
            mend = "It stays as it is: move it elsewhere, or name another folder."
            raise CourseError(f"{error} {mend}") from error

    def _likely(self, network, card: dict) -> tuple:
        """(How likely each bin is, (Q, h, w), the bins); None twice where nothing tells."""
        try:
            vivid, told = vividly(network, card)
        except CourseError:
            return None, None
        if not isinstance(vivid, VividTransfer):
            return None, None
        x = lightness(self.shown, told["size"])
        with torch.inference_mode():
            return vivid.logits(x)[0].softmax(0), vivid.bins

    # ---- what is done

    def answer(self, message: dict) -> dict:
        """Do what the browser asks for; its answer, with an "error" in a sentence where it failed.

        message: {"do": "show" | "answer" | "palette" | "keep" | "save"}, with "hints", or x and y.
        """
        asked, what = {"asked": message.get("asked")}, message.get("do")
        try:
            if what == "show":
                return asked | self.show()
            if what == "palette":
                return asked | {"colours": self.palette(message["x"], message["y"])}
            hints = checked(message["hints"], self.size)
            if what == "keep":
                self._from_file()  # else a file put there since, a twin photo's, would be lost
                write_hints(self.path, self.of, message["hints"])
                self.hints = hints
                return asked
            if what == "save":
                return asked | {"said": self.save(hints)}
            return asked | {"picture": data_address(self.coloured(hints), "JPEG", quality=92)}
        except Exception as error:  # whatever a network raises, or a full disk
            return asked | {"error": str(error) or type(error).__name__}

    def show(self) -> dict:
        """What the page begins with."""
        grey = self.shown.copy()
        put_chroma(grey, 0 * self.x[0].expand(2, -1, -1).numpy())
        told = {"photo": data_address(grey, "JPEG", quality=92), "size": self.size}
        palette = self.shares is not None
        return told | {"hints": self.hints, "palette": palette, "takesHints": True}

    def coloured(self, hints: list[tuple], picture: Image.Image | None = None) -> Image.Image:
        """The photo as it is shown, or another picture of it, coloured with these hints."""
        picture = self.shown.copy() if picture is None else picture
        network = hinted(self.listener, hints, self.size)
        ab = guess(network, self.x, self.sizes) * self.saturation
        put_chroma(picture, ab, torch.get_num_threads())
        return picture

    def palette(self, x: float, y: float) -> list[tuple[float, float, float]]:
        """Likely colours at a place of the photo, the likeliest first: (a, b, share)."""
        _, height, width = self.shares.shape
        row, column = int(y * height / self.size[1]), int(x * width / self.size[0])
        shares = self.shares[:, min(max(row, 0), height - 1), min(max(column, 0), width - 1)]
        numbers, sums = palette(shares, self.bins)
        ab = self.bins[numbers].tolist()
        return [(a, b, share) for (a, b), share in zip(ab, sums.tolist(), strict=True)]

    def save(self, hints: list[tuple]) -> str:
        """Write the photo at its full size, coloured, as PNG; what to tell the person.

        A file of this name that the course has not written stays. Raises CourseError.
        """
        if about(self.photo, self.size) != self.of:
            raise CourseError(f"{self.photo.name} is another photo by now: run this cell again.")
        picture = self.coloured(hints, opened(self.photo))
        told = f"{self.weights}, with {len(hints)} hint{'s' * (len(hints) != 1)}"
        content = save.encode(picture, "PNG", told)
        if self.png.exists() and not _is_ours(self.png):
            raise CourseError(f"{self.png.name} is no picture of the course, so it stays: move it.")
        try:
            write(self.png, content)
        except OSError as error:
            raise CourseError(f"{self.png} cannot be written: {error.strerror}.") from error
        return f"Saved as {self.png.name}, {picture.width} × {picture.height} pixels."


def _is_ours(path: Path) -> bool:
    try:
        with Image.open(path) as image:
            return save.is_ours(image)
    except Exception:  # no picture at all
        return False


def looking_once(network):
    """A twin that shares the weights, and whose encoder looks at each copy of a photo only once."""
    if not hasattr(network, "maps"):
        return network
    twin, seen = copy(network), {}

    def maps(x):
        if x.shape not in seen or not torch.equal(seen[x.shape][0], x):
            seen[x.shape] = x, network.maps(x)
        return seen[x.shape][1]

    twin.maps = maps
    return twin


class StudioPage(Page):
    """The studio in a browser."""

    _css = HERE / "studio.css"
    _esm = "".join((HERE / name).read_text("utf-8") for name in ("studio.js", "widget.js"))
