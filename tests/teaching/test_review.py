"""Review by hand without a browser: what the grid shows, saves and undoes; the limits' slider."""

import base64
import functools
import io
import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest
from PIL import Image

from colourlib import CourseError, clean, practice
from colourlib.clean import by_hand
from colourlib.common import queries
from colourlib.course import sources
from colourlib.teaching import review
from colourlib.teaching.review import PAGE, Desk, slider
from colourlib.teaching.review.slider import places, sentence, threshold


@functools.cache
def picture(seed: int, size=(120, 90), grey=False) -> bytes:
    """A practice scene, of another kind for each seed up to 38, as a JPEG."""
    scene = Image.fromarray(practice.scene(queries.QUERIES[seed % 38], seed, 180, 120).rgb())
    scene = scene.resize(size)
    buffer = io.BytesIO()
    (scene.convert("L") if grey else scene).save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


@pytest.fixture
def judged(tmp_path):
    """judged() -> (root, verdicts): 30 good pictures, 2 grey, 1 small, 1 broken, 1 web page."""
    files = {f"sea/{i:02}.jpg": picture(i, (120 + i, 90)) for i in range(30)}
    files |= {f"fog/grey{i}.jpg": picture(30 + i, grey=True) for i in range(2)}
    files["fog/small.jpg"] = picture(33, (90, 60))
    files["moon/broken.jpg"] = picture(34)[:-300]
    files["moon/page.jpg"] = b"<html>"
    for name, content in files.items():
        path = tmp_path / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    rows = sources.collect(tmp_path / "ws", str(tmp_path / "in"))
    rows.sort(key=lambda row: (row.query != "sea", row.query, row.file))
    root = tmp_path / "ws"

    def judge(**more):
        return root, clean.judge(root, rows, **more)

    return judge


@pytest.fixture
def desk(judged) -> Desk:
    return Desk(*judged())


def named(desk: Desk, file: str) -> int:
    return next(i for i, v in enumerate(desk.verdicts) if v.photo.file.endswith(file))


def test_pages_and_reasons(desk):
    answer = desk.answer({"do": "show", "asked": 7})
    assert answer["asked"] == 7 and (answer["page"], answer["pages"]) == (0, 2)
    assert [reason for reason, _ in answer["reasons"][:2]] == ["all", "passed"]
    assert dict(answer["reasons"]) == {
        "all": "all (35)", "passed": "passed (30)", "grey": "grey (2)",
        "too small": "too small (1)",
        "at collection": "at collection (1)", "unreadable": "unreadable (1)",
        "by hand": "by hand (0)",
    }  # fmt: skip
    assert answer["counts"] == "30 kept, 5 rejected, 0 of them by hand"
    assert len(answer["cards"]) == PAGE
    last = desk.answer({"do": "turn", "page": 99})
    assert last["page"] == 1 and len(last["cards"]) == 35 - PAGE
    assert desk.answer({"do": "turn", "page": -3})["page"] == 0
    grey = desk.answer({"do": "open", "reason": "grey"})
    assert [card["state"] for card in grey["cards"]] == ["✗ rejected"] * 2
    assert all(re.match(r"grey: .*\d", card["reason"]) for card in grey["cards"])
    (small,) = desk.answer({"do": "open", "reason": "too small"})["cards"]
    assert "60 pixels" in small["reason"] and not small["keep"]
    passed = desk.answer({"do": "open", "reason": "passed"})["cards"]
    assert {card["state"] for card in passed} == {"✓ kept"}
    assert desk.answer({"do": "open", "reason": "by hand"})["cards"] == []


def test_the_pictures_sent_are_small_upright_and_without_metadata(desk):
    pictures = desk.answer({"do": "open", "reason": "too small"})["pictures"]
    (address,) = pictures.values()
    kind, content = address.split(",")
    image = Image.open(io.BytesIO(base64.b64decode(content)))
    assert kind == "data:image/jpeg;base64"
    assert image.size == (90, 60) and not image.getexif()
    assert set(pictures) == {str(desk.answer({"do": "show"})["cards"][0]["number"])}


