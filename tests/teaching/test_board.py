"""The live board: when it draws, what it says, and that nobody is shut out from reading it."""

import base64
import builtins
import io
import math
import re
import sys
import xml.etree.ElementTree as ET
from dataclasses import replace
from html.parser import HTMLParser
from types import SimpleNamespace

import IPython
import numpy as np
import pytest
from PIL import Image

from colourlib.common.words import duration, percent
from colourlib.teaching.board import (
    LinesBoard,
    NotebookBoard,
    Sample,
    Silent,
    View,
    boards,
    chart,
    choose,
    page,
)
from colourlib.teaching.board import view as words

HOSTILE = '<script>alert("x")</script>\'&\0\n\ud800'


def sample(query="beaches", side=64) -> Sample:
    noise = np.random.default_rng(0).integers(0, 256, (side, side, 3), np.uint8)
    return Sample(query, np.repeat(noise[..., :1], 3, axis=-1), noise // 2, noise)


def view(**changes) -> View:
    """A run of ten epochs after four of them."""
    shares = [0.102, 0.153, 0.187, 0.179]
    common = {
        "name": "003-ColourNet",
        "state": "training",
        "sentence": "It trains on the CPU.",
        "progress": 0.42,
        "seconds": 75.0,
        "left": 103.2,
        "rate": 381.4,
        "losses": [(i / 10, 0.02 - 0.0001 * i) for i in range(1, 43)],
        "history": [{"epoch": i + 1, "explained_chroma": y} for i, y in enumerate(shares)],
        "levels": {"optimum": 0.782, "grey copy": 0.0, "mean tint": 0.041},
        "grey_loss": 0.02,
        "samples": [sample("beaches"), sample("cats"), sample("old cars")],
    }
    return View(**common | changes)


class Clock:
    """A clock that goes only where it is told to."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


class Notes(boards.Board):
    """A board that notes when it draws, and takes `cost` seconds for it."""

    def __init__(self, clock, cost):
        super().__init__(clock)
        self.clock, self.cost, self.drawn = clock, cost, []

    def _draw(self, view, last):
        self.drawn.append(self.clock.now)
        self.clock.now += self.cost


def train(board, clock, seconds, step=0.01, look=view):
    """Steps of training, with a tick after each."""
    end = clock.now + seconds
    while clock.now < end:
        clock.now += step
        board.tick(look)


# ---------------------------------------------------------------- when it draws


@pytest.mark.parametrize("cost", [0.0, 0.001, 0.02, 0.5, 4.0])
def test_drawing_takes_at_most_3_percent_and_happens_at_most_once_a_second(cost):
    clock = Clock()
    board, start = Notes(clock, cost), clock.now
    train(board, clock, 1000, look=lambda: None)
    gaps = np.diff([start, *board.drawn])
    assert gaps.min() >= 1.0
    ends = np.array(board.drawn) + cost - start
    shares = cost * np.arange(1, len(ends) + 1) / ends
    assert (shares[1:] <= 0.03).all()
    assert board.drawn[0] - start < 1.1  # the first comes soon, whatever it costs
    # ... and the rules forbid no more than they say:
    possible = 1000 / max(1.0 + cost, cost / 0.03)
    assert 0.95 * possible - 2 <= len(board.drawn) <= possible + 1


def test_the_time_for_looking_counts_as_well():
    clock = Clock()
    board, start = Notes(clock, 0.0), clock.now

    def look():
        clock.now += 0.5

    train(board, clock, 1000, look=look)
    assert len(board.drawn) * 0.5 <= 0.03 * (clock.now - start)


def test_a_tick_that_is_not_due_neither_looks_nor_draws():
    clock = Clock()
    board = Notes(clock, 0.0)
    clock.now += 0.99
    board.tick(lambda: pytest.fail("looked"))
    assert board.drawn == []


def test_closing_draws_always_and_ends_it():
    clock = Clock()
    board = Notes(clock, 0.5)
    board.close(view)
    assert len(board.drawn) == 1
    train(board, clock, 100)
    assert len(board.drawn) == 1


def test_a_failure_is_said_once_and_hurts_nothing(capsys):
    clock = Clock()
    board, looks = Notes(clock, 0.0), []

    def look():
        looks.append(clock.now)
        raise ValueError("no\nphoto")

    train(board, clock, 100, look=look)
    board.close(look)
    said = capsys.readouterr().out
    assert said.count("\n") == 1 and "(ValueError: no photo)" in said
    assert len(looks) == 2  # at the first drawing and, for the last one, at the end
    board.close(view)  # what could not be seen once may be seen at the end
    assert len(board.drawn) == 1


def test_a_terminal_that_is_gone_does_not_stop_the_training(monkeypatch):
    def broken(*args, **kwargs):
        raise BrokenPipeError

    monkeypatch.setattr(builtins, "print", broken)
    clock = Clock()
    train(LinesBoard(clock), clock, 20)


def test_stop_goes_through():
    clock = Clock()
    board = Notes(clock, 0.0)

    def look():
        raise KeyboardInterrupt

    clock.now += 5
    with pytest.raises(KeyboardInterrupt):
        board.tick(look)
    board.close(view)
    assert len(board.drawn) == 1


# ---------------------------------------------------------------- where it draws


@pytest.fixture
def displayed(monkeypatch):
    """What is shown in a notebook: the objects of display() and of its handle's update()."""
    shown = []

    def display(thing, display_id):
        assert display_id is True
        shown.append(("display", thing))
        return SimpleNamespace(update=lambda thing: shown.append(("update", thing)))

    monkeypatch.setattr("IPython.display.display", display)
    return shown


def test_the_notebook_has_one_output_that_is_drawn_anew(displayed, capsys):
    clock = Clock()
    board = NotebookBoard(clock)
    train(board, clock, 3.5)
    board.close(lambda: view(state="finished"))
    assert [how for how, _ in displayed] == ["display", "update", "update", "update"]
    first, last = (thing._repr_mimebundle_() for _, thing in (displayed[0], displayed[-1]))
    assert set(first) == set(last) == {"text/html", "text/plain"}
    assert "<svg" in first["text/html"]
    # What stays in the file is a picture: drawings are dropped where a notebook is not trusted.
    assert "<svg" not in last["text/html"] and "data:image/svg+xml" in last["text/html"]
    assert repr(displayed[0][1]) == first["text/plain"]
    assert capsys.readouterr().out == ""


def test_a_run_shorter_than_a_second_is_shown_too(displayed):
    NotebookBoard(Clock()).close(view)
    assert [how for how, _ in displayed] == ["display"]


def test_lines_come_every_five_seconds_and_after_a_validation(capsys):
    clock = Clock()
    board, start = LinesBoard(clock), clock.now
    now = view(history=[])
    train(board, clock, 8.5, look=lambda: now)
    assert len(capsys.readouterr().out.splitlines()) == 2  # after 1 and 6 seconds
    now = view()
    train(board, clock, 1.5, look=lambda: now)
    (line,) = capsys.readouterr().out.splitlines()
    assert line == (
        "003-ColourNet | epoch 4.2, loss 0.0158 | explained chroma: validation 17.9 %, "
        "training 21.0 % (grey copy 0.0 %, mean tint 4.1 %, optimum 78.2 %) | "
        "381 photos a second | about 1 min 43 s left"
    )
    train(board, clock, 90, look=lambda: now)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) <= (clock.now - start) / 5
    board.close(lambda: view(state="stopped", sentence="Stopped after 4 epochs."))
    assert "003-ColourNet: stopped, 42 % done, 1 min 15 s of training" in capsys.readouterr().out


