"""Wrong answers to the exercises of 10_share."""

import json

import numpy as np
import torch

from . import CRASHED, UNREADABLE, Case

WRONG = {}


def reader(begin=8, order="<", known=("F16", "F32"), place=lambda entry: entry, shaped=True):
    """A reader of weights that begins here, and reads numbers of these kinds in this order."""

    def find_weight(content, name):
        length = int.from_bytes(content[:8], "little")
        head = json.loads(content[8 : 8 + length])
        entry = head[name]
        first, last = place(entry["data_offsets"])
        start = 0 if begin is None else begin + length
        kind = {"F16": "f2", "F32": "f4"}[entry["dtype"] if entry["dtype"] in known else known[0]]
        values = np.frombuffer(content[start + first : start + last], order + kind)
        return values.reshape(entry["shape"]) if shaped else values

    return find_weight


def sixteen(content, name):
    values = reader(known=("F16",), shaped=False)(content, name)
    return values.reshape(2, 3) if name == "second" else values[:4]


WRONG["find_weight"] = [
    Case("the length is left out", reader(begin=0), "8 + length"),
    Case("counted from the beginning of the file", reader(begin=None), "end of the head"),
    Case("the first array", reader(place=lambda o: (0, 12)), "that of the second is 16"),
    Case("the other end first", reader(order=">"), "wrong order"),
    Case("without its shape", reader(shaped=False), "no 2 x 3"),
    Case("other numbers", lambda content, name: np.ones((2, 3)), "should be 1.5"),
    Case("16 bits for all", sixteen, "'F32'"),
    Case("a tensor of another shape", lambda content, name: np.ones(5), "(2, 3)"),
    Case(CRASHED, lambda content, name: json.loads(content), "Error"),
]

WRONG["file_size"] = [
    Case("bits for bytes", 32, "eight are a byte"),
    Case("bits for bytes", 32e6, "eight are a byte"),
    Case("32 bits", 8, "before halving"),
    Case("a byte each", 2, "two bytes each"),
    Case("bytes for megabytes", 4e6, "million bytes"),
    Case("another number", 7, "should be 4"),
    Case(UNREADABLE, "four", "one number"),
]


def gap(rule):
    return lambda ours, theirs: rule(110 * (torch.from_numpy(theirs) - ours))


WRONG["largest_gap"] = [
    Case("the sign counts", gap(lambda d: d.max()), "too low"),
    Case("the sign counts", gap(lambda d: (-d).max()), "too low"),
    Case("the sign counts", gap(lambda d: d.min()), ".abs()"),
    Case("the mean", gap(lambda d: d.abs().mean()), "hides among seven"),
    Case("still scaled", gap(lambda d: d.abs().max() / 110), "times 110"),
    Case("the squares", gap(lambda d: (d**2).max()), "no Lab units"),
    Case("the sum", gap(lambda d: d.abs().sum()), "grows with the photo"),
    Case("another gap", lambda ours, theirs: 7, "should be 3.3"),
    Case("blind to NaN", gap(lambda d: d.abs().nan_to_num().max()), "keeps a NaN"),
    Case(UNREADABLE, lambda ours, theirs: torch.tensor(theirs), "one number"),
]


def policy(special="connect-src", general="default-src", missing=True, own=True):
    """A reader of policies that looks at these rules; missing: what it says where there is none."""

    def may_send(text, home, address):
        rules = {rule.split()[0]: rule.split()[1:] for rule in text.split(";")}
        allowed = rules.get(special, rules.get(general))
        if allowed is None:
            return missing
        at_home = "'self'" in allowed and (address == home or not own)
        return at_home or address in allowed

    return may_send


def anywhere(text, home, address):
    return address in text or (address == home and "'self'" in text)


WRONG["may_send"] = [
    Case("default-src is overlooked", policy(general="connect-src"), "let everything pass"),
    Case("default-src instead of connect-src", policy(special="default-src"), "goes before"),
    Case("any rule is taken", anywhere, "img-src is for pictures"),
    Case("'self' is everybody", policy(own=False), "page's own address"),
    Case("no rule, no sending", policy(missing=False), "nothing is forbidden"),
    Case("another answer", lambda text, home, address: address == home, "print the ten"),
    Case(UNREADABLE, lambda text, home, address: "yes", "True or False"),
]
