"""What 10_share writes by hand is what the package and torch do: values, not text.

Each comparison is also made with a mistake in the cells, and has to see it.
"""

import numpy as np
import pytest
import torch
from lessons import lesson
from torch import nn

from colourlib.model import ColourNet
from colourlib.runs import onnx, weights

SAME, WRONG = 1e-6, 1e-4


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """The bytes of a file of weights."""
    card = {"size": 64, "licence": "mine"}
    path = weights.save(tmp_path_factory.mktemp("file") / "w.safetensors", ColourNet(4), card)
    return path, path.read_bytes()


def reading(taught, saved) -> float:
    """The head by hand, and what `weights.load` reads in it."""
    path, content = saved
    try:
        head, card = taught.head_of(content), taught.card_of(content)
        bare = taught.card_of((2).to_bytes(8, "little") + b"{}")
    except (ValueError, KeyError, TypeError, OverflowError):
        return np.inf
    names = {"__metadata__", *ColourNet(4).state_dict()}
    return 0.0 if {*head} == names and card == weights.load(path)[1] and bare == {} else np.inf


def folding(taught, saved) -> float:
    """One layer that does what two do."""
    torch.manual_seed(0)
    conv, norm = nn.Conv2d(3, 5, 3, bias=False), nn.BatchNorm2d(5, eps=1e-2)
    nn.init.normal_(norm.weight)
    nn.init.normal_(norm.bias)
    for batch in 3 * torch.randn(9, 4, 3, 8, 8) + 1:
        norm(conv(batch))
    x = torch.randn(2, 3, 8, 8)
    with torch.no_grad():
        both = norm.eval()(conv(x))
        one = nn.functional.conv2d(x, *taught.folded(conv, norm))
    return float((one - both).abs().max() / both.abs().max())


def rounding(taught, saved) -> float:
    """Ten digits are what 16 bits keep, as `halved` stores them; 23 change nothing."""
    w = torch.randn(1, 8, 3, 3, generator=torch.Generator().manual_seed(3))
    gaps = [taught.rounded(w, 23) - w, taught.rounded(w, 10) - w.half().float()]
    return max(float(gap.abs().max()) for gap in gaps)


@pytest.mark.parametrize("look", [reading, folding, rounding])
def test_what_the_cells_do_is_what_others_do(look, saved):
    assert look(lesson("10_share"), saved) <= SAME


MISTAKES = [
    (reading, ('content[:8], "little"', 'content[:8], "big"')),
    (reading, ("content[8 : 8 + length]", "content[8:length]")),
    (reading, ("content[8 : 8 + length]", "content[: 8 + length]")),
    (reading, ('.get("card", "{}")', '.get("card")')),
    (folding, ("norm.running_var + norm.eps", "norm.running_var")),
    (folding, (".sqrt()", "")),
    (folding, ("norm.bias - norm.running_mean * factor", "norm.bias - norm.running_mean")),
    (folding, ("factor[:, None, None, None]", "factor.mean()")),
    (rounding, ("2.0 ** (digits + 1)", "2.0**digits")),
    (rounding, (".round()", ".trunc()")),
]


@pytest.mark.parametrize(("look", "mistake"), MISTAKES, ids=lambda m: getattr(m, "__name__", "-"))
def test_a_mistake_is_seen(look, mistake, saved):
    assert not look(lesson("10_share", mistake), saved) < WRONG


def test_half_the_digits_are_what_the_page_stores():
    pytest.importorskip("onnxscript", reason="pip install onnx onnxscript onnxruntime")
    rounded = lesson("10_share").rounded
    one = nn.Conv2d(1, 2, 3, padding=1)
    given = {"L": torch.rand(1, 1, 8, 9)}
    (stored,) = onnx.answers(onnx.halved(onnx.graph(one, [given], ["ab"])), given)
    with torch.no_grad():
        one.weight.copy_(rounded(one.weight, 10))
        assert np.abs(stored - one(given["L"]).numpy()).max() < SAME
