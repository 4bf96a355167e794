"""The commands of the package: python -m colourlib colourise | page | course | progress"""

import argparse
import importlib.util
import sys
from pathlib import Path

from .common.errors import CourseError
from .common.files import pasted_folder, printable


def parser() -> argparse.ArgumentParser:
    """The command line, with its help."""
    top = argparse.ArgumentParser(prog="python -m colourlib", description=__doc__)
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, (about, more) in COMMANDS.items():
        command = commands.add_parser(name, help=about, description=more, epilog=EPILOGS.get(name))
        for flags, settings in ARGUMENTS[name]:
            command.add_argument(*flags.split(), **settings)
    return top


COMMANDS = {
    "colourise": (
        "colour grey photos at their full size",
        "Colour photos at their full size; their lightness stays as it is. Colours are estimated, "
        "and the files written say so. No photo is changed. What is written keeps the photo's "
        "format (others than JPEG, PNG, WebP and TIFF become PNG).",
    ),
    "page": (
        "write a page that colours photos in a browser",
        "Write a folder of static files: a page with the network in it. Any server will do, "
        "`python -m http.server --directory FOLDER` for one. Photos stay in the visitor's browser.",
    ),
    "course": (
        "run all notebooks in order and sum up times and scores",
        "Run all notebooks in order, store the executed copies, sum up times and scores. The "
        "default is practice scenes, which the course draws itself, at the quick setting.",
    ),
    "progress": (
        "show what exercises are done; collect a class's",
        "Without FILE: your own exercises. With FILE: a class's, one file a student.",
    ),
}
EPILOGS = {
    "colourise": "Exit code: 0 all done, 1 a photo failed, 2 a mistake in the command, 130 Ctrl-C. "
    "Names that begin with a dash go behind --."
}
_OUT = "a folder, made if missing; for one photo also a file: .jpg, .png, .webp or .tif"
_COPIES = "where executed copies and summary.md go (default: data/executed/...)"
ARGUMENTS = {
    "colourise": [
        (
            "photos",
            {"nargs": "+", "metavar": "PHOTO", "help": "a file, or a folder with all below"},
        ),
        ("-o --out", {"required": True, "help": _OUT}),
        ("--saturation", {"type": float, "default": 1.0, "help": "0 is grey, 1 as estimated"}),
        (
            "--model",
            {"metavar": "RUN", "help": "a run's folder, a .safetensors file, or colournet"},
        ),
        ("--vivid", {"action": "store_true", "help": "likely colours instead of their mean"}),
        ("--temperature", {"type": float, "metavar": "T", "help": "of --vivid: 1 pale, 0.1 bold"}),
        ("--hints", {"metavar": "JSON", "help": "colours that you know, for the one photo"}),
        ("--force", {"action": "store_true", "help": "overwrite files that are there"}),
    ],
    "page": [
        ("-o --out", {"required": True, "metavar": "FOLDER", "help": "a new folder, or a page's"}),
        ("--model", {"metavar": "RUN", "help": "your own network, as in colourise"}),
    ],
    "course": [
        ("--photos", {"metavar": "FOLDER", "help": "your own folder of pictures"}),
        ("--source", {"help": "'practice', 'bing', 'torchvision:Imagenette', or a folder"}),
        ("--setting", {"help": "'quick' (minutes) or 'full' (longer, better colours)"}),
        ("--out", {"type": Path, "metavar": "FOLDER", "help": _COPIES}),
        ("--only", {"metavar": "05", "help": "only the notebook whose name begins so"}),
    ],
    "progress": [
        ("files", {"nargs": "*", "metavar": "FILE", "help": "progress files, or folders of them"}),
        ("-o --out", {"metavar": "JSON", "help": "write it as one file: ada.json, or class.json"}),
    ],
}


def main(arguments: list[str] | None = None) -> int:
    """0: done; 1: something ran and failed; 2: a mistake on the command line, told in one line."""
    args = parser().parse_args(arguments)
    try:
        if args.command == "colourise":
            from .album import batch  # which takes time, and --help should not

            how = args.model, args.saturation, args.force, args.vivid, args.temperature, args.hints
            return batch.colourise_files(args.photos, args.out, *how).code
        if args.command == "page":
            from . import page

            sizes = page.make(args.out, args.model)
            print(
                f"{args.out}: {len(sizes)} files, {sum(sizes.values()) / 1e6:.1f} MB. Look at it:"
            )
            print(f"python -m http.server --bind 127.0.0.1 --directory {args.out}")
            return 0
        if args.command == "progress":
            from .teaching.check import classroom

            return classroom.progress(args.files, args.out)
        if args.photos is not None and args.source is not None:
            parser().error("give --photos or --source, not both: each says where photos are")
        runner = _runner()
        # The whole path, because --photos practice means a folder of that name.
        source = args.source if args.photos is None else str(pasted_folder(args.photos).resolve())
        return 0 if runner.run_course(source, args.setting, args.out, args.only) else 1
    except CourseError as error:
        # In one line, without what a file's name could do to a terminal.
        print(f"colourlib: {' '.join(printable(error).split())}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\ncolourlib: stopped by Ctrl-C", file=sys.stderr)
        return 130


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
