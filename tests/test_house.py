"""The house: how large it is, which way its arrows run, and the face that it shows."""

import ast
import os
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import parts
import pytest
from PIL import Image

import colourlib

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "colourlib"
FILES = sorted(PACKAGE.rglob("*.py"))
LINT = "from importlinter.cli import lint_imports_command as lint; lint(['--no-cache'])"


def in_python(code: str, folder: Path = ROOT, **env) -> subprocess.CompletedProcess:
    """What a Python of its own says to some code; variables that are None are not set in it."""
    known = {k: v for k, v in (os.environ | env).items() if v is not None}
    command = [sys.executable, "-c", code]
    return subprocess.run(command, cwd=folder, env=known, capture_output=True, text=True)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("file", "line", "broken"),
    [
        ("show.py", "", None),
        ("model.py", "from .teaching import board", "colourlib.model -> colourlib.teaching.board"),
        ("train.py", "from .runs import session", "colourlib.train -> colourlib.runs.session"),
        ("collect/store.py", "from ..course import forget", "collect.store -> colourlib.course"),
        ("common/words.py", "from .. import show", "colourlib.common.words -> colourlib.show"),
        ("judging/likeness.py", "def f():\n    from ..album import names", "judging.likeness -> c"),
    ],
)
def test_an_arrow_that_runs_up_breaks_the_contract(file, line, broken, tmp_path):
    shutil.copytree(PACKAGE, tmp_path / "colourlib", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    with open(tmp_path / "colourlib" / file, "a") as code:
        code.write(f"\n{line}\n")
    said = in_python(LINT, tmp_path, PYTHONPATH=str(tmp_path))
    assert (said.returncode == 0) == (broken is None), said.stdout + said.stderr
    assert broken is None or broken in said.stdout


def test_imports_inside_functions_only_put_off_what_is_heavy():
    """None dodges a circle: each names something of ours that brings torch or Jupyter along."""
    allowed = {
        "__main__.py": {"album", "teaching.check", "course", "page"},  # --help needs none of them
        # torch, not before a photo waits for it
        "album/batch.py": {"colourise", "hints", "runs", "stream"},
        "course/hosted.py": {"device"},  # torch, before all is installed
        "teaching/check/chapter04/networks.py": {"clinic"},  # a second that other checks can save
    }
    for path in FILES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        functions = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)]
        inside = {n for f in functions for n in ast.walk(f) if isinstance(n, ast.ImportFrom)}
        found = {(n.module or n.names[0].name) for n in inside if n.level}
        assert found <= allowed.get(path.relative_to(PACKAGE).as_posix(), set()), path


def test_the_house_is_no_larger_than_it_may_be():
    lines = parts.lines()
    assert lines["core"] <= 1_245 and sum(lines.values()) <= 26_260
    assert parts.tests() <= 23_830


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_file_says_what_it_is_for_and_can_be_read(path):
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    assert ast.get_docstring(tree) and len(text.splitlines()) <= 300
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            assert node.end_lineno - node.lineno < 60, f"{node.name} fills more than a screen"


@pytest.mark.parametrize(("file", "name"), [(f, n) for f, b in parts.BLOCKS.items() for n in b])
def test_what_pages_say_of_the_parts_is_what_the_code_has(file, name):
    text = (ROOT / file).read_text(encoding="utf-8")
    current = parts.renewed(text, name, parts.BLOCKS[file][name]())
    assert current == text, "python docs/parts.py --write"
    assert parts.renewed(text, name, "another") != text, "the comparison is able to fail"


def test_arrows_and_lines_are_counted_from_the_code(monkeypatch, tmp_path):
    room = tmp_path / "colourlib" / "room"
    room.mkdir(parents=True)
    (tmp_path / "colourlib" / "model.py").write_text("from .common import x\n\n\nY = 1\n")
    (room / "a.py").write_text("def f():\n    from ..model import Y\n    return Y\n")
    monkeypatch.setattr(parts, "PACKAGE", tmp_path / "colourlib")
    monkeypatch.setattr(parts, "ROOT", tmp_path)
    assert parts.lines() == {"core": 4, "room": 3}
    assert parts.imports() == {"room": {"core"}}
    assert "room --> core" in parts.drawing()


def test_importing_the_package_brings_no_torch():
    said = in_python("import sys, colourlib; print({'torch', 'matplotlib'} & set(sys.modules))")
    assert said.stdout == "set()\n", said.stderr


def test_a_photo_is_coloured_in_one_line(tmp_path):
    Image.linear_gradient("L").save(tmp_path / "old.jpg")
    code = "import colourlib; colourlib.colourise('old.jpg').save('new.png')"
    said = in_python(code, tmp_path, PYTHONPATH=str(ROOT))
    assert said.returncode == 0, said.stderr
    with Image.open(tmp_path / "new.png") as picture:
        assert picture.size == (256, 256) and picture.mode == "RGB"


@pytest.mark.parametrize("first", ["", ".colourise", ".album.batch"])
def test_colourise_is_a_function_whatever_was_imported_before(first):
    said = in_python(f"import colourlib{first}; colourlib.colourise(3)")
    assert "CourseError: A picture is a file's name" in said.stderr


def test_the_face_has_what_people_look_for():
    from colourlib.teaching.clinic import inspect
    from colourlib.teaching.fit import fit

    assert colourlib.inspect is inspect and colourlib.fit is fit
    assert callable(colourlib.open_workspace) and re.fullmatch(r"[\d.]+", colourlib.__version__)
    assert set(colourlib.__all__) | {"model", "evaluate"} <= set(dir(colourlib))
    with pytest.raises(AttributeError, match="no attribute 'colorise'"):
        colourlib.colorise()


def test_help_shows_the_page_of_the_readme():
    page = re.search(r"one page\n\n```python\n(.*?)```", (ROOT / "README.md").read_text(), re.S)[1]
    code = re.search(r"\n\n((?:    .*\n|\n)+)\n[A-Z]", colourlib.__doc__)[1]

    def told(text):
        lines = textwrap.dedent(text).strip().splitlines()
        return [re.sub(r"\s+", " ", line) for line in lines if line]

    assert told(page) == told(code)


@pytest.mark.parametrize("own", [None, "OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME"])
def test_waiting_threads_sleep_unless_the_user_has_set_it_otherwise(own):
    names = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME")
    env = dict.fromkeys(names) | ({own: "7"} if own else {})
    code = f"import os, colourlib; print([os.environ.get(n) for n in {names}])"
    said = in_python(code, **env)
    expected = ["7" if n == own else None for n in names] if own else [None, "2000", None]
    assert said.stdout.strip() == str(expected)
