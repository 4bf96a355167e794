"""What did my edit do? Told from folders of runs that are written here by hand."""

import copy
import html
import json
import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image
from torch import nn

from colourlib import show
from colourlib.common.errors import CourseError
from colourlib.course.workspace import open_workspace
from colourlib.model import ColourNet
from colourlib.teaching.comparison import changes, compare, outcome, spread

LEVELS = {"grey copy": 0.0, "mean tint": 0.05, "optimum": 0.6}
GREY_LOSS = 0.02
FORWARD = (
    "    def forward(self, x):\n        y = self.down(x)  # halves\n        return self.head(y)\n"
)


def layers_of(model):
    return [(name, repr(m)) for name, m in model.named_modules() if not list(m.children())]


def story(name="001-Net", scores=(0.1, 0.2, 0.3), seconds=30.0, **changed):
    """run.json as fit writes it; `changed` are values of the config or of the story."""
    rows = [
        {"epoch": i, "loss": 0.02, "validation_loss": GREY_LOSS * (1 - score), "photos": 100 * i,
         "explained_chroma": score, "seconds": seconds * i / len(scores)}
        for i, score in enumerate(scores, start=1)
    ]  # fmt: skip
    config = {
        "loss": "mse", "lr": 0.0012, "weight_decay": 1e-5, "batch_size": 20, "epochs": 10,
        "minutes": None, "steps": None, "schedule": "cosine", "seed": 0, "precision": "auto",
        "average": 0.998,
    }  # fmt: skip
    whole = {
        "format": 1, "name": name, "network": "Net", "parameters": 98, "config": config,
        "device": "cpu", "precision": "fp32", "reason": "measured",
        "data": {"fingerprint": "aaaa", "train": 950, "validation": 182, "size": 64},
        "started": "2026-11-22T17:00:00Z", "started_from": None, "state": "finished",
        "sentence": "", "seconds": seconds, "rate": 380.0, "versions": {}, "levels": LEVELS,
        "layers": [("0", "Conv2d(1, 8, kernel_size=(3, 3))"), ("1", "ReLU()")],
        "forward": FORWARD, "losses": [[0.1, 0.05]],
        "history": rows, "best": rows[-1] if rows else None,
        "samples": [{"query": query, "sha256": 64 * query[0], "file": f"sample-{i}.png"}
                    for i, query in enumerate(("beaches", "forests", "cats"), start=1)],
    }  # fmt: skip
    for key, value in changed.items():
        (config if key in config and key != "precision" else whole)[key] = value
    return copy.deepcopy(whole)


def keep(folder, pictures=True, **changed):
    """A run's folder, the way fit leaves it."""
    folder.mkdir(parents=True)
    (folder / "run.json").write_text(json.dumps(story(folder.name, **changed)), encoding="utf-8")
    for i in (1, 2, 3) if pictures else ():
        picture = np.full((24, 24, 3), 40 * i, np.uint8)
        Image.fromarray(picture).save(folder / f"sample-{i}.png")
        picture[..., 0] = 200
        Image.fromarray(picture).save(folder / f"truth-{i}.png")
    return folder


@pytest.fixture
def runs(tmp_path):
    """Three runs: a first, one with another learning rate, one with another seed as well."""
    parent = tmp_path / "runs"
    keep(parent / "001-Net")
    keep(parent / "002-Net", lr=0.003, scores=(0.1, 0.25))
    keep(parent / "003-warm", lr=0.003, seed=1, scores=(0.1, 0.26))
    return parent


def names(one):
    return [story["name"] for story in one.stories]


def told(old, new):
    """Every line on what differs between two stories."""
    return [line for lines in changes(old, new).values() for line in lines]


def edited(old, new):
    """The lines on layers for two networks."""
    return told(story(layers=layers_of(old)), story(layers=layers_of(new)))


