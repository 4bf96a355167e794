"""Edits that students make: the clinic names the layer, and its mend makes the network train."""

import ast
import html
import re
from dataclasses import replace

import fifth_edits as fifth
import fourth_edits as fourth
import pytest
import third_edits as third
import torch
import torch.nn.functional as F
from edits import KINDS, Edit, apply, build, model_cells, summary, table
from more_edits import MISTAKES, MORE_IDEAS

from colourlib.teaching.clinic import Finding, inspect

KINDS = KINDS | {"a fresh pair of eyes": MISTAKES, "seen by its numbers": third.OBSERVED}
KINDS["a third reader"] = third.MISTAKES
KINDS["a fourth reader"] = fourth.MISTAKES
KINDS["a fifth reader"] = fifth.MISTAKES
KINDS["good ideas"] = KINDS.pop("good ideas") + MORE_IDEAS + third.IDEAS  # at the end
EDITS = [edit for edits in KINDS.values() for edit in edits]
CELLS = model_cells()
RAN: list[str] = []  # fixes that were run as they stand
CHANGED: list[str] = []  # fixes that changed a line of the source
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


def code_of(text: str) -> list[str]:
    """What a mend, or a report's page, sets as code; each is Python."""
    pattern = "<code>(.*?)</code>" if text.startswith("<") else "`([^`]*)`"
    code = [html.unescape(piece) for piece in re.findall(pattern, text)]
    for piece in code:
        ast.parse(piece)
    return code


def changed(source: str, fix: str) -> str | None:
    """The source with a mend that says "change A to B" or "delete A"; None for another mend."""
    pattern = r"n \S+(?: \(line (\d+)\))?, (?:change|delete) `([^`]+)`(?: to `([^`]+)`)?"
    said = re.search(pattern, fix)
    if said is None:
        return None
    number, old, new = said.groups(default="")
    if not number:
        return apply(source, [(old, new)])
    lines = source.splitlines(keepends=True)
    lines[int(number) - 1] = apply(lines[int(number) - 1], [(old, new)])
    return "".join(lines)


def run_the_fix(net, source: str, found: Finding) -> None:
    """A line that the mend changes, or makes as it stands, does away with the finding."""
    code_of(found.fix)
    code = re.search(r"`(self\S* = nn\.[^`]+)`", found.fix)
    if "; and " in found.fix:  # a line more is needed
        return
    if (mended := changed(source, found.fix)) is not None:
        CHANGED.append(found.fix)
        net = build(mended, f"changed {len(CHANGED)}")
    elif code is not None:
        exec(code[1], {"self": net, "nn": torch.nn})
        RAN.append(code[1])
    else:
        return
    again = {(f.layer.split(":")[0], f.clue[0]) for f in inspect(net, photos=0).findings}
    assert (found.layer.split(":")[0], found.clue[0]) not in again, found.fix


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
    assert code_of(report._repr_html_()) == [c for f in report.findings for c in code_of(f.fix)]
    run_the_fix(net, source, found)
    assert worst.severity == found.severity, report  # it is not drowned by something else
    assert report.ok == (edit.severity != "error")
    mended = CELLS if edit.mend is None else apply(source, edit.mend)
    trains_without_blame(build(mended, f"{edit.name} mended"))
    return edit.name, found.layer.split(": ")[0], f"{found.severity}: {found.what}", "yes"


@pytest.mark.parametrize("edit", EDITS, ids=lambda e: e.name)
def test_an_edit_trains_or_is_explained_and_mended(edit):
    RESULTS[edit.name] = examine(edit)


def test_a_mend_in_prose_and_one_that_mends_nothing_would_be_noticed():
    edit = next(e for e in EDITS if e.name == "down3 takes too many channels")
    source = apply(CELLS, edit.changes)
    net = build(source, "planted")
    found = inspect(net, photos=0).findings[0]
    assert "`self.down3 = conv_bn_relu(w, 2 * w)`" in found.fix
    run_the_fix(net, source, found)
    with pytest.raises(SyntaxError):
        run_the_fix(net, source, replace(found, fix="`x = self.norm(x) in forward, or delete it`"))
    with pytest.raises(AssertionError):
        run_the_fix(net, source, replace(found, fix=found.fix.replace("(w, 2", "(3 * w, 2")))
    with pytest.raises(AssertionError):
        run_the_fix(net, source, replace(found, fix=found.fix.replace("`self.d", "`self.b", 1)))


def test_there_are_enough_edits_and_no_two_are_the_same():
    assert len(EDITS) >= 60
    assert len({e.name for e in EDITS}) == len(EDITS)
    assert len({str(e.changes) for e in EDITS}) == len(EDITS)


def test_the_table():
    """pytest -s shows it: a row an edit, and a row a kind, which stands in the README."""
    text = table(list(RESULTS.values()))
    assert len(RESULTS) < len(EDITS) or len(CHANGED) >= 70, len(CHANGED)
    print("\n" + text)
    assert text.count("\n") == len(RESULTS) + 1
    short = summary(KINDS, RESULTS)
    print("\n" + short)
    assert short.count("\n") == len(KINDS) + 2
