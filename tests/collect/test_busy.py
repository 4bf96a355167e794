"""A busy machine costs time, never the result: what is collected depends on the links alone."""

import math
import re
import threading
from dataclasses import replace

import pytest

from colourlib import practice
from colourlib.collect import connection, fetch
from colourlib.course import sources
from colourlib.practice import faults, search
from colourlib.practice.search import Response, practice_web, results_page

HASTY = connection.Patience(timeout=1, picture=0.05, query=9, tries=2, pause=0.01)
CALM = connection.Patience(timeout=1, picture=math.inf, query=math.inf, tries=2, pause=0.01)


def scene(number: int, query: str = "moon") -> str:
    return practice.url_of(query, number, 64, 64)


@pytest.fixture
def collected(tmp_path, monkeypatch):
    """(links of each query, what each link answers, patience) -> the rows of the manifest."""

    def collected(links, answer, patience):
        def web(url: str) -> Response:
            if (found := search.asked(url)) is None:
                return answer(url)
            first, query = found
            return results_page(links[query][first:])

        monkeypatch.setattr(fetch, "LOCAL", patience)
        monkeypatch.setattr(faults, "faulty_web", lambda: web)
        return sources.collect(tmp_path, "practice", list(links), per_query=9)

    return collected


def test_a_busy_machine_turns_nothing_away_and_a_slow_server_is_turned_away(collected):
    def busy(url):
        threading.Event().wait(0.3)  # this machine has other work, for longer than HASTY waits
        return replace(practice_web(url), **slow.get(url, {}))

    links = [scene(number) for number in range(5)]
    slow = {links[1]: {"wait": math.inf}, links[2]: {"drip": 0.3}, links[3]: {"wait": 0.04}}
    rows = collected({"moon": links}, busy, HASTY)
    assert [row.url for row in rows] == links
    late = "not fetched: not complete after 0.05 s"
    assert [row.rejected for row in rows] == ["", late, late, "", ""]


@pytest.mark.parametrize(
    ("answer", "patience", "reason"),
    [
        ({"wait": 0.9}, CALM, ""),
        ({"drip": 0.9}, CALM, ""),  # hours
        ({"wait": 1.1}, CALM, "timed out, asked 2 times"),
        ({"drip": 1.1}, CALM, "timed out, asked 2 times"),
        ({"wait": math.inf}, CALM, "timed out, asked 2 times"),
        ({"wait": math.inf}, replace(CALM, picture=3), "timed out, asked 2 times"),
        ({"wait": math.inf}, replace(CALM, picture=1), "timed out"),
        ({"drip": 0.9}, replace(CALM, picture=3), "not complete after 3 s"),
    ],
)
def test_how_slow_a_server_is_is_told_and_costs_no_time(collected, answer, patience, reason):
    links = [scene(1), scene(2)]
    bad = replace(practice_web(links[0]), **answer)
    rows = collected({"moon": links}, lambda url: practice_web(url) if url != links[0] else bad,
                     patience)  # fmt: skip
    assert [row.rejected for row in rows] == [reason and f"not fetched: {reason}", ""]


def test_a_query_has_its_time_as_told_and_the_next_one_its_own(collected, capsys):
    links = {query: [scene(number, query) for number in range(3)] for query in ("sun", "moon")}
    slow = replace(CALM, timeout=9, picture=99, query=10)
    rows = collected(links, lambda url: replace(practice_web(url), wait=6), slow)
    for query in links:
        reasons = [row.rejected for row in rows if row.query == query]
        assert reasons == ["", "not fetched: not complete after 99 s"]
    assert re.search("sun, moon: not finished after 10 s", capsys.readouterr().out)


def test_of_two_equal_pictures_the_one_of_the_earlier_query_is_kept_however_late_it_is(collected):
    def answer(url):
        if url == first:  # it comes last, if that can be
            second_is_there.wait(2)
        elif url == last:
            second_is_there.set()
        return practice_web(first if url == second else url)

    second_is_there = threading.Event()
    first, (second, last) = scene(1, "sun"), (scene(2, "moon"), scene(3, "moon"))
    links = {"sun": [first], "moon": [second, last]}
    rows = collected(links, answer, replace(CALM, timeout=20))
    assert [(row.url, row.rejected) for row in rows] == [
        (first, ""), (second, f"same bytes as {first}"), (last, "")
    ]  # fmt: skip


def test_a_web_elsewhere_is_not_believed_what_it_tells(tmp_path, monkeypatch):
    """Only the stand-in's word counts: a hostile server could else make every link fail."""

    def web(url):
        told = dict.fromkeys(connection.TOLD, "inf")
        return (
            results_page([scene(1)])
            if search.asked(url)
            else replace(practice_web(url), headers=told)
        )

    monkeypatch.setattr(fetch, "WEB", CALM)
    with search.serve(web):
        (row,) = sources.collect(tmp_path, "bing", ["moon"], per_query=1)
    assert row.rejected == ""
