"""What the book needs beyond Sphinx, MyST-NB and the theme; an extension that conf.py names.

- The pages stay as they are written for GitHub: the list of chapters is added to the front page
  here, badges become plain links, and links to code lead to the repository.
- The alternative text of a figure, which a notebook keeps beside the picture, reaches the page.
- Formulas become MathML, which browsers draw by themselves.
- Every page is looked over at the end: nothing from the network, no dead link, no mute picture.
"""

import hashlib
import json
import re
import shutil
from base64 import b64decode
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

from docutils import nodes
from docutils.utils.math.latex2mathml import tex2mathml
from pygments.lexers.special import TextLexer
from sphinx import addnodes
from sphinx.transforms import SphinxTransform
from sphinx.util import logging

CHAPTERS = """

```{toctree}
:hidden:
:caption: Chapters
:glob:
notebooks/*
```

```{toctree}
:hidden:
:caption: More
:glob:
notebooks/more/*
```

```{toctree}
:hidden:
:caption: Beside them
docs/glossary
TEACHING
docs/measurements
data/README
data/photos/README
data/weights/README
CONTRIBUTING
```
"""
BADGE = re.compile(r"!\[([^\]]*)\]\(https?://[^)]*\)")  # a picture that would come from the network
ALT: dict[str, str] = {}  # SHA-256 of a figure -> its alternative text


def prepare(app, docname, source):
    """Before a page is parsed: see the module's first lines."""
    if source[0].startswith("{"):
        notebook = json.loads(source[0])
        for cell in notebook["cells"]:
            if cell["cell_type"] == "markdown":
                cell["source"] = without_badges("".join(cell["source"]))
            for output in cell.get("outputs", []):
                _remember_alt(output)
            if cell.get("id") == "set-up":  # the same lines on top of every chapter: folded
                cell["metadata"]["tags"] = ["hide-input"]
        source[0] = json.dumps(notebook)
    else:
        source[0] = without_badges(source[0])
    if docname == app.config.root_doc:
        source[0] += CHAPTERS


def without_badges(text: str) -> str:
    """Markdown with the words of pictures from the network in place of them."""
    return BADGE.sub(r"\1", text.replace(") [![", ") · [!["))


def _remember_alt(output: dict) -> None:
    for kind, about in output.get("metadata", {}).items():
        if kind.startswith("image/") and "alt" in about:
            data = b64decode("".join(output["data"][kind]))
            ALT[hashlib.sha256(data).hexdigest()] = about["alt"]


class Mend(SphinxTransform):
    """Figures get their alternative text; files that are no page are linked in the repository."""

    default_priority = 200  # before Sphinx collects pictures and downloads

    def apply(self, **kwargs):
        for image in self.document.findall(nodes.image):
            name = Path(image["uri"]).stem  # MyST-NB names a figure by its hash
            if name in ALT:
                image["alt"] = ALT[name]
        for link in list(self.document.findall(addnodes.download_reference)):
            _, path = self.env.relfn2path(link["reftarget"], self.env.docname)
            address = in_repository(self.config, Path(path))
            link.replace_self(nodes.reference("", "", *link.children, refuri=address))


def in_repository(config, path: Path) -> str:
    """The address at which the repository shows a file or a folder of this checkout."""
    root = Path(__file__).resolve().parents[1]
    kind = "tree" if path.is_dir() else "blob"
    place = path.resolve().relative_to(root).as_posix()
    options = config.html_theme_options
    return f"{options['repository_url']}/{kind}/{options['repository_branch']}/{place}"


def folder(app, env, node, content):
    """A link to a folder, which is no page and no download."""
    target = str(node.get("reftarget", ""))
    _, path = env.relfn2path(target, node.get("refdoc", env.docname))
    if node.get("reftype") == "myst" and target and Path(path).is_dir():
        return nodes.reference("", "", content, refuri=in_repository(app.config, Path(path)))


# ---------------------------------------------------------------- formulas


def inline_formula(writer, node):
    writer.body.append(tex2mathml(node.astext()))
    raise nodes.SkipNode


def formula(writer, node):
    mathml = tex2mathml(node.astext()).replace("<math ", '<math display="block" ', 1)
    writer.body.append(f'<div class="math">{mathml}</div>')
    raise nodes.SkipNode


# ---------------------------------------------------------------- the finished pages


class Page(HTMLParser):
    """What a page loads, where it leads, which names it has, and pictures without words."""

    LOADS = {"script": "src", "img": "src", "iframe": "src", "source": "src", "link": "href"}

    def __init__(self, path: Path):
        super().__init__()
        self.loads, self.links, self.names, self.mute = [], [], set(), []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.names.update(value for key, value in attributes if key in ("id", "name") and value)
        loaded = given.get(self.LOADS.get(tag, ""))
        if loaded and given.get("rel") not in ("canonical",):
            self.loads.append(loaded)
        if tag == "a" and given.get("href"):
            self.links.append(given["href"])
        if tag == "img" and (not given.get("alt") or given["alt"] == given.get("src")):
            self.mute.append(given.get("src", "")[:80])


def faults(book: Path) -> list[str]:
    """One line for each thing amiss in the pages of a finished book.

    Something that would be fetched from the network, a link to a file or a name that is not there,
    a picture without alternative text. Links that lead out of the book are not followed.
    """
    pages = {path.resolve(): Page(path) for path in sorted(book.rglob("*.html"))
             if "_static" not in path.relative_to(book).parts}  # fmt: skip
    found = []
    for path, page in pages.items():
        where = path.relative_to(book.resolve()).as_posix()
        found += [f"{where}: a picture without alternative text: {src}" for src in page.mute]
        for link in {*page.loads, *page.links}:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                if link in page.loads and parts.scheme != "data":
                    found.append(f"{where}: loads {link} from the network")
                continue
            file = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if not file.exists():
                found.append(f"{where}: {link} is not there")
            elif parts.fragment and file in pages:
                named = unquote(parts.fragment) in pages[file].names
                found += [] if named else [f"{where}: {link}: the page has no such name"]
    return found


def finish(app, error):
    """Give the book its index.html, and fail where a page is not fit to be read."""
    if error is not None or app.builder.format != "html":
        return
    book = Path(app.outdir)
    shutil.copyfile(book / f"{app.config.root_doc}.html", book / "index.html")
    for line in faults(book):
        logging.getLogger(__name__).warning(line)
        app.statuscode = 1


def setup(app):
    app.connect("source-read", prepare)
    app.connect("missing-reference", folder)
    app.connect("build-finished", finish, priority=900)  # after the theme has written its styles
    app.add_transform(Mend)
    app.add_lexer("mermaid", TextLexer)  # drawn on GitHub; without a network its text is shown
    app.add_html_math_renderer("mathml", (inline_formula, None), (formula, None))
    return {"parallel_read_safe": False}
