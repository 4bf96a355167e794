"""The commands: python -m colourlib colourise | page | train | course | progress | shard"""

import argparse
import importlib.util
import os
import sys
from pathlib import Path

from .common import processes
from .common.errors import CourseError
from .common.files import pasted_folder, printable
from .common.stop import Stopped


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
    "train": (
        "train the network of 04 on one process or many",
        "Train the network that 04 has kept, or the course's own, on the photos of a source. "
        "Started by torchrun or accelerate launch, all processes train one network and share each "
        "batch of 20. Stopped or killed, the same command goes on, on any number of processes.",
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
    "shard": (
        "write cleaned photos as tar shards, to train on from a disk or the web",
        "Collect, clean and split as the notebooks do, then write what is kept as tar shards: "
        "source='shards:OUT'. Stopped, the same command goes on. The photos stay byte for byte.",
    ),
}
EPILOGS = {
    "colourise": "Exit code: 0 all done, 1 a photo failed, 2 a mistake in the command, 130 Ctrl-C. "
    "Names that begin with a dash go behind --."
}
_PHOTOS = "a file, a folder with all below, or shards:FOLDER"
_OUT = "a folder, made if missing; for one photo also a file: .jpg, .png, .webp or .tif"
_SOURCES = "'practice', 'bing', 'torchvision:Imagenette', or a folder"
_SETTINGS = "'quick' (minutes) or 'full' (longer, better colours)"
_COPIES = "where executed copies and summary.md go (default: data/executed/...)"
ARGUMENTS = {
    "colourise": [
        ("photos", {"nargs": "+", "metavar": "PHOTO", "help": _PHOTOS}),
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
    "train": [
        ("--source", {"help": _SOURCES}),
        ("--setting", {"help": _SETTINGS}),
        ("--epochs", {"type": float, "help": "passes over the photos"}),
        ("--steps", {"type": int, "help": "batches, instead (default: as many as 05 takes)"}),
        ("--minutes", {"type": float, "help": "a time limit, instead of either"}),
        ("--batch-size", {"type": int, "help": "photos of all processes together (20)"}),
        ("--per-process", {"action": "store_true", "help": "--batch-size is each process's own"}),
        ("--fresh", {"action": "store_true", "help": "begin anew: no stopped run goes on"}),
    ],
    "page": [
        ("-o --out", {"required": True, "metavar": "FOLDER", "help": "a new folder, or a page's"}),
        ("--model", {"metavar": "RUN", "help": "your own network, as in colourise"}),
    ],
    "course": [
        ("--photos", {"metavar": "FOLDER", "help": "your own folder of pictures"}),
        ("--source", {"help": _SOURCES}),
        ("--setting", {"help": _SETTINGS}),
        ("--out", {"type": Path, "metavar": "FOLDER", "help": _COPIES}),
        ("--only", {"metavar": "05", "help": "only the notebook whose name begins so"}),
    ],
    "progress": [
        ("files", {"nargs": "*", "metavar": "FILE", "help": "progress files, or folders of them"}),
        ("-o --out", {"metavar": "JSON", "help": "write it as one file: ada.json, or class.json"}),
    ],
    "shard": [
        ("source", {"metavar": "FOLDER", "help": "a folder of pictures, or another source"}),
        ("-o --out", {"required": True, "help": "an empty folder, made if missing"}),
        ("--setting", {"default": "quick", "help": "whose decisions and split: quick or full"}),
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
        if args.command == "shard":
            os.environ["COLOURLIB_COMMAND_LINE"] = "1"  # no notebook's choice
            from .course import workspace

            workspace.open_workspace(args.source, args.setting).shard(args.out)
            return 0
        if args.command == "train":
            from .course import training

            return training.train(args)
        if args.photos is not None and args.source is not None:
            parser().error("give --photos or --source, not both: each says where photos are")
        runner = _runner()
        # The whole path, because --photos practice means a folder of that name.
        source = args.source if args.photos is None else str(pasted_folder(args.photos).resolve())
        return 0 if runner.run_course(source, args.setting, args.out, args.only) else 1
    except CourseError as error:
        # In one line, without what a file's name could do to a terminal.
        return _end(2, " ".join(printable(error).split()))
    except Stopped as stopped:
        return _end(130, str(stopped))
    except KeyboardInterrupt:
        return _end(130, "stopped by Ctrl-C")


def _end(code: int, why: str) -> int:
    """Tell why it ends, once for all processes; the exit code."""
    if processes.first_to_tell():
        print(f"colourlib: {why}", file=sys.stderr)
    return code


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
