"""The committed notebooks are fit to be read: run in order, without errors, described, portable.

Each check is a function that returns what it found wrong, and is itself tested with a notebook
that has that fault. test_reading.py looks at the order of headings,
test_badges.py at the first code cell.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

FOLDER = Path(__file__).resolve().parents[2] / "notebooks"
CHAPTERS = "00_first_colours 01_collect 02_clean 03_colour_and_batches 04_model 05_train"
CHAPTERS += " 06_evaluate 07_vivid 08_transfer 09_hints 10_share"
MORE = "01_faulty_web 02_all_rules 04_receptive_fields 05_adamw 05_scale 05_small_first 06_measures"
NAMES = [*CHAPTERS.split(), *(f"more/{name}" for name in MORE.split())]
MAX_BYTES = 1_500_000
MIN_ALT = 20  # characters: 'a figure' describes nothing


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]


def outputs(notebook):
    """(In [n] of the cell, output) of every output."""
    return [(cell.execution_count, out) for cell in code_cells(notebook) for out in cell.outputs]


def run_out_of_order(notebook) -> list[str]:
    counts = [cell.execution_count for cell in code_cells(notebook)]
    expected = list(range(1, len(counts) + 1))
    return [] if counts == expected else [f"cells were run as {counts}, not 1, 2, 3, ..."]


def errors(notebook) -> list[str]:
    return [f"In [{n}]: {out.ename}" for n, out in outputs(notebook) if out.output_type == "error"]


def widget_state(notebook) -> list[str]:
    found = ["metadata.widgets"] if "widgets" in notebook.metadata else []
    for n, out in outputs(notebook):
        kinds = [kind for kind in out.get("data", {}) if "jupyter.widget" in kind]
        found += [f"In [{n}]: {kind}" for kind in kinds]
    return found


def without_alt_text(notebook) -> list[str]:
    found = []
    for n, out in outputs(notebook):
        data = out.get("data", {})
        for kind in [kind for kind in data if kind.startswith("image/")]:
            alt = out.get("metadata", {}).get(kind, {}).get("alt", "")
            if len(alt.strip()) < MIN_ALT:
                found.append(f"In [{n}]: {kind} has the alt text {alt!r}")
        for tag in re.findall(r"<img\b[^>]*>", data.get("text/html", "")):
            alt = re.search(r"""\balt=(["'])(.*?)\1""", tag, re.DOTALL)
            if alt is None or len(alt[2].strip()) < MIN_ALT:
                found.append(f"In [{n}]: an <img> without a telling alt text")
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            alts = re.findall(r"!\[(.*?)\]\(", cell.source)
            found += [f"![{alt}]" for alt in alts if len(alt.strip()) < MIN_ALT]
    return found


PLACES = re.compile(
    r"(?<![\w.~])/(?:home|root|Users|tmp|var/folders|private|work|mnt|opt|content)(?:/|\b)"
    r"|\b[A-Za-z]:\\(?!n)"
)


def machine_paths(notebook) -> list[str]:
    """Paths that tell of the machine on which the notebook ran."""
    found = []
    for n, out in outputs(notebook):
        texts = [out.get("text", ""), *out.get("traceback", [])]
        texts += [v for kind, v in out.get("data", {}).items() if kind.startswith("text/")]
        for text in texts:
            text = re.sub(r"data:[\w/+.-]+;base64,[\w+/=\s]+", "", text)
            found += [f"In [{n}]: {m[0]}" for m in PLACES.finditer(text)]
    return found


def nothing_checked(notebook) -> list[str]:
    tagged = [c for c in code_cells(notebook) if "nbval-check-output" in c.metadata.get("tags", [])]
    silent = [c.execution_count for c in tagged if not c.outputs]
    found = [] if tagged else ["no cell is tagged nbval-check-output"]
    return found + [f"In [{n}]: checked, yet prints nothing" for n in silent]


def good():
    """A small notebook with which every check is content."""
    alt = "Two photos side by side: grey on the left, coloured on the right"
    html = f'<img alt="{alt}" src="data:image/png;base64,AAAA/home/AAAA=="> at /homework/x, 1/2'
    out = [
        new_output("stream", text="files data/practice-quick, see https://example.org/home/x\n"),
        new_output("display_data", {"image/png": "AAAA"}, metadata={"image/png": {"alt": alt}}),
        new_output("display_data", {"text/html": html}),
    ]
    first = new_code_cell("import colourlib\n", execution_count=1, outputs=out)
    shape = new_output("execute_result", {"text/plain": "(1, 2)"}, execution_count=2)
    second = new_code_cell("shape", execution_count=2, outputs=[shape])
    second.metadata["tags"] = ["nbval-check-output"]
    return new_notebook(cells=[new_markdown_cell("# Title"), first, second])


def edit_stream(text):
    return lambda nb: nb.cells[1].outputs[0].update(text=text)


def edit_alt(alt):
    return lambda nb: nb.cells[1].outputs[1].metadata["image/png"].update(alt=alt)


def add(cell, output, kind, value):
    return lambda nb: nb.cells[cell].outputs[output].data.update({kind: value})


def fail(nb):
    nb.cells[1].outputs.append(new_output("error", ename="ValueError"))


WIDGET = "application/vnd.jupyter.widget-view+json"
FAULTS = {
    "not run": (run_out_of_order, lambda nb: nb.cells[1].update(execution_count=None)),
    "gap": (run_out_of_order, lambda nb: nb.cells[2].update(execution_count=3)),
    "swapped": (run_out_of_order, lambda nb: nb.cells.insert(0, nb.cells.pop(2))),
    "error": (errors, fail),
    "widget state": (widget_state, lambda nb: nb.metadata.update(widgets={})),
    "widget view": (widget_state, add(1, 1, WIDGET, {})),
    "no alt text": (without_alt_text, lambda nb: nb.cells[1].outputs[1].metadata.clear()),
    "empty alt text": (without_alt_text, edit_alt(" " * 40)),
    "trivial alt text": (without_alt_text, edit_alt("a figure")),
    "jpeg": (without_alt_text, add(1, 1, "image/jpeg", "A")),
    "img": (without_alt_text, add(1, 2, "text/html", '<img src="x.png">')),
    "markdown image": (without_alt_text, lambda nb: nb.cells[0].update(source="# T\n![](x.png)")),
    "path in a repr": (machine_paths, add(2, 0, "text/plain", "PosixPath('/home/me')")),
    "no tag": (nothing_checked, lambda nb: nb.cells[2].metadata.clear()),
    "tag without output": (nothing_checked, lambda nb: nb.cells[2].outputs.clear()),
    "no code": (nothing_checked, lambda nb: nb.cells.clear()),
}
PATHS = ["saved in /home/me/data", "'/root/x'", "(/Users/me)", r"C:\Users\me"]
PATHS += ["/tmp/abc", "/var/folders/ab/T"]  # the second on a Mac
FAULTS |= {path: (machine_paths, edit_stream(path)) for path in PATHS}
CHECKS = list(dict.fromkeys(check for check, _ in FAULTS.values()))


def test_all_are_there():
    there = [path.relative_to(FOLDER).with_suffix("") for path in FOLDER.rglob("*.ipynb")]
    assert sorted(path.as_posix() for path in there if ".ipynb_check" not in str(path)) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_committed_notebook_is_fit_to_be_read(name):
    path = FOLDER / f"{name}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    found = {check.__name__: check(notebook) for check in CHECKS}
    assert {check: wrong for check, wrong in found.items() if wrong} == {}
    assert path.stat().st_size < MAX_BYTES


@pytest.mark.parametrize("fault", FAULTS)
def test_a_check_finds_its_fault_and_accepts_a_good_notebook(fault):
    check, break_it = FAULTS[fault]
    notebook = good()
    assert check(notebook) == []
    break_it(notebook)
    assert check(notebook) != []


@pytest.mark.parametrize(("count", "fine"), [(100, True), (400, False)])
def test_a_cell_that_sends_too_many_messages_fails(tmp_path, count, fine):
    shutil.copy(FOLDER / "conftest.py", tmp_path)
    cell = new_code_cell(f"for i in range({count}):\n    display(i)", execution_count=1)
    nbformat.write(new_notebook(cells=[cell]), tmp_path / "talks.ipynb")
    command = [
        "-m",
        "pytest",
        "-p",
        "no:python",
        "-p",
        "no:cacheprovider",
        "--nbval-lax",
        "--nbval-current-env",
    ]
    known = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}
    done = subprocess.run(
        [sys.executable, *command, tmp_path],
        env=known,
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert (done.returncode == 0) is fine, done.stdout
    assert fine or "messages, and 300 are the most" in done.stdout