def test_a_terminal_without_a_character_gets_a_question_mark(monkeypatch):
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="cp1252", newline="\n"))
    LinesBoard(Clock()).close(lambda: view(name="色", history=[]))
    assert raw.getvalue().startswith(b"?: training")


def test_silence_is_silent(capsys):
    clock = Clock()
    board = Silent(clock)
    train(board, clock, 10, look=lambda: pytest.fail("looked"))
    board.close(lambda: pytest.fail("looked"))
    assert capsys.readouterr().out == ""


def shell(module, name, *bases):
    return type(name, bases, {"__module__": module})


ZMQ = shell("ipykernel.zmqshell", "ZMQInteractiveShell")
TERMINAL = shell("IPython.terminal.interactiveshell", "TerminalInteractiveShell")


@pytest.mark.parametrize(
    ("kind", "board"),
    [
        (ZMQ, NotebookBoard),
        (shell("google.colab._shell", "Shell", ZMQ), NotebookBoard),
        (shell("google.colab._shell", "Shell"), NotebookBoard),
        (TERMINAL, LinesBoard),
        (type(None), LinesBoard),
    ],
)
def test_the_board_suits_the_place(monkeypatch, kind, board):
    monkeypatch.setattr(IPython, "get_ipython", lambda: kind())
    assert type(choose()) is board
    assert type(choose(quiet=True)) is Silent


def test_without_ipython_there_are_lines(monkeypatch):
    monkeypatch.delitem(sys.modules, "IPython")
    assert type(choose()) is LinesBoard


# ---------------------------------------------------------------- what it says


