"""Hints, and times that were estimated, in words."""

import pytest

from colourlib.common.words import did_you_mean, roughly


@pytest.mark.parametrize(
    ("word", "hint"),
    [("fgo", " Did you mean 'Fog'?"), ("FOGG", " Did you mean 'frogg' or 'Fog'?"), (7, "")],
)
def test_what_somebody_may_have_meant(word, hint):
    assert did_you_mean(word, ["Fog", "frogg", "sea"], most=3) == hint


def test_times_that_were_estimated():
    words = [roughly(seconds) for seconds in (0, 0.35, 61, 90, 1200, 9000, 3e6)]
    assert words[:4] == ["0 s", "0.35 s", "61 s", "1.5 minutes"]
    assert words[4:] == ["20 minutes", "2.5 hours", "833 hours"]