def test_only_the_page_that_is_shown_is_opened(judged, monkeypatch):
    root, verdicts = judged()
    one = next(v for v in verdicts if v.keep)
    shas = [f"{i:064x}" for i in range(20_000)]
    many = [replace(one, photo=replace(one.photo, sha256=sha)) for sha in shas]
    slider.thumbnail.cache_clear()
    opened = Mock(side_effect=slider.open_picture)
    monkeypatch.setattr(slider, "open_picture", opened)
    desk = Desk(root, many)
    assert opened.call_count == 0
    assert len(desk.answer({"do": "show"})["pictures"]) == opened.call_count == PAGE
    assert desk.answer({"do": "keep", "number": 3})["pictures"] == {}
    for page in (1, 0):
        desk.answer({"do": "turn", "page": page})
        assert opened.call_count == 2 * PAGE


def test_what_cannot_be_opened_is_a_card_without_a_picture(desk, judged):
    for reason in ("unreadable", "at collection"):
        answer = desk.answer({"do": "open", "reason": reason})
        (card,) = answer["cards"]
        assert answer["pictures"] == {} and card["fixed"] and not card["keep"]
        said = desk.answer({"do": "keep", "number": card["number"]})["said"]
        assert "cannot be opened, so it stays out" in said
    assert by_hand.decisions(desk.root) == {}
    root, verdicts = judged()
    verdicts[0].photo.path(root).unlink()
    slider.thumbnail.cache_clear()
    assert Desk(root, verdicts).answer({"do": "show"})["pictures"]["0"] == ""


def test_a_decision_is_saved_at_once_and_judge_goes_by_it(desk, judged):
    good, grey = named(desk, "03.jpg"), named(desk, "grey0.jpg")
    answer = desk.answer({"do": "reject", "number": good})
    assert (answer["said"], answer["at"]) == (f"sea {good + 1}: rejected by hand. Saved.", good)
    assert by_hand.decisions(desk.root) == {desk.verdicts[good].photo.sha256[:16]: False}
    answer = desk.answer({"do": "keep", "number": grey})
    assert answer["counts"] == "30 kept, 5 rejected, 2 of them by hand"
    assert dict(answer["reasons"])["by hand"] == "by hand (2)"
    card = answer["cards"][good]
    assert (card["state"], card["reason"]) == ("✗ rejected by hand", "passed every rule")
    text = (desk.root / "decisions.txt").read_text(encoding="utf-8")
    assert "  # sea, by eye\n" in text and "  # fog, although grey\n" in text

    root, verdicts = judged()
    assert [v.keep for v in verdicts] == [Desk(root, verdicts).card(i, desk.by_hand())["keep"]
                                          for i in range(len(verdicts))]  # fmt: skip
    again = Desk(root, verdicts)
    assert again.answer({"do": "show"})["counts"] == answer["counts"]
    shown = again.answer({"do": "open", "reason": "by hand"})["cards"]
    assert sorted(card["state"] for card in shown) == ["✓ kept by hand", "✗ rejected by hand"]
    (kept,) = [card for card in shown if card["keep"]]
    assert kept["reason"].startswith("grey:")
    back = again.answer({"do": "take back", "number": kept["number"]})["cards"]
    assert [card["state"] for card in back if card["number"] == kept["number"]] == ["✗ rejected"]


def test_what_the_rules_said_is_known_under_a_decision(judged):
    root, verdicts = judged()
    grey = next(v for v in verdicts if v.rule == "grey")
    for keep, words in ((True, "kept, against"), (False, "rejected, like")):
        reason = f"by hand: {words} the rule: {grey.reason}"
        by_hand = replace(grey, keep=keep, rule="by hand", reason=reason)
        assert Desk(root, [by_hand]).card(0, {})["reason"] == grey.reason
    passed = replace(verdicts[0], keep=False, rule="by hand", reason="by hand: rejected")
    assert Desk(root, [passed]).card(0, {})["state"] == "✓ kept"


def test_undo_and_redo_any_number_of_steps(desk):
    root, sha = desk.root, [v.photo.sha256 for v in desk.verdicts]
    by_hand.decide(root, sha[2], keep=True, note="Bo likes it")
    states = []
    for number, what in [(1, "reject"), (2, "reject"), (1, "keep"), (2, "take back"), (30, "keep")]:
        states.append((root / "decisions.txt").read_text())
        desk.answer({"do": what, "number": number})
    last = desk.by_hand()
    assert "nothing to change" in desk.answer({"do": "keep", "number": 1})["said"]
    for left in range(5):
        answer = desk.answer({"do": "undo"})
        assert (answer["undo"], answer["redo"]) == (4 - left, left + 1)
        found = re.findall(r"^(keep|reject) (\w+)", states.pop(), re.MULTILINE)
        then = {start: word == "keep" for word, start in found}
        assert desk.by_hand() == by_hand.match(then, sha)
    assert "nothing to undo" in desk.answer({"do": "undo"})["said"]
    assert "Bo likes it" in (root / "decisions.txt").read_text()
    for _ in range(5):
        answer = desk.answer({"do": "redo"})
    assert desk.by_hand() == last and answer["redo"] == 0
    assert "nothing to redo" in desk.answer({"do": "redo"})["said"]
    desk.answer({"do": "undo"})
    desk.answer({"do": "reject", "number": 5})
    assert desk.answer({"do": "redo"})["redo"] == 0