class Elements(HTMLParser):
    """Elements and text of a page; fails where a tag is not closed in its turn."""

    def __init__(self, text):
        super().__init__()
        self.open, self.found, self.text = [], [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))
        if tag not in ("img", "br"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)

    def all(self, tag):
        return [attrs for name, attrs in self.found if name == tag]


def drawings(html: str) -> list[ET.Element]:
    """The SVG drawings of a page, those in the page and those in a picture."""
    inline = re.findall(r"<svg .*</svg>", html)
    packed = re.findall(r"data:image/svg\+xml;base64,([^\"]+)", html)
    return [ET.fromstring(s) for s in [*inline, *map(base64.b64decode, packed)]]


def numbers(text: str) -> list[str]:
    return re.findall(r"-?\d+(?:\.\d+)?", text)


EMPTY = {"losses": [], "history": [], "levels": {}, "samples": []}
ODD = {
    "progress": math.nan,
    "left": math.inf,
    "rate": math.nan,
    "losses": [(0.1, math.nan), (0.2, math.inf), (0.3, None), (0.4, 0.01), (0.5, math.nan)],
    "history": [{"epoch": 1, "explained_chroma": y} for y in (math.nan, None, -math.inf)],
    "levels": {"grey copy": math.nan, "mean tint": 0.04},
}
CASES = {
    "in the middle": {},
    "nothing yet": EMPTY | {"progress": 0.0, "left": None, "rate": 0.0, "seconds": 0.0},
    "no numbers": ODD,
    "no grey loss": {"grey_loss": 0.0},
    "far below": {"history": [{"epoch": 1, "explained_chroma": -3.0}], "losses": [(1.0, 1e9)]},
    "all at once": {"levels": {"grey copy": 0.0, "mean tint": 0.0, "optimum": 0.001}},
    "finished": {"state": "finished", "progress": 1.0},
    "long": {"losses": [(i / 1000, 0.01) for i in range(10_000)], "progress": 0.7},
    "hours": {"seconds": 40_000, "left": 7260},
}


@pytest.mark.parametrize("kept", [False, True], ids=["live", "kept"])
@pytest.mark.parametrize("changes", CASES.values(), ids=CASES)
def test_the_page_is_sound_and_says_what_the_text_says(changes, kept):
    now = view(**changes)
    bundle = page.Page(now, kept)._repr_mimebundle_()
    html, text = bundle["text/html"], bundle["text/plain"]
    elements = Elements(html)
    (drawing,) = drawings(html)
    svg = ET.tostring(drawing, encoding="unicode")
    words_and_paths = svg + text + re.sub(r"base64,[^\"]*", "", html)
    assert not re.search(r"(nan|inf)(?![a-z])|NaN|None", words_and_paths)

    written = " ".join(elements.text)
    for line in text.splitlines()[1:4]:
        assert line in written
    assert set(numbers(text)) <= set(numbers(written))
    # The chart's own words, and its labels, bring no number that the text does not have.
    assert drawing.get("role") == "img"
    assert words.scores(now) in drawing.get("aria-label")
    labels = " ".join(t.text for t in drawing.iter() if t.tag.endswith("text"))
    ticks = set(re.findall(r"(?<![\d.])-?\d+ %", labels))
    shares = set(re.findall(r"-?\d+\.\d %", labels))
    assert ticks and shares <= set(re.findall(r"-?\d+\.\d %", text))


def test_the_text_in_full():
    assert words.as_text(view()).splitlines() == [
        "003-ColourNet: training, 42 % done, 1 min 15 s so far, about 1 min 43 s left, "
        "381 photos a second",
        "It trains on the CPU.",
        "Explained chroma: validation 17.9 % at epoch 4, at best 18.7 % at epoch 3, "
        "training 21.0 % at epoch 4.2.",
        "Baselines: grey copy 0.0 %, mean tint 4.1 %, optimum 78.2 %.",
        "Validation photos (grey, network, truth): beaches, cats, old cars.",
    ]
    assert duration(7260) == "2 h 01 min" and duration(59.6) == "1 min 00 s"
    assert percent(-0.0001) == "0.0 %" and percent(-3) == "-300.0 %"


def test_while_it_trains_one_reads_how_to_stop_it():
    assert page.STOP in page.as_html(view())
    assert page.STOP not in page.as_html(view(state="finished"))


def test_hostile_words_are_shown_and_not_obeyed():
    levels = {HOSTILE: 0.1}
    now = view(name=HOSTILE, sentence=HOSTILE, levels=levels, samples=[sample(HOSTILE)])
    for kept in (False, True):
        html = page.as_html(now, kept)
        elements = Elements(html)
        drawings(html)
        assert not elements.all("script")
        assert elements.all("img")[-1]["alt"].startswith('<script>alert("x")</script>')
        assert '<script>alert("x")</script>' in "".join(elements.text)
        html.encode("utf-8")
    words.as_line(now).encode("utf-8")


