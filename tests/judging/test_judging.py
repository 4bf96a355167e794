"""Measures against scikit-image and cases worked by hand; intervals against what theory says."""

import math

import numpy as np
import pytest
import torch
from skimage.color import deltaE_ciede2000
from skimage.metrics import structural_similarity
from torch import nn

from colourlib import colour, colourise, evaluate, judging
from colourlib.data import PhotoSet
from colourlib.judging import by_query, by_thing, intervals, likeness, misleads
from colourlib.model import ColourNet


def photo_set(ab_values, queries=None, size=16):
    """Photos of one even colour each; ab in Lab units."""
    ab = np.tile(np.array(ab_values)[:, :, None, None] + 128, (size, size)).astype(np.uint8)
    rows = [{"query": query} for query in queries or ["cars"] * len(ab)]
    return PhotoSet(np.full((len(ab), size, size), 128, np.uint8), ab, rows, size)


def always(a, b):
    """A colouriser with one answer."""
    return evaluate.tint(colour.scale_ab(torch.tensor([float(a), float(b)])))


def test_ssim_is_that_of_scikit_image():
    dice = torch.Generator().manual_seed(0)
    one = torch.rand(3, 3, 40, 27, generator=dice)
    other = (one + 0.2 * torch.randn(one.shape, generator=dice)).clamp(0, 1)
    other[2] = one[2].flip(-1)
    settings = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}
    settings |= {"channel_axis": 0, "data_range": 1}
    pairs = zip(one.numpy(), other.numpy(), strict=True)
    expected = [structural_similarity(*pair, **settings) for pair in pairs]
    np.testing.assert_allclose(likeness.ssim(one, other), expected, atol=1e-4)
    np.testing.assert_allclose(likeness.ssim(one, one), 1, atol=1e-5)


def test_ciede2000_is_that_of_scikit_image_everywhere_and_of_published_pairs():
    """Greys, blues, and hues on both sides of the place where the circle closes are among them."""
    dice = torch.Generator().manual_seed(0)
    labs = torch.rand(2, 2, 3, 60, 60, generator=dice) * 160 - 80
    labs[:, :, 0] = labs[:, :, 0] / 1.6 + 50
    labs[0, :, 1:, :, :20], labs[1, :, 1:, :, 10:30] = 0, 0
    labs[0, :, 2] /= 20
    one, other = ((lab[:, :1], lab[:, 1:]) for lab in labs)
    expected = deltaE_ciede2000(*labs.movedim(2, -1).double().numpy())
    np.testing.assert_allclose(likeness.ciede2000(one, other), expected, atol=1e-3)
    # From table 1 of Sharma, Wu and Dalal 2005.
    one = [(50, 2.6772, -79.7751), (50, 0, 0), (50, 2.5, 0), (2.0776, 0.0795, -1.1350)]
    other = [(50, 0, -82.7485), (50, -1, 2), (50, 0, -2.5), (0.9033, -0.0636, -0.5514)]
    labs = (torch.tensor(lab).double()[..., None, None] for lab in (one, other))
    pair = [(lab[:, :1], lab[:, 1:]) for lab in labs]
    for both in (pair, pair[::-1]):
        found = likeness.ciede2000(*both).flatten()
        np.testing.assert_allclose(found, [2.0425, 2.3669, 4.3065, 0.9082], atol=1e-4)


def test_the_interval_of_a_mean_is_what_theory_says():
    values = np.random.default_rng(1).normal(5, 2, 400)
    drawn = intervals.draws(lambda v: v.mean(-1), values)
    low, high = intervals.interval(drawn)
    half = 1.96 * values.std() / math.sqrt(400)
    assert (low, high) == pytest.approx((values.mean() - half, values.mean() + half), abs=0.025)
    assert (intervals.draws(lambda v: v.mean(-1), values) == drawn).all() and len(set(drawn)) > 100


def test_a_difference_is_judged_on_the_same_photos():
    """Photos differ far more than the networks do: only in pairs the difference is seen."""
    dice = np.random.default_rng(0)
    photos = photo_set(dice.integers(-60, 60, (40, 2)))
    network = judging.judge(always(0, 0), photos, "grey")
    slightly_better = judging.judge_answers(lambda i, x, y: 0.02 * y, photos, "better")
    value, low, high = judging.difference(slightly_better, network, "psnr")
    assert 0 < low < value < high < 0.3
    alone = slightly_better.interval("psnr")[0] < network.interval("psnr")[1]
    assert alone, "alone the two cannot be told apart"
    found = judging.difference(slightly_better, network, "explained")
    assert found == pytest.approx([1 - 0.98**2] * 3, abs=1e-5)


@pytest.fixture(scope="module")
def mine():
    torch.manual_seed(0)
    net = ColourNet(width=4)
    nn.init.normal_(net.head.weight, std=0.3)
    return {"mine": net}


@pytest.fixture(scope="module")
def reports(practice_data, mine):
    return judging.everyone(mine, practice_data)


