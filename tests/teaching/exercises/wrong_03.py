"""Wrong answers to the exercises of chapter 03."""

import numpy as np
import torch

from exercises import Answers, Case

UNREADABLE = "another kind of answer"
CRASHED = "the function stops with an error"

# ---------------------------------------------------------------- chroma

CHROMA = [
    Case("the minus is not squared", (-(36**2) + 48**2) ** 0.5, says=("31.75", "(-36)**2")),
    Case("the minus is not squared", -(36**2) + 48**2, says=("1008", "still to be taken")),
    Case("the root is missing", 36**2 + 48**2, says="You have 3600."),
    Case("the half, not the root", ((-36) ** 2 + 48**2) ** 1 / 2, says=("half of 3600", "1/2")),
    Case("the half, not the root", (-(36**2) + 48**2) ** 1 / 2, says="half of 1008"),
    Case("a and b added with their signs", -36 + 48, says=("You have 12.", "−36 + 48")),
    Case("a and b added", lambda n: n.torch.tensor(84.0), says="36 + 48"),
    Case("L is counted, too", np.float64((65**2 + 36**2 + 48**2) ** 0.5), says="65²"),
    Case("another number", 42, says=("You have 42.", "√(9 + 16) = 5")),
    Case(UNREADABLE, "60", says="number"),
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
    Case("the byte is taken for L", lambda n: lambda b: b / 255 * 100, says="up to 3.4 units"),
    Case(
        "the third, not the root",
        lambda n: lambda b: 116 * light(b / 255) ** 1 / 3 - 16,
        says=("22.67", "(Y ** 1) / 3"),
    ),
    Case(
        "the third, not the root",
        lambda n: third,
        says="brackets round the 1/3",
    ),
    Case("the gamma is left out", lambda n: lambda b: lightness(b / 255), says="18 % of the light"),
    Case("light is taken for lightness", lambda n: lambda b: 100 * light(b / 255), says="L* = 76"),
    Case("the gamma the wrong way round", lambda n: encoded, says="1 / 2.4"),
    Case(
        "the dark part of L is missing",
        lambda n: lambda b: lightness(light(b / 255), dark=False),
        says="gets 116 · 0 − 16 = -16",
    ),
    Case(
        "the dark part of the gamma is missing",
        lambda n: lambda b: lightness(light(b / 255, dark=False)),
        says="gets L = 0.75",
    ),
    Case(
        "both dark parts are missing",
        lambda n: lambda b: lightness(light(b / 255, dark=False), dark=False),
        says="each of the two steps",
    ),
    Case("L from 0 to 1", lambda n: lambda b: lightness(light(b / 255)) / 100, says="becomes 1"),
    Case("not divided by 255", lambda n: lambda b: lightness(light(b)), says="White, byte 255"),
    Case("another curve", lambda n: lambda b: 100 * (b / 255) ** 1.1, says="so Y ="),
    Case("one question for the whole tensor", lambda n: one_question, says="torch.where"),
    Case("a tensor of another shape", lambda n: lambda b: b[:3], says=("(3,)", "(256,)")),
    Case(CRASHED, lambda n: lambda b: b.nothing, says="AttributeError"),
    Case(UNREADABLE, lambda n: lambda b: "light", says="gives a str"),
]

# ---------------------------------------------------------------- a mean tint

MEAN_TINT = [
    Case("one number for both channels", lambda n: lambda ab: ab.mean(), says="mixed into one"),
    Case("a tint for each photo", lambda n: lambda ab: ab.mean(dim=(2, 3)), says="3 photos"),
    Case("the mean over the wrong axes", lambda n: lambda ab: ab.mean(dim=0), says="(2, 4, 5)"),
    Case(
        "the mean over the wrong axes", lambda n: lambda ab: ab.mean(dim=1), says="3 · 4 · 5 = 60"
    ),
    Case(
        "a and b swapped",
        lambda n: lambda ab: ab.mean(dim=(0, 2, 3)).flip(0),
        says="channel 0 is a",
    ),
    Case("the sum, not the mean", lambda n: lambda ab: ab.sum(dim=(0, 2, 3)), says="60 times"),
    Case(
        "the median, not the mean",
        lambda n: lambda ab: ab.transpose(0, 1).flatten(1).median(dim=1).values,
        says="the medians",
    ),
    Case("the signs are lost", lambda n: lambda ab: ab.abs().mean(dim=(0, 2, 3)), says="do cancel"),
    Case(
        "scaled already", lambda n: lambda ab: ab.mean(dim=(0, 2, 3)) / 110, says="divided by 110"
    ),
    Case("another colour", lambda n: lambda ab: ab[0].mean(dim=(1, 2)), says="60 numbers"),
    Case(
        "photos taken for channels",
        lambda n: lambda ab: (ab[0].mean(), ab[1].mean()),
        says=("first two photos", "ab[:, 0]"),
    ),
    Case(UNREADABLE, lambda n: lambda ab: "brown", says="str"),
]

# ---------------------------------------------------------------- the way back


def back(L, ab):
    return lambda n: lambda x, y: (L(x), ab(y))


def right_L(x):
    return 50 * (x + 1)


def right_ab(y):
    return 110 * y