def test_every_picture_has_its_words():
    html = page.as_html(view(), kept=True)
    alts = [image["alt"] for image in Elements(html).all("img")]
    assert len(alts) == len(set(alts)) == 10
    assert alts[0] == chart.in_words(view())
    assert alts[7:] == [
        "old cars: the photo without its colours",
        "old cars: as the network colours it now",
        "old cars: the photo as it was taken",
    ]
    assert [bar["value"] for bar in Elements(html).all("progress")] == ["42"]
    short = view(samples=[replace(view().samples[0], query="air")])
    alts = [image["alt"] for image in Elements(page.as_html(short, kept=True)).all("img")]
    assert min(map(len, alts)) >= 20, "as tests/test_notebooks.py asks of committed outputs"


def test_the_photos_are_what_was_given():
    flat = Sample("x", *(np.full((64, 48, 3), c, np.uint8) for c in ((9, 9, 9), (90, 40, 20), 200)))
    sources = re.findall(r"image/jpeg;base64,([^\"]+)", page.as_html(view(samples=[flat])))
    pictures = [Image.open(io.BytesIO(base64.b64decode(source))) for source in sources]
    assert [picture.size for picture in pictures] == [(48, 64)] * 3
    assert pictures[0].mode == "L"  # a grey one takes less
    for picture, colour in zip(pictures, ((9, 9, 9), (90, 40, 20), (200,) * 3), strict=True):
        got = np.asarray(picture.convert("RGB"))
        assert np.abs(got.astype(int) - colour).max() <= 3


def test_a_board_is_small():
    busy = {"losses": [(i / 1000, 0.01 + i % 7 / 1000) for i in range(10_000)]}
    rows = [{"epoch": i, "explained_chroma": i / 5000} for i in range(3000)]
    assert len(page.as_html(view(**busy, history=rows, samples=[]), kept=True)) < 25_000
    # A smooth picture of 128 pixels, with some grain: about what a photo takes.
    ramp = np.linspace(0, 200, 128)[:, None, None] + np.linspace(0, 50, 128)[:, None]
    grain = np.random.default_rng(0).normal(0, 4, (128, 128, 3))
    photo = np.clip(ramp + grain, 0, 255).astype(np.uint8)
    photos = [Sample(q, photo[..., [0, 0, 0]], photo, photo) for q in ("a", "b", "c")]
    assert len(page.as_html(view(samples=photos), kept=True)) < 60_000


# ---------------------------------------------------------------- the curves


def test_curves_are_thinned_and_end_where_they_end():
    losses = [(i / 1000, 0.02 * (0.5 + (i % 2) / 10)) for i in range(1, 10_001)]
    rows = [{"epoch": i, "explained_chroma": i / 1000} for i in range(1, 1001)]
    now = view(losses=losses, history=rows)
    training, validation = words.training_curve(now), words.validation_curve(now)
    assert len(training) == len(validation) == 200
    assert training[-1] == (10.0, pytest.approx(0.5)) and validation[-1] == (1000, 1.0)
    assert np.allclose([y for _, y in training[:-1]], 0.45, atol=0.005)  # means, not picks
    few = words.training_curve(view(losses=losses[:3]))
    assert few == [(e, pytest.approx(1 - loss / 0.02)) for e, loss in losses[:3]]


def test_the_best_row_is_named_even_where_the_curve_leaves_it_out():
    rows = [{"epoch": i, "explained_chroma": 0.1 + 0.5 * (i == 2)} for i in range(1, 1001)]
    assert "at best 60.0 % at epoch 2," in words.scores(view(history=rows))


def field(now: View) -> chart.Field:
    return chart.Field(now, words.training_curve(now), words.validation_curve(now))


def test_the_axes_suit_the_numbers():
    low = {"grey copy": 0.0, "mean tint": 0.04}
    assert field(view(levels=low)).top == 0.3 and field(view()).top == 1.0
    assert field(view()).bottom == pytest.approx(-0.1)
    assert field(view(end=9.98)).end == 10  # one sees what is still to come
    assert field(view()).end == 5  # it is not known yet
    assert field(view(state="stopped")).end == pytest.approx(4.2)
    assert field(view(**EMPTY)).end == 1
    tall = field(view(history=[{"epoch": 1, "explained_chroma": 0.999}]))
    assert tall.y(0.999) >= chart.TOP