def test_undo_turns_to_the_page_of_the_picture(desk):
    desk.answer({"do": "reject", "number": 2})
    desk.answer({"do": "turn", "page": 1})
    answer = desk.answer({"do": "undo"})
    assert (answer["page"], answer["at"]) == (0, 2) and len(answer["pictures"]) == PAGE
    desk.answer({"do": "open", "reason": "grey"})
    answer = desk.answer({"do": "redo"})
    assert (answer["reason"], answer["at"]) == ("grey", None)
    assert "not shown under 'grey'" in answer["said"]


def test_two_grids_and_a_text_editor_do_not_lose_each_others_decisions(judged):
    root, verdicts = judged()
    one, other = Desk(root, verdicts), Desk(root, verdicts)
    sha = [v.photo.sha256 for v in verdicts]
    one.answer({"do": "reject", "number": 0})
    other.answer({"do": "reject", "number": 1})
    with open(root / "decisions.txt", "a", encoding="utf-8") as file:
        file.write(f"keep {sha[2][:10]}  # by editor\nlimit grey 3\n")
    one.answer({"do": "reject", "number": 3})
    wanted = {sha[0]: False, sha[1]: False, sha[2]: True, sha[3]: False}
    assert one.by_hand() == other.by_hand() == wanted
    assert by_hand.limits(root) == {"grey": 3}
    assert other.answer({"do": "show"})["cards"][0]["state"] == "✗ rejected by hand"
    other.answer({"do": "undo"})  # the history belongs to the workspace
    assert one.by_hand() == {s: keep for s, keep in wanted.items() if s != sha[3]}


def test_a_line_that_cannot_be_read_is_told_and_kept(judged):
    root, verdicts = judged()
    desk = Desk(root, verdicts)
    (root / "decisions.txt").write_text("rejct 0123456789ab\n")
    answer = desk.answer({"do": "reject", "number": 0})
    assert "Line 1 of decisions.txt is not a decision" in answer["said"]
    assert len(answer["cards"]) == PAGE
    assert (root / "decisions.txt").read_text() == "rejct 0123456789ab\n"
    with pytest.raises(CourseError, match="Line 1"):
        review.review(root, verdicts).desk.open("by hand")


def test_a_disk_that_is_full_is_told(desk, monkeypatch):
    full = Mock(side_effect=OSError(28, "No space left on device"))
    monkeypatch.setattr(by_hand, "replace_text", full)
    answer = desk.answer({"do": "reject", "number": 0})
    assert answer["said"] == "Not saved: No space left on device."
    assert answer["undo"] == 0 and answer["cards"][0]["state"] == "✓ kept"


def test_the_widget_answers_and_has_words_where_it_cannot_be_shown(judged, monkeypatch):
    for name in ("grid.js", "grid.css"):
        assert Path(review.__file__).with_name(name).stat().st_size > 1000
    root, verdicts = judged()
    grid = review.review(root, verdicts)
    assert repr(grid) == "Review by hand: 30 kept, 5 rejected, 0 of them by hand"
    assert grid._repr_mimebundle_()[0]["text/plain"] == repr(grid)
    sent = []
    monkeypatch.setattr(grid, "send", sent.append)
    grid._handle_custom_msg({"do": "reject", "number": 0, "asked": 3}, [])
    assert sent[0]["asked"] == 3 and "29 kept" in sent[0]["counts"]
    state = str(grid.get_state())
    assert "base64" not in state and verdicts[0].photo.sha256 not in state  # none in the notebook


