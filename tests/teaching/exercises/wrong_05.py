"""Wrong answers to the exercises of 05_train."""

from copy import deepcopy
from functools import cache

import torch
import torch.nn.functional as F
from torch import nn

from . import CRASHED, THOUGHTLESS, UNREADABLE, Answers, Case

WRONG = {}


def two(mistake, answer, *says, error=1344):
    return Case(mistake, Answers(answer, error), *says)


WRONG["best_answer"] = [
    two("halfway between the two", 20, "60 and -20", "1600", "1569"),
    two("the most frequent colour", torch.tensor(-20.0), "misses the other three by 80"),
    two("grey, whatever the colours", 0, "1360"),
    two("the sum, not the mean", 400, "a sum over the apples"),
    two("the sum, not the mean", 40.0, "divide by ten"),
    two("the shares swapped", 36, "30 % are red"),
    two("a sign is lost", 32, "18 + 14"),
    two("another answer", 7, "0.3 · (7 - 60)²", "The answer 6 has"),
    two("nothing is left", 4, "56", error=0),
    two("the root", 4, "36.66", error=1344**0.5),
    two("the sum of squares", 4, "a hundred apples", error=134400),
    two("divided by one less", 4, "by 99", "correction=0", error=1357.5757),
    two("not squared", 4, "0.3 · 56", error=33.6),
    two("the error of grey", 4, "0.3 · 60²", error=1360),
    two("as many red as green", 4, "one half", error=1856),
    two("another error", 4, "1000", error=1000),
    two(UNREADABLE, "four", "`answer` is of type str"),
]


def masked(mistake, loss, *says):
    """`loss` makes one of the squares s (N, 2, H, W) and the mask m."""
    return Case(mistake, lambda guess, truth, mask: loss((guess - truth) ** 2, mask), *says)


def mean(squares, mask, axes=None):
    return (squares * mask).sum(axes) / (2 * mask.sum(axes))


PICKED = "picked with a mask of one channel"
INVERTED, ONLY_GUESS = "the mask the wrong way round", "only the guess is masked"
WRONG["masked_mse"] = [
    masked("the mask is not used", lambda s, m: s.mean(), "all 48"),
    masked("divided by all pixels", lambda s, m: (s * m).mean(), "/ 48"),
    masked("one channel counted", lambda s, m: (s * m).sum() / m.sum(), "a and b"),
    masked("the sum, not the mean", lambda s, m: (s * m).sum(), "weigh more"),
    masked(INVERTED, lambda s, m: mean(s, 1 - m), "the 30 numbers of the border"),
    masked("a mean of means", lambda s, m: mean(s, m, (1, 2, 3)).mean(), "of the second", "/ 2"),
    masked("the root of it", lambda s, m: mean(s, m).sqrt(), "is a root"),
    masked("without squares", lambda s, m: mean(s.sqrt(), m), "the differences themselves"),
    Case(ONLY_GUESS, lambda g, t, m: ((g * m - t) ** 2).sum() / 2 / m.sum(), "The truth is not 0"),
    Case(ONLY_GUESS, lambda g, t, m: F.mse_loss(g * m, t), "The truth is not 0"),
    masked("another loss", lambda s, m: (s * m).max(), "/ 18 ="),
    masked("no single number", lambda s, m: s * m, "(2, 2, 3, 4)"),
    masked("no gradient", lambda s, m: mean(s, m).item(), "float", "loss.backward()"),
    masked("right for one mask only", lambda s, m: (s * m).sum() / 18, "With a mask of ones"),
    masked(PICKED, lambda s, m: s[m == 1].mean(), "(2, 1, 3, 4)", "multiply by the mask"),
    masked(PICKED, lambda s, m: s[m.bool()].mean(), "expand_as"),
    masked(CRASHED, lambda s, m: s[9].mean(), "IndexError"),
]


