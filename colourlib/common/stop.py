"""Stop without loss: the first press lets the step finish, the second one ends it at once."""

import signal
import threading


class Stop:
    """While it is open, an interrupt (the square in the toolbar, Ctrl-C) only sets `pressed`.

    A second press raises KeyboardInterrupt, as everywhere, but not while `closing` is set: then
    the work so far is being saved, which takes a moment. Only the main thread can catch an
    interrupt; in another one it does what it always does.
    """

    def __init__(self) -> None:
        self.pressed = self.closing = False

    def __enter__(self) -> "Stop":
        self._before = None
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGINT, self._note)
        return self

    def __exit__(self, *_) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)

    def _note(self, *_) -> None:
        if self.closing:
            return
        if self.pressed:
            self.closing = True
            raise KeyboardInterrupt
        self.pressed = True
