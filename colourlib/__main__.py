"""The commands of the package: python -m colourlib colourise | course | progress | test | ...

`colourise` lives in batch.py, `course` and `notebooks` in course.py, `progress` in
check/classroom.py; `test`, which needs the test tools, lives here.
"""

import argparse
import importlib.util
import os
import shlex
import subprocess
import sys
import time
from pathlib import Path

from .common.errors import CourseError
from .common.files import printable

CHECKOUT = Path(__file__).resolve().parents[1]

# What `test` runs, each as: python ...
_PYTEST = "-m pytest -p no:nbval --durations=6"  # nbval takes two seconds to import
STEPS = {
    "lint": {
        "ruff check": "-m ruff check .",
        "ruff format": "-m ruff format --check .",
        "arrows": "-c 'from importlinter.cli import lint_imports_command; lint_imports_command()'",
    },
    "unit": {"unit tests": f"{_PYTEST} -n 2 --dist loadfile --ignore tests/browser tests"},
    "notebooks": {
        "notebooks": "-m pytest -p no:python --nbval-lax --nbval-current-env"
        " --nbval-cell-timeout=180 -n 2 --dist loadfile --durations=6 notebooks/",
    },
    "browser": {"browser": f"{_PYTEST} -rs tests/browser"},
}
ALL = list(STEPS)
STEPS["quick"] = {"quick tests": STEPS["unit"]["unit tests"].replace("-n 2", "-m 'not slow' -n 2")}
GROUPS = {"check": ["lint", "quick"]}


def run_tests(steps: list[str], checkout: Path = CHECKOUT) -> bool:
    """Run the steps named, show their output, then each one's own closing line; True if all passed.

    A step that fails does not keep the next from running: one run tells everything.
    """
    missing = [
        name for name in ("ruff", "importlinter", "pytest", "xdist", "nbval") if not _is_there(name)
    ]
    if missing:
        raise CourseError(
            f"The test tools are not all installed ({', '.join(missing)} missing). "
            f'Install them with: pip install -e ".[test]"'
        )
    closing = []
    for tool, command in ((tool, line) for step in steps for tool, line in STEPS[step].items()):
        print(f"\n$ python {command}", flush=True)
        start = time.perf_counter()
        code, last = _show_and_keep_last(shlex.split(command), checkout)
        verdict = "ok" if code == 0 else "FAILED"
        closing.append((tool, verdict, time.perf_counter() - start, last))
    print()
    for tool, verdict, seconds, last in closing:
        print(f"{tool:13} {verdict:6} {seconds:5.0f} s  {last}")
    return all(verdict == "ok" for _, verdict, _, _ in closing)


def _is_there(module: str) -> bool:
    return importlib.util.find_spec(module) is not None


