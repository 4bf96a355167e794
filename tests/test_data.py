"""The batches that come from prepared arrays: random, seeded, cut alike, on any device."""

from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from colourlib import CourseError, colour, data


def test_batches_are_random_seeded_and_of_twenty(practice_data):
    def epochs(seed):
        loader = practice_data.loader(20, seed)
        return [[x.clone() for x, _ in loader] for _ in range(2)]

    first, second = epochs(0)
    assert [tuple(x.shape) for x in first] == [(20, 1, 64, 64)] * 2  # 45 photos: 5 are left out
    assert not torch.equal(first[0], second[0]), "each epoch has an order and crops of its own"
    same = epochs(0)
    assert all(torch.equal(a, b) for a, b in zip(first + second, same[0] + same[1], strict=True))
    assert not torch.equal(first[0], epochs(1)[0][0])


def test_an_epoch_serves_every_photo_once_but_for_a_rest_that_makes_no_batch(practice_data):
    batches = list(practice_data.loader(9).batch_sampler)  # 45 photos
    assert sorted(sum(batches, [])) == list(range(len(practice_data.train)))
    sizes = {n: [len(x) for x, _ in practice_data.loader(n)] for n in (20, 44, 45, 50)}
    assert sizes == {20: [20, 20], 44: [44], 45: [45], 50: [45]}, "50: they are all there are"


def assert_same(batches, others, atol=0.0):
    for (x, y), (x2, y2) in zip(batches, others, strict=True):
        torch.testing.assert_close(x2.cpu(), x, atol=atol, rtol=0)
        torch.testing.assert_close(y2.cpu(), y, atol=atol, rtol=0)


def test_an_epoch_goes_on_in_the_middle_with_the_same_photos_and_crops(practice_data):
    whole = practice_data.loader(9, seed=4)
    list(whole.batch_sampler)
    expected = [(x.clone(), y.clone()) for x, y in whole][3:]  # of the second epoch
    rest = practice_data.loader(9, seed=4)
    rest.batch_sampler.epoch, rest.batch_sampler.first = 1, 3
    assert_same(expected, rest)


def test_worker_processes_cut_the_same_crops(practice_data):
    ours = practice_data.loader(20, 3)
    how = {"batch_sampler": ours.batch_sampler, "collate_fn": ours.collate_fn}
    with_workers = torch.utils.data.DataLoader(ours.dataset, **how, num_workers=1)
    assert_same(practice_data.loader(20, 3), with_workers)


def test_chroma_stays_with_its_lightness_through_crop_and_flip():
    """A picture whose ab follows from its L: after any crop it still does."""
    ramp = torch.linspace(-1, 1, 80) * torch.linspace(0.2, 1, 80)[:, None]  # (80, 80)
    x = ramp.expand(8, 1, 80, 80)
    small = F.avg_pool2d(x, 4)
    y = torch.cat([small, -small], dim=1)  # (8, 2, 20, 20)
    x, y = data.random_crop(x, y, 64, 0.4, torch.Generator().manual_seed(0))
    assert x.shape == (8, 1, 64, 64) and y.shape == (8, 2, 64, 64)
    inside = (slice(None), slice(None), slice(6, -6), slice(6, -6))  # the border is extrapolated
    assert (y - torch.cat([x, -x], dim=1))[inside].abs().max() < 0.02
    flipped = x[:, 0, 32, 0] > x[:, 0, 32, -1]
    assert flipped.any() and not flipped.all()


def test_crops_show_forty_to_hundred_percent_and_never_leave_the_photo():
    x = torch.arange(80.0).expand(4, 1, 80, 80)  # value = column
    y = torch.zeros(4, 2, 20, 20)
    generator = torch.Generator().manual_seed(0)
    crops = torch.cat([data.random_crop(x, y, 80, 0.4, generator)[0] for _ in range(200)])
    width = (crops[:, 0, 0, -1] - crops[:, 0, 0, 0]).abs() + 1  # columns shown
    share = (width / 80).square()
    assert 0.35 < share.min() < 0.5 and share.max() == pytest.approx(1)
    assert crops.min() >= 0 and crops.max() <= 79


def test_a_crop_of_everything_is_served_like_a_validation_photo():
    x, y = torch.rand(2, 1, 80, 80), torch.rand(2, 2, 20, 20)
    for seed in range(500):  # until chance gives the whole photo, unmirrored
        crop, chroma = data.random_crop(x, y, 64, 0.4, torch.Generator().manual_seed(seed))
        if torch.equal(crop, data.resize(x, 64)):
            assert torch.equal(chroma, data.resize(y, 64))
            return
    pytest.fail("no crop was the whole photo")


