"""What one sees while a network trains: a board in a notebook, plain lines in a terminal.

    board = choose()
    board.tick(look)    # after every step; look() -> View is asked for only when a drawing is due
    board.close(look)   # the last drawing, which stays

Drawing is for the student who watches; training must not pay for it. So a drawing is due at most
once a second, and only while all drawings together have taken less than 3 % of the time. `page`
makes what is shown.
"""

import contextlib
import math
import sys
import time
from collections.abc import Callable

from ...common.files import printable
from ...runs.view import Silent, View
from . import page

PAUSE = 1.0  # seconds between two drawings, at least
SHARE = 0.03  # of the time since the board was made; asking for the view counts as drawing
SILENCE = 5.0  # seconds between two lines in a terminal, unless there is a new validation


def choose(quiet: bool = False) -> "Board | Silent":
    """The board for a notebook (Jupyter, Colab, VS Code), for a terminal, or one that is silent."""
    if quiet:
        return Silent()
    ipython = sys.modules.get("IPython")  # a kernel has imported it long since
    shell = ipython.get_ipython() if ipython else None
    in_kernel = any(
        kind.__name__ == "ZMQInteractiveShell" or kind.__module__ == "google.colab._shell"
        for kind in type(shell).__mro__
    )
    if not in_kernel:
        return LinesBoard()
    page.warm_up()  # before the time counts: else it would be long until the next drawing
    return NotebookBoard()


class Board:
    """Draws what `look` shows, when it is due. clock: seconds that never go back.

    A drawing that fails ends the drawing, not the training: it is said once, in a line.
    """

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._start = clock()
        self._next = self._start + PAUSE
        self._spent = 0.0  # seconds, in look() and in drawing
        self._failed = False

    def tick(self, look: Callable[[], View]) -> None:
        """Called after every step; draws if it is due, and costs next to nothing otherwise."""
        if self._clock() >= self._next:
            self._attempt(look, last=False)

    def close(self, look: Callable[[], View]) -> None:
        """The last drawing, whatever the time. After it, `tick` does nothing."""
        self._attempt(look, last=True)
        self._next = math.inf

    def _attempt(self, look: Callable[[], View], last: bool) -> None:
        begin = self._clock()
        try:
            self._draw(look(), last)
        except Exception as error:  # whatever it is, hours of training weigh more than a picture
            if not self._failed:
                why = printable(f"{type(error).__name__}: {error}")
                with contextlib.suppress(Exception):  # the terminal itself may be gone
                    _say(f"The board has stopped drawing ({why}). The training is not affected.")
            self._failed = True
        finally:
            end = self._clock()
            cost = end - begin
            self._spent += cost
            # The next drawing is taken to cost as much as this one; with it, the share still holds.
            affordable = self._start + (self._spent + cost) / SHARE - cost
            self._next = math.inf if self._failed else max(end + PAUSE, affordable)

    def _draw(self, view: View, last: bool) -> None:
        raise NotImplementedError


class NotebookBoard(Board):
    """One output of a notebook's cell, drawn anew in its place."""

    _handle = None

    def _draw(self, view: View, last: bool) -> None:
        moment = page.Moment(view)
        shown = {"text/html": page.as_html(moment), "text/plain": moment.text()}
        if self._handle is None:
            from IPython.display import display  # it is there, because a kernel runs us

            self._handle = display(shown, raw=True, display_id=True)
        else:
            self._handle.update(shown, raw=True)


class LinesBoard(Board):
    """Lines of plain text: one after each validation that it sees, and one every five seconds."""

    _rows = 0  # of the history, when the last line was written
    _line = -math.inf  # when it was

    def _draw(self, view: View, last: bool) -> None:
        now = self._clock()
        if last:
            _say(page.Moment(view).text())
        elif len(view.history) > self._rows or now >= self._line + SILENCE:
            _say(page.Moment(view).line())
            self._rows, self._line = len(view.history), now


def _say(text: str) -> None:
    """Print now; a character that this terminal or log file does not know becomes a '?'."""
    code = getattr(sys.stdout, "encoding", None) or "utf-8"
    print(text.encode(code, "replace").decode(code), flush=True)
