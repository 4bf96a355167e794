"""Wrong answers to the exercises of 05_train."""

import torch
from torch import nn

from exercises import Answers, Case, Function

# ---------------------------------------------------------------- best_answer, masked_mse


def two(mistake, answer, says, error=1344):
    return Case(mistake, Answers((answer, error)), says=says)


BEST_ANSWER = [
    two("halfway between the two", 20, ("60 and -20", "1600", "1569")),
    two("the most frequent colour", torch.tensor(-20.0), "misses the other three by 80"),
    two("grey, whatever the colours", 0, "1360"),
    two("the sum, not the mean", 400, "a sum over the apples"),
    two("the sum, not the mean", 40.0, "divide by ten"),
    two("the shares swapped", 36, "30 % are red"),
    two("a sign is lost", 32, "18 + 14"),
    two("another answer", 7, ("0.3 · (7 - 60)²", "The answer 6 has")),
    two("nothing is left", 4, "56", error=0),
    two("the root", 4, "36.66", error=1344**0.5),
    two("the sum of squares", 4, "a hundred apples", error=134400),
    two("divided by one less", 4, ("by 99", "correction=0"), error=1357.5757),
    two("not squared", 4, "0.3 · 56", error=33.6),
    two("the error of grey", 4, "0.3 · 60²", error=1360),
    two("as many red as green", 4, "one half", error=1856),
    two("another error", 4, "1000", error=1000),
    Case("another kind of answer", Answers(("four", 1344)), "`answer` is of type str"),
]


def masked(sum_up):
    """A Case's answer: a function of squares (N, 2, H, W) and the mask."""
    return lambda n: lambda guess, truth, mask: sum_up((guess - truth) ** 2, mask)


def twice_as_many(guess, truth, mask):
    return ((guess - truth) ** 2 * mask).sum() / 18


MASKED_MSE = [
    Case("the mask is not used", lambda n: lambda g, t, m: n.F.mse_loss(g, t), "all 48"),
    Case("divided by all pixels", masked(lambda s, m: (s * m).mean()), "/ 48"),
    Case("one channel counted", masked(lambda s, m: (s * m).sum() / m.sum()), "a and b"),
    Case("the sum, not the mean", masked(lambda s, m: (s * m).sum()), "weigh more"),
    Case(
        "the mask the wrong way round",
        masked(lambda s, m: (s * (1 - m)).sum() / (2 * (1 - m).sum())),
        "the 30 numbers of the border",
    ),
    Case(
        "a mean of means",
        masked(lambda s, m: ((s * m).sum((1, 2, 3)) / (2 * m.sum((1, 2, 3)))).mean()),
        ("2 pixels of the second", "/ 2"),
    ),
    Case(
        "the root of it", masked(lambda s, m: ((s * m).sum() / (2 * m.sum())).sqrt()), "is a root"
    ),
    Case(
        "without squares",
        masked(lambda s, m: (s.sqrt() * m).sum() / (2 * m.sum())),
        "the differences themselves",
    ),
    Function(
        "only the guess is masked",
        lambda g, t, m: ((g * m - t) ** 2).sum() / (2 * m.sum()),
        "The truth is not 0",
    ),
    Case(
        "only the guess is masked",
        lambda n: lambda g, t, m: n.F.mse_loss(g * m, t),
        "The truth is not 0",
    ),
    Case("another loss", masked(lambda s, m: (s * m).max()), "/ 18 ="),
    Case("no single number", masked(lambda s, m: s * m), "(2, 2, 3, 4)"),
    Case(
        "no gradient",
        masked(lambda s, m: ((s * m).sum() / (2 * m.sum())).item()),
        ("float", "loss.backward()"),
    ),
    Function("right for one mask only", twice_as_many, "With a mask of ones"),
    Case("the function stops with an error", masked(lambda s, m: s[m.bool()].mean()), "IndexError"),
]

# ---------------------------------------------------------------- adamw_step


def adamw(pull="beside", biased=False, root=True, sign=-1, keep=True):
    """AdamW's step with a mistake in it, as a Case's answer."""

    def step(w, grad, m, v, t, lr, strength):
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

    return lambda n: step


