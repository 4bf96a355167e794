"""`make lab`, and the README's plain command: the first notebook opens, and its links lead on."""

import json
import os
import posixpath
import re
import secrets
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

import pytest
from conftest import _free_port, _wait_for

ROOT = Path(__file__).resolve().parents[2]
FIRST = "notebooks/00_first_colours.ipynb"
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def command_in(page: str) -> list[str]:
    """What stands behind `python -m jupyterlab` in the Makefile or the README."""
    text = (ROOT / page).read_text(encoding="utf-8")
    (found,) = re.findall(r"(?:\$\(PY\)|Scripts\\python) -m jupyterlab(.*)", text)
    return found.replace("\\", "/").split()


@pytest.fixture
def started(tmp_path):
    """started(arguments) -> get(path), from a server that is started with them in a clone."""
    pytest.importorskip("jupyterlab", reason="JupyterLab is not installed: pip install jupyterlab")
    clone = tmp_path / "clone"
    for part in (FIRST, "docs/glossary.md"):
        (clone / part).parent.mkdir(parents=True)
        shutil.copy(ROOT / part, clone / part)
    home = {"JUPYTER_CONFIG_DIR": "config", "JUPYTERLAB_SETTINGS_DIR": "settings",
            "JUPYTERLAB_WORKSPACES_DIR": "workspaces", "JUPYTER_RUNTIME_DIR": "runtime",
            "JUPYTER_DATA_DIR": "share"}  # fmt: skip
    env = os.environ | {name: str(tmp_path / place) for name, place in home.items()}
    # In place of a browser: writes down the address that it is asked to open.
    asked, listener = tmp_path / "asked.txt", tmp_path / "listener.py"
    listener.write_text(f"import sys; open({str(asked)!r}, 'w').write(sys.argv[1])")
    env["BROWSER"] = f'"{Path(sys.executable).as_posix()}" "{listener.as_posix()}" %s'
    servers, log = [], tmp_path / "server.log"

    def start(arguments: list[str]):
        port, token = _free_port(), secrets.token_hex(16)
        command = [
            sys.executable, "-m", "jupyterlab", *arguments, "--allow-root",
            "--ip=127.0.0.1", f"--port={port}", f"--IdentityProvider.token={token}",
        ]  # fmt: skip
        with open(log, "wb") as out:
            servers.append(subprocess.Popen(command, cwd=clone, env=env, stdout=out, stderr=out))
        address = f"http://127.0.0.1:{port}"
        _wait_for(f"{address}/api?token={token}", servers[-1], log)

        def get(path: str) -> str:
            return DIRECT.open(f"{address}/{path}?token={token}", timeout=30).read().decode()

        for _ in range(300):
            if asked.is_file() and asked.read_text():
                break
            time.sleep(0.1)
        page = Path(url2pathname(urlsplit(asked.read_text()).path))  # which leads to the notebook
        get.asked = page.read_text(encoding="utf-8")
        return get

    yield start
    for server in servers:
        server.terminate()
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()


def opened_first(get) -> str:
    """The notebook that the server opens, as it calls it itself."""
    return re.search(r"/lab/tree/([^?\"]+)", get.asked)[1]


def links_of(get, notebook: str) -> set[str]:
    """Where the glossary links of a notebook lead, as paths of the server."""
    cells = json.loads(get(f"api/contents/{notebook}"))["content"]["cells"]
    text = "\n".join("".join(cell["source"]) for cell in cells)
    links = re.findall(r"\]\(([^)#\s]*glossary\.md)#", text)
    return {posixpath.normpath(posixpath.join(posixpath.dirname(notebook), link)) for link in links}


@pytest.mark.parametrize("page", ["Makefile", "README.md"])
def test_the_glossary_is_served_where_the_first_notebook_looks_for_it(started, page):
    get = started(command_in(page))
    assert opened_first(get) == FIRST
    (link,) = links_of(get, FIRST)
    assert get(f"files/{link}").startswith("# Glossary")


def test_without_the_root_the_glossary_would_lie_above_what_is_served(started):
    get = started([FIRST])
    notebook = opened_first(get)
    (link,) = links_of(get, notebook)
    assert link.startswith("../")
    with pytest.raises(urllib.error.HTTPError, match="40[34]"):
        get(f"files/{link}")
