"""Wrong answers to the exercises of chapter 03."""

import numpy as np
import torch

from exercises import Answers, Case, Function

UNREADABLE = "another kind of answer"
CRASHED = "the function stops with an error"

# ---------------------------------------------------------------- chroma

CHROMA = [
    Case("the minus is not squared", (-(36**2) + 48**2) ** 0.5, ("31.75", "(-36)**2")),
    Case("the minus is not squared", -(36**2) + 48**2, ("1008", "still to be taken")),
    Case("the root is missing", 36**2 + 48**2, "You have 3600."),
    Case("the half, not the root", ((-36) ** 2 + 48**2) ** 1 / 2, ("half of 3600", "1/2")),
    Case("the half, not the root", (-(36**2) + 48**2) ** 1 / 2, "half of 1008"),
    Case("a and b added with their signs", -36 + 48, ("You have 12.", "−36 + 48")),
    Case("a and b added", lambda n: n.torch.tensor(84.0), "36 + 48"),
    Case("L is counted, too", np.float64((65**2 + 36**2 + 48**2) ** 0.5), "65²"),
    Case("another number", 42, ("You have 42.", "√(9 + 16) = 5")),
    Case(UNREADABLE, "60", "number"),
]

# ---------------------------------------------------------------- lightness


def light(v, dark=True):
    curve = ((v + 0.055) / 1.055) ** 2.4
    return torch.where(v <= 0.04045, v / 12.92, curve) if dark else curve


def lightness(Y, dark=True):
    curve = 116 * Y ** (1 / 3) - 16
    return torch.where(Y <= 0.008856, 903.3 * Y, curve) if dark else curve


def encoded(byte):
    v = byte / 255
    return lightness(torch.where(v <= 0.0031308, 12.92 * v, 1.055 * v ** (1 / 2.4) - 0.055))


def third(byte):
    Y = light(byte / 255)
    return torch.where(Y <= 0.008856, 903.3 * Y, 116 * Y**1 / 3 - 16)


def one_question(byte):
    v = byte / 255
    Y = v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4
    return 116 * Y ** (1 / 3) - 16


LIGHTNESS = [
    Function("the byte is taken for L", lambda b: b / 255 * 100, "up to 3.4 units"),
    Function(
        "the third, not the root",
        lambda b: 116 * light(b / 255) ** 1 / 3 - 16,
        ("22.67", "(Y ** 1) / 3"),
    ),
    Function("the third, not the root", third, "brackets round the 1/3"),
    Function("the gamma is left out", lambda b: lightness(b / 255), "18 % of the light"),
    Function("light is taken for lightness", lambda b: 100 * light(b / 255), "L* = 76"),
    Function("the gamma the wrong way round", encoded, "1 / 2.4"),
    Function(
        "the dark part of L is missing",
        lambda b: lightness(light(b / 255), dark=False),
        ("L = -16.00", "116 · 0 − 16"),
    ),
    Function(
        "the dark part of the gamma is missing",
        lambda b: lightness(light(b / 255, dark=False)),
        "L = 0.75",
    ),
    Function(
        "both dark parts are missing",
        lambda b: lightness(light(b / 255, dark=False), dark=False),
        "each of the two steps",
    ),
    Function("L from 0 to 1", lambda b: lightness(light(b / 255)) / 100, "255 becomes 1."),
    Function("not divided by 255", lambda b: lightness(light(b)), "byte 255 becomes 9,342"),
    Function("another curve", lambda b: 100 * (b / 255) ** 1.1, "so Y ="),
    Function("one question for the whole tensor", one_question, "torch.where"),
    Function("a tensor of another shape", lambda b: b[:3], ("(3,)", "(256,)")),
    Function(CRASHED, lambda b: b.nothing, "AttributeError"),
    Function(UNREADABLE, lambda b: "light", "of type str"),
]

# ---------------------------------------------------------------- a mean tint

