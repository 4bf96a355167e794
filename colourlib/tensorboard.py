"""The curves of a run for TensorBoard as well, where that is installed: `%tensorboard --logdir`."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path


def writer(folder: Path | None):
    """A SummaryWriter in the run's folder, or None without TensorBoard or without a folder."""
    if folder is None or find_spec("tensorboard") is None:
        return None
    from torch.utils.tensorboard import SummaryWriter

    try:
        return SummaryWriter(folder / "tensorboard")
    except OSError:  # a full disk is reported where the run itself is saved
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
            writer.add_scalar(tag, row[name], row["photos"])
