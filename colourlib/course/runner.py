"""Runs the notebooks in order from the command line: `run_course` stands behind `make course`.

A notebook that fails is reported, and the rest still run.
"""

import asyncio
import os
import textwrap
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbformat import NotebookNode
from tqdm import tqdm

from ..common.errors import CourseError
from ..common.files import home, printable, read_json, replace_text, writable
from ..evaluate import HEADERS, Scores, rows
from .workspace import COMMAND_LINE, open_workspace

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"


@dataclass
class Result:
    """What became of one notebook."""

    name: str  # '05_train'
    seconds: float = 0.0
    cell: int = 0  # the code cell that runs or ran last, as Jupyter counts: In [cell]
    error: str = ""  # one line; empty if every cell ran
    stopped: bool = False  # by Ctrl-C
    notebook: NotebookNode = field(default=None, repr=False)  # with the outputs there were

    @property
    def outcome(self) -> str:
        """ok, or the cell that failed and its error."""
        return f"In [{self.cell}]: {self.error}" if self.error else "ok"

    def store(self, path: Path, kept: str = "") -> None:
        """Write the notebook there, unless an older one is to be kept; print how it went."""
        if not kept:
            replace_text(path, nbformat.writes(self.notebook) + "\n")
        print(f"{self.name:24} {self.seconds:6.1f} s  {self.outcome}{kept}", flush=True)


def find(folder: Path = NOTEBOOKS, only: str | None = None) -> list[Path]:
    """The course's notebooks in order; with `only`, those whose name begins with it ('05').

    Raises CourseError where there is none.
    """
    every = sorted(folder.glob("[0-9][0-9]_*.ipynb"))
    if not every:
        raise CourseError(
            f"There are no notebooks in {folder}. Run this from a clone of the repository, "
            f'installed with: pip install -e ".[course]"'
        )
    chosen = [path for path in every if path.stem.startswith(only or "")]
    if not chosen:
        names = ", ".join(path.stem for path in every)
        raise CourseError(f"No notebook's name begins with {only!r}. There are: {names}.")
    return chosen


def execute(path: Path, env: Mapping[str, str] | None = None) -> Result:
    """Run one notebook in a fresh kernel of this very Python; `env` is the kernel's environment.

    An error in a cell ends the notebook, and so does Ctrl-C: the Result tells of either, once the
    kernel is gone.
    """
    result = Result(path.stem, notebook=nbformat.read(path, as_version=4))
    cells = sum(_runs(cell) for cell in result.notebook.cells)
    start = time.perf_counter()
    # nbclient would turn Ctrl-C into a dead kernel. In a thread of its own it leaves the signal to
    # us, and the bar's clock goes on through long cells.
    loop = asyncio.SelectorEventLoop()  # the kernel's sockets need this one on Windows, too
    with (
        tqdm(total=cells, desc=path.stem, unit="cell", leave=False, disable=None) as bar,
        ThreadPoolExecutor(1) as pool,
    ):
        task = loop.create_task(_run_cells(result, path.parent, env, bar))
        future = pool.submit(loop.run_until_complete, task)
        try:
            while not future.done():
                wait([future], timeout=1)
                bar.refresh()
        except KeyboardInterrupt:
            result.stopped = True
            loop.call_soon_threadsafe(task.cancel)
            wait([future])
    loop.close()
    result.seconds = time.perf_counter() - start
    result.error = "stopped by Ctrl-C" if result.stopped else _one_line(future.exception())
    return result