def adamw(
    w, grad, m, v, t, lr, strength, pull="beside", biased=False, root=True, sign=-1, keep=True
):
    """AdamW's step, right but for what is given."""
    g = grad + strength * w if pull == "L2" else grad
    m2, v2 = m + 0.1 * (g - m), v + 0.001 * (g**2 - v)
    m_fair = m2 if biased else m2 / (1 - 0.9**t)
    v_fair = v2 if biased else v2 / (1 - 0.999**t)
    moved = w + sign * lr * m_fair / ((v_fair.sqrt() if root else v_fair) + 1e-8)
    pulls = {
        "beside": lr * strength * w,
        "no lr": strength * w,
        "away": -lr * strength * w,
        "after": lr * strength * moved,
        "price": lr * strength / 2 * w**2,
    }
    return moved - pulls.get(pull, 0 * w), *((m2, v2) if keep else (m, v))


def step(mistake, *says, **changes):
    return Case(mistake, lambda *given: adamw(*given, **changes), *says)


def forgets_t(w, grad, m, v, t, lr, strength):
    """The correction of step 1 at every step."""
    m, v = m + 0.1 * (grad - m), v + 0.001 * (grad**2 - v)
    return w - lr * (m / 0.1) / ((v / 0.001).sqrt() + 1e-8) - lr * strength * w, m, v


WRONG["adamw_step"] = [
    step("L2 instead of decay", "that is L2", "the pull 0.01 · 0.1 · 2", pull="L2"),
    step("no pull", "1.99", "plain Adam", pull="none"),
    step("the pull without lr", "a tenth of the weight", pull="no lr"),
    step("pulled away from zero", "sign +", pull="away"),
    step("the penalty, not its slope", "its gradient is w", pull="price"),
    step("the pull after the step", "has moved already", pull="after"),
    step("without bias correction", "3.2", "1 - 0.9**t", biased=True),
    step("uphill", "added to the weight", sign=1),
    step("no root", "v itself", root=False),
    step("the averages are not kept", "m = 0.0000", keep=False),
    Case("another step", forgets_t, "That is right; in step 3"),
    Case("another step", lambda w, g, m, v, t, lr, s: (w - lr * g, m, v), "1.988"),
    Case("no longer torch's", lambda *given: adamw(*given, biased=given[4] > 3), "after 4 steps"),
    Case("not three tensors", lambda *given: adamw(*given)[0], "a tensor (4,)", "return w, m, v"),
]

LEVELS = {0.0001: 0.016, 0.0003: 0.014, 0.001: 0.012, 0.003: 0.0135, 0.01: 0.017}
NARROW = {0.001: 0.012, 0.002: 0.013, 0.003: 0.0135, 0.004: 0.014}
LARGE = {0.001: 0.012, 0.003: 0.0135, 0.01: 0.017, 0.1: 0.05, 0.3: 0.06}
SMALL = {0.0001: 0.016, 0.0003: 0.014, 0.001: 0.012, 0.00001: 0.019}


def falling(levels):
    """{rate: 60 losses that fall to its level}."""
    falls = [min(1, i / 30) for i in range(60)]
    return {rate: [0.03 - (0.03 - level) * f for f in falls] for rate, level in levels.items()}


RUNS = falling(LEVELS)
LUCKY = [*RUNS[0.003][:-1], 0.004]


def of(mistake, rate, *says, levels=LEVELS, tried=None):
    """A rate chosen after these were tried."""
    return Case(mistake, Answers(falling(levels) if tried is None else tried, rate), *says)


