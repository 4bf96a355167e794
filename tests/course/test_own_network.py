"""The student's network is carried from 04 to 05 and 06 as a file; no stranger's is run."""

import linecache
import re

import pytest
import torch
from torch import nn

from colourlib import CourseError, model
from colourlib.course import own_network
from colourlib.course.workspace import SETTINGS, Workspace

BRICK = """
import torch
import torch.nn.functional as F
from torch import nn
from colourlib.model import chroma_head

WIDTH = 6


def brick(a, b):
    return nn.Sequential(nn.Conv2d(a, b, 3, padding=1), nn.ReLU())
"""
NET = """
def twice(x):
    return 2 * x


class Net(nn.Module):
    # a remark of the student's
    def __init__(self, width=WIDTH):
        super().__init__()
        self.body = brick(1, width)
        self.head = chroma_head(width)

    def forward(self, x):
        return self.head(F.relu(twice(self.body(x))))
"""


def run_cells(*sources: str) -> dict:
    """What a notebook knows when these cells have been run."""
    space = {"__name__": "__main__"}
    for i, source in enumerate(sources):
        where = f"<cell {i} {hash(source)}>"
        linecache.cache[where] = (len(source), None, source.splitlines(keepends=True), where)
        exec(compile(source, where, "exec"), space)
    return space


@pytest.fixture
def ws(fresh_home, monkeypatch, tmp_path):
    monkeypatch.setenv("COLOURLIB_STATE", str(tmp_path / "state"))
    ws = Workspace("practice", SETTINGS["quick"])
    ws.root.mkdir(parents=True)
    return ws


def test_a_class_of_several_cells_comes_back_with_all_that_it_uses(ws, capsys):
    space = run_cells(BRICK, NET)
    ws.keep(space["Net"])
    path = ws.root / own_network.FILE
    text = path.read_text(encoding="utf-8")
    assert "data/practice-quick/my_network.py" in capsys.readouterr().out
    assert "# a remark of the student's" in text and "import torch\n" not in text  # not used
    kind = ws.network()
    assert "Your own Net" in capsys.readouterr().out and kind is not space["Net"]
    torch.manual_seed(0)
    theirs = space["Net"]()
    ours = kind()
    ours.load_state_dict(theirs.state_dict())
    nn.init.normal_(theirs.head.weight)
    ours.head.weight.data.copy_(theirs.head.weight)
    x = torch.randn(2, 1, 16, 16)
    assert torch.equal(ours(x), theirs(x)) and ours(x).any()
    ws.keep(space["Net"])  # the same once more: no second file
    assert [p.name for p in ws.root.glob("my_network*")] == ["my_network.py"]
    ws.keep(run_cells(BRICK, NET.replace("2 * x", "3 * x"))["Net"])
    assert (ws.root / "my_network_1.py").read_text(encoding="utf-8") == text
    assert "3 * x" in path.read_text(encoding="utf-8")


def test_without_a_network_of_ones_own_it_is_the_courses(ws, capsys):
    assert ws.network() is model.ColourNet
    assert "the course's ColourNet" in capsys.readouterr().out


def test_a_strangers_file_is_not_run_until_the_student_says_so(ws, capsys):
    path = ws.root / own_network.FILE
    done = ws.root / "done"
    path.write_text(f"open({str(done)!r}, 'w')\nfrom colourlib.model import ColourNet as NETWORK\n")
    with pytest.raises(CourseError, match=r"my_network.py was not written by 04 .*trust=True"):
        ws.network()
    assert not done.exists()
    assert ws.network(trust=True) is model.ColourNet and done.exists()
    assert ws.network() is model.ColourNet  # known from now on
    path.write_text(path.read_text() + "\n# another line\n")
    with pytest.raises(CourseError, match="has been changed since"):
        ws.network()


