"""Wrong answers to the exercises of 07_vivid."""

import torch
import torch.nn.functional as F

from . import CRASHED, UNREADABLE, Answers, Case

WRONG = {}
WRONG["which_bin"] = [
    Case("rounded down", Answers(0, -40), "one unit from 10"),
    Case("cut off", Answers(10 * int(9 / 10), 10 * int(-36 / 10)), "toward 0"),
    Case("rounded up", Answers(10, -30), "six from -30"),
    Case("a and b swapped", Answers(-40, 10), "in b"),
    Case("counted in bins", Answers(1, -4), "times 10"),
    Case("not in a bin", Answers(9, -36), "of one bin"),
    Case("the sign is lost", Answers(10, 40), "yellow"),
    Case("another bin", Answers(5, -35), "4.1 units from", "4.1 away"),
    Case(UNREADABLE, Answers("red", 3), "str"),
]


def bell(distance):
    return torch.exp(-(distance**2) / 50)


def shares(mistake, of, *says):
    return Case(mistake, lambda distance: of(distance) / of(distance).sum(1, keepdim=True), *says)


WRONG["soft_shares"] = [
    Case("they do not sum to 1", bell, "heights", "divide by their sum"),
    Case("the largest is 1", lambda d: bell(d) / bell(d).amax(1, keepdim=True), "by the sum"),
    Case("summed over the wrong axis", lambda d: bell(d) / bell(d).sum(), "axis 1"),
    Case("summed over the wrong axis", lambda d: bell(d) / bell(d).sum(0, keepdim=True), "axis 1"),
    Case("summed over the wrong axis", lambda d: (-(d**2) / 50).softmax(-1), "axis 1"),
    shares("the distance is not squared", lambda d: torch.exp(-d / 50), "nearly alike"),
    shares("σ² without the 2", lambda d: torch.exp(-(d**2) / 25), "too narrow"),
    shares("σ is not squared", lambda d: torch.exp(-(d**2) / 10), "50"),
    shares("the sign is turned", lambda d: torch.exp(d**2 / 50), "farthest"),
    Case(
        "all to the nearest",
        lambda d: F.one_hot(d.argmin(1), 5).movedim(-1, 1).float(),
        "equally wrong",
    ),
    shares("one over the distance", lambda d: 1 / d, "is 0"),
    Case("other shares", lambda d: torch.full_like(d, 0.2), "0.200", "softmax"),
    Case("a tensor of another shape", lambda d: bell(d).sum(1), "(2, 3, 4)"),
]


def log_p(logits, axis=1):
    return F.log_softmax(logits, axis)


def loss(mistake, of, *says):
    return Case(mistake, lambda logits, target: of(logits, target), *says)


AXIS = "softmax over the wrong axis"
WRONG["pixel_loss"] = [
    loss(AXIS, lambda x, t: -(t * log_p(x, -1)).sum(1).mean(), "axis 1"),
    loss(AXIS, lambda x, t: -(t * log_p(x, 0)).sum(1).mean(), "axis 1"),
    loss("the mean over colours, too", lambda x, t: -(t * log_p(x)).mean(), "number of bins"),
    loss("a sum over the pixels", lambda x, t: -(t * log_p(x)).sum(), "grows"),
    loss("below zero", lambda x, t: (t * log_p(x)).sum(1).mean(), "minus"),
    loss("in bits", lambda x, t: -(t * x.softmax(1).log2()).sum(1).mean(), "log2"),
    loss("no softmax", lambda x, t: -(t * x).sum(1).mean(), "log of logits"),
    loss("no logarithm", lambda x, t: -(t * x.softmax(1)).sum(1).mean(), "agree"),
    loss(
        "guess and target exchanged",
        lambda x, t: -(x.softmax(1) * t.log()).sum(1).mean(),
        "log of the target",
    ),
    loss("the divergence", lambda x, t: F.kl_div(log_p(x), t, reduction="sum") / 30, "entropy"),
    loss("another loss", lambda x, t: F.mse_loss(x.softmax(1), t), "is right", "log_softmax"),
    loss("a tensor of another shape", lambda x, t: -(t * log_p(x)).sum(1), "(2, 3, 5)"),
]


def mean(shares, bins):
    return torch.einsum("nqhw,qc->nchw", shares, bins)


