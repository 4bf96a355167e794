"""Every exercise: its solution is right, its placeholder is open, each mistake is called by name.

Solutions are taken out of the notebooks, wrong answers out of exercises/wrong_*.py. What
looks at them gives a list of what it found wrong, and is itself tested with a faulty exercise.
"""

import ast
import linecache
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import nbformat
import pytest
import torch
from exercises import UNREADABLE, Case, all_wrong
from exercises.names import names, scope
from exercises.right import RIGHT_TOO

from colourlib.teaching.check import core
from colourlib.teaching.check.core import EXERCISES, Exercise, Open, Verdict, Wrong

ROOT = Path(__file__).resolve().parents[2]
MORE = sorted((ROOT / "notebooks" / "more").glob("*.ipynb"))  # their tasks go on from the chapter's
NOTEBOOKS = [*sorted((ROOT / "notebooks").glob("[0-9]*.ipynb")), *MORE]
MODULES = sorted(Path(core.__file__).parent.rglob("*.py"))
MODULES = [path for path in MODULES if path.name != "slips.py"]  # which makes a Wrong of any text
CORES = ("CRASHED", "UNREADABLE")
ENOUGH = 5  # wrong answers for each check
TASKS_EACH = 3  # at least, in a notebook
SOLUTION = re.compile(
    r"<details><summary>Solution</summary>\n\n```python\n(.+?)\n```\n\n(\S.+?)\n\n</details>\s*",
    re.DOTALL,
)
IMPORT = "from colourlib.teaching import check\n"
JUNK = ["something", [], {}, float("nan"), object(), lambda: 3, 10**9, -1.5]


@dataclass(frozen=True)
class Task:
    """A task as it stands in a notebook."""

    name: str  # of the check that its cell ends with; '' where it does not
    chapter: str
    heading: str  # of the cell above: '### Task 1 · Predict a padding'
    source: str  # of the cell with the placeholder
    solution: str  # the code below; '' where there is none


def tasks_of(notebook, chapter: str) -> list[Task]:
    """The tasks of a notebook in order."""
    cells, found = notebook.cells, []
    for i, cell in enumerate(cells):
        if "task" in cell.metadata.get("tags", []):
            above = cells[i - 1].source if i and cells[i - 1].cell_type == "markdown" else ""
            folded = SOLUTION.fullmatch(cells[i + 1].source if i + 1 < len(cells) else "")
            heading, solution = above.split("\n")[0], folded[1] if folded else ""
            found.append(Task(checked(cell.source), chapter, heading, cell.source, solution))
    return found


def checked(source: str) -> str:
    """The name of the check that a cell ends with: 'mse' for check.mse(my_mse); '' without one."""
    last = ast.parse(source).body[-1:]
    call = last[0].value if last and isinstance(last[0], ast.Expr) else None
    function = call.func if isinstance(call, ast.Call) else None
    if isinstance(function, ast.Attribute) and getattr(function.value, "id", "") == "check":
        return function.attr
    return ""


@pytest.fixture(scope="module", autouse=True)
def made():
    """The practice photos, before a test moves to a home of its own."""
    names()


READ = {path: nbformat.read(path, as_version=4) for path in NOTEBOOKS}
ALL_TASKS = [task for path in NOTEBOOKS for task in tasks_of(READ[path], path.name[:2])]
TASKS = {task.name: task for task in ALL_TASKS}
CASES = all_wrong()


def verdict_of(source: str, exercise: Exercise) -> Verdict:
    """Run a cell as the notebook would; what its last line, the check, says."""
    where = f"<{exercise.name}>"
    linecache.cache[where] = (len(source), None, source.splitlines(keepends=True), where)
    tree = ast.parse(source)
    assert checked(source) == exercise.name, f"the cell does not end with check.{exercise.name}"
    space = scope()
    exec(compile(ast.Module(tree.body[:-1], []), where, "exec"), space)
    answers = (compile(ast.Expression(a), where, "eval") for a in tree.body[-1].value.args)
    return exercise(*(eval(answer, space) for answer in answers))


