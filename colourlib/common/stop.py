"""Stop without loss: the first press lets the step finish, the second one ends it at once."""

import signal
import threading

from . import processes


class Stopped(KeyboardInterrupt):
    """The work was stopped and what was done is saved: now the cell ends, and Run All, a script.

    It is an interrupt like any other, but for what a notebook shows: one sentence, no traceback.
    run: what was stopped, for whoever catches this.
    """

    def __init__(self, sentence: str, run=None) -> None:
        super().__init__(sentence)
        self.run = run

    def _render_traceback_(self) -> list[str]:
        """What IPython shows instead of a traceback."""
        return [str(self)]


class Stop:
    """While it is open, an interrupt (the square in the toolbar, Ctrl-C) only sets `pressed`.

    A second press raises KeyboardInterrupt, as everywhere, but not while `closing` is set: then
    the work so far is being saved, which takes a moment. Only the main thread can catch an
    interrupt; in another one it does what it always does. Under a launcher its word to end,
    SIGTERM, counts as a press: it gives each process some seconds.
    """

    def __init__(self) -> None:
        self.pressed = self.closing = False

    def __enter__(self) -> "Stop":
        self._before = {}
        if threading.current_thread() is threading.main_thread():
            for sign in (signal.SIGINT, signal.SIGTERM)[: min(2, processes.count())]:
                self._before[sign] = signal.signal(sign, self._note)
        return self

    def __exit__(self, *_) -> None:
        for sign, before in self._before.items():
            signal.signal(sign, before)

    def _note(self, *_) -> None:
        if self.closing:
            return
        if self.pressed:
            self.closing = True
            raise KeyboardInterrupt
        self.pressed = True
