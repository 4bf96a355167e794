"""The commands of the package: python -m colourlib colourise | course | progress"""

import argparse
import importlib.util
import sys
from pathlib import Path

from .common.errors import CourseError
from .common.files import printable


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
        runner = _runner()
        source = _folder(args.photos) if args.photos is not None else args.source
        return 0 if runner.run_course(source, args.setting, args.out, args.only) else 1
    except CourseError as error:
        print(f"colourlib: {_printable(error)}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\ncolourlib: stopped by Ctrl-C", file=sys.stderr)
        return 130


def _printable(error: CourseError) -> str:
    """One line; what a file's name could do to a terminal is left out."""
    return " ".join(printable(error).split())


def _folder(text: str) -> str:
    """The whole path of a folder of pictures: --photos practice means a folder of that name."""
    folder = Path(text).expanduser().resolve()
    if not folder.is_dir():
        raise CourseError(f"--photos: there is no folder {folder}. Give a folder of pictures.")
    return str(folder)


def _runner():
    """The runner, or a word on what is missing: the plain package comes without Jupyter."""
    missing = [name for name in ("nbclient", "ipykernel") if importlib.util.find_spec(name) is None]
    if missing:
        raise CourseError(
            f"Running notebooks needs {' and '.join(missing)}. "
            f'Install them with: pip install -e ".[course]"'
        )
    from .course import runner

    return runner


if __name__ == "__main__":
    sys.exit(main())
