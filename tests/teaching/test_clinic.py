"""The clinic: its numbers are torchinfo's and the gradient's; it changes nothing, never raises."""

import random
import re
import subprocess
import sys
from html.parser import HTMLParser
from unittest.mock import Mock

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn import Conv2d, Upsample

from colourlib import CourseError
from colourlib.common.copies import copy_of, twin_of, undisturbed
from colourlib.model import ColourNet, EncoderDecoder, PlainNet, chroma_head, conv_bn_relu
from colourlib.teaching.clinic import Finding, Report, costs, examination, inspect
from colourlib.teaching.clinic.report import table
from colourlib.teaching.clinic.sight import ENDS, extents
from colourlib.teaching.clinic.watch.tracing import trace


class Net(nn.Module):
    """A network of one body, or of parts that `run` knows, for short tests."""

    def __init__(self, *body, run=None, **parts):
        super().__init__()
        parts |= {"body": nn.Sequential(*body)} if body else {}
        for name, part in {"run": run, **parts}.items():
            setattr(self, name, part)

    def forward(self, x):
        return self.run(self, x) if self.run else self.body(x)


def fit(h, x):
    return F.interpolate(h, size=x.shape[2:])


def resnet18():
    with torch.device("meta"):
        return pytest.importorskip("torchvision").models.resnet18()


@pytest.mark.parametrize("network", [PlainNet, EncoderDecoder, ColourNet, resnet18])
def test_shapes_parameters_and_multiply_adds_are_torchinfos(network):
    torchinfo = pytest.importorskip("torchinfo", reason="torchinfo is not installed")
    net, channels = network(), 3 if network is resnet18 else 1
    with undisturbed():
        found = trace(copy_of(net, "meta").train(), torch.empty(2, channels, 64, 64, device="meta"))
    assert found.error is None
    # not inspect itself: resnet18 takes RGB
    rows = [row for row in table(found, None, 2) if row.name]
    x = torch.zeros(2, channels, 64, 64, device=next(net.parameters()).device)
    said = torchinfo.summary(
        net, input_data=x, verbose=0, device=x.device, cache_forward_pass=False
    )
    theirs = [info for info in said.summary_list if info.is_leaf_layer]
    assert [r.shape for r in rows] == [tuple(info.output_size) for info in theirs]
    assert [r.kind.split()[0] for r in rows] == [info.class_name for info in theirs]
    seen = set()
    for row, info in zip(rows, theirs, strict=True):
        assert row.parameters == (0 if info.layer_id in seen else info.num_params), row
        assert row.multiply_adds * 2 == info.macs, row
        seen.add(info.layer_id)
    assert sum(r.parameters for r in rows) == said.total_params
    assert sum(r.multiply_adds for r in rows) * 2 == said.total_mult_adds


def test_a_layer_that_is_called_twice_costs_twice_and_weighs_once():
    report = inspect(Net(conv := Conv2d(1, 1, 3, padding=1), conv, Conv2d(1, 2, 1)), photos=0)
    first, second = report.rows[:2]
    assert (first.parameters, second.parameters) == (10, 0)
    assert first.multiply_adds == second.multiply_adds == 10 * 128 * 128
    assert report.parameters == 14


def test_bare_functions_with_weights_are_counted_too():
    net = Net(run=lambda self, x: F.conv2d(x, self.weight, padding=1))
    net.weight = nn.Parameter(torch.randn(2, 1, 3, 3))
    report = inspect(net, photos=0)
    assert (report.rows[0].parameters, report.rows[0].multiply_adds) == (18, 18 * 128**2)


@pytest.mark.parametrize("network", [PlainNet, EncoderDecoder, ColourNet])
def test_the_kept_memory_is_what_autograd_keeps(network):
    net = network(width=8).train()
    with undisturbed():
        shapes = trace(copy_of(net, "meta"), torch.empty(3, 1, 32, 48, device="meta"))
    weights = {p.untyped_storage().data_ptr() for p in (*net.parameters(), *net.buffers())}
    real = {}  # the storages are kept, so that no address comes twice

    def keep(tensor):
        real[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda t: t):
        net(torch.zeros(3, 1, 32, 48))
    bytes_kept = sum(s.nbytes() for address, s in real.items() if address not in weights)
    # BatchNorm's means and deviations are left out: 8 bytes a channel
    statistics = sum(8 * m.num_features for m in net.modules() if isinstance(m, nn.BatchNorm2d))
    counted = sum(costs.kept_bytes(shapes).values())
    assert counted == pytest.approx(bytes_kept - statistics, rel=0.002)


