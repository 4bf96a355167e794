"""What there is to read is fit to be read: links, glossary, headings, tables, spelling, the book.

Each check is a function that returns what it found wrong, and is itself tested with that fault.
With `pytest -s` it also lists the links that lead to the web; they are not fetched.
"""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from html import unescape
from pathlib import Path
from urllib.parse import unquote

import badges
import nbformat
import pytest

from colourlib.teaching.check import core

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").rglob("[0-9]*.ipynb"))
LEFT_OUT = {"build", "dist", "node_modules"}  # and what is hidden, and in data/ but for:
GIVEN = ("weights", "photos")
CODE = re.compile(r"^(```|~~~).*?^\1[ \t]*$|`[^`\n]+`", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"(?<!\\)\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)|\bhref=\"([^\"]+)\"")
HEADING = re.compile(r"^(#{1,6}) +(.+?) *#*$", re.MULTILINE)
DASHES = re.compile(r"^\s*\|?(\s*:?-+:?\s*\|)+\s*(:?-+:?)?\s*$")


def pages() -> dict[str, str]:
    """{path: Markdown text} of every Markdown file, and of every notebook its Markdown cells."""
    found = {}
    for folder, inside, names in os.walk(ROOT):
        where = Path(folder).relative_to(ROOT)
        left_out = LEFT_OUT | set(inside if where.name == "data" else [])
        kept = [n for n in inside if n[0] != "." and (n not in left_out or n in GIVEN)]
        inside[:] = sorted(kept)
        for name in sorted(names):
            path = (where / name).as_posix()
            if name.endswith(".md"):
                found[path] = (ROOT / path).read_text(encoding="utf-8")
            elif name.endswith(".ipynb"):
                cells = json.loads((ROOT / path).read_text(encoding="utf-8"))["cells"]
                prose = ["".join(c["source"]) for c in cells if c["cell_type"] == "markdown"]
                found[path] = "\n\n".join(prose)
    return found


PAGES = pages()


def prose(text: str) -> str:
    """Markdown without its code."""
    return CODE.sub("", text)


def slug(heading: str) -> str:
    """The name by which GitHub and MyST link to a heading."""
    words = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", heading)  # a link counts by its words
    return re.sub(r"[^\w\- ]", "", words.lower()).replace(" ", "-")


def anchors(text: str) -> set[str]:
    """The names on a page. Headings that come twice are numbered, as GitHub does."""
    names: list[str] = []
    for _, heading in HEADING.findall(re.sub(r"^```.*?^```", "", text, flags=re.S | re.M)):
        name = slug(heading)
        count = sum(bool(re.fullmatch(rf"{re.escape(name)}(-\d+)?", other)) for other in names)
        names.append(f"{name}-{count}" if count else name)
    return {*names, *re.findall(r"<a (?:id|name)=\"([^\"]+)\"", text)}


def links(text: str) -> list[str]:
    return [one or other for one, other in LINK.findall(prose(text))]


def is_outside(link: str) -> bool:
    return re.match(r"[a-z][a-z+.-]*:", link) is not None


def dead_links(name: str, text: str, texts: dict[str, str]) -> list[str]:
    """The links of a page that lead to a file, a folder or a heading that is not there."""
    found = []
    for link in links(text):
        if is_outside(link):
            continue
        path, _, anchor = unquote(link).partition("#")
        target = Path(os.path.normpath(Path(name).parent / path)).as_posix() if path else name
        if target.startswith("..") or not (target in texts or (ROOT / target).exists()):
            found.append(f"{name}: {link} is not there")
        elif anchor and target in texts and anchor not in anchors(texts[target]):
            found.append(f"{name}: {link}: no such heading")
    return found


@pytest.mark.parametrize("name", PAGES)
def test_links_lead_somewhere_headings_are_in_order_and_tables_have_headers(name):
    assert dead_links(name, PAGES[name], PAGES) == []
    assert disorder(PAGES[name]) == []


def test_links_to_the_web_are_listed_and_whole():
    outside = sorted({link for text in PAGES.values() for link in links(text) if is_outside(link)})
    print(f"\n{len(outside)} links to the web, not fetched:", *outside, sep="\n")
    assert [link for link in outside if not re.match(r"https://[\w.-]+\.\w+(/|$)", link)] == []


SAMPLE = {"docs/a.md": "# Top\n## Two *words*, `x`\n## Two\n## Two\n", "README.md": "# Read\n"}
FINE = ["a.md", "a.md#two-words-x", "#top", "a.md#two-1", "../README.md#read"]
FINE += ["https://example.org/not/fetched"]
DEAD = ["b.md", "a.md#three", "#read", "../../elsewhere.md", "/README.md"]


@pytest.mark.parametrize("link", FINE + DEAD)
def test_a_dead_link_is_found(link):
    page = f"See [this\nplace]({link}), not `[code](nowhere.md)`.\n```\n[x](no.md)\n```\n"
    page = SAMPLE["docs/a.md"] + page
    assert (dead_links("docs/a.md", page, SAMPLE | {"docs/a.md": page}) == []) == (link in FINE)


