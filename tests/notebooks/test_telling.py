"""How the course is told: few cells, few words, short sentences, each chapter with its strip.

`pytest -s` prints the table. Set-up, solutions and the board are not counted; an appendix has the
same limit for its sentences and none for its length.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
CHAPTERS = sorted(NOTEBOOKS.glob("[0-9]*.ipynb"))
MORE = sorted((NOTEBOOKS / "more").glob("[0-9]*.ipynb"))
CELLS, WORDS, LONGEST = 55, 2000, 30
WORD = re.compile(r"\w[\w'’.,-]*")
BLOCK = re.compile(r"\n\s*\n|\n(?=\s*(?:[-*|#>]|\d+\.)\s)|\|")  # paragraphs, items, table cells
END = re.compile(r"(?<=[.?!…])[\"”»)*_]*\s+")


@dataclass
class Length:
    """What there is to read in a notebook."""

    cells: int = 0
    code: int = 0
    words: int = 0
    longest: int = 0
    sentence: str = ""


def plain(text: str) -> str:
    """Markdown as people read it: no badges, code blocks, addresses; inline code is a word."""
    text = re.sub(r"<!-- badges -->.*?<!-- /badges -->", "", text, flags=re.DOTALL)
    text = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", text)
    return re.sub(r"`[^`]*`|\$[^$]*\$", "x", re.sub(r"<[^>]+>", "", text))


def length(notebook) -> Length:
    found = Length()
    for cell in notebook.cells:
        solution = "<summary>Solution</summary>" in cell.source
        if cell.get("id") == "set-up" or solution or "check.board(" in cell.source:
            continue
        found.cells += 1
        found.code += cell.cell_type == "code"
        if cell.cell_type != "markdown":
            continue
        text = plain(cell.source)
        found.words += len(WORD.findall(text))
        for block in BLOCK.split(text):
            for sentence in END.split(" ".join(block.split())):
                if (words := len(WORD.findall(sentence))) > found.longest:
                    found.longest, found.sentence = words, sentence
    return found


@pytest.mark.parametrize("path", [*CHAPTERS, *MORE], ids=lambda path: path.stem)
def test_a_notebook_is_short_enough_to_be_read(path):
    told = length(nbformat.read(path, as_version=4))
    cells = f"{told.cells:3} cells {told.code:3} of code"
    print(f"\n{path.stem:24} {cells} {told.words:5} words", end="")
    print(f"  longest sentence {told.longest}")
    assert told.longest <= LONGEST, told.sentence
    if path in CHAPTERS:
        assert told.cells <= CELLS and told.words <= WORDS


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_a_chapter_ends_with_the_strip_and_keeps_its_tile(path):
    code = "\n".join(c.source for c in nbformat.read(path, 4).cells if c.cell_type == "code")
    tile = f'ws.strip("{path.stem[:2]}'
    assert tile in code if path.stem[:2] != "01" else "ws.strip(" in code


def test_lengths_are_counted_as_they_are_read():
    long = "word " * 31
    cells = [
        new_markdown_cell("# One two\n\nA [link here](http://x.org/a b) of `code, counted once`."),
        new_markdown_cell("- item one. Item two\n- three\n\n```\nnot counted at all\n```"),
        new_markdown_cell("<details><summary>Solution</summary>\n\n" + long),
        new_code_cell('check.board("01")'),
        new_code_cell("x = 1"),
    ]
    told = length(new_notebook(cells=cells))
    assert (told.cells, told.code, told.words, told.longest) == (3, 1, 12, 5)
    assert length(new_notebook(cells=[new_markdown_cell(long)])).longest == 31
    assert length(new_notebook(cells=[new_markdown_cell("a. " * 31)])).longest == 1