def tempered(mistake, shares, *says):
    return Case(mistake, lambda logits, bins, T: mean(shares(logits, T), bins), *says)


WRONG["tempered"] = [
    tempered("no T at all", lambda x, T: x.softmax(1), "cancels"),
    tempered(
        "no T at all",
        lambda x, T: (x.softmax(1) / T) / (x.softmax(1) / T).sum(1, keepdim=True),
        "before the softmax",
    ),
    tempered("times T", lambda x, T: (x * T).softmax(1), "paler", "divide"),
    tempered("T behind the softmax", lambda x, T: x.softmax(1) / T, "2.5"),
    Case("T times the colour", lambda x, b, T: T * mean(x.softmax(1), b), "undecided"),
    tempered("not normalised", lambda x, T: x.softmax(1) ** (1 / T), "fades"),
    tempered("softmax twice", lambda x, T: (x.softmax(1) / T).softmax(1), "not p"),
    Case("the mode", lambda x, b, T: b[x.argmax(1)].movedim(-1, 1), "second best"),
    tempered("along the wrong axis", lambda x, T: (x / T).softmax(-1), "dim=1"),
    Case("b before a", lambda x, b, T: mean((x / T).softmax(1), b.flip(1)), "channel 0"),
    Case("another colour", lambda x, b, T: 0 * mean(x, b), "-15.8", "einsum"),
    Case("a tensor of another shape", lambda x, b, T: (x / T).softmax(1), "(2, 7, 3, 4)"),
    Case(CRASHED, lambda x, b, T: (x / T).softmax(1) @ b, "mat"),
    Case(UNREADABLE, 0.38, "float"),
]


def weighed(mistake, of, *says, scaled=True):
    """Weights of a mixture, scaled to a mean of 1 over the training pixels unless scaled=False."""

    def weights(prior, even):
        w = of(prior, even, len(prior))
        return w / (prior * w).sum() if scaled else w

    return Case(mistake, weights, *says)


def right(p, e, q):
    return 1 / ((1 - e) * p + e / q)


WRONG["rare_weights"] = [
    weighed("not normalised", right, "learning", scaled=False),
    Case(
        "each bin counts the same in the mean",
        lambda p, e: right(p, e, 5) / right(p, e, 5).mean(),
        "weigh by the prior",
    ),
    Case("they sum to 1", lambda p, e: right(p, e, 5) / right(p, e, 5).sum(), "too small"),
    weighed("common colours are lifted", lambda p, e, q: (1 - e) * p + e / q, "1 / ..."),
    weighed("no even part", lambda p, e, q: 1 / p, "60 times"),
    weighed("even is not divided by Q", lambda p, e, q: 1 / ((1 - e) * p + e), "1 / Q"),
    weighed("λ on the wrong side", lambda p, e, q: right(p, 1 - e, q), "even = 1"),
    weighed("another λ", lambda p, e, q: right(p, 0.5, q), "0.2"),
    weighed("the mixture of weights", lambda p, e, q: (1 - e) / p + e, "mix first"),
    weighed("other weights", lambda p, e, q: torch.ones(q), "mixed", "1.00, 1.00"),
]

WRONG["read_calibration"] = [
    Case("pixels, not shares", Answers(160, "too sure", 2), "240 / 400"),
    Case("what came true", Answers(60, "too sure", 2), "between that"),
    Case("a quotient", Answers(0.75, "too sure", 2), "difference"),
    Case("a share, not points", Answers(0.2, "too sure", 2), "times 100"),
    Case("the sign is turned", Answers(-20, "too sure", 2), "less what came true"),
    Case("another gap", Answers(33, "too sure", 2), "80 - 100"),
    Case(
        "the curve is read the other way round", Answers(20, "not sure enough", 2), "than it kept"
    ),
    Case("20 points are not honest", Answers(20, "honest", 1), "4 points"),
    Case("no temperature", Answers(20, "too sure", 0), "divided by T"),
    Case("T makes it surer still", Answers(20, "too sure", 0.38), "flatten"),
    Case("T changes nothing", Answers(20, "Too sure ", 1), "as it stands"),
    Case("T makes all alike", Answers(20, "too sure", 100), "nothing of what"),
    Case("no such verdict", Answers(20, "proud", 2), "'proud'"),
    Case(UNREADABLE, Answers(20, 3, 2), "too sure"),
]