def the_plain_way(photos, indices, generator):
    """A batch as it would be without haste: floats first, then each square cut and resized."""
    L = torch.from_numpy(np.array(photos.L)).double()[indices][:, None] / 255 * 100
    ab = torch.from_numpy(np.array(photos.ab)).double()[indices] - 128
    x, y = colour.scale_L(L), colour.scale_ab(ab)
    xs, ys = [], []
    for first in range(0, len(indices), 5):
        area = photos.crop + (1 - photos.crop) * torch.rand(1, generator=generator).item()
        side = round(20 * area**0.5)
        places = torch.randint(20 - side + 1, (5, 2), generator=generator).tolist()
        mirrored = torch.rand(5, generator=generator) < 0.5
        for i, flip, (top, left) in zip(range(first, first + 5), mirrored, places, strict=True):
            for images, step, batch in ((x, 4, xs), (y, 1, ys)):
                square = images[i : i + 1, :, step * top : step * (top + side)]
                square = square[..., step * left : step * (left + side)]
                square = square.flip(-1) if flip else square
                batch.append(F.interpolate(square, (64, 64), mode="bilinear", antialias=True))
    return torch.cat(xs), torch.cat(ys)


def test_a_batch_is_what_the_plain_way_gives(practice_data):
    indices = list(range(3, 23))
    fast = replace(practice_data.train, generator=torch.Generator().manual_seed(5), crop=0.4)
    x, y = fast.__getitems__(indices)
    x_plain, y_plain = the_plain_way(fast, indices, torch.Generator().manual_seed(5))
    assert x.dtype == y.dtype == torch.float32
    assert_same([(x_plain, y_plain)], [(x.double(), y.double())], atol=2e-6)


def test_a_single_item_is_a_batch_of_one(practice_data):
    x, y = practice_data.validation[3]
    xs, ys = practice_data.validation.__getitems__([3])
    assert x.shape == (1, 64, 64) and y.shape == (2, 64, 64)
    assert torch.equal(x, xs[0]) and torch.equal(y, ys[0])


@pytest.mark.parametrize("device", ["cpu"] + ["cuda"] * torch.cuda.is_available())
def test_batches_cut_on_a_device_are_those_of_the_memory_map(practice_data, device):
    there = replace(practice_data, train=practice_data.train.to(device))
    assert isinstance(there.train.L, torch.Tensor) and there.train.L.dtype == torch.uint8
    for x, y in there.loader(20, 3):
        assert x.device.type == y.device.type == device
    batches = practice_data.loader(20, 3)
    assert_same(batches, there.loader(20, 3), atol=0 if device == "cpu" else 1e-5)


def test_a_photo_set_goes_to_a_device_whole(practice_data):
    nowhere = practice_data.train.to("meta")  # shapes without numbers: has no memory to fill
    assert nowhere.L.shape == practice_data.train.L.shape and nowhere.L.device.type == "meta"
    x, y = nowhere.__getitems__([0] * 20)
    assert x.shape == (20, 1, 64, 64) and y.shape == (20, 2, 64, 64) and y.device.type == "meta"
    back = practice_data.train.to("cpu").to("cpu")
    np.testing.assert_array_equal(back.ab, practice_data.train.ab)


def test_photos_go_to_a_gpu_only_where_they_leave_room(practice_data, monkeypatch):
    asked = []
    monkeypatch.setattr(data.PhotoSet, "to", lambda self, device: asked.append(device) or self)
    need = practice_data.train.L.nbytes + practice_data.train.ab.nbytes
    for free, goes in ((None, False), (4 * need - 4, False), (4 * need, True)):
        asked.clear()
        monkeypatch.setattr(data, "free_memory", lambda device, free=free: free)
        practice_data.to("cuda:0")
        assert asked == [torch.device("cuda:0")] * goes
    asked.clear()
    assert practice_data.to("cpu") is practice_data and practice_data.to("mps") is practice_data
    assert not asked


@pytest.mark.parametrize("wrong", [0, -20, "20", 2.5, True])
def test_a_batch_size_that_cannot_be_is_explained(practice_data, wrong):
    with pytest.raises(CourseError, match="batch_size is .*whole number"):
        practice_data.loader(batch_size=wrong)
