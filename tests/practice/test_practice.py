"""Practice scenes: the same from the same seed, inside sRGB, and their optimum really is one."""

from collections import defaultdict
from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest

from colourlib import practice
from colourlib.common import lab
from colourlib.common.errors import CourseError
from colourlib.common.queries import QUERIES
from colourlib.practice import CLASSES, KIND_OF, NAMES, is_practice, scene, scene_of_url, url_of
from colourlib.practice.painters import PAINTERS

KINDS = sorted(PAINTERS)
SITE = "https://practice.example/"


@lru_cache(maxsize=1)
def sample():
    """Eight scenes of every kind, small: the pixels that the statistics below are taken from."""
    return tuple(scene(kind, seed, 72, 64) for kind in KINDS for seed in range(100, 108))


def by_class(least=1):
    """(view, class, its pixels) of the sample, where the class has so many."""
    for view in sample():
        for index, count in enumerate(np.bincount(view.classes.ravel())):
            if count >= least:
                yield view, index, view.classes == index


def same(one, two) -> bool:
    return all(np.array_equal(getattr(one, x), getattr(two, x)) for x in ("L", "ab", "classes"))


def test_the_38_queries_have_a_kind_each_and_addresses_that_lead_back_to_their_scene():
    assert tuple(KIND_OF) == QUERIES and len(QUERIES) == 38
    assert (QUERIES[0], QUERIES[-1]) == ("animals", "planet")
    assert set(KIND_OF.values()) == set(PAINTERS) and len(PAINTERS) >= 20
    clash = [name for name in QUERIES if name in PAINTERS and KIND_OF[name] != name]
    assert not clash, "a query and a kind of the same name must be the same scenes"
    for query in ("cars", "sun"):
        url = url_of(query, 12, 96, 64)
        assert url == f"{SITE}{query}/12-96x64.jpg" and is_practice(url)
        assert np.array_equal(scene_of_url(url).rgb(), scene(query, 12, 96, 64).rgb())
    with pytest.raises(CourseError, match="not a query"):
        url_of("road", 1, 64, 64)


@pytest.mark.parametrize(
    "url",
    [None, 3, b"https://practice.example/cars/1-64x64.jpg", "", "cars", "\x00", "https://[",
     "http://practice.example/cars/1-64x64.jpg", "https://practice.example@evil/cars/1-64x64.jpg",
     *[SITE + end for end in (
         "cars/1-64x64.png", "unicorns/1-64x64.jpg", "cars/1-63x64.jpg", "cars/1-64x513.jpg",
         "cars/-1-64x64.jpg", "cars/01-64x64.jpg", "cars/1-64x64.jpg\n", "cars/٣-64x64.jpg",
         "cars/9999999999999999999-64x64.jpg", "road/1-64x64.jpg", "../cars/1-64x64.jpg",
         "%00/1-64x64.jpg", "cars/1-64x64.jpg?x=1", "a" * 100_000)]],
)  # fmt: skip
def test_other_addresses_lead_nowhere(url):
    assert scene_of_url(url) is None and not is_practice(url)


@pytest.mark.parametrize("query", QUERIES)
def test_every_query_draws_a_scene(query):
    view = scene(query, 1, 100, 76)
    assert view.kind == KIND_OF[query] and view.seed == 1
    assert same(view, scene(view.kind, 1, 100, 76))
    assert view.L.shape == (76, 100) and view.ab.shape == view.optimum().shape == (76, 100, 2)
    for array in (view.L, view.ab, view.optimum()):
        assert array.dtype == np.float32 and np.isfinite(array).all()
    assert view.classes.shape == (76, 100) and view.classes.dtype == np.uint8
    assert view.classes.max() < len(NAMES) and len(np.unique(view.classes)) >= 2
    assert view.L.min() >= 0 and view.L.max() <= 100
    assert view.L.std() > 4, "a scene has light and shade"
    assert view.rgb().shape == (76, 100, 3) and view.rgb().dtype == np.uint8


def test_the_seed_alone_decides_whatever_was_drawn_before_and_at_any_size():
    first = {kind: scene(kind, 3, 80, 64) for kind in KINDS}
    for kind in reversed(KINDS):
        assert same(first[kind], scene(kind, 3, 80, 64)), kind
        assert np.abs(first[kind].L - scene(kind, 2, 80, 64).L).mean() > 1, kind
    for kind in ("beach", "road", "volcano"):
        small, large = scene(kind, 4, 80, 64), scene(kind, 4, 160, 128)
        assert (small.classes == large.classes[1::2, 1::2]).mean() > 0.85, kind
    for width, height in ((64, 64), (65, 97), (512, 64), (64, 512), (131, 67)):
        for kind in KINDS:
            assert scene(kind, 9, width, height).rgb().shape == (height, width, 3)


def test_bad_arguments_teach():
    with pytest.raises(CourseError, match="Did you mean 'beaches'"):
        scene("beeches", 1, 64)
    for name in (None, 3, "", "\x00" * 9, "x" * 10_000):
        with pytest.raises(CourseError, match="There is no practice scene"):
            scene(name, 1, 64)
    for size in ((63,), (513,), (64, 63), (64, 513), (64.0,), ("64",), (-64,)):
        with pytest.raises(CourseError, match="whole number from 64 to 512"):
            scene("cars", 1, *size)
    for seed in (-1, 1.5, "1", None, 2**63):
        with pytest.raises(CourseError, match="seed is"):
            scene("cars", seed, 64)
    assert np.array_equal(scene("cars", np.int64(7), 64).L, scene("cars", 7, 64).L)


