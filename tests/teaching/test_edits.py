"""Edits that students make: the clinic names the layer, and its mend makes the network train."""

import re

import pytest
import torch
import torch.nn.functional as F
from edits import KINDS, Edit, apply, build, model_cells, summary, table
from more_edits import MISTAKES, MORE_IDEAS

from colourlib.teaching.clinic import Finding, inspect

KINDS = KINDS | {"a fresh pair of eyes": MISTAKES}
KINDS["good ideas"] = KINDS.pop("good ideas") + MORE_IDEAS  # at the end
EDITS = [edit for edits in KINDS.values() for edit in edits]
CELLS = model_cells()
RAN: list[str] = []  # fixes that were run as they stand
RESULTS: dict[str, tuple[str, str, str, str]] = {}


def train(net) -> tuple[float, float]:
    """Loss before and after three steps of Adam on four small pictures; the contract, checked."""
    torch.manual_seed(0)
    x = F.interpolate(torch.rand(4, 1, 8, 8) * 2 - 1, size=(32, 32), mode="bilinear")
    y = torch.cat([0.3 * x + 0.2, -0.2 * x - 0.1], dim=1)
    net.train()
    optimiser = torch.optim.Adam(net.parameters(), lr=3e-3)
    losses = []
    for _ in range(4):
        prediction = net(x)
        assert prediction.shape == y.shape
        loss = F.mse_loss(prediction, y)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    return losses[0], losses[-1]


def named(finding: Finding, layer: str) -> bool:
    """Is this the layer? A line of forward is named by the function that it is in."""
    return finding.layer == layer or (layer == "forward" and finding.layer.startswith("forward, "))


def run_the_fix(net, found: Finding) -> None:
    """Where the fix begins with a line of code, that very line does away with the finding."""
    code = re.match(r"self\S* = nn\.\w+\([^.]*?\)(?=$|;|:)", found.fix)
    if code is None or "..." in code[0]:
        return
    exec(code[0], {"self": net, "nn": torch.nn})
    again = inspect(net, photos=0)
    assert (found.layer, found.what) not in {(f.layer, f.what) for f in again.findings}, code[0]
    RAN.append(code[0])


def trains_without_blame(net) -> None:
    bad = [str(f) for f in inspect(net, photos=0).findings if f.severity != "note"]
    assert not bad, bad
    first, last = train(net)
    assert last < first, (first, last)


def examine(edit: Edit) -> tuple[str, str, str, str]:
    """Apply, inspect, mend, train; a row of the table. Fails where the clinic does."""
    source = apply(CELLS, edit.changes)
    net = build(source, edit.name)
    if edit.says is None:
        trains_without_blame(net)
        return edit.name, "", "none: a good idea", "yes"
    report, (layer, pattern) = inspect(net, photos=0), edit.says
    fits = [f for f in report.findings if named(f, layer) and re.search(pattern, f.what)]
    assert fits, report
    found, worst = fits[0], report.findings[0]
    assert found.fix and found.severity == edit.severity, report
    run_the_fix(net, found)
    assert worst.severity == found.severity, report  # it is not drowned by something else
    assert report.ok == (edit.severity != "error")
    mended = CELLS if edit.mend is None else apply(source, edit.mend)
    trains_without_blame(build(mended, f"{edit.name} mended"))
    return edit.name, found.layer.split(": ")[0], f"{found.severity}: {found.what}", "yes"


@pytest.mark.parametrize("edit", EDITS, ids=lambda e: e.name)
def test_an_edit_trains_or_is_explained_and_mended(edit):
    RESULTS[edit.name] = examine(edit)


def test_there_are_enough_edits_and_no_two_are_the_same():
    assert len(EDITS) >= 60
    assert len({e.name for e in EDITS}) == len(EDITS)
    assert len({str(e.changes) for e in EDITS}) == len(EDITS)


def test_the_table():
    """pytest -s shows it: a row an edit, and a row a kind, which stands in the README."""
    text = table(list(RESULTS.values()))
    print("\n" + text)
    assert text.count("\n") == len(RESULTS) + 1
    short = summary(KINDS, RESULTS)
    print("\n" + short)
    assert short.count("\n") == len(KINDS) + 2
