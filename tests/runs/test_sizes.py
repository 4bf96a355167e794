"""Small photos first: which sizes a run shows, that it says so, and that it can be taken up."""

from dataclasses import replace

import pytest
import tiny
import torch
from mixed import Origin, mixture
from torch import nn

from colourlib import train
from colourlib.common.stop import Stopped
from colourlib.data import Batch, resize
from colourlib.runs.fit import _stages
from colourlib.runs.session import Session
from colourlib.runs.view import done_at, mean_cost
from colourlib.teaching.fit import fit
from colourlib.train import Config, Training, side_at, stages

STAGES = [(0.0, 48), (0.25, 64), (0.5, 96)]  # of photos of 96 px
RUN = {"quiet": True, "precision": "fp32", "batch_size": 9, "lr": 0.05}  # five steps an epoch


@pytest.fixture
def data(practice_data):
    """Practice scenes at 96 px, their runs kept nowhere."""
    train_set, validation = practice_data.train, practice_data.validation
    return replace(
        practice_data,
        runs=None,
        train=replace(train_set, size=96),
        validation=replace(validation, size=96, optimum=None),
    )


@pytest.fixture
def sides(monkeypatch):
    """The side of the photos in each step that is taken."""
    seen, real = [], train.train_step

    def step(model, x, y, *rest):
        assert x.shape[-2:] == y.shape[-2:] == (x.shape[-1],) * 2
        seen.append(x.shape[-1])
        return real(model, x, y, *rest)

    monkeypatch.setattr(train, "train_step", step)
    return seen


@pytest.mark.parametrize(
    ("size", "plan"),
    [
        (16, [(0, 16)]),
        (32, [(0, 32)]),
        (48, [(0, 48)]),
        (64, [(0, 48), (0.6, 64)]),
        (80, [(0, 48), (0.3, 64), (0.6, 80)]),
        (96, [(0, 48), (0.3, 64), (0.6, 96)]),
        (128, [(0, 64), (0.3, 96), (0.6, 128)]),
    ],
)
def test_half_then_three_quarters_then_all_in_multiples_of_16(size, plan):
    assert stages(Config(small_first=0.6), size) == plan
    assert stages(Config(small_first=0), size) == [(0, size)]
    everywhere = stages(Config(small_first=1), size)
    assert everywhere[-1] in [(1, size), (0.5, size), (0, size)]


def test_each_moment_has_its_side():
    moments = (0, 0.2499, 0.25, 0.4999, 0.5, 1, 1.2)
    assert [side_at(p, STAGES) for p in moments] == [48, 48, 64, 64, 96, 96, 96]


def test_a_run_shows_small_photos_first_but_for_the_first_step(data, sides):
    fit(tiny.network(), data, epochs=4, **RUN)
    assert sides == [96] + [48] * 4 + [64] * 5 + [96] * 10
    sides.clear()
    fit(tiny.network(), data, steps=20, **RUN)
    assert sides == [96] + [48] * 4 + [64] * 5 + [96] * 10, "steps are as good as epochs"
    sides.clear()
    fit(tiny.network(), data, epochs=2, small_first=0, **RUN)
    assert sides == [96] * 10


def test_a_run_of_minutes_goes_by_its_clock(data, sides, monkeypatch):
    monkeypatch.setattr(Training, "seconds", property(lambda self: 5.0 * self.step))
    fit(tiny.network(), data, minutes=1, **RUN)
    assert sides == [96] + [48] * 2 + [64] * 3 + [96] * 6


@pytest.mark.parametrize("stop", [1, 3, 5, 9, 12])
def test_a_stopped_run_goes_on_with_its_sizes(data, tmp_path, monkeypatch, sides, stop):
    reference = fit(tiny.network(dropout=0.2), data, epochs=3, **RUN)
    whole = list(sides)
    sides.clear()
    tiny.at_step(monkeypatch, {stop: tiny.press_stop})
    torch.manual_seed(0)
    with pytest.raises(Stopped) as stopped:
        fit(tiny.network(dropout=0.2), data, steps=15, folder=tmp_path, **RUN)
    assert stopped.value.run.state == "stopped"
    run = fit(tiny.network(dropout=0.2), data, steps=15, folder=tmp_path, **RUN)
    assert run.state == "finished" and sides == whole
    assert tiny.curves(run) == tiny.curves(reference)


def of_one_size():
    """A network with weights for each place: it takes 96 pixels only."""
    return nn.Sequential(nn.Conv2d(1, 2, 3, padding=1), nn.LayerNorm([2, 96, 96]))