def test_runs_are_named_in_many_ways(runs):
    one = compare(SimpleNamespace(folder=runs / "003-warm"), 1, "002-Net", folder=runs)
    assert names(one) == ["003-warm", "001-Net", "002-Net"], "in the order given"
    assert names(compare({"folder": runs / "001-Net"}, runs / "002-Net")) == ["001-Net", "002-Net"]
    assert names(compare(str(runs / "001-Net"), folder=runs)) == ["001-Net"]
    assert names(compare(1, "001-Net", runs / "001-Net", folder=runs)) == ["001-Net"], "once"
    latest = ["004-Net", "005-Net", "010-Net", "100-Net", "1000-Net"]  # by number
    for name in latest:
        keep(runs / name, pictures=False)
    assert names(compare(folder=runs)) == latest, "five, without arguments"
    there = keep(runs.parent / "there" / "runs" / "001-Net", pictures=False)
    assert names(compare(1, there, folder=runs)) == [f"{runs.parent.name}/001-Net", "there/001-Net"]


def test_a_workspace_compares_its_own_runs(fresh_home):
    ws = open_workspace("practice", "full")
    keep(ws.runs / "001-Net", pictures=False)
    found = [ws.compare(), ws.compare(1), compare(folder=ws), compare(folder=ws.runs)]
    assert [names(one) for one in found] == [["001-Net"]] * 4
    for runs in ((), (1,)):
        with pytest.raises(CourseError, match=r"Call ws.compare\(\) for the runs of your work"):
            compare(*runs)


def test_other_folders_are_left_out_with_a_word(runs):
    (runs / "notes").mkdir()
    (runs / ".hidden").mkdir()
    for name, text in (("004-cut", '{"format": 1, "na'), ("005-other", "[1]"), ("006-new", "{}")):
        (runs / name).mkdir()
        (runs / name / "run.json").write_text(text)
    keep(runs / "007-later", format=2)
    keep(runs / "008-rows", history=["no row"])
    one = compare(folder=runs)
    assert names(one) == ["001-Net", "002-Net", "003-warm"]
    assert "notes is not a run's folder: it has no run.json" in repr(one)
    assert len(one.left_out) == 6 and "and 1 more" in repr(one)
    assert any("006-new" in line and "no 'format'" in line for line in one.left_out)
    assert any("007-later" in line and "format 2" in line for line in one.left_out)


@pytest.mark.parametrize(
    ("given", "place", "message"),
    [
        (
            ["002-Nett"],
            ".",
            r"no run '002-Nett'. Did you mean '002-Net'\? There are: 003-warm, 002",
        ),
        ([7], ".", "no run 7. There are: 003-warm, 002-Net, 001-Net"),
        ([0], ".", "no run 0"),
        ([True], ".", "not as bool"),
        ([["001-Net"]], ".", "not as list"),
        ([None], ".", "not as NoneType"),
        ([SimpleNamespace(folder=None)], ".", "in memory only"),
        ([], "nowhere", r"fit\(model, data\) makes one"),
        ([1], "nowhere", "There is none yet"),
        ([Path(__file__).parent], ".", "not a run's folder"),
        ([], 3, "not int"),
    ],
)
def test_a_run_that_is_not_there_is_explained(runs, given, place, message):
    (runs / "000-empty").mkdir()
    with pytest.raises(CourseError, match=message):
        compare(*given, folder=place if place == 3 else runs / place)


def test_what_is_optional_may_be_missing(tmp_path):
    for name in ("001-bare", "002-bare"):
        kept = story(name)
        for key in ("parameters", "device", "precision", "state", "seconds", "rate", "levels",
                    "layers", "forward", "losses", "samples", "best", "started_from"):  # fmt: skip
            del kept[key]
        (tmp_path / name).mkdir()
        (tmp_path / name / "run.json").write_text(json.dumps(kept))
    one = compare(folder=tmp_path)
    assert "30.0%" in repr(one) and one.pictures is None
    assert "Whether forward differs is not known" in repr(one)


def test_a_run_that_has_just_begun_or_has_diverged(runs):
    keep(runs / "004-new", scores=(), state="training", pictures=False)
    keep(runs / "005-nan", scores=(0.1, float("nan")), state="failed", lr=9.0)
    one = compare(folder=runs)
    assert "none yet" in repr(one) and "No score of 004-new yet" in repr(one)
    assert "nan" not in re.sub("005-nan", "", repr(one)).lower()
    assert one.stories[-1]["best"]["explained_chroma"] == 0.1
    assert len(one.alike) == 5 and "004-new" not in one.curves.alt
    assert compare(4, folder=runs).curves is None