async def _run_cells(result: Result, folder: Path, env: Mapping[str, str] | None, bar: tqdm):
    def started(cell: NotebookNode, cell_index: int) -> None:
        result.cell += _runs(cell)

    def ended(cell: NotebookNode, cell_index: int, execute_reply: dict) -> None:
        bar.update()

    # No kernel folders: what is left is the kernel of the Python that runs this, whatever
    # 'python3' means to the Jupyter installations of this machine.
    kernels = KernelSpecManager(kernel_dirs=[])
    manager = AsyncKernelManager(kernel_name="python3", kernel_spec_manager=kernels)
    if manager.has_trait("transport_encryption"):  # newer kernels complain where it is off
        manager.transport_encryption = "auto"
    how = {"timeout": None, "record_timing": False, "coalesce_streams": True}
    how |= {"on_cell_execute": started, "on_cell_executed": ended}
    where = {"metadata": {"path": str(folder)}}
    client = NotebookClient(result.notebook, km=manager, resources=where, **how)
    # The kernel starts in notebooks/, where a package that is not installed would not be found.
    env = dict(os.environ if env is None else env)
    paths = [str(Path(__file__).parents[2]), *filter(None, [env.get("PYTHONPATH")])]
    env["PYTHONPATH"] = os.pathsep.join(paths)
    await client.async_execute(cleanup_kc=True, env=env)


def _runs(cell: NotebookNode) -> bool:
    return cell.cell_type == "code" and bool(cell.source.strip())


def _one_line(error: BaseException | None) -> str:
    if error is None:
        return ""
    text = f"{type(error).__name__}: {error}"  # DeadKernelError: the memory may have run out
    if isinstance(error, CellExecutionError):
        text = f"{error.ename}: {error.evalue}"
    return textwrap.shorten(text, 300, placeholder=" ...")


def run_course(
    source: str | None = None, setting: str | None = None, out: Path | None = None,
    only: str | None = None, folder: Path = NOTEBOOKS,
) -> bool:  # fmt: skip
    """Run the notebooks in order on one source at one setting; True if every cell of each ran.

    Writes executed copies and summary.md to `out` (default: data/executed/<source>-<setting>/).
    What is not given comes from COLOURLIB_SOURCE / COLOURLIB_SETTING, else practice and quick.
    Raises CourseError, before anything runs, for a source, setting or notebook that is not there.
    """
    paths = find(folder, only)
    os.environ["COLOURLIB_SOURCE"] = source or os.environ.get("COLOURLIB_SOURCE") or "practice"
    os.environ["COLOURLIB_SETTING"] = setting or os.environ.get("COLOURLIB_SETTING") or "quick"
    os.environ[COMMAND_LINE] = "1"  # a notebook that was saved with another source follows us
    ws = open_workspace()
    # The kernels start in notebooks/, so they are told whole paths.
    os.environ |= {"COLOURLIB_SOURCE": ws.source, "COLOURLIB_HOME": str(home())}
    usual = home() / "executed" / ws.root.name
    out = writable(usual if out is None else out.expanduser().resolve())

    start = time.gmtime()
    results: list[Result] = []
    for path in paths:
        results.append(execute(path))
        results[-1].store(out / path.name)
        if results[-1].stopped:
            break
    failed = [result for result in results if result.error]
    heading = f"# The course on {printable(ws.source, '?')}, setting {ws.setting.name}"
    lines = [[r.name, f"{r.seconds:.1f}", r.outcome] for r in results]
    lines.append(["total", f"{sum(r.seconds for r in results):.1f}", ""])
    times = _markdown(["notebook", "seconds", "result"], lines)
    text = "\n\n".join([heading, times, _scores_table(ws.root / "scores.json", start)])
    replace_text(out / "summary.md", text + "\n")
    print(f"\n{text}\n")
    print(f"{len(results) - len(failed)} of {len(paths)} notebooks ran to their end.")
    print(f"Executed copies and summary.md: {out}")
    return not failed


def _scores_table(path: Path, since: time.struct_time) -> str:
    """A Markdown table of the scores that notebooks recorded since then, one line for each name."""
    first = time.strftime("%Y-%m-%dT%H:%M:%SZ", since)
    fresh = {name: row for name, row in read_json(path).items() if row.pop("time", "") >= first}
    if not fresh:
        return "No scores were recorded in this run."
    return _markdown(HEADERS, rows({name: Scores(**row) for name, row in fresh.items()}))


def _markdown(head: list[str], body: list[list[str]]) -> str:
    """A table with columns of even width, so that it also reads well in a terminal."""
    lines = [[cell.replace("|", "\\|") for cell in row] for row in [head, *body]]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    lines.insert(1, ["-" * width for width in widths])
    return "\n".join("| " + " | ".join(map(str.ljust, line, widths)) + " |" for line in lines)
