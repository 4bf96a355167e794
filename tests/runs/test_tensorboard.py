"""The same curves in TensorBoard, where that is installed, and no trouble where it is not."""

import pytest

from colourlib.runs import tensorboard

ROWS = [
    {"loss": None, "validation_loss": 0.02, "explained_chroma": 0.1, "photos": 40},
    {"loss": 0.01, "validation_loss": 0.01, "explained_chroma": 0.5, "photos": 80},
]


def test_without_tensorboard_or_a_folder_nothing_happens(tmp_path, monkeypatch):
    monkeypatch.setattr(tensorboard, "find_spec", lambda name: None)
    assert tensorboard.writer(tmp_path) is None and not list(tmp_path.iterdir())
    assert tensorboard.writer(None) is None
    tensorboard.add(None, ROWS[0])


def test_the_curves_can_be_read_there(tmp_path):
    reading = pytest.importorskip(
        "tensorboard.backend.event_processing.event_accumulator",
        reason="TensorBoard is not installed",
    )
    writer = tensorboard.writer(tmp_path)
    for row in ROWS:
        tensorboard.add(writer, row)
    writer.close()
    read = reading.EventAccumulator(str(tmp_path / "tensorboard"))
    read.Reload()
    points = {
        tag: [(e.step, round(e.value, 6)) for e in read.Scalars(tag)]
        for tag in read.Tags()["scalars"]
    }
    assert points == {
        "loss/training": [(80, 0.01)],
        "loss/validation": [(40, 0.02), (80, 0.01)],
        "explained chroma/validation": [(40, 0.1), (80, 0.5)],
    }
