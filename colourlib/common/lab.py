"""sRGB and Lab in numpy, for code that has to be quick on one picture and to do without torch.

Networks and their data use the module `colour`, which converts whole batches; a test holds the two
against each other. CIE 1976 L*a*b* under D65 (CIE 15:2004), sRGB by IEC 61966-2-1.
"""

from functools import lru_cache

import numpy as np

# D65 white and the sRGB matrix of IEC 61966-2-1, to the digits that scikit-image uses.
WHITE = np.array([0.95047, 1.0, 1.08883])
RGB_FROM_XYZ = np.linalg.inv(
    [[0.412453, 0.357580, 0.180423], [0.212671, 0.715160, 0.072169], [0.019334, 0.119193, 0.950227]]
)
STEPS = 16383  # linear light in steps fine enough to be a tenth of a grey level in the shadows


@lru_cache(maxsize=1)
def gamma_table() -> np.ndarray:
    """(16384,) uint8: the sRGB byte of every step of linear light."""
    linear = np.arange(STEPS + 1) / STEPS
    curve = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.round(255 * curve).astype(np.uint8)


def linear_rgb(L: np.ndarray, ab: np.ndarray) -> np.ndarray:
    """(H, W, 3) linear sRGB light of a Lab picture, not clipped: outside 0..1 is out of gamut."""
    f = np.empty((*L.shape, 3), dtype=np.float32)
    f[..., 1] = (L + 16.0) / 116.0
    f[..., 0] = f[..., 1] + ab[..., 0] / 500.0
    f[..., 2] = f[..., 1] - ab[..., 1] / 200.0
    xyz = np.where(f > 6 / 29, f * f * f, (f - 4 / 29) * np.float32(3 * (6 / 29) ** 2))
    return xyz @ (WHITE[:, None] * RGB_FROM_XYZ.T).astype(np.float32)


def lab_to_rgb(L: np.ndarray, ab: np.ndarray) -> np.ndarray:
    """CIE Lab (D65) to sRGB: L (H, W) 0..100 and ab (H, W, 2) -> (H, W, 3) uint8, clipped."""
    light = np.clip(linear_rgb(L, ab), 0.0, 1.0)
    return gamma_table()[(light * STEPS + 0.5).astype(np.int32)]


@lru_cache(maxsize=1)
def light_table() -> np.ndarray:
    """(256,) float32: the linear light of every sRGB byte."""
    value = np.arange(256) / 255
    light = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    return light.astype(np.float32)


def rgb_to_lab(rgb: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """sRGB (H, W, 3) uint8 -> L (H, W) 0..100 and ab (H, W, 2) in Lab units, float32."""
    to_xyz = (np.linalg.inv(RGB_FROM_XYZ).T / WHITE).astype(np.float32)
    xyz = light_table()[rgb] @ to_xyz  # (H, W, 3), white is 1, 1, 1
    f = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz * np.float32((29 / 6) ** 2 / 3) + 4 / 29)
    x, y, z = np.moveaxis(f, -1, 0)
    return 116 * y - 16, np.stack([500 * (x - y), 200 * (y - z)], axis=-1)
