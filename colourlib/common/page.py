"""A page in a notebook's output: the browser asks, and a desk in Python answers."""

from anywidget import AnyWidget


class Page(AnyWidget):
    """A desk in a browser: what it is sent goes to `desk.answer`, and the answer back."""

    def __init__(self, desk):
        super().__init__()
        self.desk = desk
        self.on_msg(lambda _, message, buffers: self.send(self.desk.answer(message)))

    def __repr__(self) -> str:
        return repr(self.desk)
