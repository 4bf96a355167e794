"""The exercise of chapter 04 on BatchNorm: by hand, in training mode and in eval mode."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ..core import CRASHED, Wrong, call, exercise
from ..tensors import numbers, raise_matching, same

AXES = {
    (0,): "the photos alone",
    (2, 3): "height and width alone",
    (1, 2, 3): "the channels, height and width",
    (1,): "the channels alone",
    (0, 1): "photos and channels",
    (0, 1, 2, 3): "all four axes",
}
EPS = 1e-5


@exercise(
    "04.2", "BatchNorm in both modes", "a function of (h, weight, bias, mean, variance, training)"
)
def batch_norm(answer):
    """Against nn.BatchNorm2d, training and eval, on few numbers and with a channel that is even."""
    dice = torch.Generator().manual_seed(0)
    h = (
        torch.randn(2, 3, 2, 4, generator=dice).double() * 3
        + torch.arange(48).reshape(2, 3, 2, 4) / 9
    )
    weight, bias, mean, variance = torch.tensor(
        [[1.5, 0.5, -2.0], [0.3, -0.7, 1.1], [2.0, -1.0, 4.0], [0.5, 3.0, 6.0]]
    ).double()  # (C,) each
    kept = (weight, bias, mean, variance)
    trained = _normalised(answer, h, kept, True)
    _training(trained, h, *kept)
    asked = _normalised(answer, h, kept, False)
    _eval(asked, h, *kept)
    even = h.clone()
    even[:, 1] = 2.0  # a channel that is the same everywhere, as in a photo of fog
    of_even = _normalised(answer, even, kept, True)
    if not of_even.isfinite().all():
        raise Wrong(
            "no epsilon",
            "In a channel that is 2.0 everywhere the deviation is 0, and yours becomes 0 / 0, "
            "which is no number. One such channel, and the whole training is lost.",
            "a very small number is added to the variance before the root.",
            "sqrt(variance + 1e-5), as in the cell above.",
        )
    if not same(of_even[:, 1], torch.full_like(of_even[:, 1], bias[1].item()), 1e-3):
        raise Wrong(
            "an even channel is not its bias",
            f"A channel that is 2.0 everywhere has nothing left when its mean is subtracted, so it "
            f"becomes its bias, {bias[1]:.1f}; yours is {of_even[0, 1, 0, 0]:.4g}.",
            "where is the small number added: to the variance, or to something else?",
        )
    layer = nn.BatchNorm2d(3).double()
    layer.load_state_dict(
        {
            "weight": weight,
            "bias": bias,
            "running_mean": mean,
            "running_var": variance,
            "num_batches_tracked": torch.tensor(1),
        }
    )
    with torch.no_grad():
        gap = max((layer.eval()(h) - asked).abs().max(), (layer.train()(h) - trained).abs().max())
    return (
        f"On a batch {tuple(h.shape)} yours is nn.BatchNorm2d to within {gap:.0e}, in both modes; "
        f"a channel that is even becomes its bias, with no division by 0. In eval mode nothing of "
        f"the batch has a say, so that a photo gets the same alone as among others. Not looked "
        f"at: how the averages are kept."
    )


def _normalised(answer, h: Tensor, kept: tuple[Tensor, ...], training: bool) -> Tensor:
    """What the student's function gives, (N, C, H, W)."""
    try:
        return numbers(call(answer, h, *kept, training), h.shape, "(N, C, H, W)")
    except Wrong as wrong:
        if wrong.mistake == CRASHED and "must match the size" in str(wrong):
            raise Wrong(
                "a number a channel along the wrong axis",
                f"With training={training}: {wrong}. A tensor of shape (3,) is laid along "
                f"the last axis, the width: here {h.shape[-1]}. It has a number a channel.",
                "channels are the second axis of four.",
                "`weight[:, None, None]` has the shape (3, 1, 1): a number for each channel, the "
                "same at every place. Bias, mean and variance need it as well.",
            ) from None
        raise