def solution_faults(exercise: Exercise, task: Task) -> list[str]:
    """The solution does not stand there, does not run by itself, or is not right."""
    if not task.solution:
        return ["no solution folded below it, in the form <details><summary>Solution</summary> ..."]
    verdict = verdict_of(task.solution, exercise)
    if verdict.state not in (core.RIGHT, core.NOTED):
        return [f"the solution is {verdict!r}"]
    return [] if verdict.message.strip() else ["a right answer is told nothing"]


def placeholder_faults(exercise: Exercise, task: Task) -> list[str]:
    """The task as it is given, run twice, is not open, or says nothing of what to do."""
    verdicts = [verdict_of(task.source, exercise) for _ in range(2)]
    found = [f"the placeholder is {v!r}" for v in verdicts if v.state != core.OPEN]
    return found or ([] if verdicts[0].message.strip() else ["an open task says nothing"])


def case_faults(exercise: Exercise, case: Case) -> list[str]:
    """The check does not know this wrong answer by the mistake in it, or does not say it."""
    verdict = exercise(*case.given(names()))
    if (verdict.state, verdict.mistake) != (core.WRONG, case.mistake):
        return [f"{case.mistake!r} is taken for {verdict.mistake!r}: {verdict!r}"]
    said = f"{verdict.message}\n{verdict.hint}\n{verdict.more}"
    found = [f"{case.mistake!r}: {w!r} is not in: {said}" for w in case.says if w not in said]
    return found + ([] if verdict.hint.strip() else [f"{case.mistake!r}: no hint"])


def names_of_mistakes(source: str, exercises: set[str]) -> Iterator[tuple[str, str, int]]:
    """(exercise or '', mistake, line) of every "mistake: message" that keys a table of slips.

    Of every wrong_if(sign, "mistake: message") and Wrong("mistake", ...), too. The exercise is
    named where it stands in the check itself, not in a helper. A mistake that is no literal is
    given as '?' and the code of it; CRASHED and UNREADABLE are core's.
    """
    tree = ast.parse(source)
    inside = {
        id(node): function.name
        for function in tree.body
        if isinstance(function, ast.FunctionDef) and function.name in exercises
        for node in ast.walk(function)
    }
    for node in ast.walk(tree):
        called = getattr(node.func, "id", "") if isinstance(node, ast.Call) else ""
        texts = []
        if isinstance(node, ast.Dict):
            texts = [key for key in node.keys if key is not None and ": " in ast.unparse(key)]
        elif called in ("Wrong", "wrong_if"):
            texts = [*node.args, *(k.value for k in node.keywords)][called == "wrong_if" :][:1]
        for text in texts:
            first = text.values[0] if isinstance(text, ast.JoinedStr) else text
            if isinstance(first, ast.Constant) and (called == "Wrong" or ": " in first.value):
                yield inside.get(id(node), ""), first.value.partition(": ")[0], text.lineno
            elif getattr(getattr(first, "value", first), "id", "") not in CORES:
                yield inside.get(id(node), ""), f"?{ast.unparse(text)}", text.lineno


def unmet(source: str, cases: dict[str, list[Case]]) -> list[str]:
    """The mistakes that a module names and no wrong answer makes."""
    met = {name: {case.mistake for case in mine} for name, mine in cases.items()}
    anywhere = set().union(*met.values()) if met else set()
    found = []
    for exercise, mistake, line in names_of_mistakes(source, set(cases) | set(EXERCISES)):
        if mistake.startswith("?"):
            found.append(f"line {line}: write the mistake's name out, not {mistake[1:]}")
        elif mistake not in (met.get(exercise, set()) if exercise else anywhere):
            found.append(f"line {line}: no wrong answer for {mistake!r}")
    return found


