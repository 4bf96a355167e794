"""The curves of a run for TensorBoard as well, where that is installed: `%tensorboard --logdir`.

These curves are a copy: whatever fails here, the training goes on.
"""

from __future__ import annotations

import contextlib
from importlib.util import find_spec
from pathlib import Path

TAGS = {
    "loss": "loss/training",
    "validation_loss": "loss/validation",
    "explained_chroma": "explained chroma/validation",
}


def writer(folder: Path | None):
    """A SummaryWriter in the run's folder, or None without TensorBoard or without a folder."""
    if folder is not None and find_spec("tensorboard") is not None:
        with contextlib.suppress(Exception):  # a broken installation, a full disk
            from torch.utils.tensorboard import SummaryWriter  # takes seconds

            return SummaryWriter(folder / "tensorboard")
    return None


def add(writer, row: dict) -> None:
    """One row of a run's history: losses and explained chroma over the photos seen."""
    for name, tag in TAGS.items():
        if writer is not None and row[name] is not None:
            with contextlib.suppress(Exception):
                writer.add_scalar(tag, row[name], row["photos"])


def close(writer) -> None:
    """The last points to the disk."""
    if writer is not None:
        with contextlib.suppress(Exception):
            writer.close()
