"""The runner of the notebooks: order, errors told and survived, Ctrl-C, tables, stored outputs."""

import importlib.util
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest
import renew
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from colourlib import CourseError
from colourlib.__main__ import main
from colourlib.course import runner

_STEPS = Path(__file__).parents[2] / ".ci" / "steps.py"
_spec = importlib.util.spec_from_file_location("steps", _STEPS)
steps = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(steps)


def write(folder, name, *sources):
    folder.mkdir(exist_ok=True)
    cells = [new_markdown_cell(f"# {name}"), *map(new_code_cell, sources)]
    path = folder / f"{name}.ipynb"
    nbformat.write(new_notebook(cells=cells), path)
    return path


SCORING = """
import json, os
from pathlib import Path
path = Path(os.environ["COLOURLIB_HOME"]) / "practice-quick" / "scores.json"
row = {"explained_chroma": 0.8125, "psnr": 24.5, "psnr_mean": 25, "colourfulness": 1, "photos": 9}
path.write_text(json.dumps({
    "a run long ago": {"time": "2020-01-01T00:00:00Z", "an older": "set of scores"},
    "ColourNet": row | {"time": "2999-01-01T00:00:00Z"},
}))
"""


def test_course_runs_all_in_order_and_tells_the_failure(tmp_path, fresh_home, capsys):
    folder = tmp_path / "notebooks"
    write(folder, "02_scores", SCORING, "print('made', os.environ['COLOURLIB_SETTING'])")
    write(folder, "01_fails", "x = 1", "", "raise ValueError('no | such\\ncolour')", "x = 2")
    write(folder, "9_not_of_the_course", "raise SystemError")

    assert runner.run_course(folder=folder) is False

    printed = capsys.readouterr().out
    out = fresh_home / "executed" / "practice-quick"
    summary = (out / "summary.md").read_text(encoding="utf-8")
    assert summary in printed and str(out) in printed
    assert "1 of 2 notebooks ran to their end" in printed
    first, second = (line for line in summary.splitlines() if line.startswith("| 0"))
    assert "01_fails" in first and "In [2]: ValueError: no \\| such colour" in first
    assert "02_scores" in second and second.endswith("| ok" + second.partition("| ok")[2])
    assert "long ago" not in summary  # scores of an earlier run are no news
    scores = next(line for line in summary.splitlines() if line.startswith("| ColourNet"))
    assert "81.2%" in scores and "24.50" in scores
    copies = {path.stem: nbformat.read(path, 4) for path in out.glob("*.ipynb")}
    assert set(copies) == {"01_fails", "02_scores"}
    assert copies["01_fails"].cells[3].outputs[0].output_type == "error"
    assert copies["01_fails"].cells[4].execution_count is None  # after an error nothing runs
    assert copies["02_scores"].cells[2].outputs[0].text == "made quick\n"


def test_course_passes_if_every_cell_ran_and_a_kernel_that_dies_is_told(tmp_path, fresh_home):
    folder = tmp_path / "notebooks"
    write(folder, "01_ok", "import sys; print(sys.executable)")
    write(folder, "02_ok", "1 / 0")
    out = tmp_path / "copies"
    assert runner.run_course(setting="full", out=out, only="01", folder=folder)
    assert [path.name for path in out.glob("*.ipynb")] == ["01_ok.ipynb"]
    cell = nbformat.read(out / "01_ok.ipynb", 4).cells[1]
    assert cell.outputs[0].text.strip() == sys.executable  # the kernel is this Python, no other
    assert "No scores" in (out / "summary.md").read_text(encoding="utf-8")
    result = runner.execute(write(tmp_path, "01_dies", "import os; os._exit(1)"))
    assert result.cell == 1 and "DeadKernelError" in result.error


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="a test cannot send Ctrl-C to one process on Windows")
def test_ctrl_c_keeps_what_was_done(tmp_path, fresh_home):
    folder = tmp_path / "notebooks"
    mark = tmp_path / "running"
    write(folder, "01_ok", "print('done before')")
    write(folder, "02_long", f"import time; open({str(mark)!r}, 'w').close(); time.sleep(600)")
    write(folder, "03_never", "1 / 0")
    code = "from pathlib import Path; from colourlib.course import runner;"
    code += f"runner.run_course(folder=Path({str(folder)!r}))"
    command = [sys.executable, "-c", code]
    process = subprocess.Popen(command, cwd=steps.CHECKOUT, stdout=subprocess.PIPE)
    while not mark.exists() and process.poll() is None:
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    printed = process.communicate(timeout=60)[0].decode()
    assert "1 of 3 notebooks ran to their end" in printed
    assert "In [1]: stopped by Ctrl-C" in printed
    copies = sorted(path.stem for path in (fresh_home / "executed").rglob("*.ipynb"))
    assert copies == ["01_ok", "02_long"]


BAD_ARGUMENTS = [
    (["--setting", "quik"], "quick"),
    (["--source", "bung"], "bing"),
    (["--photos", "no/such/folder"], "has none called"),
    (["--photos", "."], "holds no file at all"),
    (["--only", "7"], "01_collect"),
]


