"""A CourseError in a notebook: the lines of its cells and the sentence, no frames of ours."""

import linecache

from IPython.core.interactiveshell import InteractiveShell

CELLS = (
    """from colourlib import CourseError, show
def draw(n):
    return show.grid([n], title="t", alt="a")""",
    "x = 1\ndraw([[]])",
)


def test_a_notebook_shows_its_own_lines_and_the_sentence(capsys):
    shell = InteractiveShell()
    shell.user_ns["__name__"] = "__main__"
    results = [shell.run_cell(cell) for cell in CELLS]
    told = capsys.readouterr().out.strip().splitlines()
    assert results[0].success and type(results[1].error_in_exec).__name__ == "CourseError"
    assert told[0] == "line 2: draw([[]])"
    assert told[1] == 'line 3 of draw: return show.grid([n], title="t", alt="a")'
    assert told[2].startswith("CourseError: Picture 1 of this grid is empty: 1 × 0 pixels.")
    assert len(told) == 3


def test_outside_of_cells_it_is_the_sentence_alone():
    from colourlib import CourseError

    linecache.clearcache()
    try:
        raise CourseError("Mistyped.")
    except CourseError as error:
        assert error._render_traceback_() == ["CourseError: Mistyped."]
