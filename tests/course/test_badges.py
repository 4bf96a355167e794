"""The repository's address and release are the same in all places, and a fork changes them at once.

Each check is itself tried on a copy in which something disagrees.
"""

import json
import os
import re
import shutil
import subprocess
import sys

import badges
import pytest
from badges import ROOT
from test_project import bounds, environment_packages, names_in_git, tomllib

from colourlib.common.errors import CourseError

NOTEBOOKS = len(badges.notebooks(ROOT))
WRITTEN = ("pyproject.toml", "README.md", "CITATION.cff", "colourlib/common/version.py")


@pytest.fixture
def copy(tmp_path):
    """The files in question, copied."""
    (tmp_path / "colourlib" / "common").mkdir(parents=True)
    for name in WRITTEN:
        shutil.copy(ROOT / name, tmp_path / name)
    shutil.copytree(ROOT / "notebooks", tmp_path / "notebooks")
    return tmp_path


def read(path) -> str:
    return path.read_text(encoding="utf-8")


def change(path, old: str, new: str) -> None:
    text = read(path)
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_all_places_agree_and_pyproject_is_read_as_toml_reads_it():
    assert [path.name for path in badges.outdated(ROOT)] == [], "make badges"
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, ROOT / "docs" / "badges.py"]
    said = subprocess.run(command, env=env, capture_output=True, text=True)
    assert said.returncode == 0 and "all agree already" in said.stdout
    project = tomllib.loads(read(ROOT / "pyproject.toml"))["project"]
    assert badges.address() == project["urls"]["Repository"]
    assert badges.tag() == f"v{project['version']}"


DISAGREEMENTS = {
    "another version": ("pyproject.toml", 'version = "', 'version = "9', 3 + NOTEBOOKS),
    "another address": ("pyproject.toml", "github.com/", "github.com/anna-", 2 + NOTEBOOKS),
    "a badge in README": ("README.md", "colab.research.google.com/github/", "example.org/", 1),
    "no badges in README": ("README.md", badges.BEGIN, "", 1),
    "another citation": ("CITATION.cff", "repository-code", "repository", 1),
    "another version cited": ("CITATION.cff", "\nversion: ", "\nversion: 9", 1),
    "another version in Python": (WRITTEN[3], '__version__ = "', '__version__ = "9', 1),
    "another tag in a cell": ("notebooks/03_colour_and_batches.ipynb", badges.tag(), "v8", 1),
    "an edited cell": ("notebooks/05_train.ipynb", "harm", "damage", 1),
    "a lost cell": ("notebooks/06_evaluate.ipynb", f'"id": "{badges.CELL_ID}"', '"id": "x"', 1),
}


@pytest.mark.parametrize("what", DISAGREEMENTS)
def test_a_disagreement_is_found_and_mended(copy, what, capsys):
    name, old, new, files = DISAGREEMENTS[what]
    change(copy / name, old, new)
    assert len(badges.outdated(copy)) == files
    badges.write(root=copy)
    assert badges.outdated(copy) == {}
    assert "git tag v" in capsys.readouterr().out
    before = {path: read(path) for path in copy.rglob("*.*") if path.is_file()}
    assert badges.write(root=copy) == []
    assert {path: read(path) for path in before} == before
    assert "all agree already" in capsys.readouterr().out


def cells(path) -> list:
    return json.loads(read(path))["cells"]


def test_the_set_up_cell_is_the_first_code_cell_and_the_same_everywhere():
    every = [cells(path) for path in badges.notebooks(ROOT)]
    firsts = [next(cell for cell in each if cell["cell_type"] == "code") for each in every]
    assert {cell["id"] for cell in firsts} == {badges.CELL_ID}
    assert {"".join(cell["source"]) for cell in firsts} == {badges.set_up()}


