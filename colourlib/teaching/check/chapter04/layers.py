"""Exercises of chapter 04 on the brick: its padding, its parameters, and BatchNorm by hand."""

import torch
from torch import Tensor, nn

from ....model import conv_bn_relu
from ..answers import number, numbers
from ..core import CRASHED, Wrong, call, exercise
from ..slips import ELSE, near, recognise, same, wrong_if


@exercise("04.1", "Predict a padding", "a whole number")
def same_padding(answer):
    """The padding with which a kernel of 7 keeps a map of 64 rows: 3."""
    wrong_if(
        isinstance(answer, str) and answer == "same",
        'left to torch: `padding="same"` works: torch finds the number itself. Hint: the formula '
        "above holds for 7 as it does for 3 and 5.",
    )
    p = number(answer, "padding")
    slips = {
        "no whole number of pixels: Zeros come in whole rows, and 7 / 2 is 3.5. Hint: the pixel in "
        "the middle of the window needs no padding: halve what is left.": p < 0 or p != int(p),
        "half of the kernel, rounded up: 7 / 2 = 3.5 was rounded up; the middle of the window "
        "stands on the picture and needs no zeros.": 4,
        "both sides counted: 7 − 1 is what both sides need together: the formula holds 2·p.": 6,
        "the kernel itself: The window would slide over nothing but zeros at both ends.": 7,
        "as for a kernel of 3: A wider one sticks out farther.": 1,
        "no padding: After ten such layers 60 of the 64 rows are gone.": 0,
        "another padding: 2·p has to undo − 7 + 1. Hint: how many of the seven pixels lie to the "
        "left of the middle one? More: Solve 64 + 2·p − 7 + 1 = 64 for p.": ELSE,
    }
    start = f"A padding of {p:g} gives 64 + 2·{p:g} − 7 + 1 = {58 + 2 * p:g} rows, not 64."
    recognise(slips, p, right=p == 3, start=start)
    out = nn.Conv2d(1, 1, 7, padding=3)(torch.zeros(1, 1, 64, 64)).shape[-2]
    return (
        f"64 + 2·3 − 7 + 1 = {out}, and torch agrees. An odd kernel k needs (k − 1) / 2, which is "
        "`k // 2`, as in the brick. An even one has no such padding: 4 would need 1.5."
    )


@exercise("04.4", "Count the parameters of a brick", "a whole number")
def brick_parameters(answer):
    """conv_bn_relu(16, 32, kernel=5): 32 · 16 · 25 weights, and two numbers a channel: 12,864."""
    given, weights, narrow = number(answer, "count"), 32 * 16 * 25, 32 * 16 * 5
    slips = {
        "BatchNorm is forgotten: That is 32 · 16 · 5², the convolution's weights, all of them. "
        "Hint: BatchNorm multiplies and shifts each channel.": weights,
        "one number a channel: That is 12,800 weights and 32. If they are biases: the brick has "
        "none. Hint: BatchNorm multiplies by one number and adds another.": weights + 32,
        "a bias is counted: That is 12,800 weights, 64 numbers of BatchNorm and 32 biases, but the "
        "convolution has `bias=False`: BatchNorm would subtract it again.": weights + 64 + 32,
        "the running averages are counted: That is 12,800 weights and four numbers a channel. "
        "Running averages are kept, not learnt.": weights + 4 * 32,
        "the window is not squared: That is 32 · 16 · 5 + 64. The window is 5 × 5.": narrow + 64,
        "one channel in: That is 32 · 25 + 64. But each channel out needs a window of its own for "
        "each of the 16 channels that come in.": 32 * 25 + 64,
        "as for a kernel of 3: This brick has `kernel=5`.": 32 * 16 * 9 + 64,
        "another count: From 2 channels to 3 with 3×3: 3 · 2 · 9 = 54 weights, 2 · 3 of BatchNorm, "
        "together 60. Hint: a window for each pair of a channel in and one out.": ELSE,
    }
    right = near(given, weights + 64, share=1e-9)
    recognise(slips, given, right, start=f"You have {given:,.0f}.")
    counted = sum(p.numel() for p in conv_bn_relu(16, 32, kernel=5).parameters())
    return (
        f"12,800 weights and 64 numbers of BatchNorm: {counted:,}, as torch counts. On a map of "
        f"64 × 64 they make {weights * 64 * 64 / 1e6:.0f} million multiply-adds."
    )


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
    h = torch.randn(2, 3, 2, 4, generator=dice).double() * 3
    h += torch.arange(48).reshape(2, 3, 2, 4) / 9
    kept = torch.tensor(
        [[1.5, 0.5, -2.0], [0.3, -0.7, 1.1], [2.0, -1.0, 4.0], [0.5, 3.0, 6.0]]
    ).double()  # weight, bias, mean and variance, (C,) each
    trained = _normalised(answer, h, kept, True)
    _training(trained, h, *kept[:, :, None, None])
    asked = _normalised(answer, h, kept, False)
    _eval(asked, h, *kept[:, :, None, None])
    even = h.clone()
    even[:, 1] = 2.0  # a channel that is the same everywhere, as in a photo of fog
    even = _normalised(answer, even, kept, True)
    biased = same(even[:, 1], kept[1, 1].expand(2, 2, 4), 1e-3)
    slips = {
        "no epsilon: The deviation is 0, and yours becomes 0 / 0. Hint: sqrt(variance + "
        "1e-5), as in the cell above.": not even.isfinite().all(),
        "an even channel is not its bias: It is not its bias, -0.7; yours is "
        f"{even[0, 1, 0, 0]:.4g}. Hint: add epsilon to the variance.": not biased,
    }
    recognise(slips, start="A channel that is 2.0 everywhere is 0 without its mean.")
    layer = nn.BatchNorm2d(3).double()
    names = ("weight", "bias", "running_mean", "running_var")
    layer.load_state_dict(dict(zip(names, kept, strict=True)), strict=False)
    with torch.no_grad():
        gap = max((layer.eval()(h) - asked).abs().max(), (layer.train()(h) - trained).abs().max())
    return (
        f"On a batch {tuple(h.shape)} yours is nn.BatchNorm2d to within {gap:.0e}, in both modes. "
        "In eval mode nothing of the batch has a say, so that a photo gets the same alone as "
        "among others. Not looked at: how the averages are kept."
    )


