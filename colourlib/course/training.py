"""`python -m colourlib train`: 05's training as a command, for one process or for many."""

from argparse import Namespace

import torch

from ..common import processes
from ..teaching.fit import fit
from .workspace import COURSE_RUN, open_workspace


def train(asked: Namespace) -> int:
    """Train the network of the workspace as the arguments say; 0 when it is done.

    The main process collects and prepares the photos; the others wait, then read the same files.
    """
    with processes.silent():
        ws = processes.from_main(lambda: open_workspace(asked.source, asked.setting))
        data, kind = processes.in_turn(ws.prepared), ws.network()
        names = ("epochs", "steps", "minutes", "batch_size")
        given = {name: vars(asked)[name] for name in names if vars(asked)[name] is not None}
        if not given.keys() & {"epochs", "minutes"}:
            given = {"steps": ws.setting.steps} | given
        torch.manual_seed(0)
        more = {"per_process": asked.per_process, "resume": not asked.fresh}
        run = fit(kind(), data, name=COURSE_RUN, **given, **more)
        print(f"Run {run.name}: {run.sentence}")
    return 0
