"""The curves of a run for TensorBoard as well, where that is installed: `%tensorboard --logdir`.

These curves are a copy: whatever fails here, the training goes on.
"""

from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

TAGS = {
    "loss": "loss/training",
    "validation_loss": "loss/validation",
    "explained_chroma": "explained chroma/validation",
}


class Curves:
    """Losses and explained chroma over the photos seen; nothing without TensorBoard or a folder."""

    def __init__(self, folder: Path | None) -> None:
        self.writer = None
        if folder is not None and find_spec("tensorboard") is not None:
            with suppress(Exception):  # a broken installation, a full disk
                from torch.utils.tensorboard import SummaryWriter  # takes seconds

                self.writer = SummaryWriter(folder / "tensorboard")

    def add(self, row: dict) -> None:
        """One row of a run's history."""
        for name, tag in TAGS.items() if self.writer is not None else ():
            with suppress(Exception):
                if row[name] is not None:
                    self.writer.add_scalar(tag, row[name], row["photos"])

    def close(self) -> None:
        """The last points to the disk."""
        if self.writer is not None:
            with suppress(Exception):
                self.writer.close()
