"""Wrong answers to the exercises of 08_transfer."""

import torch
import torch.nn.functional as F
from torch.optim import SGD, Adam

from colourlib import colour

from . import CRASHED, UNREADABLE, Case

WRONG = {}
MEAN, DEVIATION = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])


def three(x):
    return x.expand(-1, 3, -1, -1)


def by_imagenet(grey):
    return (three(grey / 255) - MEAN[:, None, None]) / DEVIATION[:, None, None]


def lightness(grey):
    return three(colour.scale_L(colour.rgb_to_lab(three(grey / 255))[0]))


WRONG["encoder_input"] = [
    Case("one channel", lambda grey: grey / 127.5 - 1, "(2, 1, 1, 3)", "3 channels"),
    Case("channels last", lambda grey: three(grey / 127.5 - 1).permute(0, 2, 3, 1), "(N, C, H, W)"),
    Case("a tensor of another shape", lambda grey: grey.squeeze() / 127.5 - 1, "(2, 3, 1, 3)"),
    Case("ImageNet's mean and deviation", by_imagenet, "-2.118", "tints grey"),
    Case("0 to 255", lambda grey: three(grey.float()), "0 and 255"),
    Case("0 to 1", lambda grey: three(grey / 255), "0 and 1"),
    Case("not divided by the deviation", lambda grey: three(grey / 255) - 0.5, "half the contrast"),
    Case("bytes that overflow", lambda grey: three(grey * 2) / 255 - 1, "153 · 2 − 256 = 50"),
    Case("bytes that overflow", lambda grey: three(grey * 2 - 255) / 255, "grey.float()"),
    Case("the lightness in place of the byte", lightness, "nearly the same"),
    Case("scaled twice", lambda grey: three(grey / 255 / 255) * 2 - 1, "divide once"),
    Case("another scale", lambda grey: three(grey / 255) * 2, "−0.2"),
    Case(CRASHED, lambda grey: grey.expand(-1, 3), "RuntimeError"),
    Case(UNREADABLE, lambda grey: "grey", "one tensor"),
]


def taken(*which, stem=lambda e, x: F.relu6(e.bn1(e.conv_stem(x))), then=lambda m: m):
    """A function that takes the maps of these stages."""

    def take(encoder, x):
        x = stem(encoder, x)
        found = []
        for stage in encoder.blocks:
            x = stage(x)
            found.append(x)
        return [then(found[i]) for i in which]

    return take


WRONG["take_maps"] = [
    Case("taken after the pooling", taken(1, 2, 4, 6, then=lambda m: m.mean((2, 3))), "the where"),
    Case(
        "taken after the pooling",
        taken(1, 2, 4, 6, then=lambda m: F.adaptive_avg_pool2d(m, 1)),
        "one pixel",
    ),
    Case("the deepest alone", lambda e, x: taken(6)(e, x)[0], "320 channels at 1/32"),
    Case("the deepest alone", taken(6), "You took 1"),
    Case("all stages", taken(*range(7)), "You took 7", "16 channels at 1/2"),
    Case("coarse ones first", taken(6, 4, 2, 1), "other way round"),
    Case("the first of each stride, not the last", taken(1, 2, 3, 5), "80 channels at 1/16"),
    Case("strides from 2 on", taken(0, 1, 2, 4), "1/32 is missing"),
    Case("a stem without its ReLU6", taken(1, 2, 4, 6, stem=lambda e, x: e.bn1(e.conv_stem(x)))),
    Case(
        "a stem without its BatchNorm",
        taken(1, 2, 4, 6, stem=lambda e, x: F.relu6(e.conv_stem(x))),
        "bare convolution",
    ),
    Case("other maps", taken(1, 2, 4), "You took 3", "320 at 1/32"),
    Case(UNREADABLE, lambda e, x: 4, "a int", "four tensors"),
    Case(CRASHED, taken(2, 3, 5, 7), "IndexError"),
]


def mode(*steps):
    """A function that does these things to the network."""

    def learning_mode(net):
        for step in steps:
            step(net)
        return net

    return learning_mode


def train(net):
    net.train()


def still(net):
    net.encoder.eval()


def no_gradients(net):
    net.encoder.requires_grad_(False)


def only_convolutions(net):
    net.encoder[0].requires_grad_(False)


WRONG["learning_mode"] = [
    Case("nothing is frozen", mode(train), "and was 0.000", "have moved, too"),
    Case("the averages move", mode(train, no_gradients), "requires_grad stops weights"),
    Case("the averages move", mode(no_gradients, still, train), "after `net.train()`"),
    Case("the weights move", mode(train, still), "no brake"),
    Case("a part is left free", mode(train, still, only_convolutions), "scale and shift"),
    Case("the decoder is in eval mode", mode(no_gradients), "`net.train()` first"),
    Case(
        "the decoder is frozen, too",
        mode(train, still, lambda net: net.requires_grad_(False)),
        "nothing learns",
    ),
    Case(UNREADABLE, lambda net: net.encoder, "return net"),
    Case(CRASHED, lambda net: net.encode.eval(), "AttributeError"),
]


def rates(lent, new=1.0, thaw=True, late=False, kind=Adam):
    """An optimiser with these multiples of the rate."""

    def two_rates(net, lr):
        net.encoder.requires_grad_(thaw and not late)
        groups = [
            {"params": [p for p in part.parameters() if p.requires_grad or not late], "lr": f * lr}
            for part, f in ((net.encoder, lent), (net.decoder, new))
        ]
        optimiser = kind([group for group in groups if group["params"]], lr=lr)
        net.encoder.requires_grad_(thaw)
        return optimiser

    return two_rates


def both(net, lr):
    net.requires_grad_(True)
    return Adam([{"params": net.parameters()}, {"params": net.encoder.parameters(), "lr": lr / 10}])


def lent_only(net, lr):
    return Adam([{"params": net.encoder.requires_grad_(True).parameters(), "lr": lr / 10}])


WRONG["two_rates"] = [
    Case("the encoder in both groups", both, "net.decoder.parameters()"),
    Case("the decoder is missing", lent_only, "decoder no group"),
    Case("made before thawing", rates(0.1, late=True), "thaw first"),
    Case(
        "the encoder stays frozen", lambda net, lr: Adam(net.decoder.parameters(), lr), "no group"
    ),
    Case("not thawed", rates(0.1, thaw=False), "says nothing"),
    Case("one rate for all", rates(1.0), "encoder 0.001, decoder 0.001"),
    Case("the rates exchanged", rates(1.0, 0.1), "crawls"),
    Case("a tenth of nothing", rates(100.0), "encoder 0.1,"),
    Case("other rates", rates(0.01, kind=SGD), "encoder 1e-05", "0.0001 and 0.001"),
    Case(UNREADABLE, lambda net, lr: [lr / 10, lr], "an optimiser"),
]
