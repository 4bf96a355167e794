"""Networks that torch has wrapped: compiled, copied to several GPUs, averaged; and their parts."""

import pytest
import tiny
import torch
from PIL import Image
from torch import nn
from torch.optim.swa_utils import AveragedModel

from colourlib import CourseError, colourise, evaluate
from colourlib.common.copies import bare
from colourlib.model import ColourNet
from colourlib.runs import load_run, weights
from colourlib.teaching.clinic import inspect


def never(graph, inputs):
    raise AssertionError("it was compiled")


def compiled(net, backend="eager"):
    return torch.compile(net, backend=backend)


def with_a_part(wrap):
    def wrapped(net):
        net[3] = wrap(net[3])
        return net

    return wrapped


WRAPPED = {
    "compiled": compiled,
    "a compiled part": with_a_part(compiled),
    "for several GPUs": nn.DataParallel,
    "a part for several GPUs": with_a_part(nn.DataParallel),
    "averaged": AveragedModel,
    "compiled and averaged": lambda net: AveragedModel(compiled(net)),
}


class Decorated(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.head = nn.Conv2d(1, 8, 3, padding=1), nn.Conv2d(8, 2, 1)

    @torch.compile(backend=never)
    def forward(self, x):
        return self.head(torch.relu(self.first(x)))


def in_part(net):
    net.deep = compiled(net.deep, never)
    net.head = nn.Conv2d(3, 2, 1)
    return net


@pytest.mark.parametrize("average", [0.0, 0.5])
@pytest.mark.parametrize("wrap", WRAPPED.values(), ids=WRAPPED)
def test_a_wrapped_network_trains_and_its_weights_are_those_of_the_network(tmp_path, wrap, average):
    net = wrap(tiny.network())
    run = tiny.fit(net, tiny.photos(tmp_path), epochs=2, average=average)
    plain = tiny.fit(tiny.network(), tiny.photos(), epochs=2, average=average)
    assert tiny.curves(run) == tiny.curves(plain)
    assert tiny.same_weights(bare(net).state_dict(), plain.model.state_dict())
    assert run.name == "001-Sequential" and not net.training
    file = weights.save(tmp_path / "net.safetensors", net)  # its size is known from the training
    for where in (file, run, run.folder):
        for empty in (tiny.network(seed=7), wrap(tiny.network(seed=7))):
            filled, card = weights.load(where, empty)
            assert filled is empty and card["size"] == 16
            assert tiny.same_weights(bare(filled).state_dict(), plain.model.state_dict())
    assert load_run(run.folder, tiny.network(seed=7))[1]["network"] == "Sequential"
    goes_on = {"epochs": 2, "average": average}
    assert tiny.fit(net, tiny.photos(tmp_path), **goes_on).started_from == "001-Sequential"


def test_the_courses_network_comes_back_from_a_compiled_one(tmp_path):
    net = ColourNet(8)
    saved = weights.save(tmp_path / "net.safetensors", compiled(net, never), {"size": 64})
    filled, card = weights.load(saved)
    assert card["network"] == "ColourNet"
    assert tiny.same_weights(filled.state_dict(), net.state_dict())


@pytest.mark.parametrize(
    ("net", "layer"),
    [
        (compiled(ColourNet(8), never), None),
        (in_part(ColourNet(8)), "head"),
        (Decorated(), None),
        (AveragedModel(ColourNet(8)), None),
    ],
)
def test_the_clinic_compiles_nothing_and_names_layers_as_the_student_does(net, layer):
    report = inspect(net, photos=0)
    assert [f.layer for f in report.findings if f.severity == "error"] == ([layer] if layer else [])
    assert "_orig_mod" not in str(report) and "module." not in str(report)
    assert "Optimized" not in report.title and "Averaged" not in report.title


def test_a_photo_is_coloured_without_compiling():
    photo = Image.linear_gradient("L")
    for net in (compiled(ColourNet(8), never), Decorated()):
        assert colourise(photo, net).size == photo.size


def test_without_a_compiler_it_says_so_in_one_sentence(monkeypatch):
    monkeypatch.setattr("torch._inductor.config.cpp.cxx", (None, "/no/compiler"))
    with pytest.raises(CourseError, match=r"torch\.compile fails here .*: .* C\+\+ compiler\.$"):
        tiny.fit(torch.compile(tiny.network()), tiny.photos(), epochs=1)


def test_whoever_shows_a_network_a_picture_keeps_it_whole():
    x = torch.rand(2, 1, 16, 16)
    before = x.clone()
    evaluate.answer(lambda picture: picture.mul_(0).expand(-1, 2, -1, -1), x)
    assert torch.equal(x, before)
