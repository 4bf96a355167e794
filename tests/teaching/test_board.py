"""The live board: when it draws, what it says, and that nobody is shut out from reading it."""

import base64
import builtins
import io
import math
import re
import sys
import xml.etree.ElementTree as ET
from types import SimpleNamespace
from unittest.mock import Mock

import IPython
import matplotlib.figure
import numpy as np
import pytest
from PIL import Image

from colourlib.common.words import duration, percent
from colourlib.runs.view import Sample, Silent, View
from colourlib.teaching import curves
from colourlib.teaching.board import Board, LinesBoard, NotebookBoard, choose, page
from colourlib.teaching.board.page import Moment

HOSTILE = '<script>alert("x")</script>\'&\0\n\ud800'


def sample(query="beaches", side=64) -> Sample:
    noise = np.random.default_rng(0).integers(0, 256, (side, side, 3), np.uint8)
    return Sample(query, np.repeat(noise[..., :1], 3, axis=-1), noise // 2, noise)


def rows(*shares):
    return [{"epoch": i, "explained_chroma": share} for i, share in enumerate(shares, start=1)]


def view(**changes) -> View:
    """A run of ten epochs after four of them."""
    common = {
        "name": "003-ColourNet", "state": "training", "sentence": "It trains on the CPU.",
        "progress": 0.42, "seconds": 75.0, "left": 103.2, "rate": 381.4,
        "losses": [(i / 10, 0.02 - 0.0001 * i) for i in range(1, 43)],
        "history": rows(0.102, 0.153, 0.187, 0.179),
        "levels": {"optimum": 0.782, "grey copy": 0.0, "mean tint": 0.041},
        "grey_loss": 0.02,
        "samples": [sample("beaches"), sample("cats"), sample("old cars")],
    }  # fmt: skip
    return View(**common | changes)


def moment(**changes) -> Moment:
    return Moment(view(**changes))


class Clock:
    """A clock that goes only where it is told to."""

    now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


class Notes(Board):
    """A board that notes when it draws, and takes `cost` seconds for it."""

    def __init__(self, clock):
        super().__init__(clock)
        self.clock, self.cost, self.drawn = clock, 0.0, []

    def _draw(self, view, last):
        self.drawn.append(self.clock.now)
        self.clock.now += self.cost


@pytest.fixture
def notes(clock) -> Notes:
    return Notes(clock)


def train(board, clock, seconds, step=0.01, look=view):
    """Steps of training, with a tick after each."""
    end = clock.now + seconds
    while clock.now < end:
        clock.now += step
        board.tick(look)


def looked():
    pytest.fail("looked")


@pytest.mark.parametrize("cost", [0.0, 0.001, 0.02, 0.5, 4.0])
def test_drawing_takes_at_most_3_percent_and_happens_at_most_once_a_second(notes, clock, cost):
    notes.cost, start = cost, clock.now
    train(notes, clock, 1000, look=lambda: None)
    assert np.diff([start, *notes.drawn]).min() >= 1.0
    ends = np.array(notes.drawn) + cost - start
    shares = cost * np.arange(1, len(ends) + 1) / ends
    assert (shares[1:] <= 0.03).all()
    assert notes.drawn[0] - start < 1.1  # the first comes soon, whatever it costs
    # ... and the rules forbid no more than they say:
    possible = 1000 / max(1.0 + cost, cost / 0.03)
    assert 0.95 * possible - 2 <= len(notes.drawn) <= possible + 1


def test_the_time_for_looking_counts_as_well(notes, clock):
    start = clock.now

    def look():
        clock.now += 0.5

    train(notes, clock, 1000, look=look)
    assert len(notes.drawn) * 0.5 <= 0.03 * (clock.now - start)


def test_a_tick_before_its_time_does_nothing_and_closing_draws_always_and_ends_it(notes, clock):
    clock.now += 0.99
    notes.tick(looked)
    assert notes.drawn == []
    notes.close(view)
    assert len(notes.drawn) == 1
    train(notes, clock, 100)
    assert len(notes.drawn) == 1


def test_a_failure_is_said_once_and_hurts_nothing(notes, clock, capsys):
    look = Mock(side_effect=ValueError("no\nphoto"))
    train(notes, clock, 100, look=look)
    notes.close(look)
    said = capsys.readouterr().out
    assert said.count("\n") == 1 and "(ValueError: no photo)" in said
    assert look.call_count == 2  # at the first drawing and, for the last one, at the end
    notes.close(view)  # what could not be seen once may be seen at the end
    assert len(notes.drawn) == 1


def test_stop_goes_through(notes, clock):
    clock.now += 5
    with pytest.raises(KeyboardInterrupt):
        notes.tick(Mock(side_effect=KeyboardInterrupt))
    notes.close(view)
    assert len(notes.drawn) == 1


@pytest.fixture
def displayed(monkeypatch):
    """What is shown in a notebook: the bundles of display() and of its handle's update()."""
    shown = []

    def display(bundle, raw, display_id):
        assert raw is display_id is True
        shown.append(("display", bundle))
        return SimpleNamespace(update=lambda bundle, raw: shown.append(("update", bundle)))

    monkeypatch.setattr("IPython.display.display", display)
    return shown


def test_the_notebook_has_one_output_that_is_drawn_anew(displayed, clock, capsys):
    board = NotebookBoard(clock)
    train(board, clock, 3.5)
    board.close(lambda: view(state="finished"))
    assert [how for how, _ in displayed] == ["display", "update", "update", "update"]
    (_, first), *_, (_, last) = displayed
    assert set(first) == set(last) == {"text/html", "text/plain"}
    # A picture, because GitHub drops drawings that stand in the page.
    assert "<svg" not in last["text/html"] and "data:image/png" in last["text/html"]
    assert first["text/plain"] == moment().text()
    assert capsys.readouterr().out == ""
    displayed.clear()
    NotebookBoard(clock).close(view)
    assert [how for how, _ in displayed] == ["display"], "a run shorter than a second, too"


def test_lines_come_every_five_seconds_and_after_a_validation(clock, capsys):
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


def test_a_terminal_may_lack_a_character_or_be_gone(monkeypatch, clock):
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="cp1252", newline="\n"))
    LinesBoard(Clock()).close(lambda: view(name="色", history=[]))
    assert raw.getvalue().startswith(b"?: training")
    monkeypatch.setattr(builtins, "print", Mock(side_effect=BrokenPipeError))
    train(LinesBoard(clock), clock, 20)  # goes on


