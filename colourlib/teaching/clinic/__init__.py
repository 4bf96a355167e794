"""The model clinic: `inspect(model)` says what every layer does, what it costs, and what is wrong.

One call, under two seconds, without training. The network is never changed: copies are looked at,
on torch's meta device (`tracing`), and once with real numbers on two tiny pictures (`probe`);
`examination` says in which order. What is wrong becomes a Finding with its layer, the arithmetic
and the mend; nothing is raised.
"""

from __future__ import annotations

import re

import torch
from torch import Tensor, nn
from torch.nn.parameter import UninitializedParameter

from ...common.copies import copy_of, undisturbed
from ...common.errors import CourseError
from ...common.inputs import SMALLEST
from .examination import examine
from .report import Report, Row
from .watch.tracing import trace
from .wording import SEVERITIES, Finding

__all__ = ["Finding", "Report", "Row", "inspect"]


def inspect(model: nn.Module, size: int = 128, batch: int = 20, photos: int = 1000) -> Report:
    """What every layer of `model` does and costs, and what is wrong with it; see Report.

    size: side of the pictures, pixels; batch: pictures in a training step; photos: how many
    training photos the expected time of an epoch is told for; 0: do not measure it. Never changes
    the model, never raises because of it. Raises CourseError for a size under 16, a batch under 1.
    """
    for name, value, least in (
        ("size", size, SMALLEST),
        ("batch", batch, 1),
        ("photos", photos, 0),
    ):
        if not isinstance(value, int) or value < least:
            raise CourseError(f"{name} has to be a whole number from {least} up, not {value!r}.")
    if not isinstance(model, nn.Module):
        return Report("no network", findings=[_not_a_network(model)])
    model = getattr(model, "_orig_mod", model)  # what torch.compile wraps
    report = Report(f"{type(model).__name__}, batch of {batch} at {size} x {size}", photos=photos)
    try:
        if found := _unready(model):
            report.findings.append(found)
            return report
        with undisturbed():
            examine(report, model, size, batch)
    except RecursionError:
        raise
    except Exception as error:  # a network that not even a copy can be made of, say
        report.findings.append(
            Finding(
                "warning", "(clinic)",
                f"cannot look into this network: {type(error).__name__}: {error}",
                "keep open files, locks and threads out of the network's attributes",
            )
        )  # fmt: skip
    report.findings.sort(key=lambda f: SEVERITIES.index(f.severity))
    report.findings = _together(report.findings)
    return report


def _together(findings: list[Finding]) -> list[Finding]:
    """What is said of more than three layers, but for numbers and names, is said once."""
    groups: dict[tuple, list[Finding]] = {}
    for finding in findings:
        name = finding.layer if not finding.layer.startswith("forward") else ""
        same = re.sub(r"[\d.]+", "#", finding.what.replace(name, "#") if name else finding.what)
        groups.setdefault((finding.severity, same), []).append(finding)
    shown = []
    for first, *others in groups.values():
        if len(others) < 3:
            shown += [first, *others]
            continue
        names = ", ".join(f.layer for f in others[:3]) + ", ..." * (len(others) > 3)
        what = f"{first.what}. The same in {len(others)} other layers: {names}"
        shown.append(Finding(first.severity, first.layer, what, first.fix))
    return shown


def _not_a_network(thing) -> Finding:
    what, fix = f"is a {type(thing).__name__}, not a network", "inspect(ColourNet())"
    if isinstance(thing, type) and issubclass(thing, nn.Module):
        what = f"{thing.__name__} is the class, the plan of a network, not a network"
        fix = f"inspect({thing.__name__}()): the brackets make one"
    elif isinstance(thing, type):
        what = f"{thing.__name__} is a class that does not come from nn.Module"
        fix = f"class {thing.__name__}(nn.Module): and then inspect({thing.__name__}())"
    elif thing is None:
        what, fix = "is None: nothing was made", "net = ColourNet(), then inspect(net)"
    elif isinstance(thing, (list, tuple)):
        what, fix = f"is a {type(thing).__name__} of {len(thing)} things", "nn.Sequential(*layers)"
    elif isinstance(thing, Tensor):
        what = "is a tensor, perhaps what the network answered"
        fix = "inspect(net), without (x)"
    elif callable(thing) and hasattr(thing, "__name__"):
        what = f"{thing.__name__} is a function"
        fix = f"inspect({thing.__name__}(...)), if it makes a network; else a class with forward"
    return Finding("error", "model", what, fix)


def _unready(model: nn.Module) -> Finding | None:
    parameters = list(model.parameters())
    if any(isinstance(p, UninitializedParameter) for p in parameters):
        return Finding(
            "error", "model", "has lazy layers, which get their shape from the first picture",
            "model(torch.zeros(2, 1, 128, 128)) once, before anything else",
        )  # fmt: skip
    return None


# torch's meta device imports a large part of torch at its first use: a second, here and once,
# rather than in the first inspect.
with undisturbed():
    _first = nn.Sequential(nn.Conv2d(1, 2, 1), nn.BatchNorm2d(2), nn.ReLU(), nn.Softmax(1))
    trace(copy_of(_first, "meta"), torch.empty(2, 1, 4, 4, device="meta"))
