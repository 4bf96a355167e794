"""Wrong answers to the exercises of chapter 04."""

import numpy as np
import torch
from torch import nn

from colourlib.model import ColourNet, chroma_head, conv_bn_relu, pool, upsample_to
from exercises import Case, Function

UNREADABLE = "another kind of answer"
CRASHED = "the function stops with an error"

PADDING = [
    Case("half of the kernel, rounded up", 4, ("64 + 2·4 − 7 + 1 = 66 rows", "rounded up")),
    Case("both sides counted", np.int64(6), "= 70 rows"),
    Case("no whole number of pixels", 3.5, ("= 65 rows", "7 / 2 is 3.5")),
    Case("no whole number of pixels", -1, "= 56 rows"),
    Case("the kernel itself", lambda n: n.torch.tensor(7), "= 72 rows"),
    Case("as for a kernel of 3", 1.0, ("padding of 1 ", "= 60 rows")),
    Case("no padding", 0, "= 58 rows"),
    Case("another padding", 2, "= 62 rows, not 64"),
    Case("left to torch", "same", "torch finds the number"),
    Case(UNREADABLE, "three", "must be one number"),
]

COUNT = [
    Case("BatchNorm is forgotten", 32 * 16 * 25, "You have 12,800"),
    Case("one number a channel", 32 * 16 * 25 + 32, "12,800 weights and 32"),
    Case("a bias is counted", 32 * 16 * 25 + 64 + 32, "`bias=False`"),
    Case("the running averages are counted", 32 * 16 * 25 + 128, "four numbers"),
    Case("the window is not squared", 32 * 16 * 5 + 64, "32 · 16 · 5 + 64"),
    Case("one channel in", 32 * 25 + 64, "each of the 16 channels"),
    Case("as for a kernel of 3", 32 * 16 * 9 + 64, "kernel=5"),
    Case("another count", lambda n: n.torch.tensor(12865), ("You have 12,865", "together 60")),
    Case(UNREADABLE, [12864], "list"),
]

# ---------------------------------------------------------------- BatchNorm


def norm(
    axes=(0, 2, 3), correction=0, eps=1e-5, root=True, learnt=True, keep=False, forget_eval=False
):
    """A right BatchNorm, but for what is given."""

    def batch_norm(h, weight, bias, mean, variance, training):
        mean, variance, weight, bias = (t[:, None, None] for t in (mean, variance, weight, bias))
        if (training or forget_eval) and not keep:
            mean = h.mean(axes, keepdim=True)
            variance = h.var(axes, keepdim=True, correction=correction)
        out = (h - mean) / ((variance + eps).sqrt() if root else variance + eps)
        return out * weight + bias if learnt else out

    return lambda n: batch_norm


RIGHT = norm()(None)


def only_in(mode, wrong):
    """Right in the other mode."""
    wrong = wrong(None)
    return lambda n: lambda *given: (wrong if given[-1] == mode else RIGHT)(*given)


def shift_first(h, weight, bias, mean, variance, training):
    ones, zeros = torch.ones_like(weight), torch.zeros_like(bias)
    out = RIGHT(h, ones, zeros, mean, variance, training)
    return (out + bias[:, None, None]) * weight[:, None, None]


def half_kept(h, weight, bias, mean, variance, training):
    mean = h.mean((0, 2, 3)) if training else mean
    return RIGHT(h, weight, bias, mean, variance, False)


def along_in_eval_mode(h, weight, bias, mean, variance, training):
    if training:
        return RIGHT(h, weight, bias, mean, variance, True)
    return (h - mean) / (variance + 1e-5).sqrt() * weight[:, None, None] + bias[:, None, None]


def along_the_width(h, weight, bias, mean, variance, training):
    return (h - mean) / (variance + 1e-5).sqrt() * weight + bias


def epsilon_elsewhere(h, weight, bias, mean, variance, training):
    out = RIGHT(h, weight, bias, mean, variance, training)
    even = h.std(dim=(0, 2, 3)) == 0
    return out + even[:, None, None] * 0.5


NORM = [
    Case("the unbiased variance", norm(correction=1), ("n − 1 = 15", "n = 16")),
    Case("mean over the wrong axes", norm(axes=(2, 3)), "height and width alone"),
    Case("mean over the wrong axes", norm(axes=(0, 1, 2, 3)), "all four axes: 1 in all"),
    Case("mean over the wrong axes", norm(axes=(1, 2, 3), correction=1), "each has one mean"),
    Case("mean over the wrong axes", norm(axes=(0,)), "the photos alone: 24 in all"),
    Case("weight and bias are left out", norm(learnt=False), "weight, 1.5"),
    Function("the bias before the weight", shift_first, "First multiply"),
    Case("divided by the variance", norm(root=False), "the deviation"),
    Case("kept averages in training mode", norm(keep=True), "that is kept, 2.0"),
    Function("the kept variance in training mode", half_kept, "mean of the batch, but"),
    Function(
        "a number a channel along the wrong axis",
        along_in_eval_mode,
        "With training=False: Your function stops",
    ),
    Case("batch statistics in eval mode", norm(forget_eval=True), "the photos beside it"),
    Case("divided by the kept variance", only_in(False, norm(root=False)), "variance, 0.5"),
    Case("weight and bias are left out in eval mode", only_in(False, norm(learnt=False)), "1.5"),
    Case("no epsilon", norm(eps=0.0), "0 / 0"),
    Function("an even channel is not its bias", epsilon_elsewhere, "yours is -0.2"),
    Case("another answer in training mode", only_in(True, norm(eps=0.3)), "and should be"),
    Case("another answer in eval mode", only_in(False, norm(eps=0.3)), "and should be"),
    Function("a number a channel along the wrong axis", along_the_width, "shape (3,)"),
    Function("a tensor of another shape", lambda h, *rest: h[0], "(3, 2, 4)"),
    Function(CRASHED, lambda h: h, "TypeError"),
    Function(UNREADABLE, lambda *given: "normal", "of type str"),
]