def of_forty_eights():
    """A network that takes 48 and 96 pixels, and not 64: squares (N, 2, H, W/48, 48)."""
    conv = nn.Conv2d(1, 2, 3, padding=1)
    return nn.Sequential(conv, nn.Unflatten(3, (-1, 48)), nn.Flatten(3))


@pytest.mark.parametrize(("make", "side"), [(of_one_size, 48), (of_forty_eights, 64)])
def test_a_network_that_takes_no_small_photos_is_shown_large_ones(data, sides, capsys, make, side):
    run = fit(make(), data, epochs=1, **RUN | {"quiet": False})
    assert sides == [96] * 5 and run.story()["data"]["shown"] == [[0, 96]]
    said = capsys.readouterr().out
    assert f"All photos are shown at 96 px: this network does not take them at {side} (" in said


def test_it_says_how_large_photos_are_shown(data, capsys):
    net = tiny.network()
    net[1].running_mean.fill_(0.5)
    before, state = net[1].running_mean.clone(), torch.random.get_rng_state()
    stages_of, told = _stages(net, data, Config())
    assert torch.equal(net[1].running_mean, before), "a copy was tried"
    assert torch.equal(torch.random.get_rng_state(), state)
    assert stages_of == STAGES
    fit(net, data, epochs=1, **RUN | {"quiet": False})
    assert told in capsys.readouterr().out and "at 48, then 64, then 96 px" in told
    tiny.fit(tiny.network(), tiny.photos(), epochs=1, quiet=False)  # 16 px: there is but one size
    assert "shown at" not in capsys.readouterr().out


def test_a_mixture_keeps_the_sizes_it_draws(practice_data):
    train_set, photos = practice_data.train, practice_data.validation
    origins = [Origin(name, train_set, {"seen kinds": photos}) for name in ("one", "two")]
    data = mixture(origins, (1, 1), (32, 64), judged=5)
    assert _stages(tiny.network(), data, Config()) == ([(0, 64)], "")


def test_a_small_batch_holds_the_same_squares_as_a_large_one(practice_data):
    large, small = (
        practice_data.train.__getitems__(Batch(list(range(9)), [1, 2, 3], size))
        for size in (64, 32)
    )
    for one, other in zip(large, small, strict=True):
        assert other.shape[-1] == 32
        assert (resize(one, 32) - other).abs().mean() < 0.02
    whole = replace(practice_data.train, crop=None)  # photos that are not cut get small, too
    assert whole.__getitems__(Batch([0, 1], [0], 32))[0].shape == (2, 1, 32, 32)


def test_what_goes_with_the_size_of_the_photos_is_counted_exactly():
    plan, pixels = STAGES, [0.25 * 48**2, 0.25 * 64**2, 0.5 * 96**2]
    assert done_at(0, plan, 2) == 0 and done_at(1, plan, 2) == pytest.approx(1)
    assert done_at(0.035, plan, 2) == pytest.approx(0.035 * 48**2 / sum(pixels))
    assert done_at(0.5, plan, 2) == pytest.approx(sum(pixels[:2]) / sum(pixels))
    assert done_at(0.25, plan, -2) == pytest.approx(4 / (4 + 2.25 + 2)), "half of the steps"
    assert mean_cost(plan) == pytest.approx(0.25 / 4 + 0.25 / 2.25 + 0.5)
    assert done_at(0.3, [(0.0, 64)], 2) == done_at(0.3, [(0.0, 64)], -2) == pytest.approx(0.3)


@pytest.mark.parametrize("length", [{"epochs": 40}, {"steps": 200}, {"minutes": 8}])
def test_the_board_knows_of_the_sizes_what_is_still_to_come(data, monkeypatch, length):
    """The clock of a machine on which a step takes as long as its pixels: 1, 1.8 and 4 seconds."""
    taken, views, look, step = [0.0], [], Session.after_step, Training.count
    monkeypatch.setattr(Training, "seconds", property(lambda self: taken[0]))

    def count(self, loss, photos):
        taken[0] += (self.side / 48) ** 2
        step(self, loss, photos)

    def after_step(self, training):
        look(self, training)
        views.append((self.view(), training.epochs_done))

    monkeypatch.setattr(Training, "count", count)
    monkeypatch.setattr(Session, "after_step", after_step)
    run = fit(tiny.network(), data, **length, **RUN)
    assert len(run.history) >= 40
    for view, _ in views[60:-5]:  # the first step, of full size, does not weigh much any more
        assert view.left == pytest.approx(taken[0] - view.seconds, rel=0.1, abs=10)
        assert view.end == pytest.approx(views[-1][1], rel=0.1)
