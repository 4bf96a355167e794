"""A page of static files that colours photos in the browser of whoever opens it.

    python -m colourlib page -o build/page             # the course's network, with hints
    python -m colourlib page -o build/page --model RUN  # one's own

    python -m http.server --directory build/page        # any server will do

The network lies in the page as ONNX, and onnxruntime-web computes with it. No photo is sent, and
the page forbids the browser to send any: POLICY.
"""

import gzip
import json
from pathlib import Path

from torch import nn

from ..colourise import known, sizes_of
from ..common.errors import CourseError
from ..common.files import printable, shipped_folder, write
from ..common.version import __version__
from ..runs import weights
from ..runs.onnx import check_packages
from . import graphs, runtime
from .runtime import SCRIPT, VERSION, WASM

__all__ = ["POLICY", "make", "weights"]

HERE = Path(__file__).parent / "web"
STUDIO = Path(__file__).parents[1] / "studio"
EXAMPLE = "lake"
POLICY = {  # what the page may load, and so where anything could be sent: only where it came from
    "default-src": "'none'",
    "script-src": "'self' 'wasm-unsafe-eval'",
    "worker-src": "'self' blob:",
    "connect-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' blob: data:",
    "base-uri": "'none'",
    "form-action": "'none'",
}
TOLD = "page.json"  # what the page is told of its network; the file that says that a folder is ours
GRAPHS = ("looks", "alone", "hinted")
ENCODER = "encoder.LICENSE"


def make(out: str | Path, model=None) -> dict[str, int]:
    """Write the page into a folder, made if missing: {file: bytes}, the largest first.

    model: what `colourise` takes: None for the network that comes along, a network, (network,
    card), a run's folder, a .safetensors file. Raises CourseError, before anything is written, for
    what is no network or cannot be written as ONNX, where packages or onnxruntime-web are missing,
    and for a folder that holds something else.
    """
    check_packages()
    folder = _free(Path(out).expanduser())
    network, card = known(model)
    if not isinstance(network, nn.Module):
        raise CourseError("A page needs a network, not a function: give a run, or weights.load(…).")
    browser = runtime.files()
    made, told = graphs.cut(network, card)
    files = {f"{name}.onnx": content for name, content in made.items()}
    files[SCRIPT] = browser[SCRIPT]
    files[f"{WASM}.gz"] = gzip.compress(browser[WASM], mtime=0)  # the same bytes each time
    for path in (*HERE.iterdir(), STUDIO / "studio.js", STUDIO / "studio.css"):
        files[path.name] = path.read_bytes()
    policy = "; ".join(f"{kind} {where}" for kind, where in POLICY.items())
    files["index.html"] = files["index.html"].replace(b"POLICY", policy.encode())
    files["example.jpg"] = (shipped_folder("photos") / f"{EXAMPLE}.jpg").read_bytes()
    files["licences.txt"] = _licences(network).encode()
    files["README.md"] = readme(network, card).encode()
    told |= {
        "graphs": sorted(made),
        "sizes": sizes_of(card),
        "saturation": card.get("saturation", 1.0),
        "bytes": sum(len(files[name]) for name in files if name.endswith((".onnx", ".gz"))),
        "about": about(network, card),
    }
    files[TOLD] = (json.dumps(told, indent=1) + "\n").encode()
    _put(folder, files)
    return dict(sorted(((k, len(v)) for k, v in files.items()), key=lambda pair: -pair[1]))


def _free(folder: Path) -> Path:
    """The folder, if it is empty, missing, or an earlier page. Raises CourseError for another."""
    if folder.exists() and not folder.is_dir():
        raise CourseError(f"{folder} is a file: a page is a folder, name another.")
    if folder.is_dir() and any(folder.iterdir()) and not (folder / TOLD).is_file():
        raise CourseError(f"{folder} holds other things than a page: name an empty folder.")
    return folder


def _put(folder: Path, files: dict[str, bytes]) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in GRAPHS:  # of a network with hints, under one without
            (folder / f"{name}.onnx").unlink(missing_ok=True)
        for name, content in files.items():
            write(folder / name, content)
    except OSError as error:
        raise CourseError(f"{folder} cannot be written: {error.strerror}.") from error


# ---- what the page says of its network -----------------------------------------------------------


def about(network: nn.Module, card: dict) -> list[str]:
    """Sentences on a network, from its card."""
    name, seen = type(network).__name__, card.get("photos_seen")
    lines = [f"The network is a {name}, made with colourlib {__version__}."]
    if isinstance(seen, int):
        lines.append(f"In its training it was shown {seen:,} photos, the same ones many times.")
    lines.append(f"It looks at a photo at {' and '.join(map(str, sizes_of(card)))} pixels a side.")
    if isinstance(licence := card.get("licence"), str):
        lines.append(f"Licence: {licence}.")
    lines.append("What it has not seen, it guesses from what it has: do not take it for a record.")
    return [printable(line, "?") for line in lines]


def readme(network: nn.Module, card: dict) -> str:
    """The page's card, as the Hub wants it for a Space of static files: YAML, then Markdown."""
    head = {
        "title": "Colours for a grey photo",
        "sdk": "static",
        "app_file": "index.html",
        "license": "mit",
        "tags": ["image-colorization", "onnx", "colourlib"],
    }
    lines = [f"{key}: {json.dumps(value)}" for key, value in head.items()]
    text = "\n\n".join(about(network, card))
    return "\n".join(["---", *lines, "---", "", f"# {head['title']}", "", text, ""])


def _licences(network: nn.Module) -> str:
    texts = [
        "colourlib: the page and its studio, MIT License, the Colourlib authors.",
        f"onnxruntime-web {VERSION}: {SCRIPT} and {WASM}, MIT License.\n{MIT}",
    ]
    if hasattr(network, "encoder"):
        licence = (shipped_folder("weights") / ENCODER).read_text(encoding="utf-8")
        texts.append(f"The encoder, EfficientNet-Lite0, trained on by colourlib:\n\n{licence}")
    return "\n\n".join(texts) + "\n"


MIT = """Copyright (c) Microsoft Corporation

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and
associated documentation files (the "Software"), to deal in the Software without restriction,
including without limitation the rights to use, copy, modify, merge, publish, distribute,
sublicense, and/or sell copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial
portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT
NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND
NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES
OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN
CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE."""
