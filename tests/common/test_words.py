"""Hints, and times that were estimated, in words."""

from colourlib.common.words import did_you_mean, roughly


def test_what_somebody_may_have_meant():
    hints = {"fgo": " Did you mean 'Fog'?", "FOGG": " Did you mean 'frogg' or 'Fog'?", 7: ""}
    for word, hint in hints.items():
        assert did_you_mean(word, ["Fog", "frogg", "sea"], most=3) == hint


def test_times_that_were_estimated():
    words = "0 s, 0.35 s, 61 s, 1.5 minutes, 20 minutes, 2.5 hours, 833 hours"
    assert ", ".join(map(roughly, (0, 0.35, 61, 90, 1200, 9000, 3e6))) == words