def notebook_faults(notebook, chapter: str, before: int | None = None) -> list[str]:
    """Too few tasks, one without heading or check, not numbered 1, 2, 3; no board at the end.

    before: in an appendix, the number of the chapter's tasks that stand before.
    """
    tasks = tasks_of(notebook, chapter)
    found = [f"only {len(tasks)} tasks"] if before is None and len(tasks) < TASKS_EACH else []
    for number, task in enumerate(tasks, 1 + (before or 0)):
        heading = re.fullmatch(rf"#+ Task {number} · (\S.+)", task.heading)
        if not heading:
            found.append(f"above task {number} stands {task.heading!r}, not '### Task {number} …'")
        if task.name not in EXERCISES:
            found.append(f"task {number} does not end with a check that exists: {task.source!r}")
        else:
            known = EXERCISES[task.name]
            if (known.number, known.title) != (f"{chapter}.{number}", heading and heading[1]):
                found.append(f"task {number} is {known.number} · {known.title} to its check")
        if IMPORT in task.source and IMPORT not in task.solution:
            found.append(f"task {number}: in place of the whole cell the solution lacks {IMPORT!r}")
    code = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    if before is not None and not tasks:
        return found
    if not code or not code[-1].rstrip().endswith(f'check.board("{chapter}")'):
        found.append(f'the last code cell does not end with check.board("{chapter}")')
    return found


EACH = pytest.mark.parametrize("name", sorted(EXERCISES))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_has_its_tasks_in_order(path):
    chapter = path.name[:2]
    earlier = [other for other in NOTEBOOKS[: NOTEBOOKS.index(path)] if other.name[:2] == chapter]
    before = sum(len(tasks_of(READ[other], chapter)) for other in earlier)
    assert notebook_faults(READ[path], chapter, before if path in MORE else None) == []


def test_each_check_has_one_task_and_each_wrong_answer_a_check():
    assert sorted(task.name for task in ALL_TASKS) == sorted(EXERCISES)
    assert set(CASES) <= set(EXERCISES)


@EACH
def test_the_solution_is_right_the_task_as_given_open_and_wrong_answers_enough(name):
    assert solution_faults(EXERCISES[name], TASKS[name]) == []
    assert placeholder_faults(EXERCISES[name], TASKS[name]) == []
    assert len(CASES.get(name, [])) >= ENOUGH


@pytest.mark.parametrize("cell", RIGHT_TOO)
def test_what_is_right_in_another_way_is_right(cell):
    assert verdict_of(cell, EXERCISES[checked(cell)]).state == core.RIGHT


def test_the_loss_rises_on_both_sides_of_the_lowest_whichever_rate_was_chosen():
    levels = {0.0003: 0.0100, 0.001: 0.0098, 0.003: 0.011, 0.01: math.nan}
    tried = {rate: [level] * 30 for rate, level in levels.items()}
    verdict = EXERCISES["learning_rate"](tried, 0.0003)
    assert verdict.right and "You chose 0.0003, within 5 % of the lowest" in verdict.message
    assert "rises on both sides of 0.001." in verdict.message
    assert "ends as no number" in EXERCISES["learning_rate"](tried, 0.01).message


ALL = [(name, case) for name in sorted(CASES) for case in CASES[name]]


@pytest.mark.parametrize(("name", "case"), ALL, ids=[f"{n}: {case.mistake}" for n, case in ALL])
def test_a_mistake_is_called_by_its_name(name, case):
    assert case_faults(EXERCISES[name], case) == []