def forgets_t(w, grad, m, v, t, lr, strength):
    """The correction of step 1 at every step."""
    m, v = m + 0.1 * (grad - m), v + 0.001 * (grad**2 - v)
    return w - lr * (m / 0.1) / ((v / 0.001).sqrt() + 1e-8) - lr * strength * w, m, v


def stops_at_three(w, grad, m, v, t, lr, strength):
    """Right up to the third step; then the correction is left out."""
    step = adamw(biased=t > 3)(None)
    return step(w, grad, m, v, t, lr, strength)


ADAMW_STEP = [
    Case("L2 instead of decay", adamw("L2"), ("that is L2", "the pull 0.01 · 0.1 · 2")),
    Case("no pull", adamw("none"), ("1.99", "plain Adam")),
    Case("the pull without lr", adamw("no lr"), "a tenth of the weight"),
    Case("pulled away from zero", adamw("away"), "sign +"),
    Case("the penalty, not its slope", adamw("price"), "its gradient is w"),
    Case("the pull after the step", adamw("after"), "has moved already"),
    Case("without bias correction", adamw(biased=True), ("3.2", "1 - 0.9**t")),
    Case("uphill", adamw(sign=1), "added to the weight"),
    Case("no root", adamw(root=False), "v itself"),
    Case("the averages are not kept", adamw(keep=False), "m = 0.0000"),
    Function("another step", forgets_t, "That is right; in step 3"),
    Function("another step", lambda w, g, m, v, t, lr, s: (w - lr * g, m, v), "1.988"),
    Function("no longer torch's", stops_at_three, "after 4 steps"),
    Function(
        "not three tensors",
        lambda w, g, m, v, t, lr, s: w - lr * g,
        ("a tensor (4,)", "return w, m, v"),
    ),
]

# ---------------------------------------------------------------- learning_rate

LEVELS = {0.0001: 0.016, 0.0003: 0.014, 0.001: 0.012, 0.003: 0.0135, 0.01: 0.017}


def runs(levels=LEVELS, **last):
    """Runs that fall to a level; `last` changes the last step of those rates."""
    return {
        rate: [0.03 - (0.03 - level) * min(1, i / 30) for i in range(60)]
        for rate, level in levels.items()
    }


def lucky():
    tried = runs()
    tried[0.003][-1] = 0.004
    return tried


def of(levels, chosen):
    return Answers((runs(levels), chosen))


LEARNING_RATE = [
    Case(
        "the rates are too near",
        of({0.001: 0.012, 0.002: 0.013, 0.003: 0.0135, 0.004: 0.014}, 0.001),
        ("4 times the smallest", "0.002: 0.0130"),
    ),
    Case("the rates are too near", of({0.0001: 0.016, 0.01: 0.017}, 0.01), "2 rates"),
    Case(
        "the best is at the rim",
        of({r: v for r, v in LEVELS.items() if r >= 0.001} | {0.1: 0.05, 0.3: 0.06}, 0.001),
        ("the smallest you tried", "smaller rates"),
    ),
    Case(
        "the best is at the rim",
        of({r: v for r, v in LEVELS.items() if r <= 0.001} | {0.00001: 0.019}, 0.001),
        "larger rates",
    ),
    Case("a rate that was not tried", of(LEVELS, 0.002), "0.002"),
    Case("too large a rate", of(LEVELS, 0.01), ("42% above", "overshoots")),
    Case("too small a rate", of(LEVELS, 0.0001), "10 times shorter"),
    Case("judged by the last step", lambda n: Answers((lucky(), 0.003)), "luck of five"),
    Case(
        "the network came along",
        lambda n: Answers(({0.003: (nn.ReLU(), [0.1] * 60)}, 0.003)),
        "[1]",
    ),
    Case("one number for a run", Answers(({0.001: 0.012, 0.003: 0.013}, 0.001)), "0.012"),
    Case(
        "not the same steps",
        lambda n: Answers((runs() | {0.03: [0.02] * 240}, 0.001)),
        "60 and 240",
    ),
    Case("another kind of answer", Answers(([0.1, 0.2], 0.1)), "dictionary"),
]

# ---------------------------------------------------------------- one_minute