@pytest.mark.parametrize("epochs", [0.003, 0.5, 1, 3, 7, 10, 99, 1234, 50_000])
@pytest.mark.parametrize("state", ["training", "finished"])
def test_a_few_epochs_are_written_at_the_axis(epochs, state):
    at = field(view(losses=[(epochs, 0.01)], history=[], end=3 * epochs, state=state))
    assert 2 <= len(at.epochs) <= 8 and at.epochs[-1] <= at.end * 1.001
    assert at.end >= epochs


def triangles(now: View) -> int:
    return chart.inline(now).count(chart._triangle(0, 0).split("h12")[1].split('"')[0])


def test_what_lies_below_the_chart_is_marked():
    below = [{"epoch": i, "explained_chroma": y} for i, y in ((1, -3e9), (2, -0.2), (3, 0.4))]
    now = view(history=below)
    assert triangles(view()) == 0 and "below the chart" not in chart.inline(view())
    assert triangles(now) == 3 and "below the chart" in chart.inline(now)  # two, and the key
    everything = [
        float(n) for n in numbers(" ".join(re.findall(r' d="([^"]+)"', chart.inline(now))))
    ]
    assert max(map(abs, everything)) < 50_000  # cut, not drawn out to where they lie


def test_names_that_would_overlap_move_apart():
    for heights in ([250.0, 249.0, 248.0], [262.0, 262.0, 262.0], [36.0, 36.0, 36.0], [200.0], []):
        placed = chart.spread(heights)
        assert all(a - b >= chart.LINE for a, b in zip(placed, placed[1:], strict=False))
        assert all(chart.TOP <= y <= chart.BOTTOM + chart.LINE for y in placed)
    assert chart.spread([250.0, 100.0]) == [250.0, 100.0]


# ---------------------------------------------------------------- readable for everybody


def luminance(colour: str) -> float:
    value = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    linear = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_contrast_is_measured_rightly():
    assert contrast("#ffffff", "#000000") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


def text_colours(svg: ET.Element) -> set[str]:
    """The fill of every text, inherited or its own; fails where a text is made fainter."""
    found = set()

    def walk(element, fill):
        fill = element.get("fill", fill)
        if element.tag.endswith("text"):
            assert not {"opacity", "fill-opacity", "style", "class"} & set(element.attrib)
            found.add(fill)
        for child in element:
            walk(child, fill)

    walk(svg, "black")
    return found


def test_every_text_can_be_read_in_light_and_dark_themes():
    now = view(**CASES["far below"])
    (live,) = drawings(page.as_html(now))
    assert text_colours(live) == {"currentColor"} and live.get("color") == "currentColor"
    (kept,) = drawings(page.as_html(now, kept=True))
    (ink,), paper = text_colours(kept), kept[0].get("fill")
    assert paper == "#FFFFFF" and contrast(ink, paper) >= 4.5
    for form in (False, True):  # outside the chart, text has the theme's own colour and ground
        for _, attributes in Elements(page.as_html(now, form)).found:
            style = attributes.get("style", "").replace("accent-color", "")
            assert not re.search(r"color|background|opacity|font-size", style)


def test_lines_can_be_seen_and_told_apart_without_colour():
    for colour in (chart.BLUE, chart.ORANGE):
        for ground in ("#ffffff", "#111111", "#212121"):  # JupyterLab's, light and dark
            assert contrast(colour, ground) >= 3
    (svg,) = drawings(page.as_html(view()))
    lines = [e for e in svg.iter() if e.tag.endswith("path") and "stroke-dasharray" in e.attrib]
    dashes = {e.get("stroke-dasharray") for e in lines}
    assert len(dashes) == 4  # training and the three baselines; validation is solid, with dots
    labels = [e.text for e in svg.iter() if e.tag.endswith("text")]
    for label in ("validation 17.9 %", "training 21.0 %", "mean tint 4.1 %", "optimum 78.2 %"):
        assert label in labels
    assert len([e for e in svg.iter() if e.tag.endswith("circle")]) == 5  # one in the key
    one_less = replace(view(), levels={"grey copy": 0.0})
    assert "grey copy 0.0 %" in [e.text for e in drawings(page.as_html(one_less))[0].iter()]


def test_training_is_measured_against_the_grey_copy_of_the_crops():
    from colourlib.teaching.board.view import training_now

    now = view()
    once, twice = (training_now(replace(now, training_grey_loss=g)) for g in (None, 0.5))
    assert once[1] == pytest.approx(1 - now.losses[-1][1] / now.grey_loss)
    assert twice[1] == pytest.approx(1 - now.losses[-1][1] / 0.5)
