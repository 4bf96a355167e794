"""Batches of several origins: who is in them, at which size, and that they can be repeated."""

import mixed
import pytest
import torch
from tiny import photo_set

from colourlib.common.errors import CourseError
from colourlib.data import Batch

SIZES = (16, 32)


@pytest.fixture
def origins():
    def one(name, count, seed):
        validation = {"seen kinds": photo_set(4, 20, 20, None, seed + 1)}
        return mixed.Origin(name, photo_set(count, 5, 20, None, seed), validation)

    return [one("web", 6, 1), one("small", 9, 5)]


def known(photos):
    """The mean ab of each photo: what it can be recognised by, whole."""
    return torch.from_numpy(photos.ab).float().sub(128).mean((2, 3)) / 110


def test_a_batch_holds_every_origin_at_one_size_and_comes_again(origins):
    data = mixed.mixture(origins, [2, 1], SIZES)
    assert len(data.train) == 2 * 6 + 9
    sizes = set()
    for number in range(12):
        batch = Batch(list(range(21)), [0, 0, number])
        x, y = data.train.__getitems__(batch)
        again, _ = data.train.__getitems__(Batch(list(range(21)), [0, 0, number]))
        assert torch.equal(x, again)
        assert x.shape == (21, 1, x.shape[-1], x.shape[-1]) and y.shape[2:] == x.shape[2:]
        assert x.min() >= -1 and x.max() <= 1
        sizes.add(x.shape[-1])
    assert sizes == set(SIZES)


def test_each_index_stands_for_its_own_photo(origins):
    train = mixed.MixedSet(tuple(o.train for o in origins), (2, 1), (20,), crop=1.0)
    means = torch.cat([known(origins[0].train)] * 2 + [known(origins[1].train)])  # (21, 2)
    for i in (0, 5, 6, 11, 12, 20):
        _, y = train.__getitems__(Batch([i], [3]))
        assert torch.allclose(y.mean((2, 3))[0], means[i], atol=0.01)


def test_lightness_is_that_of_scans_unless_it_should_stay_clean(origins):
    batch = Batch(list(range(21)), [0, 0, 1])
    scan, clean = (
        mixed.mixture(origins, [2, 1], (20,), jitter=jitter).train.__getitems__(batch)
        for jitter in (True, False)
    )
    assert torch.equal(scan[1], clean[1]) and not torch.equal(scan[0], clean[0])


def test_the_mean_tint_weighs_origins_by_what_is_shown_of_them(origins):
    tint = mixed.mixture(origins, [3, 1], SIZES).mean_tint
    web, small = (known(o.train).mean(0) for o in origins)
    assert torch.allclose(tint, (18 * web + 9 * small) / 27, atol=1e-4)


def test_validation_joins_the_origins_and_takes_no_more_than_asked(origins):
    data = mixed.mixture(origins, [1, 1], SIZES, judged=3)
    assert len(data.validation) == 6 and data.validation.size == 32
    assert {row["sha256"].split("-")[0] for row in data.validation.rows} == {"2", "6"}


def test_the_fingerprint_follows_photos_repeats_and_sizes(origins):
    with pytest.raises(CourseError, match="2 origins need as many repeats, not 1"):
        mixed.mixture(origins, [1], SIZES)
    one = mixed.mixture(origins, [1, 1], SIZES).fingerprint
    assert one == mixed.mixture(origins, [1, 1], SIZES).fingerprint
    assert one != mixed.mixture(origins, [2, 1], SIZES).fingerprint
    assert one != mixed.mixture(origins, [1, 1], (16, 16)).fingerprint
    assert one != mixed.mixture(origins[::-1], [1, 1], SIZES).fingerprint


def test_some_takes_kinds_and_counts(origins):
    photos = origins[1].train
    kinds = [photos.rows[i]["query"] for i in (2, 7)]
    assert [row["query"] for row in mixed.some(photos, 99, set(kinds)).rows] == kinds
    assert len(mixed.some(photos, 4)) == 4
