"""The curves of a run for TensorBoard as well, where that is installed: `%tensorboard --logdir`."""

from __future__ import annotations

import contextlib
from importlib.util import find_spec
from pathlib import Path


def writer(folder: Path | None):
    """A SummaryWriter in the run's folder, or None without TensorBoard or without a folder."""
    if folder is None or find_spec("tensorboard") is None:
        return None
    try:
        from torch.utils.tensorboard import SummaryWriter

        return SummaryWriter(folder / "tensorboard")
    except Exception:  # a broken installation, a full disk: the run itself is kept elsewhere
        return None


def add(writer, row: dict) -> None:
    """One row of a run's history: losses and explained chroma over the photos seen."""
    if writer is None:
        return
    for name, tag in (
        ("loss", "loss/training"),
        ("validation_loss", "loss/validation"),
        ("explained_chroma", "explained chroma/validation"),
    ):
        if row[name] is not None:
            with contextlib.suppress(Exception):  # these curves are a copy; training goes on
                writer.add_scalar(tag, row[name], row["photos"])


def close(writer) -> None:
    """The last points to the disk."""
    if writer is not None:
        with contextlib.suppress(Exception):
            writer.close()
