"""What a run leaves in its folder, what it is shown by, and how it is found and loaded again."""

import json
import platform
from dataclasses import asdict, replace

import numpy as np
import pytest
import safetensors.torch
import tiny
import torch
from PIL import Image
from torch import nn

from colourlib import CourseError, evaluate
from colourlib.colour import to_picture
from colourlib.course.workspace import SETTINGS, Workspace
from colourlib.model import ColourNet
from colourlib.runs import all_runs, load_run, view
from colourlib.teaching.fit import fit

FILES = {f"{kind}-{i}.png" for kind in ("sample", "truth") for i in (1, 2, 3)}
FILES |= {"run.json", "network.txt", "weights.safetensors", ".lock"}


@pytest.fixture(scope="module")
def kept(practice_data, tmp_path_factory):
    """A finished run of a small ColourNet on practice scenes."""
    torch.manual_seed(0)
    data = replace(practice_data, runs=tmp_path_factory.mktemp("kept"))
    return fit(ColourNet(width=8), data, epochs=2, quiet=True, precision="fp32")


def short(folder):
    """A run of one step."""
    return tiny.fit(tiny.network(), tiny.photos(folder), epochs=0.3)


def story_of(folder):
    return json.loads((folder / "run.json").read_text(encoding="utf-8"))


def test_the_folder_holds_what_it_should_and_can_be_read_without_this_package(kept):
    assert {path.name for path in kept.folder.iterdir() if path.is_file()} == FILES
    assert kept.folder.name == kept.name == "001-ColourNet"
    weights = safetensors.torch.load_file(kept.folder / "weights.safetensors")
    assert tiny.same_weights(weights, kept.model.state_dict())
    text = (kept.folder / "network.txt").read_text(encoding="utf-8")
    network, table = text.split(repr(kept.model))
    assert network == "" and "ColourNet, batch of 20 at 64 x 64" in table and "down1.0" in table


def test_run_json_tells_the_story(kept, practice_data):
    story = story_of(kept.folder)
    assert story["format"] == 1 and story["name"] == "001-ColourNet"
    assert story["network"] == "ColourNet"
    assert story["parameters"] == sum(p.numel() for p in kept.model.parameters())
    assert story["config"] == asdict(kept.config) and story["config"]["epochs"] == 2
    assert (story["device"], story["precision"], story["reason"]) == ("cpu", "fp32", "as asked")
    assert story["data"] == {
        "fingerprint": practice_data.fingerprint, "train": 45, "validation": 12, "size": 64,
        "shown": [[0.0, 48], [0.5, 64]],
    }  # fmt: skip
    assert len(story["started"]) == 20 and story["started"].endswith("Z")
    assert story["state"] == "finished" and story["sentence"] == kept.sentence
    rate = pytest.approx(80 / kept.seconds, rel=0.01, abs=0.1)
    assert story["seconds"] > 0 and story["rate"] == rate
    assert story["versions"]["torch"] == torch.__version__
    assert story["versions"]["python"] == platform.python_version()
    assert list(story["levels"]) == ["grey copy", "mean tint", "optimum"]
    assert story["history"] == kept.history and story["best"] == kept.best
    assert [tuple(point) for point in story["losses"]] == kept.losses
    assert story["layers"][0][0] == "down1.0" and story["layers"][0][1].startswith("Conv2d(1, 2,")
    assert len(story["layers"]) == sum(not list(m.children()) for m in kept.model.modules())
    assert story["forward"].lstrip().startswith("def forward(self, x: Tensor)")
    assert story["started_from"] is None


def test_the_samples_are_what_the_network_makes_of_three_validation_photos(kept):
    story = story_of(kept.folder)
    assert [row["file"] for row in story["samples"]] == [f"sample-{i}.png" for i in (1, 2, 3)]
    places = {row["sha256"]: i for i, row in enumerate(kept.data.validation.rows)}
    for i, row in enumerate(story["samples"], start=1):
        photo = kept.data.validation.rows[places[row["sha256"]]]
        assert photo["query"] == row["query"]
        x, y = kept.data.validation.__getitems__([places[row["sha256"]]])
        with torch.no_grad():
            for kind, ab in (("sample", kept.model(x)), ("truth", y)):
                picture = np.asarray(Image.open(kept.folder / f"{kind}-{i}.png"))
                assert picture.shape == (64, 64, 3)
                expected = to_picture(x, ab)[0].astype(int)
                assert np.abs(picture - expected).max() <= 1
    assert len({row["query"] for row in story["samples"]}) == 3