def test_silence_is_silent(clock, capsys):
    train(Silent(), clock, 10, look=looked)
    Silent().close(looked)
    assert capsys.readouterr().out == ""


def shell(module, name, *bases):
    return type(name, bases, {"__module__": module})


ZMQ = shell("ipykernel.zmqshell", "ZMQInteractiveShell")


@pytest.mark.parametrize(
    ("kind", "board"),
    [
        (ZMQ, NotebookBoard),
        (shell("google.colab._shell", "Shell", ZMQ), NotebookBoard),
        (shell("google.colab._shell", "Shell"), NotebookBoard),
        (shell("IPython.terminal.interactiveshell", "TerminalInteractiveShell"), LinesBoard),
        (type(None), LinesBoard),
    ],
)
def test_the_board_suits_the_place(monkeypatch, kind, board):
    monkeypatch.setattr(IPython, "get_ipython", lambda: kind())
    assert type(choose()) is board
    assert type(choose(quiet=True)) is Silent
    monkeypatch.delitem(sys.modules, "IPython")
    assert type(choose()) is LinesBoard


def html_of(**changes) -> ET.Element:
    """The page, which is XML as well: so every tag is closed in its turn."""
    return ET.fromstring(page.as_html(moment(**changes)))


def alts(root: ET.Element) -> list[str]:
    return [image.get("alt") for image in root.iter("img")]


def drawn(monkeypatch, **changes):
    """(axes, picture) of the chart, with what matplotlib drew."""
    figures, new = [], matplotlib.figure.Figure
    monkeypatch.setattr(page, "Figure", lambda **how: figures.append(new(**how)) or figures[0])
    picture = page.chart(moment(**changes))
    return figures[0].axes[0], picture


EMPTY = {"losses": [], "history": [], "levels": {}, "samples": []}
FAR_BELOW = {"history": rows(-3.0), "losses": [(1.0, 1e9)]}
CASES = {
    "in the middle": {},
    "nothing yet": EMPTY | {"progress": 0.0, "left": None, "rate": 0.0, "seconds": 0.0},
    "no numbers": {
        "progress": math.nan, "left": math.inf, "rate": math.nan,
        "losses": [(0.1, math.nan), (0.2, math.inf), (0.3, None), (0.4, 0.01), (0.5, math.nan)],
        "history": rows(math.nan, None, -math.inf),
        "levels": {"grey copy": math.nan, "mean tint": 0.04},
    },
    "no grey loss": {"grey_loss": 0.0},
    "far below": FAR_BELOW,
    "all at once": {"levels": {"grey copy": 0.0, "mean tint": 0.0, "optimum": 0.001}},
    "finished": {"state": "finished", "progress": 1.0},
    "long": {"losses": [(i / 1000, 0.01) for i in range(10_000)], "progress": 0.7},
    "hours": {"seconds": 40_000, "left": 7260},
}  # fmt: skip


