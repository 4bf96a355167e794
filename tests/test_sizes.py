"""Small photos first: which sizes a run shows, that it says so, and that it can be taken up."""

import pytest
import tiny
import torch
from torch import nn

from colourlib import CourseError, train
from colourlib.batches import Batch
from colourlib.config import Config, configure, size_at, work_at
from colourlib.data import resize
from colourlib.session import Session

RUN = {"quiet": True, "precision": "fp32", "batch_size": 9, "lr": 0.05}  # five steps an epoch


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
    ("size", "half", "three_quarters"),
    [(16, 16, 16), (32, 16, 32), (48, 32, 32), (64, 32, 48), (96, 48, 64), (128, 64, 96)],
)
def test_half_then_three_quarters_then_all_in_multiples_of_16(size, half, three_quarters):
    def shown(progress, share):
        return size_at(progress, Config(small_first=share), size)

    assert [shown(p, 0.5) for p in (0, 0.24, 0.25, 0.49, 0.5, 1, 1.2)] == [
        half, half, three_quarters, three_quarters, size, size, size,
    ]  # fmt: skip
    assert {shown(p / 10, 0) for p in range(11)} == {size}
    assert shown(0.9, 1) == three_quarters and shown(1.0, 1) == size


def test_a_run_shows_small_photos_first_but_for_the_first_step(practice_data, sides):
    data = train.replace(practice_data, runs=None)
    train.fit(tiny.network(), data, epochs=4, **RUN)
    assert sides == [64] + [32] * 4 + [48] * 5 + [64] * 10
    sides.clear()
    train.fit(tiny.network(), data, epochs=2, small_first=0, **RUN)
    assert sides == [64] * 10


def test_a_run_of_minutes_goes_by_its_clock(practice_data, sides, monkeypatch):
    steps = iter(range(1, 1000))
    monkeypatch.setattr(Session, "progress", property(lambda self: self.step / 12))
    monkeypatch.setattr(Session, "seconds", property(lambda self: float(next(steps))))
    train.fit(tiny.network(), train.replace(practice_data, runs=None), minutes=1, **RUN)
    assert sides == [64] + [32] * 2 + [48] * 3 + [64] * 6


@pytest.mark.parametrize("stop", [1, 3, 5, 9, 12])
def test_a_run_that_is_stopped_goes_on_with_the_sizes_it_would_have_had(
    practice_data, tmp_path, monkeypatch, sides, stop
):
    data = train.replace(practice_data, runs=None)
    reference = train.fit(tiny.network(dropout=0.2), data, epochs=3, **RUN)
    whole = list(sides)
    sides.clear()
    tiny.at_step(monkeypatch, {stop: tiny.press_stop})
    torch.manual_seed(0)
    run = train.fit(tiny.network(dropout=0.2), data, epochs=3, folder=tmp_path, **RUN)
    assert run.state == "stopped"
    run = train.fit(tiny.network(dropout=0.2), data, epochs=3, folder=tmp_path, **RUN)
    assert run.state == "finished" and sides == whole
    assert tiny.curves(run) == tiny.curves(reference)


class OfOneSize(nn.Module):
    """A network with weights for each place: it takes no other size."""

    def __init__(self, size):
        super().__init__()
        self.conv = nn.Conv2d(1, 2, 3, padding=1)
        self.place = nn.Parameter(torch.zeros(2, size, size))

    def forward(self, x):
        return self.conv(x) + self.place


def test_a_network_that_takes_no_small_photos_is_shown_large_ones(practice_data, sides, capsys):
    data = train.replace(practice_data, runs=None)
    run = train.fit(OfOneSize(64), data, epochs=1, **RUN | {"quiet": False})
    assert sides == [64] * 5 and run.config.small_first == 0
    said = capsys.readouterr().out
    assert "All photos are shown at 64 px: this network does not take them at 32 (" in said
    run = train.fit(tiny.network(), data, epochs=1, **RUN | {"quiet": False})
    assert run.config.small_first == 0.5
    assert "Photos are shown at 32, then 48, then 64 px" in capsys.readouterr().out


def test_nothing_is_said_of_sizes_where_there_is_but_one(capsys):
    tiny.fit(tiny.network(), tiny.photos(), epochs=1, quiet=False)  # 16 px
    assert "shown at" not in capsys.readouterr().out


def test_a_small_batch_holds_the_same_squares_as_a_large_one(practice_data):
    large, small = (
        practice_data.train.__getitems__(Batch(list(range(9)), [1, 2, 3], size))
        for size in (64, 32)
    )
    for one, other in zip(large, small, strict=True):
        assert other.shape[-1] == 32
        assert (resize(one, 32) - other).abs().mean() < 0.02
    whole = train.replace(practice_data.train, crop=None)  # photos that are not cut get small, too
    assert whole.__getitems__(Batch([0, 1], [0], 32))[0].shape == (2, 1, 32, 32)


def test_time_left_counts_pixels_where_steps_are_counted():
    config = Config(small_first=0.5)
    done = [work_at(p / 20, config, 64) for p in range(21)]
    assert done[0] == 0 and done[-1] == pytest.approx(1) and done == sorted(done)
    first, second, rest = 0.25 * 32**2, 0.25 * 48**2, 0.5 * 64**2
    assert done[10] == pytest.approx((first + second) / (first + second + rest))
    assert work_at(0.3, Config(small_first=0), 64) == pytest.approx(0.3)


@pytest.mark.parametrize(
    ("value", "says"),
    [(1.5, "a share, 1 at most"), (-0.1, "0 or more"), (True, "a number"), ("half", "a number")],
)
def test_a_share_that_is_none_is_explained(value, says):
    with pytest.raises(CourseError, match=f"small_first.*{says}"):
        configure(small_first=value)
