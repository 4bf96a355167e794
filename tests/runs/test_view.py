"""Three photos that stand for a run: the same for every run on the same data, and not grey."""

from dataclasses import replace

import numpy as np
import torch

from colourlib import evaluate
from colourlib.runs import view


def test_the_data_alone_decides_which_photos(practice_data):
    photos = practice_data.validation
    chosen = view.choose(photos)
    assert len(set(chosen)) == 3
    assert len({photos.rows[i]["query"] for i in chosen}) == 3
    # The same photos in another order on disk: still the same three.
    turned = list(reversed(range(len(photos))))
    other = replace(
        photos, L=photos.L[turned], ab=photos.ab[turned], rows=[photos.rows[i] for i in turned]
    )
    assert [other.rows[i]["sha256"] for i in view.choose(other)] == [
        photos.rows[i]["sha256"] for i in chosen
    ]


def test_they_are_from_the_more_colourful_half(practice_data):
    photos = practice_data.validation
    chroma = np.abs(np.asarray(photos.ab, dtype=float) - 128).mean(axis=(1, 2, 3))
    assert all(chroma[i] >= np.median(chroma) for i in view.choose(photos))


def test_one_photo_is_enough(practice_data):
    photos = practice_data.validation
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