def test_a_report_agrees_with_compare(practice_data, mine, reports):
    table = evaluate.compare(mine, practice_data)
    assert list(table) == list(reports) == ["grey copy", "mean tint", "mine", "optimum"]
    for name, scores in table.items():
        for field, value in vars(scores).items():
            assert getattr(reports[name].scores, field) == pytest.approx(value, abs=1e-4)


def test_explained_chroma_over_some_photos_by_hand():
    report = judging.judge(always(20, 0), photo_set([(40, 0), (0, 20), (0, 0)]))
    # errors 400 of 1600, 800 of 400, 400 of 0
    for some, expected in ((slice(None), 0.2), ([0], 0.75), (np.array([True, True, False]), 0.4)):
        assert report.value("explained", some) == pytest.approx(expected, abs=1e-5)
    np.testing.assert_allclose(report.columns["chroma"], [40, 20, 0], atol=1e-4)


def test_colours_that_are_met_exactly(practice_data):
    report = judging.judge_answers(lambda i, x, y: y, practice_data.validation, "truth")
    values = [report.value(key) for key in judging.MEASURES]
    assert values[:4] == [1, math.inf, math.inf, pytest.approx(1)]
    assert values[4:] == pytest.approx([0, 1], abs=1e-5)
    assert report.interval("psnr") == (math.inf, math.inf)
    assert "inf (inf to inf)" in repr(judging.table({"truth": report}))


def test_hue_is_right_within_45_degrees():
    y = torch.tensor([[40.0, 0], [40, 0], [40, 0], [40, 0], [0, 30], [3, 4]])
    guess = torch.tensor([[1.0, 0.9], [1, 1.1], [-40, 0], [0, 0], [-5, 50], [3, 4]])
    y, guess = (colour.scale_ab(z).T[None, :, None] for z in (y, guess))  # (1, 2, 1, 6)
    found = [share.item() for share in by_thing.hues(y, guess)]
    assert found == pytest.approx([5 / 6, 2 / 6]), "the last is too pale to have a hue"


def test_tables_hold_every_measure_with_its_interval(reports):
    table = judging.table(reports)
    titles = [measure.title for measure in judging.MEASURES.values()]
    assert all(row[0].startswith(t) for row, t in zip(table.rows, titles, strict=True))
    (low, high), value = reports["mine"].interval("psnr"), reports["mine"].value("psnr")
    assert table.rows[1][3] == f"{value:.2f} ({low:.2f} to {high:.2f})"
    assert low <= value <= high and low < high
    pairs = judging.differences(reports, "mine")
    assert list(pairs.headers) == ["", "grey copy", "mean tint", "optimum"]
    assert pairs.rows[0][3].startswith("+"), "the optimum explains more"
    assert judging.differences(reports, "optimum").rows[0][1].startswith("-"), "grey less, surely"
    same = judging.differences({"mine": reports["mine"], "twin": reports["mine"]}, "mine")
    assert all(row[1].startswith("= ") for row in same.rows)


def test_the_figure_of_queries_shows_the_best_and_the_worst():
    rows = [(f"query {i}", 0.1 * i - 0.9, 0.1 * i - 1, 0.1 * i, 0.9) for i in range(16)]
    all_known, cut = by_query.dots(rows[:6], ends=3), by_query.dots(rows[::-1], ends=2)
    assert all(f"query {i} {10 * i - 90}% of 90%" in all_known.alt for i in range(6))
    names = [name for name in cut.alt.split(": ")[1].split(", ")]
    assert [name.split()[1] for name in names] == ["15", "14", "1", "0"], "from the best down"
    unknown = by_query.dots([("fog", 0.2, math.nan, math.nan, math.nan)])
    assert unknown.alt.endswith("fog 20%.")


def test_psnr_prefers_brown():
    errors = []
    for seed in range(1, 7):
        _, *parts = misleads.street(seed).alt.split("PSNR ")
        errors.append([10 ** (-float(part.split(" dB")[0]) / 10) for part in parts])
    assert errors[0][0] > 2 * errors[0][1], "the notebook's street"
    vivid, brown = np.mean(errors, axis=0)  # now and then the colours are true ones, by chance
    assert vivid > brown


def test_psnr_falls_with_chroma():
    report = judging.judge(evaluate.grey, photo_set([(x, 0) for x in range(5, 95, 5)]))
    parts = misleads.psnr_by_chroma(report).alt.split(" dB")[:2]
    grey, vivid = (float(part.split()[-1]) for part in parts)
    assert grey == pytest.approx(report.columns["psnr"][0], abs=0.06) and grey > vivid + 10


def test_a_network_is_shown_photos_at_its_own_sizes_and_answers_with_their_mean():
    seen, x = [], torch.linspace(-1, 1, 64).expand(2, 1, 32, 64)

    def network(x):
        seen.append(tuple(x.shape))
        return x.expand(-1, 2, -1, -1) * (x.shape[2] / 96)  # says how it was shown

    for sizes, factor in (([48], 0.5), ([32, 64], 0.5), ([48, 96], 0.75)):
        y, expected = colourise.at_sizes(network, sizes)(x), x.expand(-1, 2, -1, -1) * factor
        torch.testing.assert_close(y, expected, atol=0.02, rtol=0)  # of shapes, too
    assert seen[0] == (2, 1, 48, 96)
