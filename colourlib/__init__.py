"""colourlib: the package behind the course. Give it a grey photo, and it guesses the colours.

    import colourlib
    colourlib.colourise("old.jpg").save("new.png")       # with the weights that come along

    ws = colourlib.open_workspace()  # or open_workspace(source="/my/photos", setting="full")
    ws.photos()                      # 01  collect       pictures, each with its origin
    ws.cleaned()                     # 02  clean         verdicts, and a split that does not leak
    data = ws.prepared()             # 03  colour, data  Lab; random batches of 20
    net = colourlib.model.ColourNet()  # 04  model       lightness in, chroma out, any size
    colourlib.inspect(net)           # 04  teaching      shapes, costs, what it sees, mistakes
    run = colourlib.fit(net, data)   # 05  train         MSE, Adam, L2; Stop, and it goes on
    ws.compare()                     # 05  teaching      what did my edit do?
    colourlib.evaluate.compare({"mine": net}, data)      # 06  beside the baselines
    ws.open_test({"mine": net})      # 06  course        once, at the very end
    colourlib.colourise("old.jpg", net)                  # 06  any photo, any size

Each step makes what an earlier one would have left. A student's mistake raises CourseError, whose
message says what is wrong, where, and what to do.
"""

import os
from importlib import import_module

from .common.errors import CourseError
from .common.version import __version__

__all__ = ["CourseError", "__version__", "colourise", "fit", "inspect", "open_workspace"]

# Threads that wait for one another spin for microseconds, then sleep: spinning on is many times as
# slow beside other work, sleeping at once on a quiet machine (bench/threads.py). Read when torch
# loads; who has set one of the three is left alone.
if not os.environ.keys() & {"OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME"}:
    os.environ["GOMP_SPINCOUNT"] = "2000"

# The face of the package: names, and the modules that they come from. Imported when they are first
# asked for, because torch takes seconds.
_FACE = {"open_workspace": "course.workspace", "fit": "teaching.fit", "inspect": "teaching.clinic"}
_MODULES = ("colour", "data", "model", "train", "evaluate", "show", "practice")


def __getattr__(name: str):
    if name == "colourise":
        import_module(".runs.weights", __name__)  # so that it opens files and runs, too
        return import_module(".colourise", __name__)
    if name in _FACE:
        return getattr(import_module(f".{_FACE[name]}", __name__), name)
    if name in _MODULES:
        return import_module(f".{name}", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__, *_MODULES])
