"""Networks as files: what comes back, and what hostile, damaged and edited files are told."""

import importlib.util
import inspect
import json
import os
import pickle
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import tiny
import torch
from torch import nn

from colourlib import CourseError, model
from colourlib.colourise import shipped
from colourlib.common.fingerprints import digest
from colourlib.model import ColourNet
from colourlib.runs import checkpoints, load_run, matching, weights
from colourlib.runs import onnx as onnx_export
from colourlib.runs.matching import NETWORKS
from colourlib.transfer import TransferNet

ROOT = Path(__file__).resolve().parents[2]
NAN, INF = float("nan"), float("inf")


def lively(net, seed=0):
    """A network whose answers are not zero, and whose BatchNorm has seen something."""
    dice = torch.Generator().manual_seed(seed)
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1, generator=dice)
            module.running_var.uniform_(0.5, 2, generator=dice)
        elif isinstance(module, nn.Conv2d | nn.Linear):
            nn.init.normal_(module.weight, std=module.weight[0].numel() ** -0.5, generator=dice)
    return net


def noise(*shape, seed=1):
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed)) * 2 - 1


@torch.no_grad()
def ab(net, x):
    return net.eval()(x)


@pytest.fixture(scope="module")
def net():
    return lively(ColourNet(8))


@pytest.fixture(scope="module")
def saved(net, tmp_path_factory):
    """A weights file as it should be."""
    return weights.save(tmp_path_factory.mktemp("saved") / "w.safetensors", net, {"size": 96})


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run of a narrow ColourNet on photos of 16 px."""
    torch.manual_seed(0)
    return tiny.fit(ColourNet(4), tiny.photos(tmp_path_factory.mktemp("runs")), epochs=2)


def rewritten(path, target, change_card=None, change_weights=None, rehash=False):
    """The same file with its card or its weights changed, as somebody might do by hand."""
    with safetensors.safe_open(path, "pt") as file:
        card = json.loads(file.metadata()["card"])
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    if change_weights:
        change_weights(tensors)
    if rehash:
        card["sha256"] = digest(tensors)
    card = change_card(card) if change_card else card
    safetensors.torch.save_file(tensors, target, {"card": json.dumps(card)})
    return target


def test_what_is_saved_comes_back_to_the_last_bit(net, saved):
    loaded, card = weights.load(saved)
    assert type(loaded) is ColourNet and not loaded.training
    assert tiny.same_weights(loaded.state_dict(), net.state_dict())
    assert (card["network"], card["arguments"], card["size"]) == ("ColourNet", {"width": 8}, 96)
    assert card["saturation"] == 1.0 and card["stored"] == "float32"
    assert [p.name for p in saved.parent.iterdir()] == ["w.safetensors"]
    assert loaded.trained_size == 96


@pytest.mark.parametrize("kind", NETWORKS.values())
def test_a_network_built_with_any_arguments_comes_back(kind, tmp_path):
    arguments = {key: 4 + i for i, key in enumerate(inspect.signature(kind).parameters)}
    net = kind(**arguments)
    loaded, card = weights.load(weights.save(tmp_path / "w.safetensors", net, {"size": 64}))
    assert card["arguments"] == arguments
    assert tiny.same_weights(loaded.state_dict(), net.state_dict())


def test_half_precision_halves_the_file_and_spares_batchnorm(net, saved, tmp_path):
    card = {"size": 96, "stored": "float16", "saturation": 1.1, "anything": ["else"]}
    path = weights.save(tmp_path / "half.safetensors", net, card)
    loaded, back = weights.load(path)
    assert card.items() <= back.items()
    assert path.stat().st_size < 0.6 * saved.stat().st_size
    for name, one in net.state_dict().items():
        other = loaded.state_dict()[name]
        assert other.dtype == one.dtype
        if one.ndim > 1:
            torch.testing.assert_close(other, one, rtol=1e-3, atol=1e-6)
        else:
            assert torch.equal(other, one), name
    x = noise(2, 1, 48, 80)
    torch.testing.assert_close(ab(loaded, x), ab(net, x), rtol=0.02, atol=0.02)
    # It is judged by its rounded weights.
    assert weights._answer(loaded) == pytest.approx(back["answer"], abs=3e-6)
    assert weights._answer(net) != pytest.approx(back["answer"], abs=3e-6)


def test_saving_changes_nothing_in_the_network(tmp_path):
    net = lively(ColourNet(4)).train()
    before = {name: w.clone() for name, w in net.state_dict().items()}
    weights.save(tmp_path / "w.safetensors", net, {"size": 64, "stored": "float16"})
    assert net.training and tiny.same_weights(net.state_dict(), before)


def test_a_run_is_one_file_with_its_story(run, tmp_path):
    story = run.story()
    for what in (run, run.folder, str(run.folder)):
        path = weights.save(tmp_path / "mine.safetensors", what)
        loaded, card = weights.load(str(path))
        assert tiny.same_weights(loaded.state_dict(), run.best_weights) and not loaded.training
        assert card["size"] == 16 and card["arguments"] == {"width": 4}
        assert card["config"] == story["config"] and card["data"] == story["data"]
        assert card["scores"] == {"best": story["best"], "levels": story["levels"]}
        assert card["run"] == run.name and card["versions"] == story["versions"]
        assert loaded.trained_size == 16


def test_a_run_and_its_folder_are_loaded_alike_and_know_their_size(run, tmp_path):
    one, card = weights.load(run)
    other, card_too = weights.load(run.folder)
    assert tiny.same_weights(one.state_dict(), other.state_dict())
    assert json.loads(json.dumps(card)) == card_too
    assert one is not run.model and one.trained_size == other.trained_size == 16
    assert run.model.trained_size == load_run(run.folder)[0].trained_size == 16
    assert not hasattr(ColourNet(4), "trained_size")
    _, card = weights.load(weights.save(tmp_path / "w.safetensors", run.model))
    assert card["size"] == 16, "a network that knows its size needs no card"


def test_a_run_gives_its_best_weights_whatever_became_of_the_network(run, tmp_path):
    kept = {name: w.clone() for name, w in run.model.state_dict().items()}
    run.model.train()
    with torch.no_grad():
        run.model.head.weight.fill_(9)
    try:
        for loaded in (weights.load(run)[0], weights.load(run, ColourNet(4))[0]):
            assert tiny.same_weights(loaded.state_dict(), run.best_weights)
        assert run.model.training and run.model.head.weight[0, 0].item() == 9
    finally:
        run.model.load_state_dict(kept)


def test_a_run_that_cannot_be_loaded_says_why(run, tmp_path, monkeypatch):
    with pytest.raises(CourseError, match="Of a run give the folder, .*001-ColourNet"):
        weights.load(run.folder / "weights.safetensors")
    monkeypatch.setattr(run, "best_weights", {})
    with pytest.raises(CourseError, match="stopped before its first validation"):
        weights.save(tmp_path / "w.safetensors", run)


class Leaky(ColourNet):
    """All weights as in ColourNet; one activation is another."""

    def __init__(self, width=8):
        super().__init__(width)
        self.down4[2] = nn.LeakyReLU(0.3)


class NoSkip(ColourNet):
    """All layers as in ColourNet; forward leaves half of the answer out."""

    def forward(self, x):
        """Half."""
        return 0.5 * super().forward(x)


class Deeper(ColourNet):
    """One layer more, one wider."""

    def __init__(self, width=8):
        super().__init__(width)
        self.up3 = nn.Sequential(*self.up3, nn.Conv2d(2 * width, 24, 1))
        self.head = nn.Conv2d(24, 2, 1)


for kind in (Leaky, NoSkip, Deeper):  # as in a notebook, where the edited class keeps its name
    kind.__name__ = "ColourNet"


def test_a_network_of_ones_own_is_given(tmp_path):
    own = tiny.network()
    path = weights.save(tmp_path / "own.safetensors", own, {"size": 32})
    with pytest.raises(CourseError, match="'Sequential' that colourlib does not have: give it"):
        weights.load(path)
    mine = tiny.network(seed=5)
    loaded, card = weights.load(path, mine)
    assert loaded is mine and tiny.same_weights(loaded.state_dict(), own.state_dict())
    with pytest.raises(CourseError, match=r"4.weight: \(2, 4, 1, 1\) in training, \(2, 5, 1, 1\)"):
        weights.load(path, tiny.network(width=5))


EDITED = {
    Leaky: r"down4.2: LeakyReLU\(negative_slope=0.3\) in training, ReLU\(inplace=True\) here",
    NoSkip: "forward: other lines in training than here",
    Deeper: r"head.weight: \(2, 24, 1, 1\) in training, \(\d+, 16, 1, 1\) here",
}


@pytest.mark.parametrize("kind", EDITED)
def test_an_edited_network_is_told_by_its_layers_in_a_file_and_in_a_run(kind, tmp_path):
    path = weights.save(tmp_path / "w.safetensors", lively(kind()), {"size": 64})
    folder = tiny.fit(kind(4), tiny.photos(tmp_path), epochs=0.3).folder
    in_run = EDITED[kind].replace("16, 1", "8, 1")
    in_file = (weights.load, path, kind(), EDITED[kind])
    for load, where, given, says in (in_file, (load_run, folder, kind(4), in_run)):
        with pytest.raises(CourseError, match=says) as caught:
            load(where)
        assert str(where) in str(caught.value) and "MyNet()" in str(caught.value)
        assert type(weights.load(where, given)[0]) is kind


def test_what_forward_calls_counts_too(tmp_path, monkeypatch, net):
    path = weights.save(tmp_path / "w.safetensors", net, {"size": 64})
    real = model.upsample_to
    monkeypatch.setattr(model, "upsample_to", lambda x, like: 1.1 * real(x, like))
    with pytest.raises(CourseError, match="in code that its forward calls"):
        weights.load(path)


def test_a_comment_or_a_line_break_in_forward_is_no_edit(net):
    then, source = {"layers": checkpoints.layers(net)}, inspect.getsource(ColourNet.forward)
    for same in (source.replace("\n", "  # here\n"), None):
        matching.check_edits(net, then | {"forward": same}, "a file")
    edited = source.replace("self.fuse", "self.fuze")
    with pytest.raises(CourseError, match="forward: other lines"):
        matching.check_edits(net, then | {"forward": edited}, "a file")


def test_the_shipped_weights_are_the_callers_own(net, tmp_path, monkeypatch):
    path = weights.save(tmp_path / "colournet.safetensors", net, {"size": 80})
    monkeypatch.setattr(weights, "SHIPPED", path)
    monkeypatch.setattr(weights, "COLOURNET", path)
    first, card = weights.load()
    assert tiny.same_weights(weights.load("colournet")[0].state_dict(), first.state_dict())
    card["size"] = 0
    nn.init.ones_(first.train().head.weight)
    again, card = weights.load()
    assert not again.training and card["size"] == 80 and again.trained_size == 80
    assert tiny.same_weights(again.state_dict(), net.state_dict())
    assert shipped(path) is shipped(path), "what `colourise` uses is read once"


def test_without_shipped_weights_it_says_how_to_make_them(tmp_path, monkeypatch):
    monkeypatch.setattr(weights, "SHIPPED", tmp_path / "transfernet.safetensors")
    with pytest.raises(CourseError, match="is missing.*train it.*bench/weights.py --photos FOL"):
        weights.load()


trained = pytest.mark.skipif(
    not weights.SHIPPED.is_file(), reason="not trained yet: python bench/weights.py"
)


@trained
def test_the_weights_that_come_with_the_repository():
    folder = ROOT / "data" / "weights"
    for where, kind, size in ((None, TransferNet, 10e6), ("colournet", ColourNet, 8e6)):
        path = folder / f"{kind.__name__.lower()}.safetensors"
        assert path.stat().st_size <= size
        net, card = weights.load(where)
        assert type(net) is kind
        for key in ("arguments", "size", "saturation", "config", "scores", "data", "licence"):
            assert card.get(key), key
        assert ab(net, noise(1, 1, 64, 64)).abs().max() > 0.01
    assert folder / "transfernet.safetensors" == weights.SHIPPED


@trained
def test_the_model_card_says_what_is_in_the_file():
    where = importlib.util.spec_from_file_location("weights_bench", ROOT / "bench" / "weights.py")
    bench = importlib.util.module_from_spec(where)
    where.loader.exec_module(bench)
    page = weights.SHIPPED.with_name("README.md").read_text(encoding="utf-8")
    said = []
    for where, path in ((None, weights.SHIPPED), ("colournet", weights.COLOURNET)):
        net, card = weights.load(where)
        said += [
            *bench.lines(card["scores"]),
            f"{sum(p.numel() for p in net.parameters()):,} parameters",
            f"{card['sizes'][-1]} pixels, shorter side",
            f"| {card['saturation']:g}, chosen",
            f"{path.stat().st_size / 1e6:.1f} MB",
            f"{card['photos_seen']:,} photos",
        ]
    assert not [line for line in said if line not in page]
    assert "@@" not in page


def test_an_installed_package_brings_its_weights(tmp_path, saved, monkeypatch):
    """What pip does to make a wheel, with a package that holds little else."""
    pytest.importorskip("setuptools", minversion="77", reason="pip install setuptools")
    source, built = tmp_path / "source", tmp_path / "built"
    (source / "data" / "weights").mkdir(parents=True)
    (source / "colourlib" / "common").mkdir(parents=True)
    for name in ("pyproject.toml", "setup.py", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    for name in ("__init__.py", "common/__init__.py", "common/files.py"):
        shutil.copy(ROOT / "colourlib" / name, source / "colourlib" / name)
    shutil.copy(saved, source / "data" / "weights" / "transfernet.safetensors")
    command = [sys.executable, "setup.py", "-q", "build_py", "--build-lib", str(built)]
    done = subprocess.run(command, cwd=source, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    module, name = built / "colourlib" / "common" / "files.py", "colourlib.common.installed"
    spec = importlib.util.spec_from_file_location(name, module)
    installed = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, name, installed)
    spec.loader.exec_module(installed)
    assert installed.shipped_folder("photos") == built / "colourlib" / "shipped" / "photos"
    file = installed.shipped_folder("weights") / "transfernet.safetensors"
    assert shipped(file)[1]["size"] == 96


class Bomb:
    """Unpickled, it would leave a file behind."""

    def __reduce__(self):
        return Path.touch, (Path(os.environ["BOMB"]),)


ARCHIVE = "may hold code: only .safetensors files are opened"
CUT = "is damaged or cut short"
NOISE = np.random.default_rng(0).bytes(5000)
OTHER_FILES = {  # name: (its bytes, made of those of a whole file; what is said of it)
    "empty.safetensors": (lambda whole: b"", "is empty"),
    "text.safetensors": (lambda whole: b"these are my weights\n" * 9, "is not a weights file"),
    "short.safetensors": (lambda whole: b"\x10", "is not a weights file"),
    "noise.safetensors": (lambda whole: NOISE, "is not a weights file"),
    "cut.safetensors": (lambda whole: whole[: len(whole) // 2], CUT),
    "head.safetensors": (lambda whole: whole[:100], CUT),
    "long.safetensors": (lambda whole: whole + b"more", CUT),
    "huge.safetensors": (lambda whole: b"\xff" * 7 + b"\x7f{" + whole[9:], CUT),
    "flip.safetensors": (
        lambda whole: whole[:-1000] + bytes([whole[-1000] ^ 1]) + whole[-999:],
        "its weights have changed",
    ),
    "bomb.safetensors": (lambda whole: pickle.dumps(Bomb()), ARCHIVE),
}
OTHER_CARDS = {"plain": None, "list": "[1]", "deep": "[" * 99999, "bare": "{}"}
SAID_OF_CARDS = ("without the card", "no names and values", "its card is not JSON", "size = None")


def other_files(folder, saved):
    """{name: what is said} of files that are no weights file."""
    net, says = tiny.network().state_dict(), {}
    for name, (content, says[name]) in OTHER_FILES.items():
        (folder / name).write_bytes(content(saved.read_bytes()))
    for (name, card), said in zip(OTHER_CARDS.items(), SAID_OF_CARDS, strict=True):
        path = folder / f"{name}.safetensors"
        safetensors.torch.save_file(net, path, card and {"card": card})
        says[path.name] = said
    torch.save({"weights": net}, folder / "checkpoint.pt")
    torch.save(net, folder / "old.pth", _use_new_zipfile_serialization=False)
    with zipfile.ZipFile(folder / "photos.zip", "w") as file:
        file.writestr("a.txt", "a")
    says |= dict.fromkeys(("checkpoint.pt", "old.pth", "photos.zip"), ARCHIVE)
    return says | {"missing.safetensors": "There is no file", "": "There is no trained run"}


def test_whatever_is_no_weights_file_is_told_in_one_sentence(saved, tmp_path, monkeypatch):
    monkeypatch.setenv("BOMB", str(tmp_path / "exploded"))
    for name, says in other_files(tmp_path, saved).items():
        with pytest.raises(CourseError) as caught:
            weights.load(tmp_path / name)
        text = str(caught.value)
        assert says in text and str(tmp_path / name) in text and len(text) < 500, (name, text)
    assert not (tmp_path / "exploded").exists()
    with pytest.raises(CourseError, match="cannot load a int"):
        weights.load(5)
    with pytest.raises(CourseError, match="There is no file"):
        weights.load("a\0b.safetensors")


CARDS = {
    "size": [None, "96", 8, 10**6, True, 96.5],
    "saturation": [None, "1", -1, 11, NAN, INF],
    "network": [None, 5],
    "arguments": [None, [8], "width"],
    "answer": [None, [], ["a"] * 32, [NAN] * 32, [10**400] * 32],
    "layers": [None, {}, [["a"]], [[1, 2]], ["ab"]],
    "forward": [5],
    "sha256": [None, 5],
}


def test_a_card_with_anything_wrong_is_refused(saved, tmp_path):
    for key, value in ((key, value) for key, values in CARDS.items() for value in values):
        path = rewritten(saved, tmp_path / "w.safetensors", lambda c, k=key, v=value: c | {k: v})
        with pytest.raises(CourseError, match=f"cannot be right: {key} = "):
            weights.load(path)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"arguments": {"width": 100000}}, r"asks for ColourNet\(width=100000\).* cannot be"),
        *[({"arguments": {"width": w}}, "cannot be") for w in (10**30, "8", True, 8.0, -8)],
        ({"arguments": {"self": 8}}, "takes width, whole numbers"),
        ({"arguments": {"width": 4}}, "do not fit"),
        ({"arguments": {"width": 1000}}, r"down1.0.weight: \(2, 1, 3, 3\) in training, \(250, 1"),
        ({"arguments": {}}, "do not fit ColourNet as it is here"),
        ({"network": "PlainNet"}, "body.0.0.weight: nothing in training"),
        ({"network": "Module"}, "'Module' that colourlib does not have"),
        ({"network": "os.system"}, "'os.system' that colourlib does not have"),
        ({"sha256": "0" * 64}, "is damaged: its weights have changed"),
    ],
)
def test_a_network_that_cannot_be_is_refused_before_it_takes_memory(saved, tmp_path, changes, says):
    path = rewritten(saved, tmp_path / "w.safetensors", lambda card: card | changes)
    with pytest.raises(CourseError, match=says) as caught:
        weights.load(path)
    assert str(path) in str(caught.value)


SPOILT = [("up4.0.weight", w, r"NaN .* or infinity in up4.0.weight") for w in (NAN, INF, -INF)]
SPOILT += [  # formats that are never written
    ("head.bias", dtype, f"holds head.bias as {dtype}")
    for dtype in (torch.complex64, torch.float8_e4m3fn, torch.bfloat16)
]


@pytest.mark.parametrize(("name", "to", "says"), SPOILT)
def test_numbers_that_save_never_writes_are_refused(saved, tmp_path, name, to, says):
    def spoil(tensors):
        if isinstance(to, float):
            tensors[name][1, 2, 0, 0] = to
        else:
            tensors[name] = tensors[name].to(to)

    path = rewritten(saved, tmp_path / "w.safetensors", None, spoil, rehash=True)
    with pytest.raises(CourseError, match=says):
        weights.load(path)


def spoilt(value):
    """A network with such a number among its weights."""
    net = ColourNet(4)
    with torch.no_grad():
        net.up4[0].weight[0, 0, 0, 0] = value
    return net


REFUSED = {
    "ending": (ColourNet(4), {"size": 64}, r"named ….safetensors, not 'w.pt'"),
    "no size": (ColourNet(4), {}, "size = None"),
    "size": (ColourNet(4), {"size": 5}, "size = 5"),
    "format": (ColourNet(4), {"size": 64, "stored": "int8"}, "'float32' or 'float16', not 'int8'"),
    "card": (ColourNet(4), {"size": 64, "scores": np.float32(1)}, "holds what JSON cannot"),
    "nan": (ColourNet(4), {"size": 64, "scores": NAN}, "holds what JSON cannot"),
    "nan inside": (spoilt(NAN), {"size": 64}, "in up4.0.weight"),
    "too large": (spoilt(1e6), {"size": 64, "stored": "float16"}, "in up4.0.weight"),
    "shape": (nn.Conv2d(1, 2, 3, 2, 1), {"size": 64}, r"it makes \(1, 2, 32, 32\)"),
    "fails": (nn.Linear(5, 2), {"size": 64}, "Linear fails on 64 x 64 pixels"),
    "no network": ({"weights": 1}, {"size": 64}, "takes a network, a Run or .* not a dict"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_could_not_be_read_back_is_not_written(name, tmp_path):
    net, card, says = REFUSED[name]
    with pytest.raises(CourseError, match=says):
        weights.save(tmp_path / ("w.pt" if name == "ending" else "w.safetensors"), net, card)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_leaves_the_old_file(saved, net, tmp_path, monkeypatch):
    path = shutil.copy(saved, tmp_path / "w.safetensors")

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(CourseError, match="cannot be written: No space left on device"):
        weights.save(path, net, {"size": 64})
    assert [p.name for p in tmp_path.iterdir()] == ["w.safetensors"]
    assert path.read_bytes() == saved.read_bytes()
    with pytest.raises(CourseError, match="cannot be written: .*(exists|directory)"):
        weights.save(path / "inside" / "w.safetensors", net, {"size": 64})


onnx_is_there = pytest.mark.skipif(
    any(importlib.util.find_spec(name) is None for name in onnx_export.PACKAGES),
    reason="pip install onnx onnxscript onnxruntime",
)


@pytest.mark.slow
@onnx_is_there
def test_onnx_answers_like_torch_at_any_size(net, tmp_path):
    import onnxruntime

    path = weights.export_onnx(tmp_path / "net.onnx", net)
    assert [p.name for p in tmp_path.iterdir()] == ["net.onnx"], "weights are in the file itself"
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    for n, h, w in ((1, 64, 64), (2, 96, 80), (3, 65, 99), (1, 131, 77), (1, 32, 32), (1, 33, 200)):
        x = noise(n, 1, h, w)
        (answer,) = session.run(["ab"], {"L": x.numpy()})
        expected = ab(net, x).numpy()
        assert np.abs(expected).max() > 0.1
        np.testing.assert_allclose(answer, expected, atol=1e-3, rtol=0)


class Decides(nn.Module):
    """Takes another path for dark pictures."""

    def forward(self, x):
        """(N, 1, H, W) -> (N, 2, H, W)."""
        return torch.cat([x, x], 1) if x.mean() > 0 else torch.cat([x, -x], 1)


@onnx_is_there
def test_a_network_that_takes_decisions_is_refused(tmp_path):
    with pytest.raises(CourseError, match="Decides cannot be written as ONNX: its forward takes"):
        weights.export_onnx(tmp_path / "net.onnx", Decides())
    assert list(tmp_path.iterdir()) == []


class ByShorterSide(nn.Module):
    """Its height is the shorter side, wherever it has only seen wide pictures."""

    def forward(self, x):
        """(N, 1, H, W) -> (N, 2, H, W)."""
        return torch.cat([x, x], 1) * (min(x.shape[2:]) / 64)


@onnx_is_there
def test_onnx_answers_like_torch_on_an_upright_photo(tmp_path):
    path = weights.export_onnx(tmp_path / "net.onnx", ByShorterSide())
    L = torch.full((1, 1, 200, 80), 0.4)
    (answer,) = onnx_export.answers(path.read_bytes(), {"L": L})
    assert answer.mean() == pytest.approx(0.5, abs=1e-3)


@onnx_is_there
def test_what_answers_otherwise_than_torch_is_refused(tmp_path, monkeypatch):
    one, other = nn.Conv2d(1, 2, 3, padding=1), nn.Conv2d(1, 2, 3)
    content = onnx_export._traced(one, {"L": torch.zeros(2, 1, 64, 96)}, ["ab"])

    def written(as_what):
        for way in ("_followed", "_traced"):
            monkeypatch.setattr(onnx_export, way, lambda *_: as_what)

    written(content)
    for net, says in ((other, "in shape"), (nn.Conv2d(1, 2, 3, padding=1), "[0-9]")):
        with pytest.raises(CourseError, match=f"differs from torch at 64 x 96 px .{says}"):
            weights.export_onnx(tmp_path / "net.onnx", net)
    written(b"no graph")
    with pytest.raises(CourseError, match="differs from torch"):
        weights.export_onnx(tmp_path / "net.onnx", one)
    assert list(tmp_path.iterdir()) == []


def test_missing_packages_are_named(net, tmp_path, monkeypatch):
    real = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "onnxscript" else real(name)
    )
    with pytest.raises(CourseError, match="needs onnxscript. Install: pip install onnx onnxscript"):
        weights.export_onnx(tmp_path / "net.onnx", net)
