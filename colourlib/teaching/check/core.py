"""What an exercise is: a check that looks at an answer and says what it shows, or what is wrong.

    @exercise("05.1", "The mean by hand", expects="a number")
    def mean(answer):
        '''The mean of 2, 4 and 9.'''
        slips = {"the sum: Divide it by 3.": 15, "another number: It is 5. Hint: add up.": ELSE}
        recognise(slips, number(answer, "answer"), right=5, start="2 + 4 + 9 = 15.")
        return "what a right answer has shown"

The student calls `check.mean(answer)` and sees a Verdict. slips.py says how a mistake is
recognised; a check says nothing of what it has not tested.
"""

import html
import inspect
import textwrap
import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import islice

import torch

from . import progress

RIGHT, WRONG, OPEN, NOTED = "right", "not yet", "open", "for your teacher"
# Okabe and Ito's palette; the state is written beside the colour, too.
EDGES = {RIGHT: "#009E73", WRONG: "#D55E00", OPEN: "#0072B2", NOTED: "#0072B2"}
UNREADABLE = "another kind of answer"  # the mistake's name where a check cannot even look
CRASHED = "the function stops with an error"
WIDTH = 96  # columns of the text
MOST = 10_000  # values taken from a function with `yield`, because it may go on for ever


class Wrong(Exception):
    """A wrong answer.

    mistake: its name, the same for everybody who makes it. message: what is wrong, with their own
    numbers. hint: where to look. more: the way in steps, shown on request.
    """

    def __init__(self, mistake: str, message: str, hint: str, more: str = ""):
        super().__init__(message)
        self.mistake, self.message, self.hint, self.more = mistake, message, hint, more


class Open(Exception):
    """Nothing to judge yet: the task's cell still holds its placeholder. Says what to do."""


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
        paragraphs += [f"Hint: {self.hint}"] * bool(self.hint)
        paragraphs += [f"More: check.{self.name}.more()"] * bool(self.more)
        filled = [textwrap.fill(p, WIDTH, replace_whitespace=False) for p in paragraphs]
        return "\n".join([*filled, self.remark]).strip()

    def _repr_html_(self) -> str:
        said = [f"<strong>{html.escape(self._head())}</strong>"]
        said += map(_marked, self.message.split("\n"))
        said += [f"<em>Hint:</em> {_marked(self.hint)}"] * bool(self.hint)
        more = f"<details><summary>More</summary><p>{_marked(self.more)}</p></details>"
        text = "".join(f"<p>{one}</p>" for one in said) + more * bool(self.more)
        edge = f"border-left:5px solid {EDGES[self.state]};padding:0 0 0 12px"
        return f'<div role="status" style="{edge}">{text}{_marked(self.remark)}</div>'


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
        self.chapter = number.partition(".")[0]  # '00' to '07'
        self._last: Verdict | None = None

    def __call__(self, *answer) -> Verdict:
        """Look at an answer and keep what came of it. Never raises for a wrong one."""
        self._last = verdict = Verdict(self.name, self.title, *self._judged(answer))
        if verdict.state != OPEN:
            try:
                progress.note(self, verdict, answer)
            except (OSError, NotImplementedError) as error:  # the latter: a disk without locks
                why = getattr(error, "strerror", None) or error
                return replace(verdict, remark=f"Your progress could not be kept ({why}).")
        return verdict

    def _judged(self, answer: tuple) -> tuple[str, ...]:
        """The state and the message; of a wrong answer also the mistake, a hint, and more."""
        if not answer or any(one is ... or one is None for one in answer):
            text = f"Nothing to look at yet. Wanted: {self.expects}, in place of the three dots."
            return OPEN, text
        try:
            with torch.random.fork_rng(devices=[]):  # a check draws numbers; the notebook's stay
                said = self.look(*answer)
        except Open as nothing:
            return OPEN, str(nothing)
        except Wrong as wrong:
            return WRONG, wrong.message, wrong.mistake, wrong.hint, wrong.more
        except Exception as error:  # an answer of a kind that the check did not think of
            given = ", ".join(type(one).__name__ for one in answer)
            text = f"The check cannot read this answer ({given}): {type(error).__name__}: {error}"
            return WRONG, text, UNREADABLE, f"the task asks for {self.expects}."
        return NOTED if isinstance(said, Noted) else RIGHT, said

    def more(self) -> str:
        """More help on the last wrong answer, on request."""
        if self._last is None or not self._last.more:
            return f"There is no more to say yet: first call check.{self.name}(your answer)."
        return _Text(self._last.more)

    def __repr__(self) -> str:
        return f"check.{self.name}(answer): {self.title}. The answer is {self.expects}."


class _Text(str):
    """Text that a notebook shows without quotes."""

    def __repr__(self) -> str:
        return str(self)


EXERCISES: dict[str, Exercise] = {}


def exercise(number: str, title: str, expects: str) -> Callable[[Callable], Exercise]:
    """Make a check of a function; number: '05.3' for Task 3 of notebook 05; expects: in words."""

    def make(look: Callable) -> Exercise:
        EXERCISES[look.__name__] = made = Exercise(look, number, title, expects)
        return made

    return make


def call(function, *arguments):
    """What a student's function gives for these arguments.

    It gets copies of tensors, which it may change; the check itself copies everything else.
    Raises Wrong where it is no function or stops with an error (naming its line), and Open where it
    gives nothing, as the placeholder does.
    """
    if not callable(function):
        text = f"The answer is of type {type(function).__name__}, but must be a function."
        raise Wrong(UNREADABLE, text, "give the function itself, by its name and without brackets.")
    copies = [a.clone() if isinstance(a, torch.Tensor) else a for a in arguments]
    try:
        result = function(*copies)
        if inspect.isgenerator(result):  # its code runs only now, up to each `yield`
            result = list(islice(result, MOST))
    except Exception as error:
        text = f"Your function stops with {type(error).__name__}: {error}{_where(error, function)}"
        hint = "call it yourself on something small, and print what it has at that line."
        if type(error) is NameError:
            hint = f"if `{error.name}` is made in a cell above, run that cell first."
        raise Wrong(CRASHED, text, hint) from error
    if result is None or result is ...:
        raise Open("Your function gives nothing (None) back: end it with `return` and an answer.")
    return result


def _where(error: BaseException, function) -> str:
    """', in line 3 of it: ...': the deepest line of the traceback in the function's own file."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    steps = reversed(traceback.extract_tb(error.__traceback__))
    step = next((one for one in steps if code and one.filename == code.co_filename), None)
    if step is None:
        return ""
    line = f": `{step.line}`" if step.line else ""
    if step.name != code.co_name:  # a helper of the student's own, which the function calls
        return f", in {step.name}{line}"
    return f", in line {step.lineno - code.co_firstlineno + 1} of it{line}"