def _show_and_keep_last(command: list[str], folder: Path) -> tuple[int, str]:
    """Run python and pass its output on as it comes: (exit code, last line of output)."""
    # Two workers, a thread each: with more, threads wait for one another instead of computing.
    env = os.environ | {"PYTHONUNBUFFERED": "1", "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(
        [sys.executable, *command],
        cwd=folder,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    tail = b""
    while chunk := process.stdout.read1():
        sys.stdout.buffer.write(chunk)
        sys.stdout.buffer.flush()
        tail = (tail + chunk)[-2000:]
    lines = tail.decode("utf-8", errors="replace").strip().splitlines()
    return process.wait(), lines[-1] if lines else ""


def parser() -> argparse.ArgumentParser:
    """The command line, with its help."""
    top = argparse.ArgumentParser(prog="python -m colourlib", description=__doc__.splitlines()[0])
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")

    colourise = commands.add_parser(
        "colourise",
        help="colour grey photos at their full size",
        description="Colour photos at their full size; their lightness stays as it is. Colours "
        "are estimated, and the files written say so. No photo is changed. What is written keeps "
        "the photo's format (others than JPEG, PNG, WebP and TIFF become PNG).",
        epilog="Exit code: 0 all done, 1 a photo failed, 2 a mistake in the command, 130 Ctrl-C. "
        "Names that begin with a dash go behind --.",
    )
    colourise.add_argument(
        "photos", nargs="+", metavar="PHOTO", help="a file, or a folder with all that lies below"
    )
    colourise.add_argument(
        "-o",
        "--out",
        required=True,
        help="a folder, made if missing; for one photo also a file: .jpg, .png, .webp or .tif",
    )
    colourise.add_argument(
        "--saturation", type=float, default=1.0, help="0 is grey, 1 as estimated (default), 1.2 ..."
    )
    colourise.add_argument(
        "--model", metavar="RUN", help="a run's folder or a .safetensors file (default: as shipped)"
    )
    colourise.add_argument("--force", action="store_true", help="overwrite files that are there")

    course = commands.add_parser(
        "course",
        help="run all notebooks in order and sum up times and scores",
        description="Run all notebooks in order, store the executed copies, sum up times and "
        "scores. The default is practice scenes, which the course draws itself, at the quick "
        "setting.",
    )
    source = course.add_mutually_exclusive_group()
    source.add_argument("--photos", metavar="FOLDER", help="your own folder of pictures")
    source.add_argument(
        "--source", help="'practice', 'bing', 'torchvision:Imagenette', or a folder of pictures"
    )
    course.add_argument("--setting", help="'quick' (minutes) or 'full' (longer, better colours)")
    course.add_argument(
        "--out",
        type=Path,
        metavar="FOLDER",
        help="where executed copies and summary.md go (default: data/executed/...)",
    )
    course.add_argument("--only", metavar="05", help="only the notebook whose name begins so")

    progress = commands.add_parser(
        "progress",
        help="show what exercises are done; collect a class's",
        description="Without FILE: your own exercises. With FILE: a class's, one file a student.",
    )
    progress.add_argument(
        "files", nargs="*", metavar="FILE", help="progress files, or folders with such files below"
    )
    progress.add_argument(
        "-o", "--out", metavar="JSON", help="write it as one file: ada.json, or class.json"
    )

    test = commands.add_parser(
        "test",
        help="lint, unit tests, and every notebook with its stored outputs checked",
        description="Run the checks that `make test` and CI run, all of them or those named.",
    )
    test.add_argument("steps", nargs="*", metavar="STEP", help=f"{', '.join([*STEPS, *GROUPS])}")

    commands.add_parser(
        "notebooks",
        help="run the notebooks again and store their outputs, for the repository",
        description="Run the notebooks in a fresh, empty workspace and store their outputs in "
        "place. A notebook in which a cell fails keeps its old file.",
    )

    badges = commands.add_parser(
        "badges",
        help="write the repository's address and release into badges and set-up cells",
        description="Carry the address and the version in pyproject.toml to the badges of README "
        "and notebooks, to the first code cell of each notebook, and to CITATION.cff.",
    )
    badges.add_argument(
        "--fork", action="store_true", help="take the address from git's remote 'origin' first"
    )
    return top


def main(arguments: list[str] | None = None) -> int:
    """0: done; 1: something ran and failed; 2: a mistake on the command line, told in one line."""
    args = parser().parse_args(arguments)
    try:
        if args.command == "colourise":
            from .album import batch  # which takes time, and --help should not

            return batch.colourise_files(
                args.photos, args.out, args.model, args.saturation, args.force
            ).code
        if args.command == "progress":
            from .teaching.check import classroom

            return classroom.progress(args.files, args.out)
        if args.command == "test":
            return 0 if run_tests(_steps(args.steps)) else 1
        if args.command == "badges":
            from .course import badges

            badges.write(args.fork)
            return 0
        course = _course_module()
        if args.command == "notebooks":
            return 0 if course.renew() else 1
        source = _folder(args.photos) if args.photos is not None else args.source
        return 0 if course.run_course(source, args.setting, args.out, args.only) else 1
    except CourseError as error:
        print(f"colourlib: {_printable(error)}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\ncolourlib: stopped by Ctrl-C", file=sys.stderr)
        return 130


def _printable(error: CourseError) -> str:
    """One line; what a file's name could do to a terminal is left out."""
    return " ".join(printable(error).split())


def _steps(named: list[str]) -> list[str]:
    for step in named:
        if step not in (*STEPS, *GROUPS):
            there = ", ".join([*STEPS, *GROUPS])
            raise CourseError(f"There is no test step {step!r}. There are: {there}.")
    return [one for step in named or ALL for one in GROUPS.get(step, [step])]


def _folder(text: str) -> str:
    """The whole path of a folder of pictures: --photos practice means a folder of that name."""
    folder = Path(text).expanduser().resolve()
    if not folder.is_dir():
        raise CourseError(f"--photos: there is no folder {folder}. Give a folder of pictures.")
    return str(folder)


def _course_module():
    """course.py, or a word on what is missing: the plain package comes without Jupyter."""
    missing = [name for name in ("nbclient", "ipykernel") if not _is_there(name)]
    if missing:
        raise CourseError(
            f"Running notebooks needs {' and '.join(missing)}. "
            f'Install them with: pip install -e ".[course]"'
        )
    from .course import runner as course

    return course


if __name__ == "__main__":
    sys.exit(main())
