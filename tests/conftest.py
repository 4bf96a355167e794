"""What every test stands on: a home of its own for each worker, no window system, few threads."""

import os
import shutil
import tempfile
from collections import Counter
from pathlib import Path

import pytest

SCRATCH = Path(tempfile.mkdtemp(prefix="colourlib-tests-"))

# Before any test module imports torch or matplotlib.
for name in [name for name in os.environ if name.startswith("COLOURLIB_")]:
    del os.environ[name]
os.environ["COLOURLIB_HOME"] = str(SCRATCH / "data")
os.environ["COLOURLIB_STATE"] = str(SCRATCH / "state")
os.environ["MPLBACKEND"] = "Agg"
WORKERS = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // WORKERS)))


def pytest_collection_modifyitems(items):
    """Files with the most slow tests first, so that two workers who take a file each end together.

    Files stay whole and tests in their order, because the sorting is stable.
    """
    all_, slow = Counter(), Counter()
    for item in items:
        all_[item.path] += 1
        slow[item.path] += item.get_closest_marker("slow") is not None
    items.sort(key=lambda item: (-slow[item.path], -all_[item.path]))


def pytest_unconfigure():
    shutil.rmtree(SCRATCH, ignore_errors=True)


@pytest.fixture
def fresh_home(tmp_path, monkeypatch) -> Path:
    """An empty COLOURLIB_HOME for this test alone, with no source and no setting chosen."""
    for name in ("COLOURLIB_SOURCE", "COLOURLIB_SETTING", "COLOURLIB_COMMAND_LINE"):
        monkeypatch.setenv(name, "")  # set, then gone: so that what the test sets is undone, too
        monkeypatch.delenv(name)
    home = tmp_path / "data"
    monkeypatch.setenv("COLOURLIB_HOME", str(home))
    return home


@pytest.fixture(scope="session")
def practice_data(tmp_path_factory):
    """A small PhotoData of practice scenes at 64 px: 45 to train on, 12 to validate, 6 to test."""
    import hashlib
    from types import SimpleNamespace

    from PIL import Image

    from colourlib import practice, prepare
    from colourlib.collect.manifest import Photo
    from colourlib.common import queries

    root = tmp_path_factory.mktemp("practice_data")
    verdicts, split = [], {}
    for i, query in enumerate([*queries.QUERIES[:19] * 3, *queries.QUERIES[:6]]):
        scene = practice.scene(query, i, 80, 80)
        file = root / f"{i}.png"
        Image.fromarray(scene.rgb()).save(file)
        sha = hashlib.sha256(file.read_bytes()).hexdigest()
        url = practice.url_of(query, i, 80, 80)
        photo = Photo(query, url, str(file), sha, file.stat().st_size, 80, 80, "PNG", "", "")
        verdicts.append(SimpleNamespace(photo=photo, keep=True))
        split[sha] = "train" if i < 45 else "validation" if i < 57 else "test"
    return prepare.prepare(root, verdicts, split, size=64)