def test_all_runs_on_the_same_photos_show_the_same_ones(kept, practice_data, tmp_path):
    data = replace(practice_data, runs=tmp_path)
    changes = {"quiet": True, "precision": "fp32", "name": "other"}
    other = fit(ColourNet(width=4), data, epochs=0.5, seed=5, **changes)
    assert story_of(other.folder)["samples"] == story_of(kept.folder)["samples"]
    for i in (1, 2, 3):
        truths = [(run.folder / f"truth-{i}.png").read_bytes() for run in (kept, other)]
        assert truths[0] == truths[1]


def test_fewer_validation_photos_than_three_are_enough(tmp_path):
    data = tiny.photos(tmp_path)
    two = replace(data.validation, L=data.validation.L[:2], ab=data.validation.ab[:2])
    run = tiny.fit(tiny.network(), replace(data, validation=two), epochs=1)
    assert len(story_of(run.folder)["samples"]) == 2
    assert not (run.folder / "sample-3.png").exists()


def test_runs_are_numbered_in_their_order_and_named_as_one_likes(tmp_path):
    for i in range(9):
        (tmp_path / f"{i + 1:03d}-Old").mkdir()
    names = [None, "with more layers", "a/b\\c:d", "...", "ünï"]
    runs = [tiny.fit(tiny.network(), tiny.photos(tmp_path), epochs=0.3, name=n) for n in names]
    names = "010-Sequential 011-with-more-layers 012-a-b-c-d 013-run 014-ünï"
    assert " ".join(run.name for run in runs) == names
    assert [story["name"] for story in all_runs(tmp_path)] == [run.name for run in runs]


def test_the_thousandth_run_comes_last(tmp_path):
    for name in ("999-A", "1000-B", "002-C", "notes"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "run.json").write_text(json.dumps({"format": 1, "name": name}))
    assert [s["name"] for s in all_runs(tmp_path)] == ["notes", "002-C", "999-A", "1000-B"]
    assert short(tmp_path).name == "1001-Sequential"


def test_another_folder_can_be_named(tmp_path):
    here, there = tmp_path / "here", tmp_path / "there"
    run = tiny.fit(tiny.network(), tiny.photos(here), epochs=0.3, folder=str(there))
    assert run.folder == there / "001-Sequential" and not here.exists()


def test_runs_are_found_by_workspace_data_and_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("COLOURLIB_HOME", str(tmp_path))
    ws = Workspace("practice", SETTINGS["quick"])
    data = tiny.photos(ws.root / "runs")
    run = tiny.fit(tiny.network(), data, epochs=0.3)
    monkeypatch.chdir(ws.root)
    for where in (ws, data, ws.root / "runs", str(ws.root / "runs"), "runs"):
        (story,) = all_runs(where)
        assert story["name"] == "001-Sequential" and story["folder"].resolve() == run.folder
    assert all_runs(tiny.photos(None)) == [] and all_runs(tmp_path / "nothing") == []


