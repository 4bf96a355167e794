"""A notebook alone on a hosted runtime: the course is installed, nothing else changes, it runs.

The machine is imitated by hosted_runtime.py. Here one short notebook runs whole, the others as far
as their workspace; all of them, which takes some minutes, with

    ALL_NOTEBOOKS=1 python -m pytest -p no:nbval tests/course/test_hosted.py
"""

import email
import importlib.metadata
import os
import shutil

import badges
import pytest
from hosted_runtime import ROOT, Runtime, files_of, release, wheel

from colourlib.common.errors import CourseError
from colourlib.course import hosted

FOLDER = ROOT / "notebooks"
NAMES = [p.relative_to(FOLDER).with_suffix("").as_posix() for p in badges.notebooks(ROOT)]
WHOLE = "02_clean"
UNTOUCHED = ("torch", "torchvision", "numpy")
SET_UP = badges.set_up()
BRICK = "brick>=0.5"  # a package that nobody has

git = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
pytestmark = [git, pytest.mark.slow]


@pytest.fixture(scope="module")
def origin(tmp_path_factory):
    """A clone of the working tree that carries the release tag."""
    if not (ROOT / ".git").exists():
        pytest.skip("this is not a git checkout")
    return release(tmp_path_factory.mktemp("origin"))


@pytest.fixture(scope="module")
def colab(tmp_path_factory, origin):
    """A machine on which the first cell has run once, over older code of the same version."""
    runtime = Runtime(tmp_path_factory.mktemp("colab"), origin)
    assert runtime.run("import colourlib").returncode != 0, "an empty machine"
    version = badges.tag().removeprefix("v")
    old = wheel(runtime.folder, "colourlib", version, {"colourlib/__init__.py": "OLD = True\n"})
    pip = ["-m", "pip", "install", "--no-deps", "--force-reinstall", str(old)]
    code = f"import subprocess, sys; sys.exit(subprocess.call([sys.executable, *{pip}]))"
    put = runtime.run(code)
    assert put.returncode == 0 and runtime.run("import colourlib; colourlib.OLD").returncode == 0
    runtime.before = files_of(*UNTOUCHED)
    runtime.said = runtime.run(SET_UP)
    return runtime


def test_the_first_cell_installs_the_release_over_older_code_of_the_same_version(colab):
    assert colab.said.returncode == 0, colab.said.stderr
    assert "colourlib is ready on Colab" in colab.said.stdout
    assert "Runtime > Change runtime type" in colab.said.stdout
    assert colab.run("import colourlib.course.hosted, colourlib.runs.weights").returncode == 0
    given = "from colourlib.course.photos import public_photos; print(public_photos())"
    assert "shipped/photos/chelsea.jpg" in colab.run(given).stdout.replace("\\", "/")
    assert colab.installed() == {"colourlib": badges.tag()[1:]}
    # Again, it installs nothing.
    nowhere = {"GIT_CONFIG_VALUE_0": "gone", "GIT_CONFIG_KEY_0": "url.file:///gone.insteadOf"}
    again = colab.run(SET_UP, **nowhere)  # where installing anything would fail
    assert again.returncode == 0, again.stderr
    assert again.stdout == colab.said.stdout


@pytest.mark.parametrize("name", NAMES)
def test_each_notebook_alone(colab, name):
    every = os.environ.get("ALL_NOTEBOOKS") or name == WHOLE
    notebook = colab.notebook(name, whole=bool(every))
    outputs = [out for cell in notebook.cells for out in cell.get("outputs", [])]
    said = "".join(out.get("text", "") for out in outputs)
    assert "colourlib is ready on Colab" in said
    assert "files    colourlib_data/practice-quick" in said
    if name == WHOLE:  # what it has cleaned can be prepared for training, too
        prepare = "from colourlib import open_workspace; open_workspace().prepared()"
        assert "photos to prepare" in colab.run(prepare, work=name).stdout


def test_nothing_of_the_machine_has_changed(colab):
    assert files_of(*UNTOUCHED) == colab.before
    assert colab.installed() == {"colourlib": badges.tag()[1:]}
    assert len(colab.before) > 1000, "something was looked at"


COLAB, KAGGLE, BINDER = "COLAB_RELEASE_TAG", "KAGGLE_KERNEL_RUN_TYPE", "BINDER_SERVICE_HOST"
USED = "import sys; sys.modules['colourlib'] = sys\n"
INSTALL = [f"git+{badges.address()}@{badges.tag()}", "make lab"]
OFFLINE = ["is there a network (Kaggle: Settings > Internet on)?", "fatal: "]  # git's own words
PROBLEMS = {  # what sets the service, the repository, the cell, what is said
    "a machine of one's own": (None, True, SET_UP, INSTALL),
    "no network": (KAGGLE, False, SET_UP, OFFLINE),
    "no such release": (COLAB, True, SET_UP.replace(badges.tag(), "v99.0"), ["no release v99.0"]),
    "code in use": (COLAB, True, USED + SET_UP, ["Restart the session"]),
}