WRONG["learning_rate"] = [
    of("the rates are too near", 0.001, "4 times the smallest", "0.002: 0.0130", levels=NARROW),
    of("the rates are too near", 0.01, "2 rates", levels={0.0001: 0.016, 0.01: 0.017}),
    of("the best is at the rim", 0.001, "the smallest you tried", "smaller rates", levels=LARGE),
    of("the best is at the rim", 0.001, "larger rates", levels=SMALL),
    of("a rate that was not tried", 0.002, "0.002"),
    of("too large a rate", 0.01, "42% above", "overshoots"),
    of("too small a rate", 0.0001, "10 times shorter"),
    of("judged by the last step", 0.003, "luck of five", tried=RUNS | {0.003: LUCKY}),
    of("the network came along", 0.003, "[1]", tried={0.003: (nn.ReLU(), [0.1] * 60)}),
    of("one number for a run", 0.001, "0.012", tried={0.001: 0.012, 0.003: 0.013}),
    of("not the same steps", 0.001, "60 and 240", tried=RUNS | {0.03: [0.02] * 240}),
    of(UNREADABLE, 0.1, "dictionary", tried=[0.1, 0.2]),
]


def judging(mode="eval", way="pooled", count=None, other=None):
    """A judge, right but for what is given."""

    def explained(net, photos):
        if mode:
            net.train(mode == "train")
        photos = photos if other is None else other
        errors, greys = [], []
        for x, y in (photos[i] for i in range(count or len(photos))):
            with torch.no_grad():
                errors.append((net(x[None])[0] - y).square().sum().item())
            greys.append(y.square().sum().item())
        error, grey = sum(errors), sum(greys)
        shares = [1 - e / g for e, g in zip(errors, greys, strict=True)]
        return {
            "pooled": 1 - error / grey,
            "shares": sum(shares) / len(shares),
            "left": error / grey,
            "per cent": 100 * (1 - error / grey),
            "mse": error / (len(errors) * y.numel()),
            "last": shares[-1],
            "upside down": 1 - grey / error,
            "other": 0.123,
        }[way]

    return explained


class Tinter(nn.Module):
    """One colour everywhere: a network that can be good or bad without training."""

    def __init__(self, tint=0.0):
        super().__init__()
        self.ab = nn.Parameter(torch.full((2, 1, 1), tint))

    def forward(self, x):  # (N, 1, H, W) -> (N, 2, H, W)
        return self.ab.expand(len(x), 2, *x.shape[2:]) + 0 * x


def lagging(net):
    """Right in train mode; in eval mode its running averages are those of another world."""
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.fill_(9.0)
    return net


@cache
def once(short_run):
    return short_run(photos=1500)[0].eval()


def minute(mistake, *says, net=deepcopy, judge=None, training=False, **how):
    """What `net` makes of a network trained for 75 steps, its judge, and the photos."""

    def given(n):
        trained, other = deepcopy(once(n.short_run)), n.small.train if training else None
        return Answers(net(trained), judge or judging(**how, other=other), n.small)

    return Case(mistake, given, *says)


WRONG["one_minute"] = [
    minute("forgot .eval()", "one photo at a time", "in eval mode", mode=""),
    minute("forgot .eval()", "train mode", mode="train"),
    minute("other photos", "8 pictures", "training photos", count=8, training=True),
    minute("not all photos", "showed the network 1 of 6", count=1),
    minute("the mean of shares", "mean of 6 shares", way="shares"),
    minute("what is left", "not explained", way="left"),
    minute("in per cent", "a hundred times", way="per cent"),
    minute("the error itself", "is the MSE", way="mse"),
    minute("the last photo only", "`+=`", way="last"),
    minute("upside down", "grey by network", way="upside down"),
    minute("another share", "0.123", way="other"),
    minute("the network was not asked", "never calls", judge=lambda net, photos: 0.5),
    minute("an untrained network", "0.0%", "mean tint", net=lambda _: Tinter(), mode="train"),
    minute("below the mean tint", "learning rate", net=lambda _: Tinter(0.3)),
    minute("running averages that lag", "In train mode it would be", "catch up", net=lagging),
    minute("a batch of one", "(1, H, W)", "net(x[None])[0]", judge=lambda net, p: net(p[0][0])),
    minute(UNREADABLE, "a tuple", "take [0]", net=lambda trained: (trained, [0.1])),
]

WRONG["another_loss"] = [*THOUGHTLESS, Case(UNREADABLE, torch.tensor(1.0), "Tensor")]