def test_rgb_of_grey_steps_and_of_colours_outside_srgb():
    L = np.linspace(0, 100, 101, dtype=np.float32)[None]
    grey = lab.lab_to_rgb(L, np.zeros((1, 101, 2), dtype=np.float32))
    assert grey[0, 0].tolist() == [0, 0, 0] and grey[0, -1].tolist() == [255, 255, 255]
    assert (np.ptp(grey.astype(int), axis=-1) <= 1).all()
    wild = lab.lab_to_rgb(np.full((1, 2), 50.0), np.array([[[120.0, 0.0], [0.0, -150.0]]]))
    assert wild.shape == (1, 2, 3) and wild.max() == 255  # clipped, not wrapped round


def test_scenes_stay_inside_srgb():
    outside = defaultdict(list)
    for view in sample():
        light = lab.linear_rgb(view.L, view.ab)
        outside[view.kind].append(((light < -0.001) | (light > 1.001)).any(axis=-1).mean())
    assert max(np.mean(shares) for shares in outside.values()) < 0.005
    # And every colour of every class, over its whole range of lightness.
    circle = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    rim = np.stack([np.cos(circle), np.sin(circle)], axis=1)
    for name, entry in CLASSES.items():
        L = np.linspace(*entry.L, 8, dtype=np.float32)[:, None].repeat(24, axis=1)
        for colour in entry.colours:
            ab = (colour + (entry.spread + entry.grain) * rim).astype(np.float32)
            light = lab.linear_rgb(L, np.broadcast_to(ab, (8, 24, 2)))
            assert light.min() > -0.002 and light.max() < 1.002, (name, colour)
    with pytest.raises(CourseError, match="'cart'.* 'car'"):
        CLASSES["cart"]


@pytest.mark.parametrize("name", NAMES)
def test_drawn_colours_have_the_declared_mean_and_variance(name):
    entry, number = CLASSES[name], 4000
    canvas = practice.Canvas(np.random.default_rng(0), number, 1)
    for column in range(number):  # a region each
        canvas.paint(name, 1.0, 50.0, (slice(None), slice(column, column + 1)))
    _, classes, regions = canvas.finish()
    ab = practice._colours(np.random.default_rng(1), canvas, classes, regions)[0]  # (number, 2)
    error = 5 * np.sqrt(entry.variance / number) + 0.6 * entry.grain  # the ripple is smooth
    assert (np.abs(ab.mean(axis=0) - entry.mean) < error).all()
    without = entry.variance - entry.grain**2
    assert np.allclose(ab.var(axis=0), without, rtol=0.25, atol=2.5 * entry.grain**2 + 0.3)


def test_over_many_scenes_the_mean_colour_of_a_class_is_the_declared_one():
    """Whole scenes, not regions: pixels of one scene hang together, so the scene is the unit."""
    means = defaultdict(list)
    for view, index, here in by_class():
        means[index].append((view.ab - view.optimum())[here].mean(axis=0))
    means = {index: rows for index, rows in means.items() if len(rows) >= 8}
    for index, rows in means.items():
        sigma = np.sqrt(CLASSES[NAMES[index]].variance / len(rows))
        assert (np.abs(np.mean(rows, axis=0)) < 4.5 * sigma).all(), NAMES[index]
    assert len(means) > 40


def test_lightness_says_nothing_about_colour_once_the_class_is_known():
    """Correlation of a region's L with its ab, over all scenes of the sample, class by class."""
    pairs, scores = defaultdict(list), []
    for view, index, here in by_class(least=20):
        rest = (view.ab - view.optimum())[here].mean(axis=0)
        pairs[index].append((view.L[here].mean(), view.L[here].std(), *rest))
    for rows in pairs.values():
        if len(rows) >= 10:
            r = np.corrcoef(np.array(rows).T)[:2, 2:]  # (mean L, texture) against (a, b)
            scores.extend((np.arctanh(r) * np.sqrt(len(rows) - 3)).ravel())  # Fisher: deviation 1
    scores = np.array(scores)
    assert len(scores) > 150 and np.abs(scores).max() < 4.5
    assert 0.8 < scores.std() < 1.25 and abs(scores.mean()) < 0.35


def test_shapes_and_light_do_not_depend_on_the_colours(monkeypatch):
    """Draw with another palette: the same L and the same classes must come out."""
    before = {kind: scene(kind, 6, 64) for kind in KINDS}
    swapped = {
        name: replace(entry, palette=[(w, -a, -b) for w, a, b in entry.palette], spread=0.0)
        for name, entry in CLASSES.items()
    }
    monkeypatch.setattr(practice, "CLASSES", swapped)
    for kind, view in before.items():
        after = scene(kind, 6, 64)
        assert np.array_equal(view.L, after.L) and np.array_equal(view.classes, after.classes)
        assert not np.array_equal(view.ab, after.ab)


def test_the_optimum_is_the_class_mean_of_every_pixel_and_no_such_answer_does_better():
    table = np.array([CLASSES[name].mean for name in NAMES])
    for view in sample()[::5]:
        assert np.allclose(view.optimum(), table[view.classes], atol=1e-4)
    none, ways = (0, 0), ((2, 0), (-2, 0), (0, 2), (0, -2))
    answers = [(1, none), (1.15, none), (0.85, none), *[(1, by) for by in ways], (0, none)]
    views = [(view.ab, view.optimum()) for view in sample()]
    left, *others, grey = (
        sum(np.square(ab - f * best - np.float32(by)).sum(dtype=float) for ab, best in views)
        for f, by in answers
    )
    assert left < min(others) and left < grey
    assert 0.75 < 1 - left / grey < 0.90, f"{1 - left / grey:.1%} explained"
    expected = np.array([entry.variance.sum() for entry in CLASSES.values()])
    promised = np.sum([expected[view.classes].sum() for view in sample()])
    assert left == pytest.approx(promised, rel=0.12), "what remains is the classes' variance"
