"""The project agrees with itself: packages, versions, commands, licence, and no photo in git."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import colourlib

try:
    import tomllib
except ModuleNotFoundError:  # Python 3.10
    import tomli as tomllib

ROOT = Path(__file__).resolve().parents[1]
CONDA_NAMES = {"pytorch": "torch"}  # conda's name -> Python's name
PHOTO_ENDINGS = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".avif")
PHOTO_ENDINGS += (".heic", ".zip", ".tar", ".gz", ".npz")  # the last: what photos come packed in
# What may be passed on: the photos that data/photos/README.md names (tests/test_photos.py compares
# it with the folder), two figures made of them, and what bench/practice_picture.py draws.
FIGURES = (
    "data/weights/old_photos.jpg", "data/weights/public_photos.jpg",
    "docs/first.jpg", "docs/practice.png", "docs/studio.jpg",
)  # fmt: skip


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def bounds(requirements) -> dict[str, str]:
    """{'torch': '>=2.2', ...} from requirement lines."""
    parsed = [Requirement(line) for line in requirements]
    names = [canonicalize_name(CONDA_NAMES.get(one.name, one.name)) for one in parsed]
    return {name: str(one.specifier) for name, one in zip(names, parsed, strict=True)}


def pyproject_packages(toml: str) -> dict[str, str]:
    project = tomllib.loads(toml)["project"]
    lines = project["dependencies"] + project["optional-dependencies"]["course"]
    return bounds([f"python{project['requires-python']}", *lines])


def environment_packages(yml: str) -> dict[str, str]:
    lines = []
    for entry in yaml.safe_load(yml)["dependencies"]:
        lines += entry["pip"] if isinstance(entry, dict) else [entry]
    found = bounds(lines)
    return {name: bound for name, bound in found.items() if name != "pip"}


def readme_packages(readme: str) -> set[str]:
    section = re.search(r"<!-- packages -->(.*?)<!-- /packages -->", readme, re.DOTALL)
    names = re.findall(r"`([A-Za-z][\w.-]*)`", section[1]) if section else []
    return {canonicalize_name(name) for name in names}


def disagreements(toml: str, yml: str, readme: str) -> list[str]:
    """One line for each package that the three places do not agree on."""
    project, conda = pyproject_packages(toml), environment_packages(yml)
    listed = readme_packages(readme)
    wrong = []
    for name in sorted({*project, *conda, *listed}):
        if project.get(name) != conda.get(name):
            wrong.append(f"{name}: pyproject {project.get(name)}, environment {conda.get(name)}")
        if (name in project) != (name in listed) and name != "python":
            wrong.append(f"{name}: is only in one of pyproject and README")
    return wrong


def test_packages_agree():
    assert disagreements(text("pyproject.toml"), text("environment.yml"), text("README.md")) == []


TOML = """
[project]
requires-python = ">=3.10"
dependencies = ["torch>=2.2", "Some_Name>=1"]
[project.optional-dependencies]
course = ["jupyterlab>=4.0"]
"""
YML = """
dependencies: ["python>=3.10", "pip", "pytorch>=2.2", "jupyterlab>=4.0", {pip: ["some-name>=1"]}]
"""
README = "`numpy`\n<!-- packages -->\n`torch`, `some-name` and\n`jupyterlab`.\n<!-- /packages -->"


@pytest.mark.parametrize(
    ("toml", "yml", "readme", "named"),
    [
        (TOML, YML.replace(">=2.2", ">=2.3"), README, "torch"),
        (TOML, YML.replace("python>=3.10", "python>=3.9"), README, "python"),
        (TOML, YML.replace('"jupyterlab>=4.0", ', ""), README, "jupyterlab"),
        (TOML, YML.replace('"pip"', '"pip", "scipy"'), README, "scipy"),
        (TOML, YML, README.replace("`torch`, ", ""), "torch"),
        (TOML, YML, README.replace("and", "`scipy`"), "scipy"),
        (TOML.replace(', "Some_Name>=1"', ""), YML, README, "some-name"),
        (TOML, YML, README.replace("<!-- packages -->", ""), "torch"),
    ],
)
def test_the_comparison_finds_drift(toml, yml, readme, named):
    assert disagreements(TOML, YML, README) == []
    assert any(line.startswith(f"{named}:") for line in disagreements(toml, yml, readme))


def upper_bounds(toml: str) -> list[str]:
    project = tomllib.loads(toml)["project"]
    extras = project["optional-dependencies"].values()
    lines = [*project["dependencies"], *(line for extra in extras for line in extra)]
    operators = {one: {s.operator for s in Requirement(one).specifier} for one in lines}
    return [line for line, used in operators.items() if used - {">=", "!="}]


def test_no_package_has_an_upper_bound():
    assert upper_bounds(text("pyproject.toml")) == []
    for bad in ("torch==2.2", "torch>=2.2,<3", "torch~=2.2"):
        assert upper_bounds(TOML.replace("torch>=2.2", bad)) == [bad]


def test_versions_agree():
    cited = yaml.safe_load(text("CITATION.cff"))["version"]
    declared = tomllib.loads(text("pyproject.toml"))["project"]["version"]
    assert str(cited) == declared == colourlib.__version__


def targets_named(page: str) -> set[str]:
    """The targets that a page names inside code: `make test`, or a line of a code block."""
    blocks = re.findall(r"^```.*?^```", page, re.DOTALL | re.MULTILINE)
    spans = re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", page, flags=re.DOTALL | re.M))
    return set(re.findall(r"\bmake ([a-z]\w*)", "\n".join([*blocks, *spans])))


def targets_defined(makefile: str) -> set[str]:
    return set(re.findall(r"^([a-z]\w*):(?!=)", makefile, re.MULTILINE))


def test_make_targets_are_explained_and_those_that_pages_name_exist():
    makefile = text("Makefile")
    defined = targets_defined(makefile)
    commands = defined - {"help"}
    shown = {"course", "lab", "notebooks", "book", "badges", "bench"}
    assert commands == shown | {"test", "check", "size", "lint", "clean"}
    assert commands <= set(re.findall(r'echo "make (\w+) ', makefile))
    assert commands - {"lint", "clean"} <= targets_named(text("README.md"))
    for page in ("README.md", "CONTRIBUTING.md", "TEACHING.md", "data/README.md"):
        assert targets_named(text(page)) <= defined, page
    # Targets are read from code only:
    page = "make sure of `make test`:\n```\nmake course PHOTOS=x\n```\nto make lab coats"
    assert targets_named(page) == {"test", "course"}
    assert targets_defined("PY := x\ntest: dep\n\t@make other:\n") == {"test"}


def ci_faults(workflow: str) -> list[str]:
    """What would keep a fork's CI from running, or let it run for ever."""
    found = ["it needs a secret"] if re.search(r"\bsecrets\.", workflow) else []
    jobs = yaml.safe_load(workflow)["jobs"]
    return found + [name for name, job in jobs.items() if job.get("timeout-minutes", 360) > 45]