@pytest.mark.parametrize(("arguments", "hint"), BAD_ARGUMENTS)
def test_bad_arguments_end_in_one_line(arguments, hint, tmp_path, fresh_home, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["course", *arguments]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and error.startswith("colourlib: ") and hint in error
    assert not (fresh_home / "executed").exists()


def test_one_source_only_and_no_notebooks(capsys, tmp_path):
    with pytest.raises(SystemExit) as stop:
        main(["course", "--photos", "x", "--source", "bing"])
    assert stop.value.code == 2
    with pytest.raises(CourseError, match="clone"):
        runner.find(tmp_path)


def test_renew_stores_outputs_of_a_newcomers_run(tmp_path, fresh_home, monkeypatch, capsys):
    monkeypatch.setenv("COLOURLIB_SETTING", "full")  # what this machine has set must not show
    folder = tmp_path / "notebooks"
    shows = "import os, pathlib; os.environ.get('COLOURLIB_SETTING')"
    prints = "print(pathlib.Path(os.environ['COLOURLIB_HOME']).name)"
    good = write(folder, "01_good", shows, prints, "import ipywidgets; ipywidgets.IntSlider()")
    bad = write(folder, "02_bad", "print('new')", "1 / 0")
    before = bad.read_bytes()
    assert renew.renew(folder) is False
    assert bad.read_bytes() == before
    assert "the old file stays" in capsys.readouterr().out
    stored = nbformat.read(good, 4)
    first, second, slider = stored.cells[1:]
    assert [cell.execution_count for cell in stored.cells[1:]] == [1, 2, 3]
    assert first.outputs == slider.outputs == [] and second.outputs[0].text == "data\n"
    assert set(stored.metadata) == {"kernelspec", "language_info"}
    assert list(fresh_home.glob("*")) == []  # made elsewhere, and gone


def test_tidy_keeps_what_reads_without_a_kernel():
    widget = new_output("display_data", {renew.WIDGET_VIEW: {}, "text/plain": "IntSlider()"})
    text = new_output("display_data", {"text/plain": "kept"})
    cell = new_code_cell("x", outputs=[widget, text], execution_count=1)
    cell.metadata = nbformat.from_dict({"tags": ["t"], "execution": {"iopub.status.busy": "now"}})
    notebook = new_notebook(cells=[cell], metadata={"widgets": {"state": {}}, "authors": ["x"]})
    tidied = renew.tidy(notebook)
    assert [output.data["text/plain"] for output in tidied.cells[0].outputs] == ["kept"]
    assert tidied.cells[0].metadata == {"tags": ["t"]}
    assert set(tidied.metadata) == {"authors", "kernelspec", "language_info"}


WORDS = {  # of a widget -> what is kept of them
    "Review by hand: 3 rejected.": ["Review by hand: 3 rejected. [Controls, which need"],
    "A slider over …": ["A slider over … [Controls, which need"],
    "interactive(children=(IntSlider(value=1), Output()))": ["[Controls, which need"],
    "IntSlider(value=1)": [],  # says nothing to a reader
    "  0%|          | 0/55": [],
}


@pytest.mark.parametrize(("said", "kept"), WORDS.items())
def test_of_a_widget_its_words_are_kept(said, kept):
    widget = new_output("execute_result", {renew.WIDGET_VIEW: {}, "text/plain": said})
    notebook = new_notebook(cells=[new_code_cell("x", outputs=[widget], execution_count=1)])
    outputs = renew.tidy(notebook).cells[0].outputs
    for output, words in zip(outputs, kept, strict=True):
        assert list(output.data) == ["text/plain"] and output.data["text/plain"].startswith(words)


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A tiny project to test: a notebook with one cell as stored and one not, a test that fails."""
    for name in [name for name in os.environ if name.startswith("PYTEST_")]:
        monkeypatch.delenv(name)  # the pytest inside is not a worker of the pytest outside
    for step in steps.STEPS.values():
        for tool, command in step.items():  # two tests are not worth two more processes
            monkeypatch.setitem(step, tool, command.replace("-n 2", "-n 0"))
    for name in ("notebooks", "tests"):
        (tmp_path / name).mkdir()
    (tmp_path / "tests" / "test_one.py").write_text("def test_one():\n    assert 1 > 2\n")
    for name in ("pyproject.toml", "notebooks/conftest.py"):
        (tmp_path / name).write_bytes((steps.CHECKOUT / name).read_bytes())
    show = 'import os\nfrom pathlib import Path\n\nPath(os.environ["COLOURLIB_HOME"]).name'
    cells = []
    for stored in ("'data'", "'elsewhere'"):
        output = new_output("execute_result", {"text/plain": stored}, execution_count=1)
        cells.append(new_code_cell(show, execution_count=1, outputs=[output]))
        cells[-1].metadata["tags"] = ["nbval-check-output"]
    nbformat.write(new_notebook(cells=cells), tmp_path / "notebooks" / "01_one.ipynb")
    return tmp_path


@pytest.mark.slow
def test_run_tests_tells_every_failure(checkout, capfd):
    assert steps.run_tests(["lint"], checkout) is True
    (checkout / "tests" / "test_two.py").write_text("import os\ndef test_two():\n  pass\n")
    capfd.readouterr()
    assert steps.run_tests(["lint", "unit", "notebooks"], checkout) is False
    *_, check, layout, arrows, unit, notebooks = capfd.readouterr().out.splitlines()
    assert " FAILED " in check and " FAILED " in layout and " ok " in arrows
    assert " FAILED " in unit and "1 failed, 1 passed" in unit
    assert " FAILED " in notebooks and "1 failed, 1 passed" in notebooks
