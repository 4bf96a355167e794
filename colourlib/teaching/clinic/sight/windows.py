"""Footprints of what looks through a window: convolution, pooling, enlargement, padding.

An `Axis` says for each index along one axis of a map which stretch of the picture it depends on, a
`Field` holds the two axes of a tensor. `footprints` puts them together for a whole network.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..watch.tracing import Op

FAR = 1 << 30  # the lowest index of what depends on nothing; -FAR is the highest


@dataclass(frozen=True)
class Axis:
    """One of the picture's two axes, as a tensor has it."""

    dim: int | None  # of the tensor; None: gone, or of length one
    low: np.ndarray
    high: np.ndarray

    @property
    def length(self) -> int:
        return len(self.low)

    def pick(self, index: np.ndarray, valid: np.ndarray | None = None) -> Axis:
        """The axis whose entry i covers every index[i, :] of this one, where valid."""
        inside = (index >= 0) & (index < self.length)
        valid = inside if valid is None else inside & valid
        index = np.clip(index, 0, self.length - 1)
        low = np.where(valid, self.low[index], FAR).min(axis=-1)
        high = np.where(valid, self.high[index], -FAR).max(axis=-1)
        return replace(self, low=low, high=high)

    def stretched(self, length: int) -> Axis:
        if self.length in (1, length):
            low, high = (np.broadcast_to(a, length) for a in (self.low, self.high))
            return replace(self, low=low, high=high)
        raise Unknown

    def joined(self, other: Axis) -> Axis:
        return replace(
            self, low=np.minimum(self.low, other.low), high=np.maximum(self.high, other.high)
        )

    def all_of_it(self) -> Axis:
        low, high = np.full(1, self.low.min()), np.full(1, self.high.max())
        return Axis(self.dim, low, high)


