"""The lesson of a chapter: what its cells define by hand, to be compared with the package."""

import ast
from pathlib import Path
from types import SimpleNamespace

import nbformat
from edits import apply

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
IMPORTS = (ast.Import, ast.ImportFrom)


def lesson(
    names: str, *mistakes: tuple[str, str], builds: bool = False, run: dict | None = None
) -> SimpleNamespace:
    """What the cells with the tag "by-hand" define, or those with "builds" as well.

    names: of one notebook or several. mistakes: (old text, new text) that are planted in the cells,
    which find what the first ones import. run: names that they find, too, before all of them runs;
    then what that leaves behind is given.
    """
    books = (nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4) for name in names.split())
    cells = [cell for book in books for cell in book.cells if cell.cell_type == "code"]
    tags = {"by-hand", "builds"} if builds else {"by-hand"}
    source = "\n\n".join(c.source for c in cells if tags & {*c.metadata.get("tags", [])})
    first = ast.parse("\n".join(c.source for c in cells if "open_workspace(" in c.source))
    tree, scope = ast.parse(apply(source, list(mistakes))), {"__name__": "lesson"} | (run or {})
    kept = [node for node in tree.body if run or _defines(node)]
    tree.body = [node for node in first.body if isinstance(node, IMPORTS)] + kept
    exec(compile(tree, "<lesson>", "exec"), scope)
    return SimpleNamespace(**{k: v for k, v in scope.items() if not k.startswith("__")})


def _defines(node: ast.stmt) -> bool:
    """Is it an import, a function, a class, or NAME = ..., also several at once?"""
    if isinstance(node, (*IMPORTS, ast.FunctionDef, ast.ClassDef)):
        return True
    names = [n.id for t in getattr(node, "targets", []) for n in ast.walk(t) if hasattr(n, "id")]
    return bool(names) and all(name.isupper() for name in names)