def test_ci_runs_in_a_fork_too():
    workflow = text(".github/workflows/tests.yml")
    code = re.sub(r"#.*", "", workflow)
    assert ci_faults(code) == []
    assert ".ci/run" in code and "sphinx" in code and "upload-artifact" in code
    assert ci_faults(code.replace("timeout-minutes: 45", "", 1)) == ["test"]
    assert ci_faults(code + "# ${{ secrets.KEY }}") == ["it needs a secret"]


def test_licence_covers_code_and_text():
    licence = text("LICENSE")
    assert "Permission is hereby granted, free of charge" in licence
    assert "https://creativecommons.org/licenses/by/4.0/" in licence
    assert licence.count("the Colourlib authors") >= 2


def git(*arguments: str) -> list[str]:
    """The names that git answers with, ended by NUL; without a git checkout the test is skipped."""
    try:
        done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("this is not a git checkout")
    return done.stdout.decode().split("\0")


def names_in_git() -> list[str]:
    """What is committed, and what is neither committed nor ignored."""
    return git("ls-files", "-z", "--cached", "--others", "--exclude-standard")


def photos_in(names) -> list[str]:
    given = re.findall(r"^\| \[`\w+`\]\((\w+\.jpg)\)", text("data/photos/README.md"), re.MULTILINE)
    allowed = [*FIGURES, *(f"data/photos/{name}" for name in given)]
    return [n for n in names if n.lower().endswith(PHOTO_ENDINGS) and n not in allowed]


def test_no_photo_is_in_git():
    assert photos_in(names_in_git()) == []
    planted = ["docs/Cat.JPG", "x.zip", "data/photos/stranger.jpg"]
    assert photos_in(["a.py", "data/photos/chelsea.jpg", *planted]) == planted


def test_git_ignores_what_the_course_makes_and_nothing_else(tmp_path):
    ignored = ["data/practice-quick/a.jpg", "data/executed/x/01.ipynb", ".venv/x", "data/x.json"]
    kept = [
        "data/README.md",
        "data/weights/w.safetensors",
        "data/photos/a.jpg",
        "colourlib/data.py",
        "bench/x.py",
    ]
    git("init", "-q", str(tmp_path))
    (tmp_path / ".gitignore").write_text(text(".gitignore"))
    command = ["git", "check-ignore", "--no-index", *ignored, *kept]
    answer = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert answer.stdout.split() == ignored
