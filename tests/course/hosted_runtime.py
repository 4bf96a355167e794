"""A hosted runtime, imitated: a Python of its own with torch, but without colourlib; no network.

`Runtime(folder)` is an empty machine. Its Python sees the packages of the Python that runs the
tests, as a hosted service has its own installed, and installs into itself. The repository's address
leads git to a clone of the working tree that carries the release tag, so that the notebooks run
as they are.
"""

import asyncio
import importlib.metadata
import json
import os
import shutil
import subprocess
import sysconfig
import venv
import zipfile
from pathlib import Path

import badges
import nbformat
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient

ROOT = badges.ROOT
GIT = ["git", "-c", "user.name=test", "-c", "user.email=test@example.org"]
GIT += ["-c", "commit.gpgsign=false", "-c", "tag.gpgsign=false", "-c", "core.autocrlf=false"]

OPENS = "\nws = open_workspace("  # and on that line it ends


def release(folder: Path) -> Path:
    """A repository of its own that holds the working tree, committed, with the release tag."""
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, names.split("\0")):
        if (ROOT / name).is_file():  # one that was removed is listed until the next commit
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "x"], ["tag", badges.tag()]):
        subprocess.run([*GIT, *command], cwd=folder, check=True, capture_output=True)
    return folder


def wheel(folder: Path, name: str, version: str, files: dict[str, str], needs: str = "") -> Path:
    """A wheel of these files, written by hand."""
    path = folder / f"{name}-{version}-py3-none-any.whl"
    info = f"{name}-{version}.dist-info"
    needs = f"Requires-Dist: {needs}\n" if needs else ""
    files = files | {
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needs}",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{file},,\n" for file in [*files, f"{info}/RECORD"])
    with zipfile.ZipFile(path, "w") as archive:
        for file, text in (files | {f"{info}/RECORD": record}).items():
            archive.writestr(file, text)
    return path


class Runtime:
    """An empty machine in `folder`; `sign` is what its service sets; `origin`: a clone, or not."""

    def __init__(self, folder: Path, origin: Path, sign: str | None = "COLAB_RELEASE_TAG"):
        self.folder = folder
        venv.create(folder / "python", symlinks=os.name != "nt", with_pip=False)
        programs, lib = ("Scripts", "Lib") if os.name == "nt" else ("bin", "lib/python*")
        self.python = folder / "python" / programs / "python"
        self.site = next((folder / "python").glob(f"{lib}/site-packages"))
        self._packages_of_the_machine()
        self._stand_in_for_colab()
        hidden = ("COLOURLIB_", "PIP_", "PYTHON", "GIT_", "JUPYTER", "COV")
        self.env = {n: value for n, value in os.environ.items() if not n.startswith(hidden)}
        self.env |= dict.fromkeys(("HOME", "USERPROFILE"), str(folder))
        self.env |= {
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": f"url.{origin.as_uri()}.insteadOf",
            "GIT_CONFIG_VALUE_0": badges.address(),
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_NO_INDEX": "1",
            "PIP_NO_BUILD_ISOLATION": "0",  # which means yes: the value is that of build_isolation
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        }
        if sign:
            self.env[sign] = "release-colab-external"

    def _packages_of_the_machine(self) -> None:
        """Links to all that the tests' Python has installed, but for colourlib itself."""
        machine = self.folder / "machine"
        machine.mkdir()
        for there in dict.fromkeys(sysconfig.get_path(kind) for kind in ("purelib", "platlib")):
            for entry in Path(there).iterdir():
                ours = "colourlib" in entry.name.lower()  # also what an editable install leaves
                if not ours and entry.suffix != ".pth":
                    (machine / entry.name).symlink_to(entry, entry.is_dir())
        (self.site / "machine.pth").write_text(str(machine))

    def _stand_in_for_colab(self) -> None:
        """google.colab as far as anybody looks at it, imported at start as Colab's kernel does."""
        colab = self.site / "google" / "colab"
        colab.mkdir(parents=True)
        (colab / "__init__.py").write_text("")
        (colab / "output.py").write_text(
            "class _widgets:\n    _installed_url = None\n\n\n"
            "def enable_custom_widget_manager():\n    _widgets._installed_url = 'widgets'\n"
        )
        (self.site / "zz_colab.pth").write_text("import google.colab.output\n")

    def run(self, code: str, work: str = "work", **env: str) -> subprocess.CompletedProcess:
        """Run Python code on the machine, in its empty folder or in that of a notebook."""
        work = self.folder / work
        work.mkdir(exist_ok=True)
        options = {"cwd": work, "env": self.env | env, "capture_output": True, "text": True}
        return subprocess.run([self.python, "-c", code], **options)

    def installed(self) -> dict[str, str]:
        """What was installed here, and is not of the machine: {'colourlib': '0.1.0'}"""
        names = [path.stem.rsplit("-", 1) for path in self.site.glob("*.dist-info")]
        return {name.lower(): version for name, version in names}

    def notebook(self, name: str, whole: bool = True) -> nbformat.NotebookNode:
        """Upload one notebook alone to an empty folder and run it: whole, or as far as the line
        that opens its workspace."""
        work = self.folder / name
        work.mkdir(parents=True)
        shutil.copy(ROOT / "notebooks" / f"{name}.ipynb", work)
        notebook = nbformat.read(next(work.glob("*.ipynb")), as_version=4)
        if not whole:
            at = next(i for i, cell in enumerate(notebook.cells) if OPENS in cell.source)
            del notebook.cells[at + 1 :]
            before, opens, behind = notebook.cells[at].source.partition(OPENS)
            notebook.cells[at].source = before + opens + behind.partition("\n")[0]
        spec = self.folder / "kernels" / "python3"
        spec.mkdir(parents=True, exist_ok=True)
        launch = [str(self.python), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        kernel = {"argv": launch, "display_name": "x", "language": "python"}
        (spec / "kernel.json").write_text(json.dumps(kernel))
        kernels = KernelSpecManager(kernel_dirs=[str(spec.parent)], ensure_native_kernel=False)
        manager = AsyncKernelManager(kernel_name="python3", kernel_spec_manager=kernels)
        if manager.has_trait("transport_encryption"):  # newer kernels complain where it is off
            manager.transport_encryption = "auto"
        there = {"metadata": {"path": str(work)}}
        options = {"timeout": 600, "coalesce_streams": True, "resources": there}
        client = NotebookClient(notebook, km=manager, **options)
        loop = asyncio.SelectorEventLoop()
        loop.run_until_complete(client.async_execute(cleanup_kc=True, env=self.env))
        loop.close()
        return notebook


def files_of(*packages: str) -> dict[str, tuple[int, int]]:
    """(bytes, time of change) of every file of installed packages, as their RECORDs list them."""
    files = [file.locate() for name in packages for file in importlib.metadata.files(name) or []]
    kept = {str(path): path.stat() for path in files if path.suffix != ".pyc" and path.exists()}
    return {path: (status.st_size, status.st_mtime_ns) for path, status in kept.items()}
