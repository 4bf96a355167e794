"""Where the repository lives, carried from pyproject.toml to every place that has to say it.

    make badges           # badges and set-up cells, from pyproject.toml
    make badges FORK=1    # first write this clone's `origin` into pyproject.toml

It writes the badges under the titles of README and notebooks, between two comments, the first code
cell of each notebook, CITATION.cff, and the version in colourlib/common/version.py. Colab, Kaggle,
Binder and the first cell all take the release tag (v and the version), so that a notebook and the
code that it installs belong together.
"""

import json
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

from colourlib.common.errors import CourseError
from colourlib.common.files import replace_text

ROOT = Path(__file__).resolve().parents[1]
BEGIN, END = "<!-- badges -->", "<!-- /badges -->"
CELL_ID = "set-up"  # of the first code cell, by which it is found again
FOLDED = {"cellView": "form", "jupyter": {"source_hidden": True}}  # on Colab; in JupyterLab
PICTURES = {
    "Colab": "https://colab.research.google.com/assets/colab-badge.svg",
    "Kaggle": "https://kaggle.com/static/images/open-in-kaggle.svg",
    "Binder": "https://mybinder.org/badge_logo.svg",
}

# Only Python's own library before the import: colourlib may not be there yet. On a machine of one's
# own nothing is installed unasked: that Python may hold other work, and torch is gigabytes. By
# force, since pip keeps older code of the same version; but never over a clone ("dir_info").
SET_UP = r"""# @title Set-up: run this first, here as on Colab
# The same in every notebook; running it again does no harm. On Colab and Kaggle it installs the
# course for this session and leaves their torch and numpy as they are.
import os
import subprocess
import sys
from importlib import invalidate_caches, metadata, util

# from google.colab import drive; drive.mount("/content/drive"); os.environ["COLOURLIB_HOME"] = "/content/drive/MyDrive/colourlib"  # keeps results
COURSE, TAG = "@ADDRESS@", "@TAG@"
pip = [sys.executable, "-m", "pip", "install", f"git+{COURSE}@{TAG}"]
origins = [d.read_text("direct_url.json") or "" for d in metadata.distributions(name="colourlib")]
there = any(f'"{COURSE}"' in o and f'"{TAG}"' in o or '"dir_info"' in o for o in origins)
if not there and {"COLAB_RELEASE_TAG", "KAGGLE_KERNEL_RUN_TYPE"} & {*os.environ}:
    run = subprocess.run([*pip, "--no-deps", "--force-reinstall"], capture_output=True, text=True)
    if run.returncode:
        why = "is there a network (Kaggle: Settings > Internet on)?"
        why = f"it has no release {TAG}." if "did not match" in run.stderr else why
        sys.exit(f"{COURSE} could not be installed: {why} pip says:\n{run.stderr[:700]}")
    if "colourlib" in sys.modules:
        sys.exit("Other code of the course was in use. Restart the session and run this again.")
    invalidate_caches()
if not util.find_spec("colourlib"):
    sys.exit(f"This Python has no colourlib. In a clone: make lab. Or install it: {' '.join(pip)}")
from colourlib.course import hosted

hosted.ready()"""


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _line(root: Path, key: str) -> str:
    """The value of a line `key = "value"` of pyproject.toml."""
    found = re.search(rf'^{key} = "(.+)"$', _read(root / "pyproject.toml"), re.MULTILINE)
    if found is None:
        raise CourseError(f'pyproject.toml has no line {key} = "...".')
    return found[1]


def _with_line(text: str, pattern: str, line: str) -> str:
    """The text with the whole lines that match the pattern replaced."""
    return re.sub(f"^{pattern}$", lambda _: line, text, flags=re.MULTILINE)


def address(root: Path = ROOT) -> str:
    """The repository's address: 'https://github.com/owner/name', from pyproject.toml."""
    return _line(root, "Repository")


def tag(root: Path = ROOT) -> str:
    """The release that notebooks open and install: 'v' and the version."""
    return "v" + _line(root, "version")


def set_up(root: Path = ROOT) -> str:
    """The source of the first code cell."""
    return SET_UP.replace("@ADDRESS@", address(root)).replace("@TAG@", tag(root))


def notebooks(root: Path) -> list[Path]:
    """The chapters in order, then their appendices. Raises CourseError where there are none."""
    found = sorted((root / "notebooks").glob("[0-9]*.ipynb"))
    if not found:
        raise CourseError(f"There are no notebooks in {root}. Run this in a clone of the course.")
    return [*found, *sorted((root / "notebooks" / "more").glob("*.ipynb"))]


# ---- what is made of it --------------------------------------------------------------------------


def _links(path: Path, root: Path) -> dict[str, str]:
    """Where a notebook opens in one click, for Colab, Kaggle and Binder."""
    place, at = address(root).removeprefix("https://github.com/"), tag(root)
    file = path.relative_to(root).as_posix()
    return {
        "Colab": f"https://colab.research.google.com/github/{place}/blob/{at}/{file}",
        "Kaggle": f"https://kaggle.com/kernels/welcome?src={address(root)}/blob/{at}/{file}",
        "Binder": f"https://mybinder.org/v2/gh/{place}/{at}?labpath={quote(file, safe='')}",
    }