def untidy_terms(glossary: str) -> list[str]:
    """Terms that come twice, stand out of order, or are not explained in one to three sentences."""
    parts = re.split(r"^## +(.+)$", glossary, flags=re.MULTILINE)[1:]
    headings, texts = parts[::2], parts[1::2]
    names = [slug(term) for term in headings]
    found = [f"{name} comes twice" for name in {n for n in names if names.count(n) > 1}]
    pairs = zip(headings, sorted(headings, key=str.lower), strict=True)
    found += [f"{a} stands where {b} belongs" for a, b in pairs if a != b][:1]
    for term, text in zip(headings, texts, strict=True):
        sentences = len(re.findall(r"[.?!](?=\s|$)", re.sub(r"\b(et al|e\.g)\.", "", prose(text))))
        if not 1 <= sentences <= 3:
            found.append(f"{term}: {sentences} sentences")
    return found


def test_the_glossary_is_tidy_and_used():
    glossary = PAGES["docs/glossary.md"]
    assert untidy_terms(glossary) == []
    assert untidy_terms("## b\n\nOne.\n\n## a\n\nOne. Two. Three. Four.\n\n## b\n\nX.\n")
    for name, text in PAGES.items():
        if name.startswith("notebooks/0"):  # that each is there is a matter of its links, above
            words = [link for link in links(text) if link.startswith("../docs/glossary.md#")]
            assert len(words) >= 5, f"{name} links to {len(words)} words of the glossary"


def disorder(text: str) -> list[str]:
    """Headings that skip a level, a page without one h1 on top, tables without a header."""
    plain = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    levels = [len(marks) for marks, _ in HEADING.findall(plain)]
    found = [] if levels[:1] == [1] and levels.count(1) == 1 else [f"not one h1 on top: {levels}"]
    found += [f"h{b} after h{a}" for a, b in zip(levels, levels[1:], strict=False) if b > a + 1]
    lines = plain.splitlines()
    for i, line in enumerate(lines):
        if line.startswith("|") and not (i and lines[i - 1].startswith("|")):
            if i + 1 == len(lines) or not DASHES.match(lines[i + 1]):
                found.append(f"a table without a header: {line}")
            elif not re.search(r"\w", line):
                found.append(f"a table with an empty header: {line}")
    for table in re.findall(r"<table.*?</table>", plain, re.DOTALL):
        if "<th" not in table:
            found.append("an HTML table without <th>")
    return found


def outputs_of(path: Path) -> list:
    cells = nbformat.read(path, as_version=4).cells
    return [output for cell in cells for output in cell.get("outputs", [])]


def test_tables_among_the_outputs_have_headers():
    for path in NOTEBOOKS:
        for output in outputs_of(path):
            html = output.get("data", {}).get("text/html", "")
            for table in re.findall(r"<table.*?</table>", html, re.DOTALL):
                assert 'scope="col"' in table, f"{path.name}: {table[:60]}"


@pytest.mark.parametrize(
    "fault",
    ["## Two\n", "## One\n# Two\n", "# One\n### Three\n", "# One\n# One\n",
     "# One\n| a | b |\n| c | d |\n", "# One\n| | |\n|---|---|\n| c | d |\n",
     "# One\n<table><tr><td>x</td></tr></table>\n"],
)  # fmt: skip
def test_disorder_is_found(fault):
    assert disorder(fault) != []
    fine = "# One\n## Two\n### Deep\n## Three\n```\n# no\n```\n| a | |\n|---|--:|\n| c | d |\n"
    assert disorder(fine) == []


def american(text: str) -> list[str]:
    """Words of ours that are spelt the other way; code and addresses may be."""
    words = re.sub(r"https?://\S+|\]\([^)]*\)", "", prose(text))
    return re.findall(r"\b\w*(?:color|gray)(?!ama)\w*|\b(?:behavior|center|analyz)\w*", words, re.I)


