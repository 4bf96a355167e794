"""Wrong answers to the exercises of chapter 04."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from colourlib.model import ColourNet, chroma_head, conv_bn_relu, pool, upsample_to

from . import CRASHED, THOUGHTLESS, UNREADABLE, Case

WRONG = {}
WRONG["same_padding"] = [
    Case("half of the kernel, rounded up", 4, "64 + 2·4 − 7 + 1 = 66 rows", "rounded up"),
    Case("both sides counted", np.int64(6), "= 70 rows"),
    Case("no whole number of pixels", 3.5, "= 65 rows", "7 / 2 is 3.5"),
    Case("no whole number of pixels", -1, "= 56 rows"),
    Case("the kernel itself", torch.tensor(7), "= 72 rows"),
    Case("as for a kernel of 3", 1.0, "padding of 1 ", "= 60 rows"),
    Case("no padding", 0, "= 58 rows"),
    Case("another padding", 2, "= 62 rows, not 64"),
    Case("left to torch", "same", "torch finds the number"),
    Case(UNREADABLE, "three", "must be one number"),
]

WRONG["brick_parameters"] = [
    Case("BatchNorm is forgotten", 32 * 16 * 25, "You have 12,800"),
    Case("one number a channel", 32 * 16 * 25 + 32, "12,800 weights and 32"),
    Case("a bias is counted", 32 * 16 * 25 + 64 + 32, "`bias=False`"),
    Case("the running averages are counted", 32 * 16 * 25 + 128, "four numbers"),
    Case("the window is not squared", 32 * 16 * 5 + 64, "32 · 16 · 5 + 64"),
    Case("one channel in", 32 * 25 + 64, "each of the 16 channels"),
    Case("as for a kernel of 3", 32 * 16 * 9 + 64, "kernel=5"),
    Case("another count", torch.tensor(12865), "You have 12,865", "together 60"),
    Case(UNREADABLE, [12864], "list"),
]


def norm(h, weight, bias, mean, variance, training, axes=(0, 2, 3), **changes):
    """A right BatchNorm, but for the changes: correction, eps, power, learnt, keep, forget_eval."""
    mean, variance, weight, bias = (t[:, None, None] for t in (mean, variance, weight, bias))
    if (training or changes.get("forget_eval")) and not changes.get("keep"):
        mean = h.mean(axes, keepdim=True)
        variance = h.var(axes, keepdim=True, correction=changes.get("correction", 0))
    out = (h - mean) / (variance + changes.get("eps", 1e-5)) ** changes.get("power", 0.5)
    return out * weight + bias if changes.get("learnt", True) else out


def bn(mistake, *says, only=None, **changes):
    """Changed as norm can be changed, or only where training is `only`."""

    def batch_norm(*given):
        return norm(*given, **(changes if only in (None, given[-1]) else {}))

    return Case(mistake, batch_norm, *says)


def shift_first(h, weight, bias, *rest):
    out = norm(h, weight, bias, *rest, learnt=False)
    return (out + bias[:, None, None]) * weight[:, None, None]


def half_kept(h, weight, bias, mean, variance, training):
    return norm(h, weight, bias, h.mean((0, 2, 3)) if training else mean, variance, False)


def along_the_width(h, weight, bias, mean, variance, training):
    return (h - mean) / (variance + 1e-5).sqrt() * weight + bias


def along_in_eval_mode(*given):
    return (norm if given[-1] else along_the_width)(*given)


def epsilon_elsewhere(h, *rest):
    return norm(h, *rest) + (h.std(dim=(0, 2, 3)) == 0)[:, None, None] * 0.5


ALONG = "a number a channel along the wrong axis"
WRONG["batch_norm"] = [
    bn("the unbiased variance", "n − 1 = 15", "n = 16", correction=1),
    bn("mean over the wrong axes", "height and width alone", axes=(2, 3)),
    bn("mean over the wrong axes", "all four axes: 1 in all", axes=(0, 1, 2, 3)),
    bn("mean over the wrong axes", "each has one mean", axes=(1, 2, 3), correction=1),
    bn("mean over the wrong axes", "the photos alone: 24 in all", axes=(0,)),
    bn("weight and bias are left out", "weight, 1.5", learnt=False),
    Case("the bias before the weight", shift_first, "First multiply"),
    bn("divided by the variance", "the deviation", power=1),
    bn("kept averages in training mode", "that is kept, 2.0", keep=True),
    Case("the kept variance in training mode", half_kept, "mean of the batch, but"),
    Case(ALONG, along_in_eval_mode, "With training=False: Your function stops"),
    bn("batch statistics in eval mode", "the photos beside it", forget_eval=True),
    bn("divided by the kept variance", "variance, 0.5", only=False, power=1),
    bn("weight and bias are left out in eval mode", "1.5", only=False, learnt=False),
    bn("no epsilon", "0 / 0", eps=0.0),
    Case("an even channel is not its bias", epsilon_elsewhere, "yours is -0.2"),
    bn("another answer in training mode", "and should be", only=True, eps=0.3),
    bn("another answer in eval mode", "and should be", only=False, eps=0.3),
    Case(ALONG, along_the_width, "shape (3,)"),
    Case("a tensor of another shape", lambda h, *rest: h[0], "(3, 2, 4)"),
    Case(CRASHED, lambda h: h, "TypeError"),
    Case(UNREADABLE, lambda *given: "normal", "of type str"),
]


class Far(nn.Module):
    """Bricks between poolings and an enlargement."""

    def __init__(self, bricks, w=16, inner=0, kernel=3, pools=3, up=True, head=None, shrink=pool):
        super().__init__()
        inner, self.first = inner or w, conv_bn_relu(1, w)
        self.body = nn.Sequential(*(conv_bn_relu(inner, inner, kernel) for _ in range(bricks)))
        self.head = head or chroma_head(w)
        self.pools, self.up, self.shrink = pools, up, shrink

    def forward(self, x):
        h = self.first(x)
        for _ in range(self.pools):
            h = self.shrink(h)
        h = self.body(h)
        return self.head(upsample_to(h, x) if self.up else h)


class Sorted(Far):
    """Looks far by a step whose places nobody can follow."""

    def forward(self, x):
        h = self.first(x)
        return self.head(h.flatten(2).sort(dim=2).values.view_as(h))


def far(mistake, bricks, *says, kind=Far, **changes):
    return Case(mistake, lambda n: kind(bricks, **changes), *says)


WRONG["far_sight"] = [
    far("sees too little", 5, "It pools", pools=1),
    far("sees too little", 7, "17 × 17", "Nothing pools", w=8, pools=0),
    far("all at full size", 31, "65 × 65", "32 layers", pools=0),
    far("large windows", 5, "15² = 225 products", kernel=15, pools=0),
    far("over the budget", 4, "16 × 16 = 256", w=128),
    far("not enlarged again", 5, "16 × 16", up=False),
    far("far in one direction only", 5, "columns", shrink=lambda h: F.max_pool2d(h, (1, 2))),
    far("not two channels", 5, "3 ", head=nn.Conv2d(16, 3, 1)),
    far("the clinic has a doubt", 5, "ReLU", head=nn.Sequential(nn.Conv2d(16, 2, 1), nn.ReLU())),
    far("it does not work yet", 5, "expects 8 channels", inner=8),
    far("what it sees cannot be told", 0, "`?`", kind=Sorted),
    Case(UNREADABLE, Far, "plan of a network"),
]


class Patient(nn.Module):
    """The patient mended, but for what is given."""

    def __init__(self, w=16, up=3, plain=nn.ModuleList, head=None, deep=2, skip=True):
        super().__init__()
        self.down = conv_bn_relu(1, w)
        self.deep = plain([conv_bn_relu(w, 2 * w), conv_bn_relu(2 * w, 2 * w)][:deep])
        self.up = conv_bn_relu(up * w, w)
        self.head, self.skip = head or chroma_head(w), skip

    def forward(self, x):
        full = self.down(x)
        deep = pool(full)
        for brick in self.deep:
            deep = brick(deep)
        deep = upsample_to(deep, full)
        return self.head(self.up(torch.cat([deep, full], dim=1) if self.skip else deep))


def patient(mistake, *says, **changes):
    return Case(mistake, lambda n: Patient(**changes), *says)


NORMED = nn.Sequential(nn.Conv2d(16, 2, 1), nn.BatchNorm2d(2))
RELU, SIGMOID = conv_bn_relu(16, 2, kernel=1), nn.Sequential(nn.Conv2d(16, 2, 1), nn.Sigmoid())
WRONG["mended"] = [
    patient("the channels do not fit", "32 channels, receives 48", up=2),
    patient("the channels do not fit", "add up", up=2, plain=list),
    patient("the channels do not fit", "expects 64", up=4, head=RELU),
    patient("layers in a plain list", "7,154 parameters", plain=list),
    patient("layers in a plain list", "21,106", plain=list, head=RELU),
    patient("layers in a plain list", "7,154 parameters", plain=tuple),
    patient("ReLU behind the head", "neither green (−a)", head=RELU),
    patient("BatchNorm behind the head", "`chroma_head(w)`", head=NORMED),
    patient("the clinic objects", "sigmoid", head=SIGMOID),
    patient("the skip is cut out", "`down`", up=2, skip=False),
    patient("layers are left out", "with both bricks", deep=1),
    Case("another network", lambda n: ColourNet(), "rebuilt"),
    patient("another network", "21,072", w=32, head=chroma_head(32)),
    Case(UNREADABLE, Patient, "Patient()"),
]

WRONG["twice_the_work"] = THOUGHTLESS