def test_outputs_and_other_cells_stay_when_the_release_changes(copy):
    path = copy / "notebooks" / "04_model.ipynb"
    before = cells(path)
    change(copy / "pyproject.toml", 'version = "', 'version = "9')
    badges.write(root=copy)
    after = cells(path)
    assert len(after) == len(before) and after[2:] == before[2:]
    assert after[1] | {"source": 0} == before[1] | {"source": 0}
    assert after[1]["source"] != before[1]["source"]


def mentions(text: str, address: str) -> int:
    return len(re.findall(re.escape(address.removeprefix("https://")) + r"(?![\w-])", text))


def by_hand(root, names) -> list[str]:
    """Files in which the address stands, other than where it is written once or by the command."""
    found = []
    for name in names:
        try:
            text = read(root / name)
        except (UnicodeDecodeError, FileNotFoundError, IsADirectoryError):
            continue
        if name in WRITTEN:
            key = {"pyproject.toml": "Repository =", "CITATION.cff": "repository-code:"}.get(name)
            text = text.replace(f'{key} "{badges.address(root)}"', "", 1)
        elif name.endswith(".ipynb") and name.startswith("notebooks/"):
            kept = [c for c in json.loads(text)["cells"] if c.get("id") != badges.CELL_ID]
            text = "\n".join("".join(cell["source"]) for cell in kept)
        text = re.sub(f"{badges.BEGIN}.*?{badges.END}", "", text, count=1, flags=re.DOTALL)
        if mentions(text, badges.address(root)):
            found.append(name)
    return found


def test_the_address_is_nowhere_else_by_hand(copy):
    assert by_hand(ROOT, filter(None, names_in_git())) == []
    change(copy / "README.md", "# ", f"{badges.address()}/issues\n# ")
    change(copy / "notebooks" / "02_clean.ipynb", "EXIF", f"{badges.address()} EXIF")
    changed = ["README.md", "notebooks/02_clean.ipynb"]
    assert by_hand(copy, [*WRITTEN, changed[1]]) == changed


FORKS = [
    "git@github.com:anna/colour-2.0.git",
    "ssh://git@github.com/anna/colour-2.0",
    "https://token42:x@github.com/anna/colour-2.0.git",
    "https://github.com/anna/colour-2.0/",
    "https://www.github.com/anna/colour-2.0",
    "ssh://git@github.com:22/anna/colour-2.0.git",
]
NO_FORKS = ["https://gitlab.com/anna/x.git", "https://a.example/github.com/anna/x", "/a/folder"]


@pytest.mark.parametrize("remote", [*FORKS, *NO_FORKS, None])
def test_a_fork_takes_its_address_from_git_if_it_can_be_opened(copy, remote):
    old = badges.address(copy)
    subprocess.run(["git", "init", "-q"], cwd=copy, check=True)
    if remote:
        subprocess.run(["git", "remote", "add", "origin", remote], cwd=copy, check=True)
    if remote not in FORKS:
        with pytest.raises(CourseError, match="origin"):
            badges.write(fork=True, root=copy)
        assert badges.outdated(copy) == {}
        return
    badges.write(fork=True, root=copy)
    assert badges.address(copy) == "https://github.com/anna/colour-2.0"
    assert badges.outdated(copy) == {}
    for path in [*(copy / name for name in WRITTEN), *badges.notebooks(copy)]:
        assert mentions(read(path), old) == 0 and "token42" not in read(path)
    assert badges.write(fork=True, root=copy) == []


def test_binder_brings_what_the_notebooks_need():
    text = read(ROOT / ".binder" / "environment.yml")
    project = tomllib.loads(read(ROOT / "pyproject.toml"))["project"]
    needed = bounds([f"python{project['requires-python']}", *project["dependencies"]])
    assert environment_packages(text) == needed
    for old, new in [("scipy>=1.13", "scipy>=1.14"), ("  - tqdm>=4.65\n", "")]:
        assert environment_packages(text.replace(old, new)) != needed
    assert "pip install --no-deps" in read(ROOT / ".binder" / "postBuild")
