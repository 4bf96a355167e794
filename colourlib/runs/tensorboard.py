"""The curves of a run for TensorBoard as well, where that is installed: `%tensorboard --logdir`.

These curves are a copy: whatever fails here, the training goes on.
"""

import contextlib
from importlib.util import find_spec
from pathlib import Path

TAGS = {
    "loss": "loss/training",
    "validation_loss": "loss/validation",
    "explained_chroma": "explained chroma/validation",
}


class Curves(contextlib.ExitStack):
    """Losses and explained chroma over the photos seen; nothing without TensorBoard or a folder."""

    def __init__(self, folder: Path | None) -> None:
        self.writer = None
        if folder is not None and find_spec("tensorboard") is not None:
            with contextlib.suppress(Exception):  # a broken installation, a full disk
                from torch.utils.tensorboard import SummaryWriter  # takes seconds

                self.writer = SummaryWriter(folder / "tensorboard")
