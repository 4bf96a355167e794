"""What an exercise is: a check that looks at an answer and says what it shows, or what is wrong.

    @exercise("05.1", "Mean squared error by hand", expects="a function of (guess, truth)")
    def mse(answer):
        '''What it looks at, for who reads the code.'''
        ...
        raise Wrong("the sum, not the mean", "On ... it gives 12, and ...", hint="...", more="...")
        return "what a right answer has shown"

The student calls `check.mse(answer)` and sees a Verdict. A check names the mistake it recognises,
and says nothing of what it has not tested.
"""

from __future__ import annotations

import html
import inspect
import linecache
import textwrap
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import islice

import torch

from . import progress

RIGHT, WRONG, OPEN, NOTED = "right", "not yet", "open", "for your teacher"
# Okabe and Ito's palette; the state stands there as a word, too.
EDGES = {RIGHT: "#009E73", WRONG: "#D55E00", OPEN: "#0072B2", NOTED: "#0072B2"}
UNREADABLE = "another kind of answer"  # the mistake's name where a check cannot even look
CRASHED = "the function stops with an error"
WIDTH = 96  # columns of the text
MOST = 10_000  # of what a function with `yield` gives: it may go on for ever


class Wrong(Exception):
    """A wrong answer: the mistake's name, the arithmetic on the student's own numbers, and help.

    mistake: a few words that name it, the same for everybody who makes it. message: what is wrong,
    with their numbers. hint: where to look. more: the way in steps, shown on request.
    """

    def __init__(self, mistake: str, message: str, hint: str, more: str = ""):
        super().__init__(message)
        self.mistake, self.message, self.hint, self.more = mistake, message, hint, more


class Open(Exception):
    """Nothing to judge yet: the task's cell still holds what it came with. Says what to do."""


class Noted(str):
    """What a check returns for an answer that it keeps for the teacher, and does not judge."""


@dataclass(frozen=True)
class Verdict:
    """What a check says of one answer; a notebook shows it, print() too."""

    name: str  # of the exercise
    title: str
    state: str  # RIGHT, WRONG, OPEN or NOTED
    message: str
    mistake: str = ""
    hint: str = ""
    more: str = ""
    remark: str = ""  # where the progress could not be kept

    @property
    def right(self) -> bool:
        """Was the answer right? False also where nothing was answered or nothing is judged."""
        return self.state == RIGHT

    def _head(self) -> str:
        return f"{self.title} · {self.state}" + (f" ({self.mistake})" if self.mistake else "")

    def __repr__(self) -> str:
        paragraphs = [self._head(), *self.message.split("\n")]
        if self.hint:
            paragraphs.append(f"Hint: {self.hint}")
        if self.more:
            paragraphs.append(f"More: check.{self.name}.more()")
        if self.remark:
            paragraphs.append(self.remark)
        wrapped = [textwrap.fill(p, WIDTH, replace_whitespace=False) for p in paragraphs]
        return "\n".join(wrapped)

    def _repr_html_(self) -> str:
        said = "".join(f"<p>{_marked(line)}</p>" for line in self.message.split("\n"))
        if self.hint:
            said += f"<p><em>Hint:</em> {_marked(self.hint)}</p>"
        if self.more:
            said += f"<details><summary>More</summary><p>{_marked(self.more)}</p></details>"
        if self.remark:
            said += f"<p>{_marked(self.remark)}</p>"
        return (
            f'<div role="status" style="border-left:5px solid {EDGES[self.state]};'
            f'padding:0 0 0 12px"><p><strong>{html.escape(self._head())}</strong></p>{said}</div>'
        )


def _marked(text: str) -> str:
    """Text as HTML, with `code` and line ends kept."""
    pieces = html.escape(text).split("`")
    coded = [f"<code>{p}</code>" if i % 2 else p for i, p in enumerate(pieces)]
    return "".join(coded).replace("\n", "<br>")