OTHER_DATA = {"fingerprint": "bbbb", "train": 1200, "validation": 182, "size": 64}
OLDER = {key: value for key, value in story()["config"].items() if key != "average"}


@pytest.mark.parametrize(
    ("old", "new", "lines"),
    [
        ({}, {}, []),
        ({}, {"lr": 0.003}, ["learning rate 0.0012 -> 0.003"]),
        ({}, {"batch_size": 40}, ["batch size 20 -> 40"]),
        ({}, {"epochs": 10.0}, []),
        # No digit is rounded away.
        ({"lr": 0.00123456}, {"lr": 0.001234561}, ["learning rate 0.00123456 -> 0.001234561"]),
        ({"seed": 1234567}, {"seed": 1234568}, ["seed 1234567 -> 1234568"]),
        ({}, {"minutes": 2, "epochs": 3}, ["training time 10 epochs -> 2 minutes"]),
        ({"minutes": 2}, {"minutes": 2, "epochs": 3}, []),  # minutes decide
        ({}, {"steps": 900}, ["training time 10 epochs -> 900 steps"]),
        ({"steps": 9}, {"steps": 9, "epochs": 3}, []),
        ({}, {"device": "cuda", "precision": "bf16"},
         ["device cpu -> cuda", "precision fp32 -> bf16"]),
        ({}, {"data": OTHER_DATA}, ["trained on other photos; photos 950 -> 1200"]),
        ({}, {"parameters": 147}, ["parameters 98 -> 147 (+50.0%)"]),
        ({}, {"network": "Other"}, []),  # a new name alone is no change
        ({"config": OLDER}, {}, ["averaging of weights not kept -> 0.998"]),
    ],
)  # fmt: skip
def test_settings_and_photos_are_told(old, new, lines):
    assert told(story(**old), story(**new)) == lines


CONV, BATCH, DROP = nn.Conv2d, nn.BatchNorm2d, nn.Dropout(0.2)


@pytest.mark.parametrize(
    ("old", "new", "lines"),
    [
        ([nn.ReLU()], [nn.GELU()], ["0: ReLU() -> GELU(approximate='none')"]),
        ([nn.ReLU()], [nn.ReLU(inplace=True)], ["0: inplace False -> True"]),
        ([CONV(1, 8, 3, padding=1)], [CONV(1, 8, 5, padding=2)],
         ["0: kernel 3x3 -> 5x5, padding 1 -> 2"]),
        ([CONV(1, 8, 3), CONV(8, 2, 1)], [CONV(1, 16, 3), CONV(16, 2, 1)],
         ["0: channels out 8 -> 16", "1: channels in 8 -> 16"]),
        ([CONV(1, 8, 3, padding=1), CONV(8, 2, 1)], [CONV(1, 8, 3), CONV(8, 2, 1, bias=False)],
         ["0: padding 1 -> 0", "1: bias True -> False"]),
        # Put between others, it is one change, although the names behind it shift.
        ([CONV(1, 8, 3), BATCH(8), nn.ReLU()], [CONV(1, 8, 3), BATCH(8), DROP, nn.ReLU()],
         ["layer 2 added: Dropout(p=0.2, inplace=False)"]),
        ([CONV(1, 8, 3), DROP, nn.ReLU(), CONV(8, 2, 1)], [CONV(1, 8, 3), nn.ReLU(), CONV(8, 2, 1)],
         ["layer 1 removed: Dropout(p=0.2, inplace=False)"]),
        # Edited layers behind a new one are paired one to one.
        ([CONV(8, 8, 3), CONV(8, 8, 3)], [DROP, CONV(8, 8, 5), CONV(8, 8, 5)],
         ["layer 0 added: Dropout(p=0.2, inplace=False)", "2 layers (1, 2): kernel 3x3 -> 5x5"]),
        # What follows from the layer before is left out.
        ([CONV(1, 8, 3), BATCH(8), nn.GroupNorm(4, 8)],
         [CONV(1, 16, 3), BATCH(16), nn.GroupNorm(2, 16)],
         ["0: channels out 8 -> 16", "2: groups 4 -> 2"]),
    ],
)  # fmt: skip
def test_edited_layers_are_told(old, new, lines):
    assert edited(nn.Sequential(*old), nn.Sequential(*new)) == lines


