"""Wrong answers to the exercises of chapter 03."""

import numpy as np
import torch

from . import CRASHED, SHORT, UNREADABLE, Answers, Case

WRONG = {}
WRONG["chroma"] = [
    Case("the minus is not squared", (-(36**2) + 48**2) ** 0.5, "31.75", "(-36)**2"),
    Case("the minus is not squared", -(36**2) + 48**2, "1008", "still to be taken"),
    Case("the root is missing", 36**2 + 48**2, "You have 3600."),
    Case("the half, not the root", ((-36) ** 2 + 48**2) ** 1 / 2, "half of 3600", "1/2"),
    Case("the half, not the root", (-(36**2) + 48**2) ** 1 / 2, "half of 1008"),
    Case("a and b added with their signs", -36 + 48, "You have 12.", "−36 + 48"),
    Case("a and b added", torch.tensor(84.0), "36 + 48"),
    Case("L is counted, too", np.float64((65**2 + 36**2 + 48**2) ** 0.5), "65²"),
    Case("another number", 42, "You have 42.", "√(9 + 16) = 5"),
    Case(UNREADABLE, "60", "number"),
]


def light(v, dark=True):
    curve = ((v + 0.055) / 1.055) ** 2.4
    return torch.where(v <= 0.04045, v / 12.92, curve) if dark else curve


def lightness(Y, dark=True, third=False):
    curve = 116 * (Y**1 / 3 if third else Y ** (1 / 3)) - 16
    return torch.where(Y <= 0.008856, 903.3 * Y, curve) if dark else curve


def from_v(mistake, answer, *says):
    """`answer` makes L of v, the byte / 255."""
    return Case(mistake, lambda byte: answer(byte / 255), *says)


def both(mistake, *says, gamma_dark=True, dark=True, third=False):
    """Both steps, right but for what is given."""
    return from_v(mistake, lambda v: lightness(light(v, gamma_dark), dark, third), *says)


def encoded(v):
    return lightness(torch.where(v <= 0.0031308, 12.92 * v, 1.055 * v ** (1 / 2.4) - 0.055))


def one_question(v):
    return 116 * (v / 12.92 if v <= 0.04045 else light(v, dark=False)) ** (1 / 3) - 16


WRONG["lightness"] = [
    from_v("the byte is taken for L", lambda v: v * 100, "up to 3.4 units"),
    both("the third, not the root", "22.67", "(Y ** 1) / 3", dark=False, third=True),
    both("the third, not the root", "brackets round the 1/3", third=True),
    from_v("the gamma is left out", lightness, "18 % of the light"),
    from_v("light is taken for lightness", lambda v: 100 * light(v), "L* = 76"),
    from_v("the gamma the wrong way round", encoded, "1 / 2.4"),
    both("the dark part of L is missing", "L = -16.00", "116 · 0 − 16", dark=False),
    both("the dark part of the gamma is missing", "L = 0.75", gamma_dark=False),
    both("both dark parts are missing", "each of the two steps", gamma_dark=False, dark=False),
    from_v("L from 0 to 1", lambda v: lightness(light(v)) / 100, "255 becomes 1."),
    Case("not divided by 255", lambda b: lightness(light(b)), "byte 255 becomes 9,342"),
    from_v("another curve", lambda v: 100 * v**1.1, "so Y ="),
    from_v("one question for the whole tensor", one_question, "torch.where"),
    from_v("^ for a power", lambda v: ((v + 0.055) / 1.055) ^ 2.4, "`**`"),
    from_v("^ for a power", lambda v: light(v) ^ (1 / 3), "`**`"),
    from_v("^ for a power", lambda v: [116 * y ^ (1 / 3) for y in v.tolist()], "`**`"),
    from_v("a tensor of another shape", lambda v: v[:3], "(3,)", "(256,)"),
    Case(CRASHED, lambda b: b.nothing, "AttributeError"),
    Case(UNREADABLE, lambda b: "light", "of type str"),
]


PHOTOS = "photos taken for channels"
WRONG["mean_tint"] = [
    Case("one number for both channels", lambda ab: ab.mean(), "mixed into one"),
    Case("a tint for each photo", lambda ab: ab.mean(dim=(2, 3)), "3 photos"),
    Case("the mean over the wrong axes", lambda ab: ab.mean(dim=0), "(2, 4, 5)"),
    Case("the mean over the wrong axes", lambda ab: ab.mean(dim=1), "3 · 4 · 5 = 60"),
    Case("a and b swapped", lambda ab: ab.mean(dim=(0, 2, 3)).flip(0), "channel 0 is a"),
    Case("the sum, not the mean", lambda ab: ab.sum(dim=(0, 2, 3)), "60 times"),
    Case("the median, not the mean", lambda ab: [a.median() for a in ab.unbind(1)], "the medians"),
    Case("the signs are lost", lambda ab: ab.abs().mean(dim=(0, 2, 3)), "do cancel"),
    Case("scaled already", lambda ab: ab.mean(dim=(0, 2, 3)) / 110, "divided by 110"),
    Case("another colour", lambda ab: ab[0].mean(dim=(1, 2)), "60 numbers"),
    Case(PHOTOS, lambda ab: (ab[0].mean(), ab[1].mean()), "first two photos", "ab[:, 0]"),
    Case(UNREADABLE, lambda ab: "brown", "str"),
]


def back(mistake, *says, L=lambda x: 50 * (x + 1), ab=lambda y: 110 * y):
    """The way back, right but for what is given."""
    return Case(mistake, lambda x, y: (L(x), ab(y)), *says)