WAY_BACK = [
    Case(
        "L and ab swapped",
        lambda n: lambda x, y: (right_ab(y), right_L(x)),
        says="first L, then ab",
    ),
    Case("L is scaled a second time", back(lambda x: x / 50 - 1, right_ab), says="x / 50 − 1"),
    Case(
        "the brackets are missing",
        back(lambda x: x * 50 + 1, right_ab),
        says="x = −1 becomes L = -49",
    ),
    Case("the 1 is not added", back(lambda x: x * 50, right_ab), says="x = −1 becomes L = -50"),
    Case("L up to 200", back(lambda x: (x + 1) * 100, right_ab), says="x = 1 becomes 200"),
    Case("L from 0 to 1", back(lambda x: (x + 1) / 2, right_ab), says="x = 1 becomes 1:"),
    Case("another L", back(lambda x: (x + 1) * 51, right_ab), says="x = 1 becomes 102"),
    Case("forgot to multiply by 110", back(right_L, lambda y: y), says="y = 0.80 becomes 0.8"),
    Case("divided by 110 a second time", back(right_L, lambda y: y / 110), says="0.007273"),
    Case("128 in place of 110", back(right_L, lambda y: y * 128), says=("102.4", "16% too strong")),
    Case("1 is added to y", back(right_L, lambda y: (y + 1) * 110), says="(110, 110)"),
    Case("the scale of L for ab", back(right_L, lambda y: y * 50), says="50 · y"),
    Case("another ab", back(right_L, lambda y: y * 100), says="becomes 80; it is 88"),
    Case(
        "a tensor of another shape",
        lambda n: lambda x, y: (right_L(x)[0], right_ab(y)),
        says="(1, 2, 3)",
    ),
    Case(UNREADABLE, lambda n: lambda x, y: right_L(x), says="return L, ab"),
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
    Case("not shuffled", dealer(lambda p, s, e: range(p)), says="[0, 1, 2, 3, 4]"),
    Case("not shuffled", dealer(lambda p, s, e: range(p - 1, -1, -1)), says="neighbours on disk"),
    Case("shuffled inside the batches only", dealer(inside), says="the same 5 neighbours"),
    Case("only the batches are shuffled", dealer(whole_batches), says="change places"),
    Case(
        "moved on, not shuffled",
        dealer(lambda p, s, e: [(i + 7 * e + 11) % p for i in range(p)]),
        says="still the same row",
    ),
    Case(
        "the same order every epoch", dealer(lambda p, s, e: shuffle(p, 0)), says="so does epoch 1"
    ),
    Case(
        "another order when dealt again",
        dealer(lambda p, s, e: torch.randperm(p)),
        says="when dealt a second time",
    ),
    Case(
        "a photo twice in an epoch",
        dealer(lambda p, s, e: torch.randint(p, (p,), generator=torch.Generator().manual_seed(e))),
        says="drawn, and put back",
    ),
    Case(
        "the same photos always left out", dealer(drops_first), says=("photo 20 never", "2 others")
    ),
    Case("the last, smaller batch is kept", lambda n: keeps_the_last, says="23 = 4 · 5 + 3"),
    Case("a whole batch is lost", lambda n: loses_one, says="yours are 3"),
    Case(
        "a whole batch is lost",
        lambda n: lambda p, s, e: torch.tensor(shuffle(p, e)).split(s)[:-1],
        says=("20 = 4 · 5", "3 batches"),
    ),
    Case("batches of another size", lambda n: lambda p, s, e: torch.randperm(p)[None], says="[23]"),
    Case(
        "batches of another size",
        lambda n: lambda p, s, e: shuffle(p, e)[0:0],
        says="4 batches of 5",
    ),
    Case("counted from 1", dealer(lambda p, s, e: [i + 1 for i in shuffle(p, e)]), says="0 to 22"),
    Case(
        "photos that do not exist",
        dealer(lambda p, s, e: [i - 9 for i in shuffle(p, e)]),
        says="from -",
    ),
    Case("one long list", lambda n: lambda p, s, e: shuffle(p, e), says="not yet cut"),
    Case(UNREADABLE, lambda n: lambda p, s, e: 5, says="gives a int"),
]

# ---------------------------------------------------------------- two cars

WORDS = " ".join(f"word{i}" for i in range(25))


def cars(a, b, looks=WORDS):
    return {"a": a, "b": b, "looks": looks}


TWO_CARS = [
    Case("the colour that is most frequent", cars(60, 40), says=("(60, 40)", "2,000")),
    Case("each colour counted once", cars(40, 0), says="three photos of four"),
    Case("grey", cars(0, 0.0), says="nobody's colour"),
    Case("the weights swapped", cars(30, -20), says="the blue car three times"),
    Case("a and b swapped", cars(20, 50), says="a is the first number"),
    Case("another colour", cars(55, 30), says=("(55, 30)", "there is an answer with 1,500")),
    Case(
        "too short to discuss", cars(50, 20, "A dull red."), says=("numbers are right", "3 words")
    ),
    Case(UNREADABLE, Answers(([50, 20],)), says="'looks'"),
    Case(UNREADABLE, cars("fifty", 20), says="a"),
]

WRONG = {
    "chroma": CHROMA,
    "lightness": LIGHTNESS,
    "mean_tint": MEAN_TINT,
    "way_back": WAY_BACK,
    "deal_batches": DEAL,
    "two_cars": TWO_CARS,
}
