"""`fit` as the notebooks have it: the clinic looks at the network first, a board shows the rest."""

from torch import nn

from .. import runs
from ..data import PhotoData
from ..runs import fit as runs_fit
from ..train import Config
from . import board
from .clinic import inspect


def fit(model: nn.Module, data: PhotoData, config: Config | None = None, **more) -> runs.Run:
    """Train `model` in place on data.train; the best weights stay in it. Gives the run.

    `more` are values of Config (steps=1200, epochs=3, lr=1e-3), and name, resume, folder and quiet,
    as `runs.fit` explains them. Raises Stopped and CourseError as it does, and
    CourseError for a network that the clinic finds broken.
    """
    return runs_fit.fit(model, data, config, examine=_examined, board=board.choose, **more)


def _examined(model: nn.Module, size: int, batch_size: int):
    report = inspect(model, size, batch_size, photos=0)
    report.raise_if_broken()
    return report
