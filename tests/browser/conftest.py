"""A real JupyterLab in a headless Chromium, for the tests of what notebooks show and do.

    def test_it(open_notebook):
        page = open_notebook("one.ipynb", ["print(1)"], run=True)

`open_notebook` writes the notebook, opens it with a kernel of this Python and gives playwright's
page; what can be done with such a page is in the module `lab`. The tests are skipped, and say why,
where playwright or a Chromium is missing.
"""

import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from types import SimpleNamespace

import pytest
from lab import NO_PLAYWRIGHT, WAIT, run_all, when_ready, write_notebook

ROOT = Path(__file__).resolve().parents[2]
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
CHROMIUM = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip


@pytest.fixture(scope="session")
def jupyterlab(tmp_path_factory):
    """A JupyterLab server of our own: address, token and the folder that it shows."""
    pytest.importorskip("jupyterlab", reason="JupyterLab is not installed: pip install jupyterlab")
    folder = tmp_path_factory.mktemp("lab")
    # No "would you like to receive official news?" in front of the notebook.
    plugin = "@jupyterlab/apputils-extension/notification.jupyterlab-settings"
    (folder / "settings" / plugin).parent.mkdir(parents=True)
    (folder / "settings" / plugin).write_text('{"fetchNews": "false"}')
    home = {"JUPYTER_CONFIG_DIR": "config", "JUPYTERLAB_SETTINGS_DIR": "settings",
            "JUPYTERLAB_WORKSPACES_DIR": "workspaces", "JUPYTER_RUNTIME_DIR": "runtime",
            "JUPYTER_DATA_DIR": "share", "IPYTHONDIR": "ipython"}  # fmt: skip
    env = os.environ | {name: str(folder / place) for name, place in home.items()}
    paths = [str(ROOT), os.environ.get("PYTHONPATH", "")]
    env |= {"PYTHONPATH": os.pathsep.join(filter(None, paths)), "COLOURLIB_HOME": str(folder)}
    (folder / "notebooks").mkdir()
    port, token = _free_port(), secrets.token_hex(16)
    command = [
        sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1",
        f"--port={port}", "--ServerApp.port_retries=0", f"--IdentityProvider.token={token}",
        f"--ServerApp.root_dir={folder / 'notebooks'}", "--LabApp.expose_app_in_browser=True",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    ]  # fmt: skip
    with open(folder / "server.log", "wb") as log:
        server = subprocess.Popen(command, cwd=folder, env=env, stdout=log, stderr=log)
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_for(f"{address}/api?token={token}", server, folder / "server.log")
        yield SimpleNamespace(address=address, token=token, folder=folder / "notebooks")
    finally:
        server.terminate()
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()


@pytest.fixture(scope="module")  # its event loop would be in the way of other modules' tests
def browser():
    """A headless Chromium, driven by playwright."""
    api = pytest.importorskip("playwright.sync_api", reason=NO_PLAYWRIGHT)
    api.expect.set_options(timeout=WAIT)  # its own five seconds are too few beside other work
    with api.sync_playwright() as playwright:
        found = filter(None, map(shutil.which, BROWSERS))
        program = next(found, playwright.chromium.executable_path)
        if not Path(program).exists():
            pytest.skip("There is no Chromium: install one, or run: playwright install chromium")
        chromium = playwright.chromium.launch(executable_path=program, headless=True, args=CHROMIUM)
        yield chromium
        chromium.close()


@pytest.fixture
def open_notebook(jupyterlab, browser):
    """open_notebook(name, cells, run=True) -> the page, with the notebook open and run.

    Leave `cells` out for a notebook that is there already. The page is closed with the test.
    """
    pages = []

    def open_it(name: str, cells: list[str] | None = None, run: bool = False):
        if cells is not None:
            write_notebook(jupyterlab.folder / name, cells)
        page = browser.new_page(viewport={"width": 1280, "height": 1000})
        pages.append(page)
        page.set_default_timeout(WAIT)
        page.goto(f"{jupyterlab.address}/lab/tree/{name}?token={jupyterlab.token}&reset")
        when_ready(page)
        if run:
            run_all(page)
        return page

    yield open_it
    for page in pages:
        page.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _wait_for(address: str, server: subprocess.Popen, log: Path) -> None:
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    for _ in range(600):
        if server.poll() is not None:
            break
        try:
            direct.open(address, timeout=5).close()
            return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"JupyterLab did not start:\n{log.read_text(errors='replace')[-2000:]}")
