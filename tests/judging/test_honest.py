"""Colours by name, true palettes, and the two figures of honesty; the slider over T."""

import pytest
import torch
from tiny import photo_set

from colourlib import vivid
from colourlib.common.errors import CourseError
from colourlib.judging import honest, sliders
from colourlib.practice import NAMES

BINS = vivid.bins()
HUES = list(honest.HUES)


def test_colours_have_the_names_that_people_give_them():
    known = {(0, 0): "grey", (5, -8): "grey", (45, 25): "red", (40, -5): "red", (26, 43): "orange"}
    known |= {(2, 40): "yellow", (-16, 30): "green", (-24, 14): "green", (9, -36): "blue"}
    known |= {(-18, -10): "blue", (30, -26): "purple", (40, -30): "purple"}
    ab = torch.tensor(list(known), dtype=torch.float32)
    assert [HUES[i] for i in honest.named(ab)] == list(known.values())
    drawn = torch.tensor([ab for _, ab in honest.HUES.values()], dtype=torch.float32)
    assert honest.named(drawn).tolist() == list(range(len(HUES)))


def test_shares_are_added_up_by_name():
    shares = torch.rand(2, 260, 3, generator=torch.Generator().manual_seed(0)).softmax(1)
    named = honest.by_name(shares, BINS)
    assert named.shape == (2, 7, 3) and torch.allclose(named.sum(1), torch.ones(2, 3))
    greens = honest.named(BINS) == HUES.index("green")
    assert torch.allclose(named[:, HUES.index("green")], shares[:, greens].sum(1))


def test_what_a_pixel_shows_is_known_for_scenes_only(practice_data):
    things = honest.things_in(practice_data.validation, 16)
    assert things.shape == (12, 16, 16)
    assert things.min() >= -1 and things.max() < len(NAMES) and (things >= 0).float().mean() > 0.3
    with pytest.raises(CourseError, match="practice scenes only"):
        honest.things_in(photo_set(3, 16, 16, None, 0), 16)


def test_figures_say_what_they_show():
    half = torch.tensor([0.5, 0.5, 0, 0, 0, 0, 0])
    bars = honest.draw_bars({"car": (half, half.roll(1)), "sky": (half, half)}, "Bars")
    assert "car: grey 50 % in truth, 0 % by the network" in bars.alt
    curve = torch.tensor([0.2, 0.8]), torch.tensor([0.1, 0.6])
    assert "80 % said and 60 % true" in honest.draw_calibration({"cars": curve}, "Honest?").alt


def test_the_slider_shows_what_its_temperature_makes(practice_data, tmp_path):
    photos = practice_data.validation
    logits = torch.randn(1, 260, 16, 16, generator=torch.Generator().manual_seed(1))
    panel = sliders.temperature(tmp_path, photos, logits, BINS, 0)
    assert "At T = 0.38" in panel.words
    panel.slider.value = 1.0
    assert "chroma is " in panel.words and panel.view.value.count("<img") == 3
    mean, same = (int(word) for word in panel.words.replace(",", "").split() if word.isdigit())
    assert mean == same
