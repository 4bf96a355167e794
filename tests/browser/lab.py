"""What tests do with a notebook that is open in JupyterLab; the fixtures are in conftest.py."""

from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_notebook

# The "idle" icon shows before the kernel is connected, and Run All is then silently dropped.
READY = """() => {
    const context = window.jupyterapp?.shell.currentWidget?.sessionContext;
    const kernel = context?.session?.kernel;
    return context?.isReady && kernel?.connectionStatus === "connected"
        && kernel?.status === "idle" && kernel?.info !== undefined;
}"""
# The contrast of a text to what is behind it, after WCAG 2.1.
CONTRAST = """(selector) => {
    const numbers = (text) => text.match(/[\\d.]+/g).map(Number);
    const over = (top, under) => {
        const a = top[3] ?? 1;
        return [0, 1, 2].map((i) => a * top[i] + (1 - a) * under[i]);
    };
    const light = (rgb) => {
        const [r, g, b] = rgb.map((v) => v / 255)
            .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const node = document.querySelector(selector);
    const grounds = [];
    for (let at = node; at; at = at.parentElement) {
        const ground = numbers(getComputedStyle(at).backgroundColor);
        grounds.unshift(ground);
        if ((ground[3] ?? 1) === 1) break;
    }
    const ground = grounds.reduce((under, top) => over(top, under), [255, 255, 255]);
    const text = over(numbers(getComputedStyle(node).color), ground);
    const [low, high] = [light(ground), light(text)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
}"""

NO_PLAYWRIGHT = "playwright is not installed: pip install playwright"
WAIT = 180_000  # milliseconds; a busy machine does everything slowly


def write_notebook(path: Path, cells: list[str]) -> None:
    """A notebook of code cells, without outputs."""
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = new_notebook(cells=[*map(new_code_cell, cells)], metadata={"kernelspec": kernel})
    nbformat.write(notebook, path)


def when_ready(page) -> None:
    """Wait until the notebook is open and its kernel connected and idle."""
    page.locator(".jp-Notebook").first.wait_for(timeout=WAIT)
    page.wait_for_function(READY, timeout=WAIT)


def restart_kernel(page) -> None:
    page.evaluate("() => jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()")
    when_ready(page)


def command(page, name: str, arguments: dict | None = None) -> None:
    """Run one of JupyterLab's commands, as its menus and keys do."""
    code = "([name, args]) => jupyterapp.commands.execute(name, args)"
    page.evaluate(code, [name, arguments or {}])


def in_theme(page, theme: str) -> None:
    """Show JupyterLab in its 'Light' or 'Dark' theme, and wait until it does."""
    command(page, "apputils:change-theme", {"theme": f"JupyterLab {theme}"})
    light = "true" if theme == "Light" else "false"
    page.locator(f'body[data-jp-theme-light="{light}"]').wait_for(state="attached", timeout=WAIT)
    page.locator("#jupyterlab-splash").wait_for(state="detached", timeout=WAIT)


def run_all(page, timeout: int = WAIT) -> None:
    """Run all cells and wait, at most so many milliseconds, until the kernel is idle again."""
    run = "jupyterapp.commands.execute('notebook:run-all-cells')"
    then = "finally(() => { window.allRan = true; })"
    page.evaluate(f"() => {{ window.allRan = false; {run}.{then}; }}")
    page.wait_for_function("() => window.allRan", timeout=timeout)
    page.wait_for_function(READY, timeout=WAIT)


def assert_no_errors(page) -> None:
    for kind in ("error", "stderr"):
        found = page.locator(f'[data-mime-type="application/vnd.jupyter.{kind}"]')
        assert found.all_inner_texts() == []
