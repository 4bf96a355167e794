"""What a task's cell finds in its notebook, in small: practice photos, a network, the imports.

A solution runs with these names alone. `scope()` is a new dictionary each time; what takes seconds
in it (`ws`, `data`, `net`) is made once.
"""

import contextlib
import io
import json
from dataclasses import replace
from functools import cache, partial
from types import SimpleNamespace

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from colourlib import colour, show
from colourlib.course.workspace import SETTINGS, Workspace
from colourlib.model import ColourNet, chroma_head, conv_bn_relu, pool, upsample_to
from colourlib.teaching import check

TINY = replace(SETTINGS["quick"], name="tiny", per_query=4, steps=4, alone=4)


@cache
def _made() -> dict:
    """The workspace of 152 practice scenes, its prepared photos, and a network trained a second."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        ws = Workspace("practice", TINY)
        ws.root.mkdir(parents=True, exist_ok=True)
        verdicts, split = ws.cleaned()
        data = ws.prepared()
        net, _ = ws.trained()
    train, validation = (replace(side, size=32) for side in (data.train, data.validation))
    small = replace(data, train=train, validation=validation)
    made = {"ws": ws, "verdicts": verdicts, "split": split, "data": data, "net": net}
    made |= {"photos": [verdict.photo for verdict in verdicts]}
    made |= {"kept": [verdict.photo for verdict in verdicts if verdict.keep]}
    return made | {"small": small, "short_run": partial(_short_run, small)}


def _short_run(data, lr=3e-3, batch_size=20, photos=1200, width=8):
    """As in 05_train, part 4: a small network and its loss at every step."""
    torch.manual_seed(0)
    net, losses = ColourNet(width), []
    optimiser = torch.optim.Adam(net.parameters(), lr=lr)
    while True:
        for x, y in data.loader(batch_size, seed=len(losses)):
            if len(losses) * batch_size >= photos:
                return net, losses
            loss = F.mse_loss(net(x), y)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            losses.append(loss.item())


def scope() -> dict:
    """The names, as a dictionary to run a cell in."""
    imports = {"torch": torch, "nn": nn, "F": F, "np": np, "json": json, "check": check}
    course = {"colour": colour, "show": show, "conv_bn_relu": conv_bn_relu}
    course |= {"chroma_head": chroma_head, "pool": pool, "upsample_to": upsample_to}
    return imports | course | {"__name__": "task"} | _made()


def names() -> SimpleNamespace:
    """The same names as attributes, for the wrong answers."""
    return SimpleNamespace(**{k: v for k, v in scope().items() if not k.startswith("__")})