def test_what_is_no_run_is_left_out(tmp_path):
    run = short(tmp_path)
    for name, text in {
        "002-empty": "", "003-half": '{"format": 1, "na', "004-list": "[1]", "005-other": "{}",
        "006-next": '{"format": 2}', "007-binary": "\udcff",
    }.items():  # fmt: skip
        (tmp_path / name).mkdir()
        (tmp_path / name / "run.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    (tmp_path / "008-nothing").mkdir()
    assert [story["folder"] for story in all_runs(tmp_path)] == [run.folder]
    tiny.fit(tiny.network(), tiny.photos(tmp_path), epochs=0.3, seed=1)  # they are in nobody's way


def test_a_run_is_loaded_with_its_best_weights_in_eval_mode_built_by_its_name_if_need_be(kept):
    x, _ = kept.data.validation.__getitems__([0, 1])
    for net, story in (load_run(kept.folder, ColourNet(width=8)), load_run(str(kept.folder))):
        assert isinstance(net, ColourNet) and not net.training
        assert tiny.same_weights(net.state_dict(), kept.best_weights)
        assert story == story_of(kept.folder)
        torch.testing.assert_close(net(x), kept.model(x))


def test_a_network_of_ones_own_has_to_be_given(tmp_path):
    run = short(tmp_path)
    with pytest.raises(CourseError, match=r"'Sequential' that colourlib does not have: give it"):
        load_run(run.folder)


def edited(width=4, extra=False, head=2):
    layers = [nn.Conv2d(1, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU()]
    layers += [nn.Dropout(0), nn.Conv2d(width, head, 1)]
    return nn.Sequential(*layers, *[nn.Conv2d(head, 2, 1)] * extra)


def test_layers_that_differ_are_named_and_those_that_match_carried_over(tmp_path, capsys):
    run = short(tmp_path)
    model = edited(head=3, extra=True)
    before = {name: w.clone() for name, w in model.state_dict().items()}
    with pytest.raises(CourseError) as caught:
        load_run(run.folder, model)
    lines = str(caught.value).splitlines()
    assert lines[1:5] == [
        "  4.weight: (2, 4, 1, 1) in training, (3, 4, 1, 1) here",
        "  4.bias: (2,) in training, (3,) here",
        "  5.weight: nothing in training, (2, 3, 1, 1) here",
        "  5.bias: nothing in training, (2,) here",
    ]
    assert "partly=True) carries over the 6 of 10 that match" in lines[5]
    assert tiny.same_weights(model.state_dict(), before), "nothing was changed"
    capsys.readouterr()
    loaded, _ = load_run(run.folder, model, partly=True)
    assert loaded is model
    assert "6 of 10 weights carried over, the others are as they were" in capsys.readouterr().out
    for name, weight in model.state_dict().items():
        there = run.best_weights if not name.startswith(("4.", "5.")) else before
        assert torch.equal(weight, there[name]), name


def test_what_is_only_in_the_run_is_named_too_and_long_lists_are_cut(tmp_path):
    run = tiny.fit(edited(extra=True), tiny.photos(tmp_path), epochs=0.3)
    with pytest.raises(CourseError, match=r"5.weight: \(2, 2, 1, 1\) in training, nothing here"):
        load_run(run.folder, edited())
    with pytest.raises(CourseError, match="and 19 more"):
        load_run(run.folder, nn.Sequential(*[nn.Linear(2, 3) for _ in range(12)]))


@pytest.mark.parametrize("file", ["run.json", "weights.safetensors"])
@pytest.mark.parametrize("damage", ["removed", "halved", "emptied", "overwritten"])
def test_a_damaged_run_is_explained(tmp_path, file, damage):
    run = short(tmp_path)
    path = run.folder / file
    content = path.read_bytes()
    if damage == "removed":
        path.unlink()
    else:
        new = {"halved": content[: len(content) // 2], "emptied": b"", "overwritten": b"\xff" * 99}
        path.write_bytes(new[damage])
    says = "no trained run in .*: train one in 05" if damage == "removed" else "is damaged"
    with pytest.raises(CourseError, match=says):
        load_run(run.folder, tiny.network())


def test_the_data_alone_decides_which_photos(practice_data):
    photos = practice_data.validation
    chosen = view.choose(photos)
    assert len(set(chosen)) == 3
    assert len({photos.rows[i]["query"] for i in chosen}) == 3
    # The same photos in another order on disk: still the same three.
    turned = list(reversed(range(len(photos))))
    rows = [photos.rows[i] for i in turned]
    other = replace(photos, L=photos.L[turned], ab=photos.ab[turned], rows=rows)
    found = [rows[i]["sha256"] for i in view.choose(other)]
    assert found == [photos.rows[i]["sha256"] for i in chosen]


def test_they_are_from_the_more_colourful_half_and_one_photo_is_enough(practice_data):
    photos = practice_data.validation
    chroma = np.abs(np.asarray(photos.ab, dtype=float) - 128).mean(axis=(1, 2, 3))
    assert all(chroma[i] >= np.median(chroma) for i in view.choose(photos))
    one = replace(photos, L=photos.L[:1], ab=photos.ab[:1], rows=photos.rows[:1])
    assert view.choose(one) == [0]


def test_grey_network_and_truth_are_what_they_say(practice_data):
    shown = view.Samples(practice_data.validation)
    for sample in shown.coloured(evaluate.grey):
        assert sample.grey.shape == sample.truth.shape == (64, 64, 3)
        assert np.array_equal(sample.network, sample.grey), "a grey network paints the grey copy"
        assert np.ptp(sample.grey.astype(int), axis=2).max() <= 2
        assert np.ptp(sample.truth.astype(int), axis=2).max() > 20
    broken = shown.coloured(lambda x: torch.full((len(x), 2, 64, 64), torch.nan))
    assert broken[0].network.shape == (64, 64, 3), "a network that has exploded can be shown, too"
