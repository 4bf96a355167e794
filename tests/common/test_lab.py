"""Lab in numpy agrees with scikit-image, with the batched one, and with itself there and back."""

import numpy as np
import torch
from skimage.color import rgb2lab

from colourlib import colour
from colourlib.common import lab


def test_lab_is_that_of_scikit_image_and_of_batches_there_and_back():
    """On a grid over all of sRGB: black, white and the primaries are among them."""
    steps = np.linspace(0, 255, 9).round()
    rgb = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(-1, 1, 3).astype(np.uint8)
    L, ab = lab.rgb_to_lab(rgb)
    truth = rgb2lab(rgb)
    np.testing.assert_allclose(L, truth[..., 0], atol=0.01)
    np.testing.assert_allclose(ab, truth[..., 1:], atol=0.02)
    batch_L, batch_ab = colour.rgb_to_lab(colour.to_tensor(rgb))
    np.testing.assert_allclose(L, batch_L[0, 0], atol=0.05)
    np.testing.assert_allclose(ab, torch.movedim(batch_ab[0], 0, -1), atol=0.1)
    assert np.abs(lab.lab_to_rgb(L, ab).astype(int) - rgb).max() <= 1