@pytest.mark.parametrize("path", MODULES, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_every_mistake_that_is_named_is_made_by_a_wrong_answer(path):
    assert unmet(path.read_text(encoding="utf-8"), CASES) == []


@EACH
def test_junk_is_refused_in_words(name):
    for verdict in map(EXERCISES[name], JUNK):
        assert verdict.state in (core.OPEN, core.WRONG) and verdict.message.strip(), verdict
        assert verdict.state == core.OPEN or verdict.hint, verdict


def _half(answer):
    if answer == 1:
        raise Open("Still the one that was given: write another number.")
    if answer == 4:
        raise Wrong("doubled", f"{answer} is twice 2.", "halve it.")
    if answer != 2:
        raise Wrong("another number", f"{answer} is not 2.", "half of 4.")
    return "Half of 4 is 2."


HALF = Exercise(_half, "00", "Half of four", "a number")
CELL = "half = 1\n\ncheck._half(half)"
GOOD = Task("_half", "00", "### Task 1 · Half", CELL, CELL.replace("1", "2"))


def with_half(number):
    return CELL.replace("1", str(number))


@pytest.mark.parametrize(
    ("faults", "given", "words"),
    [
        (solution_faults, GOOD, None),
        (solution_faults, replace(GOOD, solution=with_half(3)), "another number"),
        (solution_faults, replace(GOOD, solution=""), "no solution"),
        (placeholder_faults, GOOD, None),
        (placeholder_faults, replace(GOOD, source=with_half(3)), "not yet"),
        (placeholder_faults, replace(GOOD, source=with_half(2)), "right"),
        (case_faults, Case("doubled", 4, "4 is twice 2"), None),
        (case_faults, Case("doubled", lambda n: n.torch.tensor(4), "twice"), None),
        (case_faults, Case("another number", 4), "is taken for 'doubled'"),
        (case_faults, Case("doubled", 2), "is taken for ''"),
        (case_faults, Case("doubled", 4, "4 · 2"), "is not in"),
        (case_faults, Case("doubled", torch.zeros(3)), UNREADABLE),
    ],
)
def test_the_harness_accepts_what_is_good_and_refuses_what_is_not(fresh_home, faults, given, words):
    found = faults(HALF, given)
    assert words in found[0] if words else found == []


TWO_NAMED = (
    "def _half(x):\n    recognise({'doubled: It is 2.': 4}, x)\n\n"
    "def helper():\n    wrong_if(x == 1, f'halved: {x}. Hint: b')\n"
)
DOUBLED, HALVED = Case("doubled", 4), Case("halved", 1)
NOBODY = "line 2: no wrong answer for 'doubled'"
HIDDEN = "{f'{x}: It is {x}.': 4}\nwrong_if(x, f'{UNREADABLE}: b')"
NAME_IT = "line 1: write the mistake's name out, not "


@pytest.mark.parametrize(
    ("source", "cases", "found"),
    [
        (TWO_NAMED, {"_half": [DOUBLED], "_other": [HALVED]}, None),
        (TWO_NAMED, {"_half": [DOUBLED]}, "line 5: no wrong answer for 'halved'"),
        (TWO_NAMED, {"_half": [], "_other": [DOUBLED, HALVED]}, NOBODY),
        ("raise Wrong(name, 'a', 'b')\nraise Wrong(CRASHED, 'a', 'b')", {}, NAME_IT + "name"),
        (HIDDEN, {}, NAME_IT + "f'{x}: It is {x}.'"),
    ],
)
def test_the_harness_sees_a_mistake_that_nobody_makes(source, cases, found):
    assert unmet(source, cases) == ([found] if found else [])


def test_the_harness_finds_tasks_where_they_stand(monkeypatch):
    from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

    solution = f"```python\n{GOOD.solution}\n```\n\nFour has two halves."
    folded = f"<details><summary>Solution</summary>\n\n{solution}\n\n</details>"
    task = new_code_cell(CELL, metadata={"tags": ["task"]})
    text = new_markdown_cell("### Task 1 · Half\n\nSay it.")
    notebook = new_notebook(cells=[text, task, new_markdown_cell(folded)])

    def faults():
        return "\n".join(notebook_faults(notebook, "00"))

    assert tasks_of(notebook, "00") == [GOOD]
    for words in ("only 1 tasks", "check.board", "a check that exists"):
        assert words in faults()
    assert "above task" not in faults()
    monkeypatch.setitem(EXERCISES, "_half", HALF)
    assert "task 1 is 00 · Half of four to its check" in notebook_faults(notebook, "00")
    task.source = IMPORT + CELL
    assert "the solution lacks" in faults()
    notebook.cells[0].source = "## Half"
    assert "above task 1 stands '## Half'" in faults()
    for broken in (folded.replace("\n\nFour", "\nFour"), folded.replace("```python", "```"), ""):
        notebook.cells[2].source = broken
        assert tasks_of(notebook, "00")[0].solution == ""
    task.source = "half = 1\ncheck._half(half).right"
    assert tasks_of(notebook, "00")[0].name == ""