def _training(given: Tensor, h: Tensor, *kept: Tensor) -> None:
    """Raises Wrong unless given is h by its own batch statistics."""
    weight, bias, mean, variance = (one[:, None, None] for one in kept)
    dims = (0, 2, 3)
    count = h.numel() // h.shape[1]
    middle, spread = h.mean(dims, keepdim=True), h.var(dims, keepdim=True, correction=0)
    own = (h - middle) / (spread + EPS).sqrt()
    first = f"Of the {h.numel()} numbers {_farthest(h, given, own * weight + bias)}"
    hint = "take the lines of the cell above, and give each channel its weight and its bias."
    unbiased = h.var(dims, keepdim=True)
    slips = [
        (
            (h - middle) / (unbiased + EPS).sqrt() * weight + bias,
            Wrong(
                "the unbiased variance",
                f"{first}: you divide the sum of squares by n − 1 = {count - 1}, BatchNorm by n = "
                f"{count}.",
                "torch's `var` divides by n − 1 unless it is told otherwise.",
                "`correction=0`, as in the cell above.",
            ),
        ),
        (
            own,
            Wrong(
                "weight and bias are left out",
                f"{first}: it is normalised, but not yet multiplied by its channel's weight, "
                f"{weight[0].item():.1f}, nor shifted by its bias, {bias[0].item():.1f}.",
                "two numbers a channel are learnt. What are they for?",
            ),
        ),
        (
            (own + bias) * weight,
            Wrong(
                "the bias before the weight",
                f"{first}: you shift first and multiply then, so that the bias is multiplied, too.",
                "first multiply, then shift.",
            ),
        ),
        (
            (h - middle) / (spread + EPS) * weight + bias,
            Wrong(
                "divided by the variance",
                f"{first}: you divide by the variance, {spread[0, 0].item():.2f}, not by its root, "
                f"the deviation, {spread[0, 0].sqrt().item():.2f}.",
                "a root is missing.",
            ),
        ),
        (
            (h - mean) / (variance + EPS).sqrt() * weight + bias,
            Wrong(
                "kept averages in training mode",
                f"{first}: you took the mean that is kept, {mean[0].item():.1f}; that of this "
                f"batch is {middle[0, 0].item():.2f}.",
                "while a network learns, the mean and the variance come from the batch.",
            ),
        ),
        (
            (h - middle) / (variance + EPS).sqrt() * weight + bias,
            Wrong(
                "the kept variance in training mode",
                f"{first}: you took the mean of the batch, but the variance that is kept, "
                f"{variance[0].item():.1f}; that of this batch is {spread[0, 0].item():.2f}.",
                "while a network learns, the mean and the variance come from the batch.",
            ),
        ),
    ]
    raise_matching(given, slips)
    for axes, words in AXES.items():
        for correction in (0, 1) if axes != (0,) else (0,):
            m = h.mean(axes, keepdim=True)
            v = h.var(axes, keepdim=True, correction=correction)
            if same(given, (h - m) / (v + EPS).sqrt() * weight + bias):
                raise Wrong(
                    "mean over the wrong axes",
                    f"{first}: you took mean and variance over {words}: {m.numel()} in all. "
                    f"There are {h.shape[1]} channels, and each has one mean, of {count} numbers.",
                    "in (N, C, H, W), which axis is not averaged over?",
                )
    if not same(given, own * weight + bias):
        raise Wrong("another answer in training mode", f"{first}.", hint)


def _farthest(h: Tensor, given: Tensor, want: Tensor) -> str:
    """The number that is farthest off, in words: the first may be right by chance."""
    at = (given - want).abs().argmax()
    before, yours, due = (one.flatten()[at].item() for one in (h, given, want))
    return f"one, {before:.3f}, becomes {yours:.4g}, and should be {due:.4g}"


def _eval(given: Tensor, h: Tensor, *kept: Tensor) -> None:
    """Raises Wrong unless given is h by the averages that were kept."""
    weight, bias, mean, variance = (one[:, None, None] for one in kept)
    dims = (0, 2, 3)
    own = (h - h.mean(dims, keepdim=True)) / (h.var(dims, keepdim=True, correction=0) + EPS).sqrt()
    want = (h - mean) / (variance + EPS).sqrt() * weight + bias
    first = f"In training mode all is right. In eval mode {_farthest(h, given, want)}"
    hint = "in eval mode `mean` and `variance` are those that the function was given."
    slips = [
        (
            own * weight + bias,
            Wrong(
                "batch statistics in eval mode",
                f"{first}: you took the batch's own mean, {h[:, 0].mean():.2f}, and not the one "
                f"that was kept, {mean[0].item():.1f}. The colours of a photo would depend on the "
                f"photos beside it.",
                hint,
                "`if training:` take them from the batch; otherwise leave them as they are.",
            ),
        ),
        (
            (h - mean) / (variance + EPS) * weight + bias,
            Wrong(
                "divided by the kept variance",
                f"{first}: you divide by the variance, {variance[0].item():.1f}, not by its root.",
                "what is kept is the variance, and what one divides by the deviation.",
            ),
        ),
        (
            (h - mean) / (variance + EPS).sqrt(),
            Wrong(
                "weight and bias are left out in eval mode",
                f"{first}: it is not multiplied by the weight, {weight[0].item():.1f}, nor "
                f"shifted.",
                "what was learnt holds in both modes.",
            ),
        ),
    ]
    raise_matching(given, slips)
    if not same(given, want):
        raise Wrong("another answer in eval mode", f"{first}.", hint)