# ---------------------------------------------------------------- far sight


class Far(nn.Module):
    """A stack in the middle of poolings and an enlargement."""

    def __init__(self, *layers, w=16, pools=0, up=True, head=None, shrink=pool, first=None):
        super().__init__()
        self.first = first or conv_bn_relu(1, w)
        self.body = nn.Sequential(*layers)
        self.head = head or chroma_head(w)
        self.pools, self.up, self.shrink = pools, up, shrink

    def forward(self, x):
        h = self.first(x)
        for _ in range(self.pools):
            h = self.shrink(h)
        h = self.body(h)
        return self.head(upsample_to(h, x) if self.up else h)


def bricks(n, w=16, kernel=3):
    return [conv_bn_relu(w, w, kernel) for _ in range(n)]


def flat(h):
    return nn.functional.max_pool2d(h, (1, 2))


class Sorted(Far):
    """Looks far by a step whose places nobody can follow."""

    def forward(self, x):
        h = self.first(x)
        return self.head(h.flatten(2).sort(dim=2).values.view_as(h))


FAR = [
    Case("sees too little", lambda n: Far(*bricks(5), pools=1), "It pools"),
    Case("sees too little", lambda n: Far(*bricks(7, w=8), w=8), ("17 × 17", "Nothing pools")),
    Case("all at full size", lambda n: Far(*bricks(31)), ("65 × 65", "32 layers")),
    Case("large windows", lambda n: Far(*bricks(5, kernel=15)), "15² = 225 products"),
    Case("over the budget", lambda n: Far(*bricks(4, w=128), w=128, pools=3), "16 × 16 = 256"),
    Case("not enlarged again", lambda n: Far(*bricks(5), pools=3, up=False), "16 × 16"),
    Case("far in one direction only", lambda n: Far(*bricks(5), pools=3, shrink=flat), "columns"),
    Case("not two channels", lambda n: Far(*bricks(5), pools=3, head=nn.Conv2d(16, 3, 1)), "3 "),
    Case(
        "the clinic has a doubt",
        lambda n: Far(*bricks(5), pools=3, head=nn.Sequential(nn.Conv2d(16, 2, 1), nn.ReLU())),
        "ReLU",
    ),
    Case("it does not work yet", lambda n: Far(*bricks(5, w=8), pools=3), "expects 8 channels"),
    Case("what it sees cannot be told", lambda n: Sorted(), "`?`"),
    Case(UNREADABLE, lambda n: Far, "plan of a network"),
]

# ---------------------------------------------------------------- a patient


class Patient(nn.Module):
    """The patient mended, but for what is given."""

    def __init__(self, w=16, up=3, plain=None, head=None, deep=2):
        super().__init__()
        self.down = conv_bn_relu(1, w)
        layers = [conv_bn_relu(w, 2 * w), conv_bn_relu(2 * w, 2 * w)][:deep]
        self.deep = plain(layers) if plain else nn.ModuleList(layers)
        self.up = conv_bn_relu(up * w, w)
        self.head = head or chroma_head(w)

    def forward(self, x):
        full = self.down(x)
        deep = pool(full)
        for brick in self.deep:
            deep = brick(deep)
        return self.head(self.up(self.join(upsample_to(deep, full), full)))

    def join(self, deep, full):
        return torch.cat([deep, full], dim=1)


class NoSkip(Patient):
    def join(self, deep, full):
        return deep


class Stops(Patient):
    def forward(self, x):
        return super().forward(x).detach()


def relu_head():
    return conv_bn_relu(16, 2, kernel=1)


def sigmoid_head():
    return nn.Sequential(nn.Conv2d(16, 2, 1), nn.Sigmoid())


MENDED = [
    Case("the channels do not fit", lambda n: Patient(up=2), "32 channels, receives 48"),
    Case("the channels do not fit", lambda n: Patient(up=2, plain=list), "add up"),
    Case("the channels do not fit", lambda n: Patient(up=4, head=relu_head()), "expects 64"),
    Case("layers in a plain list", lambda n: Patient(plain=list), "7,154 parameters"),
    Case("layers in a plain list", lambda n: Patient(plain=list, head=relu_head()), "21,106"),
    Case("layers in a plain list", lambda n: Patient(plain=tuple), "7,154 parameters"),
    Case("ReLU behind the head", lambda n: Patient(head=relu_head()), "neither green (−a)"),
    Case("the clinic objects", lambda n: Patient(head=sigmoid_head()), "sigmoid"),
    Case("the skip is cut out", lambda n: NoSkip(up=2), "`down`"),
    Case("layers are left out", lambda n: Patient(deep=1), "with both bricks"),
    Case("another network", lambda n: ColourNet(), "rebuilt"),
    Case("another network", lambda n: Patient(w=32, head=chroma_head(32)), "21,072"),
    Case(UNREADABLE, lambda n: Patient, "Patient()"),
]

PLAN = [
    Case("too short to discuss", "More layers.", "2 words"),
    Case("too short to discuss", "", "0 words"),
    Case("the same words again", "more " * 30, "1 differs"),
    Case(UNREADABLE, 2, "int"),
    Case(UNREADABLE, ["More", "layers"], "list"),
]

WRONG = {
    "same_padding": PADDING,
    "brick_parameters": COUNT,
    "batch_norm": NORM,
    "far_sight": FAR,
    "mended": MENDED,
    "twice_the_work": PLAN,
}