@pytest.mark.parametrize("problem", PROBLEMS)
def test_what_goes_wrong_is_told(tmp_path, origin, problem):
    sign, there, cell, says = PROBLEMS[problem]
    machine = Runtime(tmp_path, origin if there else tmp_path / "nowhere", sign)
    said = machine.run(cell)
    assert said.returncode == 1 and [words for words in says if words not in said.stderr] == []
    assert sign or machine.installed() == {}


def test_a_clone_that_is_installed_in_place_is_left_alone(tmp_path, origin):
    runtime = Runtime(tmp_path, tmp_path / "nowhere")
    info = runtime.site / "colourlib-0.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: colourlib\nVersion: 0.0\n")
    (info / "direct_url.json").write_text('{"dir_info": {"editable": true}, "url": "file:///x"}')
    said = runtime.run(SET_UP, PYTHONPATH=str(ROOT))
    assert said.returncode == 0 and "is ready on Colab" in said.stdout


def test_missing_packages_are_added_and_the_rest_keeps_its_version(colab):
    folder = colab.folder / "wheels"
    folder.mkdir()
    wheel(folder, "brick", "1.0", {"brick.py": ""}, needs="numpy")
    wheel(folder, "greedy", "1.0", {"greedy.py": ""}, needs="numpy==999.0")
    wheel(folder, "numpy", "999.0", {"numpy_of_the_test.py": ""})
    install = "from colourlib.course import hosted; hosted.install([{!r}]); print('done')"
    added = colab.run(install.format("brick>=0.5"), PIP_FIND_LINKS=str(folder))
    assert added.stdout == "done\n", added.stderr
    refused = colab.run(install.format("greedy"), PIP_FIND_LINKS=str(folder))
    assert "CourseError: pip could not install greedy" in refused.stderr
    assert set(colab.installed()) == {"colourlib", "brick"}


@pytest.fixture
def somewhere(monkeypatch):
    """No sign of any service; a function that sets some."""
    for sign in hosted.SIGNS.values():
        monkeypatch.delenv(sign, raising=False)
    return lambda *signs: [monkeypatch.setenv(sign, "x") for sign in signs]


# Kaggle's images are built on Colab's and carry its sign, too.
HOSTS = {"": [], "Colab": [COLAB], "Kaggle": [KAGGLE, COLAB], "Binder": [BINDER]}


@pytest.mark.parametrize(("name", "signs"), HOSTS.items())
def test_the_service_is_told_by_its_signs(somewhere, capsys, monkeypatch, signs, name):
    somewhere(*signs)
    monkeypatch.setattr(hosted, "missing", list)
    about = email.message_from_string(f"Project-URL: Repository, {badges.address()}")
    monkeypatch.setattr(importlib.metadata, "metadata", lambda name: about)
    assert hosted.host() == name
    hosted.ready()
    said = capsys.readouterr().out
    assert "Device " in said
    assert ("GPU menu" in said) == (name in hosted.GPU_MENU)
    assert hosted.GPU_MENU.get(name, "") in said and hosted.FILES.get(name, "") in said
    at = f"all is at {badges.address()}/tree/{badges.tag()}."
    assert ("Links to the glossary" in said) == (at in said) == (name in ("Colab", "Kaggle"))


def test_what_is_missing_is_looked_for_by_name_only(monkeypatch):
    lines = ["torch>=999", "no-such-package>=1", "pytest>=8; extra == 'test'", "Pillow>=10.1"]
    monkeypatch.setattr(importlib.metadata, "requires", lambda name: lines)
    assert hosted.missing() == ["no-such-package>=1"]


def test_ready_installs_on_a_lent_machine_only(somewhere, monkeypatch, capsys):
    asked = []
    monkeypatch.setattr(hosted, "missing", lambda: [BRICK])
    monkeypatch.setattr(hosted, "install", asked.append)
    hosted.ready()
    somewhere(BINDER)
    hosted.ready()
    assert asked == []
    monkeypatch.delenv(BINDER)
    somewhere(COLAB)
    hosted.ready()
    assert asked == [[BRICK]]
    assert "Installing what Colab does not have: brick." in capsys.readouterr().out


def test_a_failing_pip_is_told_with_its_last_words(somewhere, monkeypatch):
    somewhere(KAGGLE)
    answer = type("Done", (), {"returncode": 1, "stderr": "no route to host"})
    monkeypatch.setattr(hosted.subprocess, "run", lambda *a, **k: answer)
    with pytest.raises(CourseError, match="(?s)install brick.*Internet has to be on.*no route"):
        hosted.install([BRICK])