WRONG = {
    "an object": ("Net()", r"without brackets behind it: ws.keep\(Net\)"),
    "no network": ("dict", "Keep the class itself"),
    "another answer": ("type('Red', (Net,), {'forward': red})", r"\(2, 1, 64, 64\), not with ab"),
    "it stops": ("type('Stops', (Net,), {'forward': stops})", "inspect.Stops... says where"),
    "an argument": ("type('Asks', (Net,), {'__init__': asks})", "give it defaults"),
    "no super": ("type('Bare', (Net,), {'__init__': bare})", r"write super\(\).__init__\(\) as"),
    "no super, no layer": ("type('Bare', (Net,), {'__init__': empty})", r"write super\(\)"),
    "not even built": ("type('Typo', (Net,), {'__init__': typo})", "look at `nn.Conv3x3"),
    "no answer": ("type('Mute', (Net,), {'forward': mute})", "with NoneType, not with ab"),
    "a tensor of another cell": ("Uses", "uses `mask`, a Tensor of another cell"),
}
SLIPS = """
mask = torch.ones(1)
def red(self, x): return Net.forward(self, x)[:, :1]
def stops(self, x): return self.haed(x)
def asks(self, width): Net.__init__(self)
def bare(self): self.body = brick(1, 2)
def empty(self): pass
def typo(self):
    nn.Conv3x3(1, 2)
def mute(self, x): pass
class Uses(Net):
    def forward(self, x): return Net.forward(self, x) * mask
"""


@pytest.mark.parametrize("what", WRONG)
def test_what_cannot_be_kept_is_told_before_anything_is_written(ws, what):
    made, words = WRONG[what]
    with pytest.raises(CourseError, match=words) as told:
        ws.keep(eval(made, run_cells(BRICK, NET, SLIPS)))
    assert told.value.__suppress_context__ or told.value.__context__ is None
    assert not list(ws.root.glob("*.py"))


@pytest.mark.parametrize(
    ("old", "new", "finding"),
    [
        ("self.head(F", "F.relu(self.head(F", "never below 0|only positive|ReLU|relu"),
        (
            "self.body = brick(1, width)",
            "self.body, self.more = brick(1, width), [brick(1, 1)]",
            "list",
        ),
    ],
)
def test_a_network_that_the_clinic_finds_broken_is_kept_and_told(ws, capsys, old, new, finding):
    text = NET.replace(old, new).replace("(self.body(x))))", "(self.body(x)))))")
    ws.keep(run_cells(BRICK, text if "F.relu(self.head" in new else NET.replace(old, new))["Net"])
    told = capsys.readouterr().out
    assert (ws.root / own_network.FILE).exists()
    assert "But the clinic finds an error" in told and "inspect(Net())" in told
    assert re.search(finding, told) and len(told.splitlines()) <= 2


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x = 1\nNETWROK = 2\n", "line .*Did you mean 'NETWROK'"),
        ("x = 1\nx = y\n", "line 2: NameError"),
        ("x = 1\n\nx = (\n", "line 3: SyntaxError"),
    ],
)
def test_a_file_that_fails_is_named_with_its_line(ws, text, words):
    (ws.root / own_network.FILE).write_text(text)
    with pytest.raises(CourseError, match=f"my_network.py, {words}"):
        ws.network(trust=True)


def test_where_nothing_can_be_noted_the_student_is_asked_again(ws, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("COLOURLIB_STATE", str(tmp_path / "file" / "below"))
    ws.keep(run_cells(BRICK, NET)["Net"])
    with pytest.raises(CourseError, match="trust=True"):
        ws.network()


def test_the_edited_network_is_found_again(ws, practice_data, monkeypatch, capsys):
    from dataclasses import replace

    from colourlib.teaching.fit import fit

    data = replace(practice_data, runs=ws.runs)
    monkeypatch.setattr(Workspace, "prepared", lambda self: data)
    ws = replace(ws, setting=replace(ws.setting, alone=1))
    ws.keep(run_cells(BRICK, NET)["Net"])
    run = fit(ws.network()(), data, epochs=1, name="colournet", quiet=True)
    net, story = ws.trained()
    assert story["name"] == run.name and type(net).__name__ == "Net"
    assert torch.equal(net.head.weight, run.model.head.weight.cpu())
    ws.keep(run_cells(BRICK, NET.replace("F.relu", "torch.sigmoid"))["Net"])  # the same shapes
    capsys.readouterr()
    net, story = ws.trained()
    assert "has been edited since" in capsys.readouterr().out and story["name"] != run.name