WRONG["way_back"] = [
    Case("L and ab swapped", lambda x, y: (110 * y, 50 * (x + 1)), "first L, then ab"),
    back("L is scaled a second time", "x / 50 − 1", L=lambda x: x / 50 - 1),
    back("the brackets are missing", "x = −1 becomes L = -49", L=lambda x: x * 50 + 1),
    back("the 1 is not added", "x = −1 becomes L = -50", L=lambda x: x * 50),
    back("L up to 200", "x = 1 becomes 200", L=lambda x: (x + 1) * 100),
    back("L from 0 to 1", "x = 1 becomes 1.", L=lambda x: (x + 1) / 2),
    back("another L", "x = 1 becomes 102", L=lambda x: (x + 1) * 51),
    back("forgot to multiply by 110", "y = 0.80 becomes 0.8", ab=lambda y: y),
    back("divided by 110 a second time", "0.007273", ab=lambda y: y / 110),
    back("128 in place of 110", "102.4", "16% too strong", ab=lambda y: y * 128),
    back("1 is added to y", "(110, 110)", ab=lambda y: (y + 1) * 110),
    back("the scale of L for ab", "50 · y", ab=lambda y: y * 50),
    back("another ab", "becomes 80; it is 88", ab=lambda y: y * 100),
    back("a tensor of another shape", "(1, 2, 3)", L=lambda x: 50 * (x[0] + 1)),
    Case(UNREADABLE, lambda x, y: torch.cat([50 * (x + 1), 110 * y], 1), "(2, 3, 2, 3)", "a comma"),
    Case(UNREADABLE, lambda x, y: 50, "return L, ab"),
]


def shuffle(photos, epoch):
    return torch.randperm(photos, generator=torch.Generator().manual_seed(epoch)).tolist()


def dealer(mistake, order, *says):
    """A right dealer, but for the order: order(photos, batch_size, epoch) gives all places."""

    def deal(photos, size, epoch):
        places = [int(place) for place in order(photos, size, epoch)]
        return [places[i * size : (i + 1) * size] for i in range(photos // size)]

    return Case(mistake, deal, *says)


def drops_first(photos, size, epoch):
    return shuffle(photos // size * size, epoch) + [0] * (photos % size)


def inside(photos, size, epoch):
    places = np.arange(photos - photos % size).reshape(-1, size)
    return np.random.default_rng(epoch).permuted(places, axis=1).flatten()


def whole_batches(photos, size, epoch):
    return [b * size + i for b in shuffle(photos // size, epoch) for i in range(size)]


def drawn(photos, size, epoch):
    return torch.randint(photos, (photos,), generator=torch.Generator().manual_seed(epoch))


def split(photos, size, epoch):
    return torch.tensor(shuffle(photos, epoch)).split(size)


def moved_on(photos, size, epoch):
    return [(i + 7 * epoch + 11) % photos for i in range(photos)]


AGAIN = "another order when dealt again"
WRONG["deal_batches"] = [
    dealer("not shuffled", lambda p, s, e: range(p), "[0, 1, 2, 3, 4]"),
    dealer("not shuffled", lambda p, s, e: range(p - 1, -1, -1), "neighbours on disk"),
    dealer("shuffled inside the batches only", inside, "the same 5 neighbours"),
    dealer("only the batches are shuffled", whole_batches, "change places"),
    dealer("moved on, not shuffled", moved_on, "still the same row"),
    dealer("the same order every epoch", lambda p, s, e: shuffle(p, 0), "so does epoch 1"),
    dealer(AGAIN, lambda p, s, e: torch.randperm(p), "when dealt a second time"),
    dealer("a photo twice in an epoch", drawn, "drawn, and put back"),
    dealer("the same photos always left out", drops_first, "photo 20 never", "2 others"),
    Case("the last, smaller batch is kept", split, "23 = 4 · 5 + 3"),
    Case("a whole batch is lost", lambda *given: split(*given)[:-2], "yours are 3"),
    Case("a whole batch is lost", lambda *given: split(*given)[:-1], "20 = 4 · 5", "3 batches"),
    Case("batches of another size", lambda p, s, e: torch.randperm(p)[None], "[23]"),
    Case("batches of another size", lambda p, s, e: shuffle(p, e)[0:0], "4 batches of 5"),
    dealer("counted from 1", lambda p, s, e: [i + 1 for i in shuffle(p, e)], "0 to 22"),
    dealer("photos that do not exist", lambda p, s, e: [i - 9 for i in shuffle(p, e)], "from -"),
    Case("one long list", lambda p, s, e: shuffle(p, e), "not yet cut"),
    Case(UNREADABLE, lambda p, s, e: 5, "of type int"),
]


WORDS = " ".join(f"word{i}" for i in range(25))


def cars(mistake, a, b, *says, looks=WORDS):
    return Case(mistake, {"a": a, "b": b, "looks": looks}, *says)


WRONG["two_cars"] = [
    cars("the colour that is most frequent", 60, 40, "(60, 40)", "2,000"),
    cars("each colour counted once", 40, 0, "three photos of four"),
    cars("grey", 0, 0.0, "nobody's colour"),
    cars("the weights swapped", 30, -20, "the blue car three times"),
    cars("a and b swapped", 20, 50, "a is the first number"),
    cars("another colour", 55, 30, "(55, 30)", "there is an answer with 1,500"),
    cars(SHORT, 50, 20, "numbers are right", "3 words", looks="A dull red."),
    Case(UNREADABLE, Answers([50, 20]), "'looks'"),
    cars(UNREADABLE, "fifty", 20, "a"),
]