def test_wrong_verdicts_and_rules_are_explained(judged):
    root, verdicts = judged()
    with pytest.raises(CourseError, match="clean.judge has returned, not Photo"):
        review.review(root, [v.photo for v in verdicts])
    with pytest.raises(CourseError, match="ws.photos.., not Verdict"):
        clean.judge(root, verdicts)
    for given, rule, message in (
        (verdicts, "gray", "'gray'. Did you mean 'grey'.*too small"),
        (verdicts, "unreadable", "'unreadable'. Choose from"),
        ([], "grey", "No picture was measured"),
    ):
        with pytest.raises(CourseError, match=message):
            threshold(root, given, rule)


@pytest.mark.parametrize(
    ("values", "limits", "below", "low", "high"),
    [
        (list(range(40, 1040)), (64.0, 64.0), True, 40, 540),  # whole pixels
        (np.linspace(0, 60, 500).tolist(), (2.0, 2.0), True, 0, 30),
        (np.linspace(1, 8, 500).tolist(), (3.0, 2.5), False, 1.25, 8),
        (np.geomspace(0.01, 100, 500).tolist(), (0.5, 0.5), True, 0.01, 1),
        ([5.0], (2.0, 2.0), True, 2, 5),
    ],
)
def test_the_slider_reaches_from_nothing_rejected_to_half(values, limits, below, low, high):
    offered = places(values, limits, below)
    assert offered == sorted(set(offered)) and set(limits) <= set(offered)
    assert offered[0] == pytest.approx(low, rel=0.01)
    assert offered[-1] == pytest.approx(high, rel=0.02)
    if values[0] == 40:
        assert all(place.is_integer() for place in offered)
    if values[0] == 0.01:  # a wide range is walked in equal ratios
        assert len(offered) > 60 and max(b / a for a, b in pairwise(offered)) < 1.25


def test_the_sentence_counts_what_changes_sides(judged):
    _, verdicts = judged()
    measured = [verdict for verdict in verdicts if "too small" in verdict.measures]
    there = "at 64 (the limit in force)"
    for limit, words in {
        64: ", the limit in force: 1 picture rejected by this rule: fog 1.",
        91: f": 33 pictures rejected by this rule, 32 more than {there}: sea 30, fog 2.",
        20: f": 0 pictures rejected by this rule, 1 fewer than {there}: fog 1.",
    }.items():
        assert sentence("too small", measured, limit, 64) == f"At {limit}{words}"
    assert "as many as at 64 (the limit in force)." in sentence("too small", measured, 65, 64)
    assert sentence("extreme shape", measured, 1.32, 3).startswith("At 1.32: ")


def test_the_slider_moves_shows_saves_and_goes_back(judged):
    root, verdicts = judged()
    panel = threshold(root, verdicts, "too small")
    assert panel.slider.value == 64 and "the limit in force: 1 picture" in panel.words.value
    assert "as many" not in repr(panel) and repr(panel).startswith("Limit of 'too small'. At 64")
    assert panel.histogram.value.startswith('<img alt="Histogram of too small. 1 of 33')
    rejected, kept = panel.pictures.value.split("Not rejected by this rule")
    assert rejected.count("<img") == 1 and kept.count("<img") == slider.NEAREST
    further = next(place for place in (p for _, p in panel.slider.options) if place > 90)
    panel.slider.value = further
    assert "32 more than at 64" in panel.words.value
    assert panel.pictures.value.split("Not rejected by this rule")[0].count("<img") == 6
    assert by_hand.limits(root) == {}

    panel.use.click()
    assert by_hand.limits(root) == {"too small": further}
    assert "clean.judge again" in panel.said.value and "limit in force: 33" in panel.words.value
    assert sum(v.rule == "too small" for v in judged()[1]) == 33
    assert threshold(root, verdicts, "too small").slider.value == further
    panel.back.click()
    assert by_hand.limits(root) == {} and panel.slider.value == 64
    assert sum(v.rule == "too small" for v in judged()[1]) == 1
    panel.back.click()
    assert "64 is the limit in force" in panel.said.value
    (root / "decisions.txt").write_text("limit grey\n")
    panel.use.click()
    assert "Not saved: Line 1 of decisions.txt" in panel.said.value


def test_words_from_the_web_are_text(judged):
    root, verdicts = judged()
    evil = "<script>alert(1)</script>"
    verdicts = [replace(v, photo=replace(v.photo, query=evil)) for v in verdicts]
    panel = threshold(root, verdicts, "grey")
    shown = panel.words.value + panel.pictures.value + panel.histogram.value
    assert "<script" not in shown and "&lt;script&gt;" in shown