def names_defined(source: str) -> set[str]:
    """What a module calls by names of its own: functions, classes, arguments, variables."""
    nodes = list(ast.walk(ast.parse(source)))
    found = {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    found |= {node.arg for node in nodes if isinstance(node, ast.arg)}
    names = [node for node in nodes if isinstance(node, ast.Name)]
    return found | {name.id for name in names if isinstance(name.ctx, ast.Store)}


def test_colour_is_spelt_with_a_u():
    wrong = {name: american(text) for name, text in PAGES.items()}
    assert {name: words for name, words in wrong.items() if words} == {}
    for folder in ("colourlib", "bench", "docs", "tests"):
        for path in (ROOT / folder).rglob("*.py"):
            names = names_defined(path.read_text(encoding="utf-8"))
            assert [n for n in names if re.search("color|gray", n, re.I)] == [], path.name
    assert american("The Color of `color` in gray") == ["Color", "gray"]
    assert "rgb_to_gray" in names_defined("def rgb_to_gray(color):\n    center = 1")


def misspelt(folder: Path) -> str:
    command = [sys.executable, "-m", "codespell_lib", "--toml", str(ROOT / "pyproject.toml"), "."]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode in (0, 65), done.stderr  # 65: it found something
    return done.stdout


def test_spelling(tmp_path):
    pytest.importorskip("codespell_lib", reason="codespell is not installed")
    (tmp_path / "docs").mkdir()
    shutil.copy(ROOT / "docs" / "spelling.txt", tmp_path / "docs")
    for name, text in PAGES.items():  # notebooks as their text: pictures are no words
        page = tmp_path / f"{name}.md"
        page.parent.mkdir(exist_ok=True, parents=True)
        page.write_text(text, encoding="utf-8")
    for path in NOTEBOOKS:
        cells = nbformat.read(path, as_version=4).cells
        code = "\n\n".join(cell.source for cell in cells if cell.cell_type == "code")
        (tmp_path / f"{path.stem}.py").write_text(code, encoding="utf-8")
    no_text = shutil.ignore_patterns("__pycache__", "*.ipynb", "shipped", ".*")
    for folder in ("colourlib", "bench", "tests"):
        shutil.copytree(ROOT / folder, tmp_path / folder, dirs_exist_ok=True, ignore=no_text)
    (tmp_path / "tests/notebooks/test_reading.py").unlink()  # which holds a mistake on purpose
    assert misspelt(tmp_path) == ""
    (tmp_path / "README.md").write_text("How to recieve a picture.\n")
    assert "recieve ==> receive" in misspelt(tmp_path)


def unknown_messages(readme: str, source: str) -> list[str]:
    """What the README's Help quotes, and no code says; '…' stands for anything."""
    table = re.search(r"^## Help$(.*?)^## ", readme, re.DOTALL | re.MULTILINE)[1]
    cells = [row.split("|")[1] for row in table.splitlines() if row.startswith("| ")]
    quoted = [text for cell in cells for text in re.findall(r"`([^`]+)`", cell)]
    parts = [part.strip() for text in quoted for part in text.split("…")]
    said = re.sub(r"\"\s*\n\s*f?\"|\\n", "", source)  # one sentence, whatever its lines in the code
    return [part for part in parts if len(part) > 3 and part not in said and part != "device"]


def test_the_readme_quotes_real_messages():
    files = [*(ROOT / "colourlib").rglob("*.py"), ROOT / "Makefile", ROOT / "docs" / "badges.py"]
    source = "\n".join(path.read_text(encoding="utf-8") for path in files)
    assert unknown_messages(PAGES["README.md"], source) == []
    page = "## Help\n| what | do |\n|---|---|\n| `There is no … here` | x |\n## End\n"
    assert unknown_messages(page, 'f"There is no {x} "\n    f"here"') == []
    assert unknown_messages(page, 'f"There is a {x} here"') == ["There is no"]


def test_teaching_names_every_exercise():
    """TEACHING.md names all checks of the notebooks, and no other."""
    assert set(re.findall(r"`check\.(\w+)", PAGES["TEACHING.md"])) == set(core.EXERCISES)


def test_the_book(tmp_path):
    """Built without a warning; with alternative texts, formulas, search, Colab; faults found."""
    for needed in ("sphinx", "myst_nb", "sphinx_book_theme"):
        pytest.importorskip(needed, reason='the book needs Sphinx: pip install -e ".[book]"')
    options = ["-q", "-n", "-W", "--keep-going", "-c", "docs", "-d", tmp_path / "trees"]
    command = [sys.executable, "-m", "sphinx", *options, ".", tmp_path / "a" / "book"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    book = tmp_path / "a" / "book"
    repository = badges.address().removeprefix("https://github.com/")
    for path in NOTEBOOKS:
        page = (book / path.relative_to(ROOT)).with_suffix(".html").read_text(encoding="utf-8")
        assert f"colab.research.google.com/github/{repository}/blob/" in page
        formulas = re.search(r"\$\S", prose(PAGES[path.relative_to(ROOT).as_posix()]))
        assert ("<math" in page) == bool(formulas)
        for alt in alts_of(path):
            assert alt in unescape(page), f"{path.name}: {alt[:60]}"
    assert '"manifest"' in (book / "searchindex.js").read_text(encoding="utf-8")

    from hooks import faults

    assert faults(book) == []
    broken = '<img src="x.png"><a href="#no"></a><script src="https://a.org/b.js"></script>'
    (book / "broken.html").write_text(broken)
    assert len(faults(book)) == 4  # no words, no picture, no such name, and the network


def alts_of(path: Path) -> list[str]:
    """The alternative texts that a notebook keeps beside its figures."""
    about = [kind for out in outputs_of(path) for kind in out.get("metadata", {}).values()]
    return [kind["alt"] for kind in about if isinstance(kind, dict) and "alt" in kind]
