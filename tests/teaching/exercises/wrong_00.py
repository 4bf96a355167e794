"""Wrong answers to the exercises of 00_first_colours."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from colourlib import colour
from colourlib.practice import scene

from . import CRASHED, UNREADABLE, Case

WRONG = {}

RIGHT = {
    "p[0]": (300, 400),
    "p[:, 100:200, ::2]": (3, 100, 200),
    "p[None]": (1, 3, 300, 400),
    "p.mean(dim=(1, 2))": (3,),
    "p.flip(0) * 0.5": (3, 300, 400),
}
CHANNEL, CROP, NONE, MEAN, HALF = RIGHT


def shape(mistake, line, given, *says):
    return Case(mistake, RIGHT | {line: given}, *says)


WRONG["shapes"] = [
    shape("the axis is kept", CHANNEL, (1, 300, 400), "p[0:1]"),
    shape("a pixel, not a channel", CHANNEL, 3, "p[:, 0, 0]"),
    shape("the end is counted", CROP, (3, 101, 200), "row 199"),
    shape("the step is overlooked", CROP, torch.Size([3, 100, 400]), "every second column"),
    shape("rows and columns swapped", CROP, (3, 150, 100), "cuts rows"),
    shape("the new axis at the end", NONE, [3, 300, 400, 1], "comes first"),
    shape("no new axis", NONE, (3, 300, 400), "size 1"),
    shape("the wrong axes averaged", MEAN, (300, 400)[:1], "from 0"),
    shape("one number", MEAN, (), "axis 0"),
    shape("axes of 1 are kept", MEAN, (3, 1, 1), "keepdim"),
    shape("arithmetic on the shape", HALF, (3, 150, 200), "halves every number"),
    shape("turned, not swapped", HALF, (300, 400, 3), "blue where red was"),
    shape("another shape", HALF, (6, 7), "you have (6, 7)", ".shape"),
    shape("another photo", CHANNEL, (288, 512), "a photo of your own", "4 of 5 are right"),
    shape("another photo", HALF, (3, 512, 341), "(3, 300, 400)", "not yet: `p.flip(0) * 0.5`"),
    shape("the comma is missing", MEAN, 3, "(3) is the number 3", "you have 3."),
    Case("the axis is kept", RIGHT | {CHANNEL: (1, 300, 400), NONE: (3,)}, "3 of 5", "`p[None]`."),
    Case("a line is missing", {CHANNEL: (300, 400)}, "p[None]"),
    shape(UNREADABLE, CHANNEL, "(300, 400)", "of type str"),
    Case(UNREADABLE, [(300, 400)], "of type list"),
]


def looping(order="zbs", loss=F.mse_loss, mode=None, given="losses", again=1, per_step=1):
    """A loop, right but for what is given: z is zero_grad, b backward, s step."""

    def train(net, batches, optimiser):
        if mode is not None:
            net.train(mode)
        losses = []
        for x, y in list(batches) * again:
            value = loss(net(x), y)
            for act in order:
                {"z": optimiser.zero_grad, "b": value.backward, "s": optimiser.step}[act]()
            losses.append(value if given == "graphs" else value.item())
        others = {"last": losses[-1], "net": net, "few": losses[:2], "twice": losses * 2}
        return others.get(given, [round(x) for x in losses] if given == "rounded" else losses)

    return train


def loop(mistake, *says, **how):
    return Case(mistake, looping(**how), *says)


def zeroed_once(net, batches, optimiser):
    optimiser.zero_grad()
    return looping("bs")(net, batches, optimiser)


def returns_inside(net, batches, optimiser):
    for x, y in batches:
        loss = F.mse_loss(net(x), y)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        return [loss.item()]


def sgd(net):
    return torch.optim.SGD(net.parameters(), lr=0.1)


def handed(mistake, change, *says):
    """The right loop, but for what `change` puts in place of the network, batches and optimiser."""
    return Case(mistake, lambda *given: looping()(*change(*given)), *says)


def number_backward(net, batches, optimiser):
    for x, y in batches:
        loss = F.mse_loss(net(x), y).item()
        optimiser.zero_grad()
        loss.backward()


def without_grad(net, batches, optimiser):
    with torch.no_grad():
        return looping()(net, batches, optimiser)


def detached(net, batches, optimiser):
    return looping(loss=lambda g, t: F.mse_loss(g.detach(), t))(net, batches, optimiser)


BLACK = [(torch.zeros(5, 1, 3, 3), torch.zeros(5, 2, 3, 3))] * 4
PILE = "gradients pile up"
WRONG["your_loop"] = [
    loop(PILE, "all the batches before", "first weight", order="bs"),
    Case(PILE, zeroed_once, "not once before the loop"),
    loop("step before backward", "first `backward`, then `step`", order="szb"),
    loop("step before backward", "no way back", order="sb"),
    loop("wiped before the step", "`zero_grad` comes before", order="zsb"),
    loop("no backward", "no gradient ever arrives", order="zs"),
    loop("no step", "nobody moves", order="zb"),
    loop("wiped before the step", "length 0", order="bzs"),
    handed("another optimiser", lambda net, b, _: (net, b, sgd(net)), "make none in the function"),
    handed(
        "another network", lambda *_: (net := nn.Conv2d(1, 2, 1), BLACK, sgd(net)), "never asks"
    ),
    handed("other pictures", lambda net, _, o: (net, BLACK, o), "`for x, y in batches:`"),
    loop("in eval mode", "dropout", mode=False),
    Case("one batch only", returns_inside, "1 of 4", "indented"),
    handed("the same batch again", lambda net, b, o: (net, [b[0]] * len(b), o), "one batch"),
    loop("two steps a batch", "once in the loop", order="zbss"),
    loop("round and round", "more than once", again=3),
    loop("the sum, not the mean", "sum of squares", loss=lambda g, t: ((g - t) ** 2).sum()),
    loop("without squares", "absolute", loss=F.l1_loss),
    loop("the root of it", "length of each step", loss=lambda g, t: F.mse_loss(g, t).sqrt()),
    handed(
        "compared with the lightness",
        lambda net, batches, o: (net, [(x, x.expand(-1, 2, -1, -1)) for x, _ in batches], o),
        "true colours",
    ),
    loop("other weights", "should be", loss=lambda g, t: 3 * F.mse_loss(g, t)),
    Case("the number, not the tensor", number_backward, "no attribute", "`.item()` only"),
    Case("cut off from the network", without_grad, "no_grad"),
    Case("cut off from the network", detached, "detach"),
    loop("backward twice", "freed", order="zbbs"),
    loop("the network comes back", "in place", given="net"),
    loop("one loss, not the list", "append", given="last"),
    loop("whole graphs are kept", "memory fills", given="graphs"),
    loop("too few losses", "a list of 4", given="few"),
    loop("other losses", "should be [", given="twice"),
    loop("other losses", "should be [", given="rounded"),
    Case(CRASHED, lambda net, batches, optimiser: batches[7], "IndexError"),
    Case(UNREADABLE, [0.5, 0.4], "must be a function"),
]


class Photos:
    """Right; the classes below are right but for what they redefine."""

    def __init__(self, photos):
        self.photos = photos

    def __len__(self):
        return len(self.photos)

    def lab(self, index):
        return colour.rgb_to_lab(colour.to_tensor(self.photos[index]))

    def __getitem__(self, index):
        L, ab = self.lab(index)
        return colour.scale_L(L)[0], colour.scale_ab(ab)[0]


def photos(mistake, item, *says):
    """`item` makes what __getitem__ gives, of the class as it should be and an index."""
    return Case(mistake, type("Mine", (Photos,), {"__getitem__": item}), *says)


def right(data, index):
    return Photos.__getitem__(data, index)


def pairs(mistake, change, *says):
    """`change` spoils the right x and y."""
    return photos(mistake, lambda data, index: change(*right(data, index)), *says)


def long(length):
    return type("Mine", (Photos,), {"__len__": lambda data: length(data)})


def raw(x_scaled, y_scaled):
    def item(data, index):
        (L, ab), (x, y) = data.lab(index), right(data, index)
        return (x if x_scaled else L[0]), (y if y_scaled else ab[0])

    return item


def grey_bytes(data, index):
    photo = torch.tensor(data.photos[index].mean(2) / 127.5 - 1).float()
    return photo[None], right(data, index)[1]


def as_a_scene(data, index):
    return scene(data.photos[index], index, width=64)


class NoLength:
    def __init__(self, photos):
        self.photos = photos

    def __getitem__(self, index):
        return Photos(self.photos)[index]


WRONG["your_dataset"] = [
    Case("a method is missing", NoLength, "__len__"),
    Case("one less", long(lambda d: len(d.photos) - 1), "last index is 4"),
    Case("the size of a photo", long(lambda d: d.photos[0].size), "how many photos"),
    Case("another length", long(lambda d: 12), "says 12"),
    photos("not a pair", lambda d, i: right(d, i)[0], "(1, 20, 24)", "return x, y"),
    pairs("no tensors", lambda x, y: (x.numpy(), y.numpy()), "an array (1, 20, 24)"),
    pairs("the two are exchanged", lambda x, y: (y, x), "x comes first"),
    pairs("one batch axis too many", lambda x, y: (x[None], y[None]), "The DataLoader", "`[0]`"),
    pairs("channels last", lambda x, y: (x.permute(1, 2, 0), y.permute(1, 2, 0)), "channels, rows"),
    pairs("no channel axis", lambda x, y: (x[0], y), "even where there is one"),
    pairs("the colours still in x", lambda x, y: (torch.cat([x, y]), y), "L alone"),
    pairs("red, green and blue in y", lambda x, y: (x, torch.cat([x, y])), "two are"),
    pairs("rows and columns swapped", lambda x, y: (x.mT, y.mT), "lies on its side"),
    pairs("other shapes", lambda x, y: (x[:, ::2], y[:, ::2]), "(1, 10, 24)"),
    pairs(
        "made smaller",
        lambda x, y: (F.avg_pool2d(x, 2), F.avg_pool2d(y, 2)),
        "(1, 10, 12)",
        "`avg_pool2d`",
    ),
    photos("a scene, not a photo", as_a_scene, "draws a scene", "`self.photos[index]`"),
    photos("the index is ignored", lambda d, i: right(d, 0), "photo 0", "self.photos[index]"),
    photos("another photo's index", lambda d, i: right(d, i - 1), "[4, 0, 1, 2, 3]"),
    photos("neither is scaled", raw(False, False), "should be -", "colour.scale_ab(ab)"),
    photos("L is not scaled", raw(False, True), "y is right"),
    photos("ab is not scaled", raw(True, False), "x is right"),
    pairs("L from 0 to 1", lambda x, y: ((x + 1) / 2, y), "L / 50 - 1"),
    pairs("bytes", lambda x, y: ((x * 127).byte(), (y * 110).byte()), "whole numbers"),
    pairs("a and b exchanged", lambda x, y: (x, y.flip(0)), "comes first"),
    pairs("float64", lambda x, y: (x.double(), y.double()), "float32"),
    photos("a grey of its own", grey_bytes, "rgb_to_lab"),
    pairs("other numbers", lambda x, y: (x, -y), "both scaled"),
    pairs(UNREADABLE, lambda x, y: (x, y / 0), "NaN"),
    photos(CRASHED, lambda d, i: d.pictures[i], "AttributeError"),
    Case(UNREADABLE, lambda n: Photos([np.zeros((4, 4, 3), np.uint8)]), "the class itself"),
]
