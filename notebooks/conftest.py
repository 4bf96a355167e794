"""Gives every nbval worker a home of its own, so that notebooks that run side by side never race.

Nothing else is set: each notebook starts as it does for a newcomer, with practice scenes at the
quick setting, and makes by itself what the notebooks before it would have made.
"""

import os
import shutil
import tempfile
from pathlib import Path

import pytest
from nbval.kernel import RunningKernel

MOST = 300  # messages a cell may send: nbval reads them when it has ended, and a thousand fit
# Two workers take a notebook each, in this order: the longest first, so that they end together.
# The worker of 05 is most often done while the other is at its second: it takes 06, and has a run.
FIRST = ("05_train", "05_small_first", "07_vivid", "06_evaluate", "06_measures", "05_scale",
         "08_transfer", "05_adamw", "04_model")  # fmt: skip
SCRATCH = Path(tempfile.mkdtemp(prefix="colourlib-notebooks-"))


def pytest_configure():
    for name in [name for name in os.environ if name.startswith("COLOURLIB_")]:
        del os.environ[name]
    os.environ["COLOURLIB_HOME"] = str(SCRATCH / "data")  # is shown as data/..., as for everyone
    os.environ["COLOURLIB_STATE"] = str(SCRATCH / "state")
    # Workers share the cores; without this each kernel would start a thread for every core.
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // workers)))


def pytest_collection_modifyitems(items):
    """The longest notebooks first; the sorting is stable, so that cells keep their order."""
    place = {name: i for i, name in enumerate(FIRST)}
    items.sort(key=lambda item: place.get(item.path.stem, len(FIRST)))


def pytest_unconfigure():
    shutil.rmtree(SCRATCH, ignore_errors=True)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    """A cell that sends too many messages fails: on a busy machine its last one would be lost."""
    counted, get_message = [], RunningKernel.get_message

    def counting(self, stream, timeout=None):
        message = get_message(self, stream, timeout)
        counted.extend([stream] * (stream == "iopub"))
        return message

    RunningKernel.get_message = counting
    try:
        result = yield
    finally:
        RunningKernel.get_message = get_message
    if len(counted) > MOST:
        pytest.fail(f"{item.name} sent {len(counted)} messages, and {MOST} are the most.", False)
    return result