MEAN_TINT = [
    Function("one number for both channels", lambda ab: ab.mean(), "mixed into one"),
    Function("a tint for each photo", lambda ab: ab.mean(dim=(2, 3)), "3 photos"),
    Function("the mean over the wrong axes", lambda ab: ab.mean(dim=0), "(2, 4, 5)"),
    Function("the mean over the wrong axes", lambda ab: ab.mean(dim=1), "3 · 4 · 5 = 60"),
    Function("a and b swapped", lambda ab: ab.mean(dim=(0, 2, 3)).flip(0), "channel 0 is a"),
    Function("the sum, not the mean", lambda ab: ab.sum(dim=(0, 2, 3)), "60 times"),
    Function(
        "the median, not the mean",
        lambda ab: ab.transpose(0, 1).flatten(1).median(dim=1).values,
        "the medians",
    ),
    Function("the signs are lost", lambda ab: ab.abs().mean(dim=(0, 2, 3)), "do cancel"),
    Function("scaled already", lambda ab: ab.mean(dim=(0, 2, 3)) / 110, "divided by 110"),
    Function("another colour", lambda ab: ab[0].mean(dim=(1, 2)), "60 numbers"),
    Function(
        "photos taken for channels",
        lambda ab: (ab[0].mean(), ab[1].mean()),
        ("first two photos", "ab[:, 0]"),
    ),
    Function(UNREADABLE, lambda ab: "brown", "str"),
]

# ---------------------------------------------------------------- the way back


def back(L, ab):
    return lambda n: lambda x, y: (L(x), ab(y))


def right_L(x):
    return 50 * (x + 1)


def right_ab(y):
    return 110 * y


WAY_BACK = [
    Function("L and ab swapped", lambda x, y: (right_ab(y), right_L(x)), "first L, then ab"),
    Case("L is scaled a second time", back(lambda x: x / 50 - 1, right_ab), "x / 50 − 1"),
    Case(
        "the brackets are missing", back(lambda x: x * 50 + 1, right_ab), "x = −1 becomes L = -49"
    ),
    Case("the 1 is not added", back(lambda x: x * 50, right_ab), "x = −1 becomes L = -50"),
    Case("L up to 200", back(lambda x: (x + 1) * 100, right_ab), "x = 1 becomes 200"),
    Case("L from 0 to 1", back(lambda x: (x + 1) / 2, right_ab), "x = 1 becomes 1."),
    Case("another L", back(lambda x: (x + 1) * 51, right_ab), "x = 1 becomes 102"),
    Case("forgot to multiply by 110", back(right_L, lambda y: y), "y = 0.80 becomes 0.8"),
    Case("divided by 110 a second time", back(right_L, lambda y: y / 110), "0.007273"),
    Case("128 in place of 110", back(right_L, lambda y: y * 128), ("102.4", "16% too strong")),
    Case("1 is added to y", back(right_L, lambda y: (y + 1) * 110), "(110, 110)"),
    Case("the scale of L for ab", back(right_L, lambda y: y * 50), "50 · y"),
    Case("another ab", back(right_L, lambda y: y * 100), "becomes 80; it is 88"),
    Function("a tensor of another shape", lambda x, y: (right_L(x)[0], right_ab(y)), "(1, 2, 3)"),
    Function(UNREADABLE, lambda x, y: right_L(x), "return L, ab"),
]

# ---------------------------------------------------------------- batches