def test_a_whole_block_is_one_line():
    without = ColourNet()
    del without.context
    assert edited(ColourNet(), without) == ["layer context removed (5 layers)"]
    assert edited(without, ColourNet()) == ["layer context added (5 layers)"]
    fewer = ColourNet()
    del fewer.context[4]
    assert edited(ColourNet(), fewer) == [
        "layer context.4 removed: Linear(in_features=160, out_features=160, bias=True)"
    ]
    del fewer.context[3]
    assert len(edited(ColourNet(), fewer)) == 2, "the block is still there: each by its name"


def test_the_same_edit_everywhere_is_one_line_and_long_lists_are_shortened():
    large = ColourNet()
    for layer in large.modules():
        if isinstance(layer, nn.Conv2d) and layer.kernel_size == (3, 3):
            layer.kernel_size, layer.padding = (5, 5), (2, 2)
    assert edited(ColourNet(), large) == [
        "12 layers (down1.0, down2.0, down3.0 and 9 more): kernel 3x3 -> 5x5, padding 1 -> 2"
    ]
    lines = edited(ColourNet(32), ColourNet(64))
    assert len(lines) == 9 and re.fullmatch(r"and \d+ more", lines[-1])


def test_what_another_torch_prints_is_no_change():
    old, new = (f"BatchNorm2d(8, eps=1e-05, affine=True{more})" for more in ("", ", bias=True"))
    assert told(story(layers=[("a", old)]), story(layers=[("a", new)])) == []
    strange = story(layers=[("a", "Mine"), ("b", "Mine(x=((1, (2,)), 3)\nsecond line"), ("c", "")])
    assert told(strange, strange) == [] and told(story(), strange), "odd texts do no harm"


def test_forward_is_shown_as_a_difference():
    (line,) = told(story(), story(forward=FORWARD.replace("self.head(y)", "self.head(y) * 2")))
    assert line.startswith("the layers are the same; forward differs:")
    assert "-    return self.head(y)\n+    return self.head(y) * 2" in line
    comment = FORWARD.replace("  # halves", "\n")
    assert told(story(), story(forward=comment)) == [], "a comment computes nothing"
    long = FORWARD + "".join(f"        y = y + {i}\n" for i in range(50))
    (line,) = told(story(), story(forward=long))
    assert len(line.splitlines()) < 20 and "more lines" in line
    assert told(story(), story(forward="not (python")), "what is no Python is compared as text"
    assert told(story(), story(network="Other", layers=[]))[0] == "network Net -> Other"


def concluded(chance=None, old=(), **changed):
    old, new = story(**dict(old)), story("002-Net", **changed)
    return " ".join(outcome(old, new, changes(old, new), chance))


def test_the_difference_is_given_in_points_beside_the_baselines():
    text = concluded(scores=(0.1, 0.318), lr=0.003)
    assert "002-Net explains 31.8% of the chroma, 1.8 points more than 001-Net (30.0%)" in text
    assert "grey copy 0.0%, mean tint 5.0%, optimum 60.0%" in text
    assert "One thing changed: learning rate." in text and "nother seed tells" in text
    assert "2.0 points less than" in concluded(scores=(0.28,), lr=0.003)
    assert "as much as 001-Net" in concluded(lr=0.003)


def test_a_difference_is_held_against_chance():
    assert "this may be chance" in concluded(0.015, scores=(0.31,), lr=0.003)
    beyond = concluded(0.005, scores=(0.31,), lr=0.003)
    assert "more than seeds alone made here (0.5 points)" in beyond
    for more in ({"seed": 1, "lr": 0.003}, {"seed": 1}, {"state": "stopped", "lr": 0.003}):
        assert "alone made" not in concluded(0.005, scores=(0.31,), **more)
    # Chance is what the seed alone does.
    first, again = story(), story(seed=1, scores=(0.32,))
    other, cut = story(lr=1.0, scores=(0.9,)), story(seed=2, scores=(0.01,), state="stopped")
    assert spread([first, again, other, cut]) == pytest.approx(0.02)
    assert spread([first]) is None and spread([first, other]) is None