@pytest.mark.parametrize("changes", CASES.values(), ids=CASES)
def test_page_and_chart_are_sound_and_say_what_the_text_says(monkeypatch, changes):
    ax, _ = drawn(monkeypatch, **changes)
    names = " ".join(name.get_text() for name in ax.texts)
    html, text = page.as_html(moment(**changes)), moment(**changes).text()
    written = " ".join(ET.fromstring(html).itertext())
    all_words = names + text + re.sub(r"base64,[^\"]*", "", html)
    assert not re.search(r"(nan|inf)(?![a-z])|NaN|None", all_words)
    assert all(line in written for line in text.splitlines()[1:4])
    number, share = r"-?\d+(?:\.\d+)?", r"-?\d+\.\d %"
    assert set(re.findall(number, text)) <= set(re.findall(number, written))
    assert set(re.findall(share, names)) <= set(re.findall(share, text))


def test_the_text_in_full():
    assert moment().text().splitlines() == [
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


def test_hostile_words_are_shown_and_not_obeyed():
    names = {"name": HOSTILE, "sentence": HOSTILE, "samples": [sample(HOSTILE)]}
    now = moment(**names, levels={HOSTILE: 0.1})
    root = html_of(**names, levels={HOSTILE: 0.1})
    assert not list(root.iter("script"))
    assert alts(root)[-1].startswith('<script>alert("x")</script>')
    assert '<script>alert("x")</script>' in "".join(root.itertext())
    (page.as_html(now) + now.line()).encode("utf-8")


def test_every_picture_has_its_words_and_one_reads_how_to_stop():
    assert page.STOP in page.as_html(moment())
    assert page.STOP not in page.as_html(moment(state="finished"))
    root = html_of()
    assert len(alts(root)) == len(set(alts(root))) == 10
    explained = " ".join(moment().explained())
    assert alts(root)[0] == f"Chart of explained chroma over epochs. {explained}"
    assert alts(root)[7:] == [
        "old cars: the photo without its colours",
        "old cars: as the network colours it now",
        "old cars: the photo as it was taken",
    ]
    assert [bar.get("value") for bar in root.iter("progress")] == ["42"]
    shortest = min(map(len, alts(html_of(samples=[sample("air")]))))
    assert shortest >= 20, "as tests/notebooks asks of committed outputs"


def test_the_photos_are_what_was_given():
    flat = Sample("x", *(np.full((64, 48, 3), c, np.uint8) for c in ((9, 9, 9), (90, 40, 20), 200)))
    sources = re.findall(r"image/jpeg;base64,([^\"]+)", page.as_html(moment(samples=[flat])))
    pictures = [Image.open(io.BytesIO(base64.b64decode(source))) for source in sources]
    assert [picture.size for picture in pictures] == [(48, 64)] * 3
    assert pictures[0].mode == "L"  # a grey one takes less
    for picture, colour in zip(pictures, ((9, 9, 9), (90, 40, 20), (200,) * 3), strict=True):
        got = np.asarray(picture.convert("RGB"))
        assert np.abs(got.astype(int) - colour).max() <= 3


def test_a_board_is_small():
    busy = {"losses": [(i / 1000, 0.01 + i % 7 / 1000) for i in range(10_000)]}
    busy["history"] = rows(*(i / 5000 for i in range(3000)))
    assert len(page.as_html(moment(**busy, samples=[]))) < 25_000
    # A smooth picture of 128 pixels, with some grain: about what a photo takes.
    ramp = np.linspace(0, 200, 128)[:, None, None] + np.linspace(0, 50, 128)[:, None]
    grain = np.random.default_rng(0).normal(0, 4, (128, 128, 3))
    photo = np.clip(ramp + grain, 0, 255).astype(np.uint8)
    photos = [Sample(q, photo[..., [0, 0, 0]], photo, photo) for q in ("a", "b", "c")]
    assert len(page.as_html(moment(samples=photos))) < 60_000


def test_the_training_curve_is_thinned_and_ends_where_it_ends():
    losses = [(i / 1000, 0.02 * (0.5 + (i % 2) / 10)) for i in range(1, 10_001)]
    training = moment(losses=losses).curves["training"]
    assert training.shape == (200, 2)
    assert training[-1] == pytest.approx([10.0, 0.5])
    assert np.allclose(training[:-1, 1], 0.45, atol=0.005)  # means, not picks
    few = moment(losses=losses[:3]).curves["training"]
    assert few == pytest.approx(np.array([(e, 1 - loss / 0.02) for e, loss in losses[:3]]))
    loss = view().losses[-1][1]  # measured against the grey copy of the crops
    for changes, grey in (({}, 0.02), ({"training_grey_loss": 0.5}, 0.5)):
        training = moment(**changes).curves["training"]
        assert training[-1, 1] == pytest.approx(1 - loss / grey)


@pytest.mark.parametrize(
    ("changes", "end"),
    [
        ({"end": 9.98}, 10),  # one sees what is still to come
        ({"end": 10.02}, 10),  # an estimate that wavers does not shake the chart
        ({}, 5),  # it is not known yet
        ({"end": 3.0}, 5),  # never less than is done
        ({"losses": [(0.003, 0.01)], "history": [], "end": 0.009}, 0.01),
        ({"end": 48_700}, 50_000),
        ({"end": 9.98, "state": "stopped"}, 4.2),
        (EMPTY | {"state": "failed"}, 1),
    ],
)
def test_the_axis_of_epochs_goes_to_where_the_run_will_end(monkeypatch, changes, end):
    ax, _ = drawn(monkeypatch, **changes)
    assert ax.get_xlim() == (0, pytest.approx(end))


def test_what_lies_below_the_chart_is_marked(monkeypatch):
    ax, _ = drawn(monkeypatch)
    assert ax.get_xlabel() == "epochs" and not [x for x in ax.lines if x.get_marker() == "v"]
    ax, _ = drawn(monkeypatch, history=rows(-3e9, -0.3, 0.4))
    (below,) = [line for line in ax.lines if line.get_marker() == "v"]
    low, high = ax.get_ylim()
    assert set(below.get_xdata()) == {1, 2} and set(below.get_ydata()) == {low}
    assert ax.get_xlabel() == "epochs (▼: below the chart)"
    assert low > -0.3 and high < 1, "cut, not drawn out to where they lie"


def test_names_that_would_overlap_move_apart_and_keep_their_order():
    heights = [0.3, 0.31, 0.3, 0.9, 0.29]
    moved = curves.apart_by(0.1, heights)
    assert sorted(range(5), key=moved.__getitem__) == [4, 0, 2, 1, 3]
    steps = np.diff(sorted(moved))
    assert (steps > 0.099).all() and moved[3] == 0.9, "no further than needed"
    assert curves.apart_by(0.1, []) == []


def test_every_text_can_be_read_in_light_and_dark_themes(monkeypatch):
    ax, picture = drawn(monkeypatch, **FAR_BELOW)
    assert picture.convert("RGB").getpixel((1, 1)) >= (254,) * 3, "the chart brings its own paper"
    for text in [*ax.texts, ax.title, ax.xaxis.label, *ax.get_xticklabels()]:
        assert text.get_alpha() is None and text.get_fontsize() >= 10
    for element in html_of(**FAR_BELOW).iter():  # the rest has the theme's colours
        assert not re.search(r"color|background|opacity|font-size", element.get("style", ""))


def test_lines_can_be_told_apart_without_colour(monkeypatch):
    ax, picture = drawn(monkeypatch)
    assert picture.size == (640, 320)
    names = [text.get_text() for text in ax.texts]
    assert names == [
        "validation 17.9 %", "training 21.0 %", "grey copy 0.0 %", "mean tint 4.1 %",
        "optimum 78.2 %",
    ]  # fmt: skip
    looks = [(line._dash_pattern, line.get_marker()) for line in ax.lines]
    assert len(looks) == len(set(map(str, looks))) == 5
    ax, _ = drawn(monkeypatch, levels={"grey copy": 0.0, "the mean tint of 12 photos": 0.1})
    assert [text.get_text() for text in ax.texts[2:]] == ["grey copy 0.0 %", "the mean ti… 10.0 %"]