@dataclass(frozen=True)
class Field:
    """What a tensor's places depend on: rows and columns; `tokens`: H and W are one dimension.

    everything: each number depends on the whole picture. mixed: each depends on some part of it.
    """

    rows: Axis | None = None
    columns: Axis | None = None
    tokens: int | None = None
    everything: bool = False
    mixed: bool = False

    @property
    def axes(self) -> tuple[Axis, Axis]:
        return self.rows, self.columns

    def side(self) -> tuple[int, int] | None:
        """(height, width) that the middle place sees; None where that is not known."""
        if self.rows is None:
            return None
        middle = [(a.low[a.length // 2], a.high[a.length // 2]) for a in self.axes]
        return tuple(max(0, int(high - low) + 1) for low, high in middle)


EVERYTHING = Field(everything=True)
NOTHING = Field()  # a constant, a parameter


class Unknown(Exception):
    """A function whose footprint is not known here."""


def _map(f: Field) -> Field:
    """As a map (N, C, H, W): maps of one pixel get their dimensions back."""
    if f.mixed or f.tokens is not None:
        raise Unknown
    axes = []
    for axis, dim in zip(f.axes, (2, 3), strict=True):
        if axis.dim not in (dim, None) or (axis.dim is None and axis.length > 1):
            raise Unknown
        axes.append(replace(axis, dim=dim))
    return Field(*axes)


def _each(f: Field, change) -> Field:
    """`change(axis, 0 or 1)` for rows and columns of a map."""
    f = _map(f)
    return Field(change(f.rows, 0), change(f.columns, 1))


def pair(value) -> tuple[int, int]:
    """(a, b) of a or (a, b) or (a,)."""
    if isinstance(value, (tuple, list)):
        return (value[0], value[0]) if len(value) == 1 else (value[0], value[1])
    return value, value


def _window(op, f, kernel, stride, padding, dilation=1):
    k, s, d = pair(kernel), pair(stride), pair(dilation)
    if padding == "same":
        p = [dd * (kk - 1) // 2 for kk, dd in zip(k, d, strict=True)]
    else:
        p = pair(0 if padding == "valid" else padding)

    def change(axis, i):
        starts = np.arange(op.shape[2 + i])[:, None] * s[i] - p[i]
        return axis.pick(starts + d[i] * np.arange(k[i])[None])

    return _each(f, change)


def _conv(op: Op, f: Field) -> Field:
    weight = op.arg(1, "weight")
    stride, padding = op.arg(3, "stride", 1), op.arg(4, "padding", 0)
    return _window(op, f, weight.shape[2:], stride, padding, op.arg(5, "dilation", 1))


def _pool(op: Op, f: Field) -> Field:
    kernel = op.arg(1, "kernel_size")
    stride = op.arg(2, "stride") or kernel
    dilation = op.arg(4, "dilation", 1) if op.name.startswith("max") else 1
    return _window(op, f, kernel, stride, op.arg(3, "padding", 0), dilation)


def _transposed(op: Op, f: Field) -> Field:
    k, s = tuple(op.arg(1, "weight").shape[2:]), pair(op.arg(3, "stride", 1))
    p, d = pair(op.arg(4, "padding", 0)), pair(op.arg(7, "dilation", 1))

    def change(axis, i):
        reach = np.arange(op.shape[2 + i])[:, None] + p[i] - d[i] * np.arange(k[i])[None]
        return axis.pick(reach // s[i], reach % s[i] == 0)

    return _each(f, change)


def _adaptive(op: Op, f: Field) -> Field:
    def change(axis, i):
        n, m = axis.length, op.shape[2 + i]
        index = np.arange(m)
        first, last = index * n // m, -(-(index + 1) * n // m) - 1
        taps = first[:, None] + np.arange((last - first).max() + 1)[None]
        return axis.pick(taps, taps <= last[:, None])

    return _each(f, change)


def _interpolate(op: Op, f: Field) -> Field:
    mode, corners = op.arg(3, "mode", "nearest"), op.arg(4, "align_corners")
    if op.kwargs.get("antialias"):
        raise Unknown
    if mode == "area":
        return _adaptive(op, f)
    given = op.arg(2, "scale_factor")
    given = None if op.kwargs.get("recompute_scale_factor") else given
    factors = (None, None) if given is None else pair(given)

    def change(axis, i):
        n, m = axis.length, op.shape[2 + i]
        scale = n / m if factors[i] is None else 1 / factors[i]
        place = np.arange(m)
        if mode == "nearest":
            taps = np.floor(place.astype(np.float32) * np.float32(scale)).astype(int)[:, None]
            return axis.pick(np.minimum(taps, n - 1))
        if mode == "nearest-exact":
            taps = np.floor((place + 0.5) * scale).astype(int)[:, None]
            return axis.pick(np.minimum(taps, n - 1))
        if corners:
            source = place * ((n - 1) / (m - 1) if m > 1 else 0.0)
        else:
            source = (place + 0.5) * scale - 0.5
        if mode == "bilinear":
            source = np.maximum(source, 0)
            left = np.minimum(np.floor(source).astype(int), n - 1)
            taps = np.minimum(left[:, None] + np.arange(2)[None], n - 1)
            between = (source - left > 0)[:, None]
            return axis.pick(taps, between | (np.arange(2) == 0)[None])
        if mode == "bicubic":
            left = np.floor(source).astype(int)
            taps = np.clip(left[:, None] + np.arange(-1, 3)[None], 0, n - 1)
            between = (source - left != 0)[:, None]
            return axis.pick(taps, between | (np.arange(-1, 3) == 0)[None])
        raise Unknown

    return _each(f, change)


def _pad(op: Op, f: Field) -> Field:
    amounts, mode = list(op.arg(1, "pad")), op.arg(2, "mode", "constant")
    if any(amounts[4:]):
        raise Unknown
    amounts += [0] * (4 - len(amounts))

    def change(axis, i):
        n, before = axis.length, amounts[2 * (1 - i)]
        index = np.arange(op.shape[2 + i]) - before
        if mode == "reflect":
            index = n - 1 - np.abs(n - 1 - np.abs(index))
        elif mode == "replicate":
            index = np.clip(index, 0, n - 1)
        elif mode == "circular":
            index = index % n
        return axis.pick(index[:, None])

    return _each(f, change)


def _shuffle(op: Op, f: Field) -> Field:
    r = op.arg(1, "upscale_factor")
    return _each(f, lambda axis, i: axis.pick((np.arange(axis.length * r) // r)[:, None]))


def _unshuffle(op: Op, f: Field) -> Field:
    r = op.arg(1, "downscale_factor")
    return _each(
        f,
        lambda axis, i: axis.pick(r * np.arange(axis.length // r)[:, None] + np.arange(r)[None]),
    )


WINDOWS = {
    "conv2d": _conv,
    "conv_transpose2d": _transposed,
    "max_pool2d": _pool,
    "avg_pool2d": _pool,
    "lp_pool2d": _pool,
    "adaptive_avg_pool2d": _adaptive,
    "adaptive_max_pool2d": _adaptive,
    "interpolate": _interpolate,
    "upsample": _interpolate,
    "pad": _pad,
    "pixel_shuffle": _shuffle,
    "pixel_unshuffle": _unshuffle,
}
