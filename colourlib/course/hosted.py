"""A notebook on a machine that is lent for an hour: Colab, Kaggle, Binder; or on one's own.

The first cell of each notebook (badges.py writes it) brings colourlib there and then calls `ready`,
which installs the few packages that such a machine lacks and says what the notebook runs on. What
is there already, torch and numpy above all, stays as it is.
"""

import importlib
import importlib.metadata
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from ..common.errors import CourseError
from ..common.version import __version__

# Kaggle builds its machines on Colab's, so a machine may carry the signs of both: Kaggle goes first
SIGNS = {
    "Kaggle": "KAGGLE_KERNEL_RUN_TYPE",
    "Colab": "COLAB_RELEASE_TAG",
    "Binder": "BINDER_SERVICE_HOST",
}
GPU_MENU = {"Kaggle": "Settings > Accelerator", "Colab": "Runtime > Change runtime type"}
FILES = {
    "Kaggle": "For photos from the web: Settings > Internet on. Files go when the session ends.",
    "Colab": "Files go when the session ends; the line about Drive in this cell keeps them.",
    "Binder": "Files go when the session ends.",
}


def host() -> str:
    """'Kaggle', 'Colab' or 'Binder'; '' on a machine of one's own."""
    return next((name for name, sign in SIGNS.items() if os.environ.get(sign)), "")


def ready() -> None:
    """Install what is missing on a lent machine; say what the notebook runs on, and where a GPU is.

    May be called again. Raises CourseError where a package is missing and pip cannot get it.
    """
    where = host()
    menu = " Binder lends none, and the quick setting needs none." if where else ""
    if where in GPU_MENU:  # Binder has built its machine beforehand
        menu = f" The GPU menu: {GPU_MENU[where]}; a change begins a new session."
        if lacking := missing():
            print(f"Installing what {where} does not have: {', '.join(map(_name, lacking))}.")
            install(lacking)
    from ..device import choose_device  # imports torch, which must not happen before all is there

    device = choose_device()
    print(f"colourlib is ready{f' on {where}' if where else ''}.")
    print(f"Device {device.name}: {device.reason}.{menu}")
    if where:
        print(FILES[where])
    if where in GPU_MENU and (place := _repository()):  # Binder has Jupyter, which follows them
        print(f"Links to the glossary and other chapters do not open here; all is at {place}.")


def _repository() -> str:
    """Where this release can be read on the web; "" where no package is installed that says so."""
    try:
        about = importlib.metadata.metadata("colourlib")
    except importlib.metadata.PackageNotFoundError:
        return ""
    urls = dict(line.split(", ", 1) for line in about.get_all("Project-URL") or [])
    return f"{urls['Repository']}/tree/v{__version__}" if "Repository" in urls else ""


def _name(requirement: str) -> str:
    return re.match(r"[\w.-]+", requirement)[0]


def _versions() -> dict[str, str | None]:
    """{'scipy>=1.13': the version installed, or None}: what colourlib needs, as its metadata says.

    Empty where it is imported from a clone that is not installed.
    """
    found = {}
    try:
        lines = importlib.metadata.requires("colourlib") or []
    except importlib.metadata.PackageNotFoundError:
        lines = []
    for line in (line for line in lines if "extra ==" not in line):
        try:
            found[line] = importlib.metadata.version(_name(line))
        except importlib.metadata.PackageNotFoundError:
            found[line] = None
    return found


def missing() -> list[str]:
    """The requirements of which nothing is installed.

    An older version than we ask for may stay, because the machine's own packages fit each other,
    and a newer one can break the others.
    """
    return [line for line, version in _versions().items() if version is None]


def install(requirements: list[str]) -> None:
    """Let pip add packages to this Python while all that colourlib needs keeps its version.

    Raises CourseError with pip's last words, where there is no network for instance.
    """
    pins = [f"{_name(line)}=={version}" for line, version in _versions().items() if version]
    with tempfile.TemporaryDirectory() as scratch:
        constraints = Path(scratch, "constraints.txt")
        constraints.write_text("\n".join(pins), encoding="utf-8")
        pip = [sys.executable, "-m", "pip", "install", "-q", "--no-input", "-c", str(constraints)]
        done = subprocess.run([*pip, *requirements], capture_output=True, text=True)
    importlib.invalidate_caches()
    if done.returncode:
        hint = " Settings > Internet has to be on." if host() == "Kaggle" else ""
        raise CourseError(
            f"pip could not install {', '.join(map(_name, requirements))}. Is there a network?"
            f"{hint} Then run this cell again. The last that pip said:\n{done.stderr[-800:]}"
        )