def judge(mode="eval", way="pooled", count=None, other=None):
    """A judge with a mistake in it."""

    def explained(net, photos):
        if mode:
            net.train(mode == "train")
        errors, greys, pixels = [], [], 0
        photos = other if other is not None else photos
        for i in range(count or len(photos)):
            x, y = photos[i]
            with torch.no_grad():
                errors.append((net(x[None])[0] - y).square().sum().item())
            greys.append(y.square().sum().item())
            pixels += y.numel()
        error, grey = sum(errors), sum(greys)
        return {
            "pooled": 1 - error / grey,
            "shares": sum(1 - e / g for e, g in zip(errors, greys, strict=True)) / len(errors),
            "left": error / grey,
            "per cent": 100 * (1 - error / grey),
            "mse": error / pixels,
            "last": 1 - errors[-1] / greys[-1],
            "upside down": 1 - grey / error,
            "other": 0.123,
        }[way]

    return explained


class Tinter(nn.Module):
    """One colour everywhere, times `size`: a network that can be good or bad without training."""

    def __init__(self, size=0.0, tint=(0.0, 0.0)):
        super().__init__()
        self.ab = nn.Parameter(size * torch.as_tensor(tint)[:, None, None])

    def forward(self, x):  # (N, 1, H, W) -> (N, 2, H, W)
        return self.ab.expand(len(x), 2, *x.shape[2:]) + 0 * x


class Lagging(nn.Module):
    """Right in train mode; in eval mode its running averages are those of another world."""

    def __init__(self, net):
        super().__init__()
        self.net = net
        for module in self.net.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.running_mean.fill_(9.0)

    def forward(self, x):
        return self.net(x)


_TRAINED = []


def trained(n):
    """A network trained some seconds, made once; a copy of it."""
    from copy import deepcopy

    if not _TRAINED:
        _TRAINED.append(n.short_run(photos=1500)[0].eval())
    return deepcopy(_TRAINED[0])


def minute(mistake, says, **how):
    return Case(mistake, lambda n: Answers((trained(n), judge(**how), n.small)), says=says)


ONE_MINUTE = [
    minute("forgot .eval()", ("one photo at a time", "in eval mode"), mode=""),
    minute("forgot .eval()", "train mode", mode="train"),
    Case(
        "other photos",
        lambda n: Answers((trained(n), judge(other=n.small.train, count=8), n.small)),
        ("8 pictures", "training photos"),
    ),
    minute("not all photos", "showed the network 1 of 6", count=1),
    minute("the mean of shares", "mean of 6 shares", way="shares"),
    minute("what is left", "not explained", way="left"),
    minute("in per cent", "a hundred times", way="per cent"),
    minute("the error itself", "is the MSE", way="mse"),
    minute("the last photo only", "`+=`", way="last"),
    minute("upside down", "grey by network", way="upside down"),
    minute("another share", "0.123", way="other"),
    Case(
        "the network was not asked",
        lambda n: Answers((trained(n), lambda net, photos: 0.5, n.small)),
        "never calls",
    ),
    Case(
        "an untrained network",
        lambda n: Answers((Tinter(), judge(mode="train"), n.small)),
        ("0.0%", "mean tint"),
    ),
    Case(
        "below the mean tint",
        lambda n: Answers((Tinter(1.0, (0.3, 0.3)), judge(), n.small)),
        "learning rate",
    ),
    Case(
        "running averages that lag",
        lambda n: Answers((Lagging(trained(n)), judge(), n.small)),
        ("In train mode it would be", "catch_up"),
    ),
    Case(
        "another kind of answer",
        lambda n: Answers(((trained(n), [0.1]), judge(), n.small)),
        "take [0]",
    ),
]

# ---------------------------------------------------------------- the open question

ANOTHER_LOSS = [
    Case("too short to discuss", "Cross entropy, I would say.", "5 words"),
    Case("the same words again", "vivid " * 40, "1 differs"),
    Case("too short to discuss", "A loss that is small for red and for green.", "10 words"),
    Case("another kind of answer", ["cross", "entropy"], "list"),
    Case("another kind of answer", 42, "int"),
    Case("another kind of answer", lambda n: torch.tensor(1.0), "Tensor"),
]

WRONG = {
    "best_answer": BEST_ANSWER,
    "masked_mse": MASKED_MSE,
    "adamw_step": ADAMW_STEP,
    "learning_rate": LEARNING_RATE,
    "one_minute": ONE_MINUTE,
    "another_loss": ANOTHER_LOSS,
}