def supports(net, size, tries):
    """{layer: (height, width)} of the input that its middle place has a gradient for."""
    net = net.double().eval()
    names = {m: name for name, m in net.named_modules() if name and not [*m.children()]}
    found: dict[str, torch.Tensor] = {}
    for seed in range(tries):
        torch.manual_seed(seed)
        x = torch.randn(1, 1, *size, dtype=torch.double, requires_grad=True)
        outputs = {}

        def note(module, given, out, outputs=outputs):
            if out.ndim == 4:
                outputs[names[module]] = out

        hooks = [module.register_forward_hook(note) for module in names]
        net(x)
        for hook in hooks:
            hook.remove()
        for name, out in outputs.items():
            weights = torch.randn(out.shape[1], dtype=torch.double)
            middle = (out[0, :, out.shape[2] // 2, out.shape[3] // 2] * weights).sum()
            (gradient,) = torch.autograd.grad(middle, x, retain_graph=True, allow_unused=True)
            if gradient is not None:
                found[name] = found.get(name, 0) + (gradient[0, 0] != 0)
    spans = {}
    for name, seen in found.items():
        rows, columns = seen.any(1).nonzero().flatten(), seen.any(0).nonzero().flatten()
        spans[name] = tuple(int(i[-1] - i[0]) + 1 if len(i) else 0 for i in (rows, columns))
    return spans


class Zero(nn.Module):
    """Cuts the context branch off: nothing of the picture is left in it."""

    def forward(self, x):
        return torch.zeros(len(x), x.shape[1], dtype=x.dtype, device=x.device)


def without_context():
    net = ColourNet(width=8)
    net.context = nn.Sequential(Conv2d(40, 40, 1), Zero())
    return net


def between(first, last, step, **parts):
    return Net(first, last, run=lambda s, x: s.body[1](step(s, s.body[0](x))), **parts)


LOCAL = {
    "PlainNet": (PlainNet(width=4, depth=4), (40, 41)),
    "EncoderDecoder": (EncoderDecoder(width=4), (128, 128)),
    "EncoderDecoder, odd": (EncoderDecoder(width=4), (131, 117)),
    "ColourNet without context": (without_context(), (256, 256)),
    "ColourNet without context, odd": (without_context(), (251, 277)),
    "dilated": (Net(Conv2d(1, 3, 3, padding=2, dilation=2), Conv2d(3, 2, 5, dilation=3)), (40, 43)),
    "strided": (Net(Conv2d(1, 3, 5, 3, padding=1), Conv2d(3, 2, 3, 2)), (60, 47)),
    "not square": (Net(Conv2d(1, 2, (1, 7), padding=(0, 3), stride=(2, 1))), (30, 31)),
    "transposed": (
        Net(Conv2d(1, 2, 3, 2), nn.ConvTranspose2d(2, 3, 4, 3, padding=1, dilation=2)),
        (32, 35),
    ),
    "pixel shuffle": (
        Net(Conv2d(1, 8, 3, 2, 1), nn.PixelShuffle(2), Conv2d(2, 2, 3), nn.PixelUnshuffle(3)),
        (38, 44),
    ),
    "means": (Net(nn.AvgPool2d(3, 2, 1), Conv2d(1, 2, 3), nn.AdaptiveAvgPool2d((5, 7))), (41, 40)),
    "max pooling, padded": (Net(Conv2d(1, 4, 3), nn.MaxPool2d(3, 2, 1, dilation=2)), (33, 38)),
    "bilinear": (
        Net(Conv2d(1, 2, 3, 3), Upsample(size=(37, 41), mode="bilinear"), Conv2d(2, 2, 3)),
        (40, 44),
    ),
    "corners": (Net(Conv2d(1, 2, 3, 2), nn.UpsamplingBilinear2d(scale_factor=2)), (40, 45)),
    "bicubic": (Net(Conv2d(1, 2, 3, 2), Upsample(scale_factor=3, mode="bicubic")), (40, 45)),
    "nearest": (Net(Conv2d(1, 2, 3, 2), Upsample(size=(31, 50))), (40, 45)),
    "exact": (Net(Conv2d(1, 2, 3, 2), Upsample(size=(31, 50), mode="nearest-exact")), (40, 45)),
    "padding": (
        Net(
            *(nn.ReflectionPad2d(5), nn.ReplicationPad2d((1, 2, 3, 4)), nn.CircularPad2d(2)),
            *(nn.ZeroPad2d((-3, 0, -2, 1)), Conv2d(1, 2, 3)),
        ),
        (9, 10),
    ),
    "slices": (between(Conv2d(1, 2, 3), Conv2d(2, 2, 3), lambda s, h: h[..., 3:-2, ::2]), (21, 32)),
    "pieces and transposes": (
        between(
            Conv2d(1, 4, 3),
            Conv2d(2, 2, 3),
            lambda s, h: h.chunk(2, dim=1)[1].permute(0, 2, 3, 1).transpose(1, 3).transpose(2, 3),
        ),
        (21, 32),
    ),
    "tokens and back": (
        between(
            Conv2d(1, 4, 3),
            Conv2d(4, 2, 3),
            lambda s, h: s.tokens(h.flatten(2).transpose(1, 2)).transpose(1, 2).view(h.shape),
            tokens=nn.Linear(4, 4),
        ),
        (21, 32),
    ),
}


@pytest.mark.parametrize(("net", "size"), LOCAL.values(), ids=LOCAL)
def test_receptive_fields_are_the_support_of_the_gradient(net, size):
    torch.manual_seed(0)
    for m in net.modules():  # the head starts at zero and would hide everything
        getattr(m, "reset_parameters", lambda: None)()
    with undisturbed():
        found = trace(copy_of(net, "meta").eval(), torch.empty(ENDS, 1, *size, device="meta"))
    assert found.error is None, found.error
    known, truth = extents(found), supports(net, size, tries=8)
    maps = [step for step in found.steps if getattr(step, "ops", None) and len(step.shape) == 4]
    assert maps
    for step in maps:
        assert known[step.ops[-1].index] == truth[step.name], step.name


def test_the_context_sees_all_and_what_is_unknown_is_not_guessed():
    sees = {row.name: row.sees for row in inspect(ColourNet(width=8), photos=0).rows if row.name}
    assert sees["deep.2.0"] == (142, 142) and sees["context.0"] == sees["head"] == "all"
    odd = Net(Conv2d(1, 2, 3, padding=1), run=lambda s, x: s.body(x.cumsum(-1)))
    assert [r.sees for r in inspect(odd, photos=0).rows if r.name] == ["?"]
    norm = Net(Conv2d(1, 2, 1), nn.GroupNorm(1, 2), Conv2d(2, 2, 1))
    assert [r.sees for r in inspect(norm, photos=0).rows] == [(1, 1), "all", "all"]
    assert examination.FAR >= 1024


@pytest.mark.parametrize("word", ["dim", "axis"])
def test_a_mean_over_the_channels_looks_at_one_place_whatever_the_argument_is_called(word):
    def run(net, x):
        return net.body[1](net.body[0](x).mean(**{word: 1}, keepdim=True))

    net = Net(Conv2d(1, 8, 3, padding=1), Conv2d(1, 2, 1), run=run)
    assert {row.name: row.sees for row in inspect(net, photos=0).rows}["body.1"] == (3, 3)


def test_the_network_and_the_random_numbers_are_as_before():
    net = ColourNet(width=8).eval()
    net.down1.train()
    calls = []
    net.down2.register_forward_hook(lambda *_: calls.append(1))
    net.last = net(torch.zeros(1, 1, 16, 16))  # a tensor that deepcopy alone would choke on
    calls.clear()
    before = {k: v.clone() for k, v in net.state_dict().items()}
    modes = [m.training for m in net.modules()]
    for seed in (random.seed, np.random.seed, torch.manual_seed):
        seed(3)
    expected = random.random(), np.random.rand(), torch.rand(1)
    for seed in (random.seed, np.random.seed, torch.manual_seed):
        seed(3)
    with torch.no_grad():
        assert inspect(net).ok
        assert not torch.is_grad_enabled()
    assert (random.random(), np.random.rand(), torch.rand(1)) == expected
    assert all(torch.equal(v, before[k]) for k, v in net.state_dict().items())
    assert [m.training for m in net.modules()] == modes
    assert all(p.grad is None for p in net.parameters())
    assert not calls and len(net.down2._forward_hooks) == 1
    assert not torch.nn.modules.module._global_forward_hooks


def test_a_function_that_looks_at_the_network_looks_at_the_copy_in_the_copy():
    net = Net(Conv2d(1, 4, 1), nn.BatchNorm2d(4), nn.ReLU(), chroma_head(4))
    inner = lambda x: net.body(x)  # noqa: E731
    net.run = lambda self, x: inner(x)
    before = {k: v.clone() for k, v in net.state_dict().items()}
    assert not inspect(net, photos=0).raise_if_broken()
    assert all(torch.equal(v, before[k]) for k, v in net.state_dict().items())
    assert all(p.grad is None for p in net.parameters())
    twin = twin_of(net, "cpu").requires_grad_(False)  # as training averages it
    assert not twin(torch.zeros(1, 1, 16, 16)).requires_grad


def test_functions_in_a_list_that_two_parts_hold_are_those_of_the_copy():
    net = Net(Conv2d(1, 2, 1))
    net.steps = net.body.steps = [lambda x: net.body(x)]
    twin = twin_of(net, "cpu")
    with torch.no_grad():
        twin.body[0].bias.fill_(7)
    x = torch.zeros(1, 1, 16, 16)
    assert torch.equal(twin.steps[0](x), twin.body(x)) and twin.steps is twin.body.steps
    assert not torch.equal(net.steps[0](x), twin.steps[0](x))


@pytest.mark.slow
def test_shapes_cost_no_memory():
    with torch.device("meta"):
        net = PlainNet(width=2048, depth=8)
    report = inspect(net, size=2048, batch=200)
    assert not report.ok
    assert re_find(report, "training takes about .* GB, .* GB are free here")


def re_find(report: Report, pattern: str) -> Finding | None:
    return next((f for f in report.findings if re.search(pattern, f.what)), None)


def key_error(self, x):
    raise KeyError("what")


class Forgetful(nn.Module):
    """Its layers would come later: torch stops an assignment of one by itself."""

    def __init__(self):
        self.width = 16


@pytest.mark.parametrize(
    ("thing", "what", "fix"),
    [
        (Forgetful(), "Forgetful.__init__ never calls", r"super\(\).__init__\(\)"),
        (ColourNet, "ColourNet is the class", r"inspect\(ColourNet\(\)\)"),
        (int, "does not come from nn.Module", "class int"),
        (None, "is None", "ColourNet()"),
        ([Conv2d(1, 2, 1)], "is a list of 1", "nn.Sequential"),
        (conv_bn_relu, "conv_bn_relu is a function", "inspect"),
        (torch.zeros(3), "is a tensor", "without"),
        ("net", "is a str", "inspect"),
        (nn.Identity(), "no parameters", "nn.Conv2d"),
        (nn.LazyConv2d(2, 1), "lazy layers", "torch.zeros"),
        (Net(run=key_error), "KeyError", ""),
    ],
)
def test_what_is_no_network_is_a_finding(thing, what, fix):
    report = inspect(thing, photos=0)
    assert not report.ok
    assert re.search(fix, re_find(report, what).fix)
    with pytest.raises(CourseError, match="cannot be trained yet"):
        report.raise_if_broken()


@pytest.mark.parametrize("changes", [{"size": 15}, {"batch": 0}, {"photos": -1}, {"size": 20.5}])
def test_bad_arguments(changes):
    with pytest.raises(CourseError, match=next(iter(changes))):
        inspect(ColourNet(width=8), **changes)


def test_forward_that_looks_at_numbers_is_tried_with_numbers():
    def run(self, x):
        return self.body(x if x.abs().max().item() >= 0 else -x)

    report = inspect(Net(Conv2d(1, 2, 3, padding=1), run=run), photos=0)
    assert report.ok and "numbers" in report.notes[0]
    assert report.rows[0].shape == (2, 2, 32, 32)


def test_a_network_in_whatever_layout_is_read_and_what_forward_prints_is_not_printed(capsys):
    assert inspect(ColourNet(width=8).to(memory_format=torch.channels_last), photos=0).ok
    inspect(Net(Conv2d(1, 2, 1), run=lambda s, x: (print("here"), s.body(x))[1]), photos=0)
    assert capsys.readouterr().out == ""


def test_too_large_names_the_largest_map(monkeypatch):
    monkeypatch.setattr(examination, "free_memory", lambda device: 400_000_000)
    found = re_find(inspect(PlainNet(), photos=0), "training takes about 1.0 GB, 0.4 GB are free")
    assert found.layer == "body.0.0" and "batch_size=5" in found.fix
    monkeypatch.setattr(examination, "free_memory", lambda device: None)
    assert inspect(PlainNet(), photos=0).ok


def test_the_text_fits_and_says_the_same_as_the_page():
    class Page(HTMLParser):
        text, tags = "", ()

        def handle_starttag(self, tag, attrs):
            self.tags = (*self.tags, tag)
            assert "background" not in str(attrs) and "color" not in str(attrs)

        def handle_data(self, data):
            self.text += data + " "

    net = ColourNet(width=8)
    net.a_name_so_long_that_it_does_not_fit_into_any_table_of_a_hundred_columns = conv_bn_relu(1, 3)
    net.head = nn.Sequential(chroma_head(16), nn.ReLU())
    report, page = inspect(net), Page()
    page.feed(report._repr_html_())
    text, flat = repr(report), " ".join(page.text.split())
    assert max(map(len, text.splitlines())) <= 100
    assert {"table", "caption", "th"} <= set(page.tags) and "script" not in page.tags
    for finding in report.findings:
        what = " ".join(finding.what.split())
        assert what in flat and finding.layer in flat and finding.severity in flat
        assert what[:50] in " ".join(text.split())
    for line in report.summary():
        assert line in flat and line in text
    assert report.findings[0].severity == "error"


def test_findings_come_before_the_table_are_set_to_the_left_and_names_are_escaped():
    net = Net(Conv2d(1, 3, 1))
    page, text = inspect(net)._repr_html_(), repr(inspect(net))
    assert page.index("answers 3 channels") < page.index("Conv2d 1x1")
    assert text.index("answers 3 channels") < text.index("Conv2d 1x1")
    cells = re.findall(r"<t[dh]\b[^>]*>", page)
    assert cells and all("text-align:left" in cell for cell in cells)
    net.add_module("<script>", Conv2d(1, 1, 1))
    assert "<script>" not in inspect(net, photos=0)._repr_html_()


def test_an_epoch_is_measured_and_grows_with_the_photos(monkeypatch):
    ticks = iter(range(10_000))
    monkeypatch.setattr(costs.time, "perf_counter", lambda: 0.05 * next(ticks))
    one, ten = (inspect(ColourNet(width=8), photos=n).epoch for n in (1000, 10_000))
    assert one > 0 and ten == pytest.approx(10 * one, rel=0.05)
    assert inspect(ColourNet(width=8), photos=0).epoch is None


@pytest.mark.slow
def test_only_as_much_is_measured_as_is_done_soon(monkeypatch):
    done, real = [], costs._stepper

    def stepper(model, device):
        step = real(model, device)
        return lambda pictures, side: done.append((pictures, side)) or step(pictures, side)

    monkeypatch.setattr(costs, "_stepper", stepper)
    small = inspect(PlainNet(width=16))
    assert small.epoch is not None and done[0] == (2, 32)
    done.clear()
    deep = inspect(PlainNet(width=32, depth=140))
    assert deep.multiply_adds * 2 * 32**2 / 128**2 > costs.MOST  # the test's own premise
    assert deep.epoch is not None and done[0] == (1, 16)
    monkeypatch.setattr(costs, "MOST", 1e3)
    done.clear()
    assert inspect(PlainNet(width=16)).epoch is None and not done


def jumping(takes, makes, groups=1):
    jump = Conv2d(takes, makes, 1, stride=2, groups=groups)
    body = Conv2d(1, takes, 3, padding=1), nn.ReLU(), jump, nn.ReLU(), Conv2d(makes, 2, 1)
    return inspect(Net(*body, run=lambda s, x: fit(s.body(x), x)))


@pytest.mark.parametrize("numbers", [(16, 2), (64, 128), (8, 8, 8)])
def test_a_jump_that_cannot_crash_is_no_error_and_is_not_timed(monkeypatch, numbers):
    monkeypatch.setattr(examination, "epoch_seconds", lambda *_: pytest.fail("timed"))
    report = jumping(*numbers)
    assert report.ok and not re_find(report, "1x1 window"), report


@pytest.mark.parametrize(("takes", "makes"), [(8, 2), (8, 16), (15, 64)])
def test_what_can_crash_torch_is_never_run(monkeypatch, takes, makes):
    for name in ("probe", "epoch_seconds"):
        monkeypatch.setattr(examination, name, Mock(side_effect=AssertionError("it was run")))
    report = jumping(takes, makes)
    assert not report.ok
    assert re_find(report, rf"looks at every fourth pixel only.*\({takes} -> {makes}\)")
    assert not re_find(report, "it was run")


def test_two_reports_of_a_network_with_chance_in_it_are_the_same():
    def run(self, x):
        y = self.body[0](x)
        y = y + self.body[1](y) if random.random() > 0.5 or np.random.rand() > 0.7 else y
        return self.body[2](F.relu(y))

    net = Net(Conv2d(1, 4, 1), Conv2d(4, 4, 1), Conv2d(4, 2, 1), run=run)
    reports = set()
    for seed in range(6):
        random.seed(seed)
        reports.add(str(inspect(net, photos=0)))
    assert len(reports) == 1 and "no gradient" not in reports.pop()


def test_the_mend_at_a_skip_spells_what_stands_there():
    def run(self, x):
        low = self.body[0](F.max_pool2d(x, 2))
        return self.body[1](torch.cat([low, x], dim=1))

    found = inspect(Net(Conv2d(1, 1, 1), Conv2d(2, 2, 1), run=run), photos=0).findings[0]
    assert "torch.cat([F.interpolate(low, size=x.shape[-2:], mode='bilinear'), x], d" in found.fix

    def spread(self, x):
        low, skip_it = F.max_pool2d(x, 2), (x,)
        return self.body(torch.cat([low, *skip_it], dim=1))

    found = inspect(Net(Conv2d(2, 2, 1), run=spread), photos=0).findings[0]
    assert "other: the map it is to meet" in found.fix and "skip" not in found.fix


def two_bricks():
    class Broken(nn.Module):
        def __init__(self):
            super().__init__()
            self.second = conv_bn_relu(1, 64)
            self.third = conv_bn_relu(48, 64)  # the wrong number
            self.head = chroma_head(64)

        def forward(self, x):
            return self.head(self.third(self.second(x)))

    return Broken()


def test_the_mend_of_a_brick_is_its_line_in_init_and_no_code_is_broken_in_the_text():
    report = inspect(two_bricks(), photos=0)
    old, new = "`self.third = conv_bn_relu(48, 64)`", "`self.third = conv_bn_relu(64, 64)`"
    assert report.findings[0].fix == f"In __init__, change {old} to {new}."
    assert old in repr(report) and new in repr(report)
    assert f"<code>{new[1:-1]}</code>" in report._repr_html_()


def test_it_is_not_imported_with_the_package():
    code = "import colourlib, sys; sys.exit('colourlib.teaching.clinic' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_where_small_and_large_steps_take_equally_long_no_time_is_told(monkeypatch):
    """The machine is busy with something else: what was measured says nothing of the network."""
    asked = []

    def steps(seconds):
        return lambda model, device: lambda pictures, side: asked.append(side) or seconds[side]

    monkeypatch.setattr(costs, "_stepper", steps({32: 2.0, 16: 1.9}))
    assert inspect(PlainNet(width=16)).epoch is None and asked == [32, 16]
    monkeypatch.setattr(costs, "_stepper", steps({32: 2.0, 16: 0.3}))
    assert inspect(PlainNet(width=16)).epoch > 60


TURNS = {
    "turned and turned back": lambda s, x: s.body(x.transpose(2, 3)).transpose(2, 3),
    "both ways, added": lambda s, x: s.body(x) + s.body(x.mT).mT,
    "halves put together": lambda s, x: s.body(torch.cat(x.chunk(2, dim=2), dim=2)),
    "channels last and back": lambda s, x: s.body(x).permute(0, 2, 3, 1).permute(0, 3, 1, 2),
    "rows of places and back": lambda s, x: s.body(x).flatten(2).view(len(x), 2, *x.shape[2:]),
}


@pytest.mark.parametrize("run", TURNS.values(), ids=TURNS)
def test_what_is_turned_back_is_left_alone(run):
    report = inspect(Net(Conv2d(1, 2, 3, padding=1), run=run), photos=0)
    assert not [f for f in report.findings if f.severity != "note"], report


ASTRAY = {
    "turned, and enlarged": (
        lambda s, x: fit(s.body(x).transpose(2, 3), x),
        r"exchanges height and width",
    ),
    "put beside each other": (
        lambda s, x: fit(s.body(torch.cat([x, x], dim=-1)), x),
        r"along dimension -1 puts the maps beside one another: 101 x 67 -> 101 x 134",
    ),
    "folded the other way": (
        lambda s, x: fit(s.body(x).flatten(2).view(len(x), 2, *x.shape[:1:-1]), x),
        r"folds the 6767 places of a map of 101 x 67 as 67 x 101",
    ),
}


@pytest.mark.parametrize(("run", "says"), ASTRAY.values(), ids=ASTRAY)
def test_what_lies_across_the_picture_though_all_sizes_fit_is_found(run, says):
    found = re_find(inspect(Net(Conv2d(1, 2, 3, padding=1), run=run), photos=0), says)
    assert found and found.severity == "warning" and found.layer.startswith("<lambda>, line ")


class Twice(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = Conv2d(1, 2, 1)
        self.first = nn.utils.parametrizations.weight_norm(self.first)  # of itself: no mistake
        self.head = Conv2d(2, 4, 1)
        self.head = Conv2d(2, 2, 1)

    def forward(self, x):
        return self.head(torch.tanh(self.first(x)))


def test_a_layer_that_takes_another_ones_place_is_named():
    found = [f for f in inspect(Twice(), photos=0).findings if "made twice" in f.what]
    assert [f.layer for f in found] == ["head"]


def test_a_random_head_as_wide_as_the_courses_does_not_explode():
    """Wide networks move further in a step; their first answers are spread as far."""
    net = ColourNet()
    nn.init.kaiming_normal_(net.head.weight)
    assert not re_find(inspect(net, photos=0), "explodes")


def test_the_random_numbers_of_apples_gpu_are_left_alone(monkeypatch):
    seeded = []
    monkeypatch.setattr(torch.mps, "manual_seed", seeded.append)
    torch.manual_seed(7)
    before = len(seeded)
    inspect(ColourNet(width=8), photos=0)
    assert before and len(seeded) == before


def mixing(self, x):
    """Two maps with learned shares: softmax over a list of weights."""
    a, b = self.shares.softmax(0)
    return self.head(torch.relu(a * self.one(x) + b * self.two(x)))


class Locals(nn.Module):
    """A variable of __init__ is no layer that is made twice."""

    def __init__(self):
        super().__init__()
        head = Conv2d(1, 8, 3, padding=1)
        self.first = head
        head = Conv2d(8, 2, 1)
        self.head = head

    def forward(self, x):
        return self.head(torch.relu(self.first(x)))


def test_learned_shares_are_no_softmax_of_maps_and_a_variable_is_no_layer_made_twice():
    one, two = Conv2d(1, 8, 3, padding=1), Conv2d(1, 8, 5, padding=2)
    shares, head = nn.Parameter(torch.zeros(2)), Conv2d(8, 2, 1)
    mixed = Net(run=mixing, one=one, two=two, shares=shares, head=head)
    assert not inspect(mixed, photos=0).findings and not inspect(Locals(), photos=0).findings


class Inner(nn.Module):
    def __init__(self):
        super().__init__()
        self.inside = Conv2d(1, 2, 1)

    def forward(self, x):
        return self.insider(x)


STOPS = {
    lambda self, x: F.max_pool2d(print(self.body(x)), 2): "has None where a tensor is due",
    eval("lambda self, x: cat(self.body(x), x, 1, 2)", {"cat": torch.cat}): "cat",
    lambda self, x: self.body((x, x)[0]).upsample(2): "'Tensor' object has no attribute",
    lambda self, x: (self.body(x), x).shape: "has a tuple where a tensor is due",
    None: "__init__ makes inside",
}


@pytest.mark.parametrize(("run", "words"), STOPS.items(), ids=STOPS.values())
def test_an_error_that_no_rule_can_explain_is_told_and_none_is_taken_for_another(run, words):
    report = inspect(Net(Conv2d(1, 2, 1) if run else Inner(), run=run), photos=0)
    assert not report.ok and words in report.findings[0].what
    assert "self.shape" not in report.findings[0].fix


@pytest.mark.parametrize("share", [0, 1])  # of this step's mean, beside that of the step before
def test_what_is_kept_in_self_with_its_history_is_an_error(share):
    def run(self, x):
        before, y = self.mean, torch.relu(self.first(x))
        self.mean = 0.9 * self.mean + 0.1 * self.first(x).square().mean()
        return self.head(y - before - share * self.mean)

    first, head = Conv2d(1, 8, 3, padding=1), Conv2d(8, 2, 1)
    report = inspect(Net(run=run, first=first, head=head, mean=0.0), photos=0)
    assert not report.ok and ".detach()" in report.findings[0].fix


def test_a_slice_of_a_sequential_makes_no_new_layers():
    def run(self, x):
        return fit(nn.Sequential(*self.body[3:])(self.body[:3](x)), x)

    first = Conv2d(1, 4, 3, padding=1), nn.ReLU(), Conv2d(4, 4, 3)
    assert inspect(Net(*first, nn.ReLU(), Conv2d(4, 2, 1), run=run), photos=0).ok


def scaled(self, x):
    x *= 0.5
    return self.body(x)


def test_a_network_that_changes_the_picture_it_is_given_is_told_where():
    for net, layer in (
        (Net(Conv2d(1, 2, 1), run=scaled), "scaled, line "),
        (Net(nn.ReLU(inplace=True), Conv2d(1, 2, 1)), "body.0"),
    ):
        found = re_find(inspect(net, photos=0), "changes the picture that it is given")
        assert found.severity == "error" and found.layer.startswith(layer)
        assert ".clone()" in found.fix or "to `x = x * 0.5`" in found.fix


def test_an_answer_that_differs_from_photo_to_photo_is_not_called_the_same():
    """Products of two maps made by frozen filters, through which no gradient reaches x."""

    def run(self, x):
        with torch.no_grad():
            seen = self.bank(x)
        return self.head(self.p(seen) * self.q(seen))

    bank = Conv2d(1, 16, 7, padding=3, bias=False).requires_grad_(False)
    p, q, head = Conv2d(16, 8, 1), Conv2d(16, 8, 1), Conv2d(8, 2, 1)
    net = Net(run=run, bank=bank, p=p, q=q, head=head)
    assert not re_find(inspect(net, photos=0), "the same whatever")


class Unnormed(nn.Module):
    """Blocks without a norm, between a first convolution and a head that starts at zero."""

    def __init__(self, block):
        super().__init__()
        self.block, self.first, self.head = block, Conv2d(1, 16, 3, padding=1), chroma_head(16)
        self.one = nn.ModuleList(Conv2d(16, 16, 3, padding=1) for _ in range(6))
        self.two = nn.ModuleList(Conv2d(16, 16, 3, padding=1) for _ in range(6))
        self.look, self.much = nn.Linear(16, 32), nn.Parameter(torch.zeros(6, 1, 1, 1))

    def branch(self, h, i):
        return self.two[i](torch.relu(self.one[i](h)))

    def forward(self, x):
        h = torch.relu(self.first(x))
        for i in range(6):
            h = self.block(self, h, i)
        return self.head(h)


def film(s, h, i):
    much, more = s.look(h.mean((2, 3)))[:, :, None, None].chunk(2, dim=1)
    return h + torch.relu(s.branch(h, i) * (1 + much) + more)


BLOCKS = {
    "ReZero": (lambda s, h, i: h + s.much[i] * s.branch(h, i), "note"),
    "residual scaling": (lambda s, h, i: h + 0.1 * s.branch(h, i), "note"),
    "refined again and again": (lambda s, h, i: h + 0.5 * s.branch(h, 0), "note"),
    "FiLM": (film, "note"),
    "a gate over places": (lambda s, h, i: h + h * s.branch(h, i).mean(1, True).sigmoid(), "note"),
    "one behind another": (lambda s, h, i: s.branch(h, i).relu(), "warning"),
}  # fmt: skip


@pytest.mark.parametrize(("block", "severity"), BLOCKS.values(), ids=BLOCKS)
def test_without_a_norm_it_is_a_warning_only_where_the_picture_fades(block, severity):
    torch.manual_seed(0)
    found = re_find(inspect(Unnormed(block), photos=0), "none of the .* followed by a norm")
    assert found.severity == severity and ("fades" in found.what) == (severity == "warning")


def test_what_changes_from_call_to_call_is_named_whether_drawn_or_kept():
    def drawn(self, x):
        return self.body(x + 0.1 * random.random())

    def kept(self, x):
        self.mean = 0.5 * self.mean + x.detach().mean() + 1
        return self.body(x + self.mean)

    for run in (drawn, kept):
        net = Net(Conv2d(1, 2, 1), run=run)
        net.mean = 0.0
        found = re_find(inspect(net, photos=0), "other numbers at each call, in eval mode, too")
        assert found.severity == "warning" and found.layer.startswith(f"{run.__name__}, line ")