def _normalised(answer, h: Tensor, kept: Tensor, training: bool) -> Tensor:
    """What the student's function gives, (N, C, H, W)."""
    try:
        return numbers(call(answer, h, *kept, training), h.shape, "(N, C, H, W)")
    except Wrong as wrong:
        wrong_if(
            wrong.mistake == CRASHED and "must match the size" in str(wrong),
            f"a number a channel along the wrong axis: With training={training}: {wrong}. A tensor "
            "of shape (3,) is laid along the last axis, the width. Hint: channels are the second "
            "axis of four. More: `weight[:, None, None]`; bias, mean and variance need it as well.",
        )
        raise


def _own(h: Tensor, axes=(0, 2, 3), correction: int = 0, root: bool = True):
    """h without its own mean, in units of its own deviation; the variance where root is False."""
    variance = h.var(axes, keepdim=True, correction=correction) + EPS
    return (h - h.mean(axes, keepdim=True)) / (variance.sqrt() if root else variance)


def _training(given: Tensor, h: Tensor, *kept: Tensor) -> None:
    """Raise Wrong unless given is h by its own batch statistics."""
    weight, bias, mean, variance = kept
    middle, own = h.mean((0, 2, 3), keepdim=True), _own(h)
    right = own * weight + bias
    slips = {
        "the unbiased variance: You divide the sum of squares by n − 1 = 15, BatchNorm by n = 16. "
        "Hint: `correction=0`, as in the cell above.": _own(h, correction=1) * weight + bias,
        "weight and bias are left out: It is normalised, but not yet multiplied by its channel's "
        "weight, 1.5, nor shifted by its bias, 0.3.": own,
        "the bias before the weight: First multiply, then shift.": (own + bias) * weight,
        "divided by the variance: You divide by the variance, "
        "not by its root, the deviation.": _own(h, root=False) * weight + bias,
        "kept averages in training mode: You took the mean that is kept, 2.0; that of this batch "
        f"is {middle[0, 0].item():.2f}.": (h - mean) / (variance + EPS).sqrt() * weight + bias,
        "the kept variance in training mode: You took the mean of the batch, but "
        "the variance that is kept, 0.5.": (h - middle) / (variance + EPS).sqrt() * weight + bias,
    }
    for axes, words in AXES.items():
        count = f"{words}: {h.mean(axes).numel()} in all"
        text = (
            f"mean over the wrong axes: You took mean and variance over {count}. Hint: each has "
            "one mean, of 16 numbers: which axis of (N, C, H, W) is not averaged over?"
        )
        corrections = (0, 1) if axes != (0,) else (0,)
        slips[text] = tuple(_own(h, axes, c) * weight + bias for c in corrections)
    slips |= {
        "another answer in training mode: Something else goes in. Hint: while a network learns, "
        "mean and variance come from the batch; each channel has its weight and its bias.": ELSE
    }
    recognise(slips, given, right, f"Of the 48 numbers {_farthest(h, given, right)}.")


def _eval(given: Tensor, h: Tensor, *kept: Tensor) -> None:
    """Raise Wrong unless given is h by the averages that were kept."""
    weight, bias, mean, variance = kept
    normal = (h - mean) / (variance + EPS).sqrt()
    right, twice = normal * weight + bias, normal / (variance + EPS).sqrt()
    slips = {
        "batch statistics in eval mode: You took the batch's own mean: a photo would "
        "depend on the photos beside it.": _own(h) * weight + bias,
        "divided by the kept variance: You divide by the variance, 0.5.": twice * weight + bias,
        "weight and bias are left out in eval mode: Multiply by 1.5, and shift.": normal,
        "another answer in eval mode: Something else goes in. Hint: `mean` and `variance` are "
        "those given. More: `if training:` take them from the batch; otherwise leave them.": ELSE,
    }
    start = f"In training mode all is right. In eval mode {_farthest(h, given, right)}."
    recognise(slips, given, right, start)


def _farthest(h: Tensor, given: Tensor, right: Tensor) -> str:
    """The number that is farthest off, in words: the first may be right by chance."""
    at = (given - right).abs().argmax()
    before, yours, due = (one.flatten()[at].item() for one in (h, given, right))
    return f"one, {before:.3f}, becomes {yours:.4g}, and should be {due:.4g}"