def shown(*sides):
    return story()["data"] | {"shown": [[i / 4, side] for i, side in enumerate(sides)]}


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({}, "Nothing that a run keeps differs: what you see is chance"),
        ({"seed": 1}, "Only the seed differs: what you see is chance."),
        ({"seed": 1, "lr": 1.0}, "2 things changed (learning rate, seed)"),
        ({"lr": 1.0, "layers": []}, "2 things changed (learning rate, the network)"),
        ({"layers": [], "forward": "def f(x): pass"}, "Only the network changed, but in several"),
        ({"forward": "def f(x): pass"}, "One thing changed: the network."),
        ({"state": "stopped"}, "Not a fair comparison: 002-Net was stopped early."),
        ({"state": "failed"}, "Not a fair comparison: 002-Net failed"),
        ({"state": "training"}, "Not a fair comparison: 002-Net has not ended (state: training)."),
        ({"seconds": 20.0}, "002-Net had 20 s of training, 001-Net 30 s."),
        ({"started_from": "001-Net"}, "002-Net began with the weights of 001-Net"),
        ({"data": {"fingerprint": "b"}}, "their scores cannot be compared."),
        ({"old": {"data": shown(32, 48, 64)}, "data": shown(64)},
         "001-Net was shown small photos first; 002-Net does not take them."),
        ({"old": {"data": shown(64)}, "data": shown(32, 64)}, "001-Net does not take them"),
    ],
)  # fmt: skip
def test_what_may_be_concluded(changed, sentence):
    assert sentence in concluded(**changed)


def test_what_may_not_be_held_against_a_run():
    for one, other in (((64,), (64,)), ((32, 64), (32, 64)), ((), (32, 64)), ((), (64,))):
        assert "small" not in concluded(old={"data": shown(*one)}, data=shown(*other))
    off, on = ({"config": story()["config"] | {"small_first": share}} for share in (0.0, 0.5))
    said = concluded(old={"data": shown(64)} | off, data=shown(32, 48, 64), **on)
    assert "One thing changed: small photos first." in said and "does not take" not in said
    # A fair comparison is not called unfair.
    assert "fair" not in concluded(seconds=29.0, lr=0.003)
    assert "fair" not in concluded(old={"seconds": 1.4}, seconds=1.0, lr=0.003)
    assert "fair" not in concluded(seconds=15.0, epochs=5), "as asked"
    steps = {"config": story()["config"] | {"steps": 9}}
    assert "fair" not in concluded(old=steps, seconds=15.0, steps=9), "as many steps each"
    assert "%" not in concluded(data={"fingerprint": "b"}), "no score beside it"


def test_the_table_has_the_runs_and_the_baselines(runs):
    table = compare(folder=runs).table
    rows = {row[0]: dict(zip(table.headers, row, strict=True)) for row in table.rows}
    assert list(rows) == ["001-Net", "002-Net", "003-warm", "grey copy", "mean tint", "optimum"]
    first, third = rows["001-Net"], rows["003-warm"]
    assert first["epochs"] == "3" and first["state"] == "finished" and first["seconds"] == "30"
    assert first["best loss"] == "0.01400" and first["explained chroma"] == "30.0%"
    assert rows["002-Net"]["changed"] == "learning rate" and third["changed"] == "seed"
    assert rows["grey copy"]["best loss"] == "0.02000"
    assert rows["optimum"]["best loss"] == "0.00800", "what is left of the grey copy's"


def test_runs_by_steps_are_drawn_over_steps(tmp_path):
    for name, seconds in (("001-Net", 30.0), ("002-Net", 90.0)):
        keep(tmp_path / name, steps=15, seconds=seconds)
    one = compare(folder=tmp_path)
    assert "over steps: 001-Net is at 30.0% after 15 steps" in one.curves.alt
    assert "seconds of training" not in repr(one)
    keep(tmp_path / "003-Net", steps=None, minutes=1)
    assert "over seconds" in compare(folder=tmp_path).curves.alt, "time decided for one of them"