def dealer(order):
    """A right dealer, but for the order: order(photos, batch_size, epoch) gives all places."""

    def deal(photos, size, epoch):
        places = [int(p) for p in order(photos, size, epoch)]
        return [places[i * size : (i + 1) * size] for i in range(photos // size)]

    return lambda n: deal


def shuffle(photos, epoch):
    return torch.randperm(photos, generator=torch.Generator().manual_seed(epoch)).tolist()


def keeps_the_last(photos, size, epoch):
    return torch.tensor(shuffle(photos, epoch)).split(size)


def loses_one(photos, size, epoch):
    order = shuffle(photos, epoch)
    return [order[i : i + size] for i in range(0, photos - size - 3, size)]


def so_many_batches(photos, size, epoch):
    return torch.tensor(shuffle(photos, epoch)).tensor_split(size)


def drops_first(photos, size, epoch):
    return shuffle(photos // size * size, epoch) + [0] * (photos % size)


def inside(photos, size, epoch):
    places = np.arange(photos - photos % size).reshape(-1, size)
    return np.random.default_rng(epoch).permuted(places, axis=1).flatten()


def whole_batches(photos, size, epoch):
    return [b * size + i for b in shuffle(photos // size, epoch) for i in range(size)]


DEAL = [
    Case("not shuffled", dealer(lambda p, s, e: range(p)), "[0, 1, 2, 3, 4]"),
    Case("not shuffled", dealer(lambda p, s, e: range(p - 1, -1, -1)), "neighbours on disk"),
    Case("shuffled inside the batches only", dealer(inside), "the same 5 neighbours"),
    Case("only the batches are shuffled", dealer(whole_batches), "change places"),
    Case(
        "moved on, not shuffled",
        dealer(lambda p, s, e: [(i + 7 * e + 11) % p for i in range(p)]),
        "still the same row",
    ),
    Case("the same order every epoch", dealer(lambda p, s, e: shuffle(p, 0)), "so does epoch 1"),
    Case(
        "another order when dealt again",
        dealer(lambda p, s, e: torch.randperm(p)),
        "when dealt a second time",
    ),
    Case(
        "a photo twice in an epoch",
        dealer(lambda p, s, e: torch.randint(p, (p,), generator=torch.Generator().manual_seed(e))),
        "drawn, and put back",
    ),
    Case("the same photos always left out", dealer(drops_first), ("photo 20 never", "2 others")),
    Function("the last, smaller batch is kept", keeps_the_last, "23 = 4 · 5 + 3"),
    Function("a whole batch is lost", loses_one, "yours are 3"),
    Function(
        "a whole batch is lost",
        lambda p, s, e: torch.tensor(shuffle(p, e)).split(s)[:-1],
        ("20 = 4 · 5", "3 batches"),
    ),
    Function("batches of another size", lambda p, s, e: torch.randperm(p)[None], "[23]"),
    Function("batches of another size", lambda p, s, e: shuffle(p, e)[0:0], "4 batches of 5"),
    Case("counted from 1", dealer(lambda p, s, e: [i + 1 for i in shuffle(p, e)]), "0 to 22"),
    Case(
        "photos that do not exist", dealer(lambda p, s, e: [i - 9 for i in shuffle(p, e)]), "from -"
    ),
    Function("one long list", lambda p, s, e: shuffle(p, e), "not yet cut"),
    Function(UNREADABLE, lambda p, s, e: 5, "of type int"),
]

# ---------------------------------------------------------------- two cars

WORDS = " ".join(f"word{i}" for i in range(25))


def cars(a, b, looks=WORDS):
    return {"a": a, "b": b, "looks": looks}


TWO_CARS = [
    Case("the colour that is most frequent", cars(60, 40), ("(60, 40)", "2,000")),
    Case("each colour counted once", cars(40, 0), "three photos of four"),
    Case("grey", cars(0, 0.0), "nobody's colour"),
    Case("the weights swapped", cars(30, -20), "the blue car three times"),
    Case("a and b swapped", cars(20, 50), "a is the first number"),
    Case("another colour", cars(55, 30), ("(55, 30)", "there is an answer with 1,500")),
    Case("too short to discuss", cars(50, 20, "A dull red."), ("numbers are right", "3 words")),
    Case(UNREADABLE, Answers(([50, 20],)), "'looks'"),
    Case(UNREADABLE, cars("fifty", 20), "a"),
]

WRONG = {
    "chroma": CHROMA,
    "lightness": LIGHTNESS,
    "mean_tint": MEAN_TINT,
    "way_back": WAY_BACK,
    "deal_batches": DEAL,
    "two_cars": TWO_CARS,
}
