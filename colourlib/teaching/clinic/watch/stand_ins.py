"""Stand-ins for functions that torch's meta device is slow at: the shape alone, at once."""

import torch
from torch import Tensor


class _Stand(torch.autograd.Function):
    """Stands in for a function on the meta device: the shape, and what it keeps for backward."""

    @staticmethod
    def forward(ctx, x: Tensor, shape: tuple[int, ...], keeps: bool, *weights: Tensor) -> Tensor:
        if keeps:
            ctx.save_for_backward(x)
        return x.new_empty(shape)


def _batch_norm(func, x, mean, variance, weight=None, bias=None, training=False, *_, **__):
    """As torch's own, which takes a hundred times as long on the meta device; with its checks."""
    channels = x.shape[1]
    if training and x.numel() == channels:
        raise ValueError(f"Expected more than 1 value per channel, got {tuple(x.shape)}")
    own = [t for t in (weight, bias, mean, variance) if t is not None]
    if any(t.numel() != channels for t in own):
        raise RuntimeError(f"running_mean should contain {channels} elements")
    return _Stand.apply(x, tuple(x.shape), True, *own[:2])


def _interpolate(func, x, size=None, scale_factor=None, mode="nearest", **options):
    """The same for the usual enlargements; whatever is unusual goes to torch."""
    usual = isinstance(x, Tensor) and x.ndim == 4 and x.numel() and mode in ("nearest", "bilinear")
    new = size if scale_factor is None else None
    if usual and size is None and isinstance(scale_factor, (int, float)) and scale_factor >= 1:
        new = [int(n * scale_factor) for n in x.shape[2:]]
    two = isinstance(new, (tuple, list)) and len(new) == 2
    if usual and two and all(isinstance(n, int) and n > 0 for n in new):
        return _Stand.apply(x, (*x.shape[:2], *new), False)
    return func(x, size, scale_factor, mode, **options)


def _conv(func, x, weight, *more, **options):
    """As torch's own, which on the meta device, without a bias, takes any number format."""
    if x.dtype != weight.dtype and not any(map(torch.is_autocast_enabled, ("cpu", "cuda"))):
        raise RuntimeError("its input and its weights have to be of one type")
    return func(x, weight, *more, **options)


SHORT_CUTS = {"batch_norm": _batch_norm, "interpolate": _interpolate, "conv2d": _conv}