class Exercise:
    """One check, to be called with an answer; EXERCISES holds all of them by name."""

    def __init__(self, look: Callable, number: str, title: str, expects: str):
        self.look, self.number, self.title, self.expects = look, number, title, expects
        self.name, self.__doc__ = look.__name__, look.__doc__
        self._last: Verdict | None = None

    @property
    def chapter(self) -> str:
        """'01' to '06'."""
        return self.number.partition(".")[0]

    def __call__(self, *answer) -> Verdict:
        """Look at an answer. Never raises for a wrong one; keeps what came of it."""
        verdict = self._judged(answer)
        self._last = verdict
        if verdict.state != OPEN:
            try:
                progress.note(self, verdict, answer)
            except (OSError, NotImplementedError) as error:  # the latter: a disk without locks
                why = getattr(error, "strerror", None) or error
                remark = f"Your progress could not be kept ({why})."
                verdict = replace(verdict, remark=remark)
        return verdict

    def _judged(self, answer: tuple) -> Verdict:
        if not answer or any(one is ... or one is None for one in answer):
            text = f"Nothing to look at yet. Wanted: {self.expects}, in place of the three dots."
            return Verdict(self.name, self.title, OPEN, text)
        try:
            with torch.random.fork_rng(devices=[]):  # a check draws numbers; the notebook's stay
                said = self.look(*answer)
        except Open as nothing:
            return Verdict(self.name, self.title, OPEN, str(nothing))
        except Wrong as wrong:
            return Verdict(
                self.name, self.title, WRONG, wrong.message, wrong.mistake, wrong.hint, wrong.more
            )
        except Exception as error:  # an answer of a kind that the check did not think of
            given = ", ".join(type(one).__name__ for one in answer)
            text = (
                f"The check cannot look at this answer ({given}): {type(error).__name__}: {error}"
            )
            hint = f"wanted is {self.expects}."
            return Verdict(self.name, self.title, WRONG, text, UNREADABLE, hint)
        return Verdict(self.name, self.title, NOTED if isinstance(said, Noted) else RIGHT, said)

    def more(self) -> str:
        """More help on the last wrong answer, on request."""
        if self._last is None or not self._last.more:
            return f"There is no more to say yet: first call check.{self.name}(your answer)."
        return _Text(self._last.more)

    def __repr__(self) -> str:
        return f"check.{self.name}(answer): {self.title}. Wanted: {self.expects}."


class _Text(str):
    """Text that a notebook shows as it is, without quotes."""

    def __repr__(self) -> str:
        return str(self)


EXERCISES: dict[str, Exercise] = {}


def exercise(number: str, title: str, expects: str) -> Callable[[Callable], Exercise]:
    """Make a check of a function.

    number: '05.3' for Task 3 of notebook 05; title: the task's; expects: the answer, in words.
    """

    def make(look: Callable) -> Exercise:
        made = Exercise(look, number, title, expects)
        EXERCISES[made.name] = made
        return made

    return make


def call(function, *arguments):
    """What a student's function gives for these arguments.

    It gets copies of tensors, which it may change as it likes; of all else the check makes copies.
    Raises Wrong where it is no function or stops with an error (naming its line), and Open where it
    gives nothing, as the placeholder does.
    """
    if not callable(function):
        text = f"The answer is of type {type(function).__name__}, and a function is wanted."
        raise Wrong(UNREADABLE, text, "give the function itself, by its name and without brackets.")
    copies = [a.clone() if isinstance(a, torch.Tensor) else a for a in arguments]
    try:
        result = function(*copies)
        if inspect.isgenerator(result):  # what stands in front of its `yield` runs only now
            result = list(islice(result, MOST))
    except Exception as error:
        raise Wrong(
            CRASHED,
            f"Your function stops with {type(error).__name__}: {error}{_where(error, function)}",
            "call it yourself on something small, and print what it has at that line.",
        ) from error
    if result is None or result is ...:
        raise Open("Your function gives nothing (None) back: end it with `return` and an answer.")
    return result


def _where(error: BaseException, function) -> str:
    """', in line 3 of it: ...': the deepest line of the traceback in the function's own file."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    where, step = "", error.__traceback__
    while step is not None:
        if code is not None and step.tb_frame.f_code.co_filename == code.co_filename:
            line = linecache.getline(code.co_filename, step.tb_lineno).strip()
            number = step.tb_lineno - code.co_firstlineno + 1
            where = f", in line {number} of it" + (f": `{line}`" if line else "")
        step = step.tb_next
    return where