def test_runs_on_other_photos_are_not_drawn_together(runs):
    keep(runs / "004-other", data=OTHER_DATA, levels={"grey copy": 0.0, "mean tint": 0.4})
    one = compare(folder=runs)
    text = repr(one)
    assert "Not all were trained on the same photos (001-Net, 002-Net, 003-warm; 004-other)" in text
    for alt in (one.curves.alt, one.pictures.alt):
        assert "004-other" in alt and "001-Net" not in alt
    rows = [row[0] for row in one.table.rows]
    assert "mean tint (photos of 001-Net)" in rows and "mean tint (photos of 004-other)" in rows
    keep(runs / "005-gpu", device="cuda")
    text = repr(compare(1, 5, folder=runs))
    assert "Not all were trained" not in text and "different devices" in text
    assert "different devices" not in repr(compare(1, 2, folder=runs))


def test_a_run_far_worse_than_grey_leaves_the_figure_readable(runs, monkeypatch):
    drawn = []
    monkeypatch.setattr(show, "figure", lambda fig, alt: drawn.append((fig, alt)))
    keep(runs / "004-bad", scores=(-40.0, -30.0), pictures=False)
    compare(folder=runs).curves  # noqa: B018
    (figure, alt), *_ = drawn
    (ax,) = figure.axes
    low, high = ax.get_ylim()
    assert low > -0.3 and high < 0.8 and "004-bad is at -3000.0%" in alt
    # matplotlib leaves out the name of a point that lies outside the axes.
    assert all(low <= name.xy[1] <= high for name in ax.texts) and len(ax.texts) == 7
    assert [name.get_text() for name in ax.texts][3] == "004-bad, best -3000.0%"
    looks = [(line.get_color(), line.get_linestyle(), line.get_marker()) for line in ax.lines[:4]]
    for each in zip(*looks, strict=True):
        assert len(set(each)) == 4, "told apart without colour"


def test_the_photos_are_a_row_a_run_and_the_truth_last(runs, monkeypatch):
    drawn = {}
    monkeypatch.setattr(show, "grid", lambda *given, **named: drawn.update(named, given=given))
    keep(runs / "004-none", pictures=False)
    (runs / "002-Net" / "sample-2.png").write_bytes(b"cut")
    other = [{"query": "cats", "sha256": "x", "file": f"sample-{i}.png"} for i in (1, 2, 3)]
    keep(runs / "000-others", samples=other)
    compare(folder=runs).pictures  # noqa: B018
    assert drawn["row_labels"] == ["001-Net\n30.0%", "003-warm\n26.0%", "as they are"]
    pictures, titles, columns = drawn["given"]
    assert len(pictures) == 9 and columns == 3 and titles[:3] == ["beaches", "forests", "cats"]
    assert pictures[0].getpixel((0, 0)) == (40, 40, 40) and pictures[-1].getpixel((0, 0))[0] == 200
    assert "001-Net 0," in drawn["alt"] and "the photos as they are" in drawn["alt"]


def test_it_shows_itself_in_a_notebook_with_every_word_and_alt_text(runs):
    one = compare(folder=runs)
    page, text = one._repr_mimebundle_()["text/html"], repr(one)
    alt = one.curves.alt
    assert "001-Net is at 30.0% after 30 s, best 30.0%" in alt and "mean tint 5.0%" in alt
    assert one._repr_mimebundle_()["text/plain"] == text
    assert page.count("<img ") == 2 and page.count("data:image/") == 2
    assert html.escape(alt) in page and html.escape(one.pictures.alt) in page
    assert "<li>learning rate 0.0012 -&gt; 0.003</li>" in page and "<caption>" in page
    assert "- learning rate 0.0012 -> 0.003" in text and alt in text
    assert str(runs) not in page + text, "no path of this machine"
    assert max(map(len, text.split("\n\n")[1].splitlines())) < 100
    single = compare(2, folder=runs)
    assert "A single run" in repr(single) and "30" in single._repr_mimebundle_()["text/html"]


def test_names_from_a_folder_are_escaped(tmp_path):
    for i in (1, 2):
        text = f"{FORWARD}  # <i>{i}\n        {i}"
        keep(tmp_path / f"00{i}-<b>", network="<script>", forward=text)
    page = compare(folder=tmp_path)._repr_mimebundle_()["text/html"]
    assert "<script>" not in page and "<b>" not in page and "<i>" not in page
    assert "<pre>" in page