def _badges(path: Path, what: str, root: Path) -> str:
    """Three badges in a row that open a notebook, in Markdown."""
    each = _links(path, root).items()
    return " ".join(f"[![Open {what} in {host}]({PICTURES[host]})]({link})" for host, link in each)


def _between(text: str, badges: str) -> str:
    """A Markdown text with these badges between the two comments, or under its title."""
    block = f"{BEGIN}\n{badges}\n{END}"
    if BEGIN in text and END in text:
        before, rest = text.split(BEGIN, 1)
        return before + block + rest.split(END, 1)[1]
    title, _, rest = text.partition("\n")
    return f"{title}\n\n{block}\n{rest}"


def _notebook(path: Path, root: Path) -> str:
    """Badges in the first cell, and the set-up cell behind that, whose stored output stays."""
    name, stored = path.stem, json.loads(_read(path))
    cells = stored["cells"]
    if not cells or cells[0]["cell_type"] != "markdown":
        raise CourseError(f"{name}.ipynb has to begin with a Markdown cell that holds its title.")
    title = _between("".join(cells[0]["source"]), _badges(path, "this chapter", root))
    cells[0]["source"] = title.splitlines(keepends=True)
    setup = next((cell for cell in cells if cell.get("id") == CELL_ID), None)
    if setup is None:
        setup = {"cell_type": "code", "execution_count": None, "id": CELL_ID, "metadata": {}}
        setup |= {"outputs": [], "source": []}
        cells.insert(1, setup)
    setup["metadata"] |= FOLDED
    setup["source"] = set_up(root).splitlines(keepends=True)
    return json.dumps(stored, indent=1, ensure_ascii=False) + "\n"


def outdated(root: Path = ROOT) -> dict[Path, str]:
    """The files that do not agree with pyproject.toml, each with the text that would."""
    readme, citation = root / "README.md", root / "CITATION.cff"
    module, version = root / "colourlib" / "common" / "version.py", _line(root, "version")
    chapters = [path for path in notebooks(root) if path.parent.name == "notebooks"]
    each = " · ".join(f"[{path.stem}]({_links(path, root)['Colab']})" for path in chapters)
    badges = _badges(chapters[0], "the first chapter", root)
    uncited = re.sub(r"^repository-code:.*\n", "", _read(citation), flags=re.MULTILINE)
    cited = f'version: {version}\nrepository-code: "{address(root)}"'
    texts = {
        readme: _between(_read(readme), f"{badges}\n\nEach chapter by itself, in Colab: {each}"),
        citation: _with_line(uncited, "version:.*", cited),
        module: _with_line(_read(module), "__version__ = .*", f'__version__ = "{version}"'),
    }
    texts |= {path: _notebook(path, root) for path in notebooks(root)}
    return {path: text for path, text in texts.items() if text != _read(path)}


# ---- the command ---------------------------------------------------------------------------------


def write(fork: bool = False, root: Path = ROOT) -> list[Path]:
    """Make every place agree with pyproject.toml, or with `origin` for a fork; the files changed.

    Raises CourseError where origin is not on GitHub, and where there is no clone.
    """
    changed = _adopt(root) if fork else []
    for path, text in outdated(root).items():
        replace_text(path, text)
        changed.append(path)
    print(f"The course's address: {address(root)}, release {tag(root)}")
    print(f"Written: {', '.join(path.name for path in changed) or 'nothing, all agree already'}")
    if changed:
        print(
            f"Links and installs want that release to be there. When it is all committed:\n"
            f"  git tag {tag(root)} && git push origin HEAD {tag(root)}"
        )
    return changed


def _adopt(root: Path) -> list[Path]:
    """Write origin's address into pyproject.toml; the files changed."""
    try:
        git = ["git", "-C", str(root), "remote", "get-url", "origin"]
        remote = subprocess.run(git, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError) as error:
        raise CourseError(
            f"git knows no remote called origin in {root}. Clone your fork, or add it: "
            "git remote add origin https://github.com/you/your-fork"
        ) from error
    # git@github.com:me/fork.git, ssh://git@github.com/me/fork, https://token@github.com/me/fork
    start = r"(?:\w+://)?(?:[^/@]+@)?(?:www\.)?github\.com(?::\d+/|[:/])"
    found = re.fullmatch(start + r"([\w.-]+)/([\w.-]+?)(?:\.git)?/?", remote)
    if found is None:
        raise CourseError(
            "origin is not on github.com, and Colab and Kaggle open notebooks only from there. Push "
            "your fork to GitHub and name that: git remote set-url origin https://github.com/..."
        )
    path = root / "pyproject.toml"
    old, line = _read(path), f'Repository = "https://github.com/{found[1]}/{found[2]}"'
    if (text := _with_line(old, 'Repository = ".*"', line)) == old:
        return []
    replace_text(path, text)
    return [path]


if __name__ == "__main__":
    try:
        write("--fork" in sys.argv)
    except CourseError as error:
        sys.exit(str(error))
