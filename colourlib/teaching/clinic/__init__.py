"""The model clinic: `inspect(model)` says what every layer does, what it costs, and what is wrong.

One call, under two seconds, without training. The network is never changed: copies are looked at,
on torch's meta device (`tracing`), and once with real numbers on two tiny pictures (`probe`);
`examination` says in which order. What is wrong becomes a Finding with its layer, the arithmetic
and the mend (`sentences`); nothing is raised.
"""

import re
from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.nn.parameter import UninitializedParameter

from ...common.copies import bare, copy_of, undisturbed
from ...common.errors import CourseError
from ...common.inputs import SMALLEST
from .examination import examine
from .mends import mended
from .report import Report, Row
from .rules.unused import hides
from .sentences import SEVERITIES, Finding, say
from .watch.tracing import trace

__all__ = ["Finding", "Report", "Row", "inspect"]


def inspect(model: nn.Module, size: int = 128, batch: int = 20, photos: int = 1000) -> Report:
    """What every layer of `model` does and costs, and what is wrong with it; see Report.

    size: side of the pictures, pixels; batch: pictures in a training step; photos: how many
    training photos the expected time of an epoch is told for; 0: do not measure it. Never changes
    the model, never raises because of it. Raises CourseError for a size under 16, a batch under 1.
    """
    least = {"size": (size, SMALLEST), "batch": (batch, 1), "photos": (photos, 0)}
    for name, (value, smallest) in least.items():
        if not isinstance(value, int) or value < smallest:
            raise CourseError(f"{name} has to be a whole number from {smallest} up, not {value!r}.")
    if not isinstance(model, nn.Module):
        return Report("no network", findings=[_not_a_network(model)])
    begun = hasattr(model, "_parameters")  # else nothing of torch's works on it
    model = bare(model) if begun else model
    report = Report(f"{type(model).__name__}, batch of {batch} at {size} x {size}", photos=photos)
    if not begun:
        what = f"{type(model).__name__}.__init__ never calls that of nn.Module"
        fix = "`super().__init__()` as the first line of its __init__"
        report.findings.append(Finding("error", "model", what, fix))
        return report
    if hidden := next(hides(model), None):
        report.findings.append(hidden)
        return report
    if any(isinstance(p, UninitializedParameter) for p in model.parameters()):
        report.findings.append(say("lazy", "model"))
        return report
    try:
        with undisturbed():
            examine(report, model, size, batch)
    except RecursionError:
        raise
    except Exception as error:  # a network that not even a copy can be made of, say
        words = f"{type(error).__name__}: {error}"
        report.findings.append(say("unreadable", "(clinic)", error=words))
    report.findings.sort(key=lambda f: SEVERITIES.index(f.severity))
    report.findings = [mended(f, model) for f in _together(report.findings)]
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
        if len(others) >= 3:
            names = ", ".join(f.layer for f in others[:3]) + ", ..." * (len(others) > 3)
            what = f"{first.what}. The same in {len(others)} other layers: {names}"
            first, others = replace(first, what=what), []
        shown += [first, *others]
    return shown


def _not_a_network(thing) -> Finding:
    name, is_list = getattr(thing, "__name__", ""), isinstance(thing, (list, tuple))
    cases = {
        "class": isinstance(thing, type) and issubclass(thing, nn.Module),
        "other class": isinstance(thing, type),
        "None": thing is None,
        "list": is_list,
        "tensor": isinstance(thing, Tensor),
        "function": callable(thing) and name,
        "no network": True,
    }
    key, n = next(key for key, fits in cases.items() if fits), len(thing) if is_list else 1
    return say(key, "model", kind=type(thing).__name__, name=name, n=n)


# torch's meta device imports a large part of torch at its first use: a second, here and once,
# rather than in the first inspect.
with undisturbed():
    _first = nn.Sequential(nn.Conv2d(1, 2, 1), nn.BatchNorm2d(2), nn.ReLU(), nn.Softmax(1))
    trace(copy_of(_first, "meta"), torch.empty(2, 1, 4, 4, device="meta"))
