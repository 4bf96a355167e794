"""Run the notebooks again and store their outputs, for the repository: `make notebooks`.

In a fresh, empty workspace, as a newcomer would meet them. A notebook in which a cell fails keeps
its old file.
"""

import os
import sys
import tempfile
from pathlib import Path

from nbformat import NotebookNode
from nbformat.v4 import new_output

from colourlib.course.runner import NOTEBOOKS, execute, find

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
KERNELSPEC = {"display_name": "Python 3", "language": "python", "name": "python3"}


def renew(folder: Path = NOTEBOOKS) -> bool:
    """Run chapters, then appendices, in place as a newcomer would meet them.

    Nothing is set and nothing collected yet. A notebook in which a cell fails keeps its old file.
    True if all were renewed.
    """
    env = {key: value for key, value in os.environ.items() if not key.startswith("COLOURLIB_")}
    failed = 0
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
        env["COLOURLIB_HOME"] = str(Path(scratch) / "data")  # is shown as data/..., as for everyone
        env["COLOURLIB_STATE"] = str(Path(scratch) / "state")
        for path in [*find(folder), *sorted((folder / "more").glob("*.ipynb"))]:
            result = execute(path, env)
            if result.stopped:
                print("Stopped by Ctrl-C. The notebooks that are not listed stay as they were.")
                return False
            tidy(result.notebook)
            result.store(path, kept="; the old file stays" if result.error else "")
            failed += bool(result.error)
    return not failed


def tidy(notebook: NotebookNode) -> NotebookNode:
    """Drop what differs from machine to machine; of widgets, which need a kernel, keep the words.

    The counts In [1], In [2], ... and every output that can be read without a kernel stay.
    """
    notebook.metadata.pop("widgets", None)
    notebook.metadata |= {"kernelspec": KERNELSPEC, "language_info": {"name": "python"}}
    for cell in notebook.cells:
        for transient in ("execution", "ExecuteTime"):
            cell.metadata.pop(transient, None)
        if cell.cell_type == "code":
            cell.outputs = [kept for output in cell.outputs if (kept := _readable(output))]
    return notebook


def _readable(output: NotebookNode) -> NotebookNode | None:
    """An output for readers without a kernel: of a widget its words; None if it has none."""
    data = output.get("data", {})
    if WIDGET_VIEW not in data:
        return output
    said = str(data.get("text/plain", "")).strip()
    if said.startswith("interactive("):  # ipywidgets.interact, which has only its own code to show
        said = ""
    elif not said.endswith((".", "…")):
        return None
    said = f"{said} [Controls, which need a running notebook.]".strip()
    return new_output("display_data", {"text/plain": said})


if __name__ == "__main__":
    sys.exit(0 if renew() else 1)
