"""Exercises of 10_share: a weight in a file, 16 bits, the same answer, where a page may send."""

import json
import math

import numpy as np
import torch

from ..answers import number, numbers
from ..core import call, exercise
from ..slips import ELSE, recognise, unreadable_if


def _file() -> bytes:
    """A weights file of two arrays: the first in 32 bits, the second, 2 x 3, in 16."""
    first = np.arange(4, dtype="<f4") + 0.5
    second = np.array([[1.5, -2, 3], [0.25, 5, -6]], dtype="<f2")
    head = {
        "__metadata__": {"card": "{}"},
        "first": {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]},
        "second": {"dtype": "F16", "shape": [2, 3], "data_offsets": [16, 28]},
    }
    text = json.dumps(head).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + first.tobytes() + second.tobytes()


def _copied(result):
    """An array in the usual order of bytes, and in memory of its own; anything else as it is."""
    floats = isinstance(result, np.ndarray) and result.dtype.kind == "f"
    return result.astype(float) if floats else result


@exercise("10.1", "Find a weight in a file", "a function of content and name")
def find_weight(answer):
    """The arrays of a small file: four numbers in 32 bits, 2 x 3 in 16."""
    content = _file()
    length = int.from_bytes(content[:8], "little")
    body, wanted = content[8 + length :], [[1.5, -2, 3], [0.25, 5, -6]]

    def at(start: int) -> torch.Tensor:
        return torch.from_numpy(np.frombuffer(content[start : start + 12], "<f2").astype(float))

    result = _copied(call(answer, content, "second"))
    flat = getattr(result, "shape", None) == (6,)
    given = numbers(np.reshape(result, (2, 3)) if flat else result, (2, 3), "(2, 3)")
    slips = {
        "the length is left out: Eight bytes stand before the head. Hint: the numbers begin at "
        "8 + length.": at(length + 16).reshape(2, 3),
        "counted from the beginning of the file: `data_offsets` count from the end of the head. "
        "Hint: 8 + length + offset.": at(16).reshape(2, 3),
        "the first array: Its offset is 0, that of the second is 16. Hint: take those of `name`.": (
            torch.from_numpy(np.frombuffer(body[:12], "<f2").astype(float)).reshape(2, 3)
        ),
        "the other end first: The bytes of a number are in the wrong order. Hint: '<f2', the "
        "lowest byte first.": torch.from_numpy(
            np.frombuffer(body[16:28], ">f2").astype(float)
        ).reshape(2, 3),
        "without its shape: Six numbers in a row are no 2 x 3. Hint: `.reshape(shape)`.": flat,
        "other numbers: The first should be 1.5. Hint: print where the numbers begin.": ELSE,
    }
    right = not flat and torch.equal(given, torch.tensor(wanted, dtype=torch.float64))
    told = f"The first number of `second` is {given[0, 0]:g}."
    recognise(slips, given, right=right, start=told)
    other = numbers(_copied(call(answer, content, "first")), (4,), "(4,)")
    recognise(
        {
            "16 bits for all: `first` has 32 bits, and you read it with 16. Hint: its dtype is "
            "'F32'.": ELSE
        },
        right=torch.equal(other, torch.arange(4).double() + 0.5),
        start=told,
    )
    return f"{told} Both arrays are right, and nothing in the file was run to read them."


@exercise("10.3", "How large is the file?", "a number")
def file_size(answer):
    """Two million numbers of 16 bits, in megabytes."""
    given = number(answer, "megabytes")
    slips = {
        "bits for bytes: 2,000,000 · 16 are bits. Hint: eight are a byte.": (32, 32_000_000),
        "32 bits: That is before halving. Hint: 16 bits are two bytes.": 8,
        "a byte each: 16 bits are not 8. Hint: two bytes each.": 2,
        "bytes for megabytes: A megabyte has a million bytes. Hint: divide by 10⁶.": 4_000_000,
        "another number: It should be 4. Hint: 2,000,000 · 16 / 8 / 10⁶.": ELSE,
    }
    recognise(slips, given, right=(4, 4_000_000 / 2**20), start=f"You have {given:g}.")
    return "2,000,000 · 2 bytes = 4 MB; in 32 bits it would be 8. The head is a few kilobytes more."


@exercise("10.2", "Is it the same network?", "a function of ours and theirs")
def largest_gap(answer):
    """Scaled ab of 2 x 2 pixels, of which one is 0.03 off, downward and then upward."""
    ours = torch.zeros(1, 2, 2, 2)
    theirs = ours.clone()
    theirs[0, 1, 0, 1] = -0.03
    theirs[0, 0, 1, 1] = 0.01
    gap = min(number(call(answer, ours, sign * theirs.numpy()), "gap") for sign in (1, -1))
    slips = {
        "the sign counts: A weight that is 0.03 too low is as wrong as one too high. Hint: `.abs()`"
        " before `.max()`.": (1.1, -3.3),
        "the mean: One wrong pixel hides among seven right ones. Hint: the largest, `.max()`.": (
            110 * 0.04 / 8,
            0.04 / 8,
        ),
        "still scaled: 0.03 is no Lab unit. Hint: `colour.unscale_ab`, or times 110.": 0.03,
        "the squares: A square of 3.3 is 10.9, which are no Lab units. Hint: `.abs()`.": (
            3.3**2,
            110 * 0.03**2,
        ),
        "the sum: It grows with the photo. Hint: the largest, `.max()`.": 4.4,
        "another gap: It should be 3.3. Hint: 0.03 · 110, the largest of all.": ELSE,
    }
    recognise(slips, gap, right=3.3, start=f"You have {gap:g}.")
    theirs[0, 0, 0, 0] = math.nan
    told = call(answer, ours, theirs.numpy())
    told = float(told) if not isinstance(told, bool) else math.nan
    recognise(
        {
            "blind to NaN: With one NaN in its answer you still call the gap "
            f"{told:g}. Hint: `.max()` keeps a NaN; Python's `max` may lose it.": ELSE
        },
        right=not told < 1e6,
        start="3.3 is right.",
    )
    return "3.3 Lab units at the worst pixel, and with a NaN the answer is never small."


HOME, ELSEWHERE = "https://ada.example", "https://other.example"
POLICIES = (  # policy, may the page send home, may it send elsewhere
    ("default-src 'none'; connect-src 'self'", True, False),
    ("default-src 'self'; img-src https://other.example", True, False),
    ("default-src 'self'; connect-src 'none'", False, False),
    ("default-src 'none'; connect-src 'self' https://other.example", True, True),
    ("img-src 'none'", True, True),
)


@exercise("10.4", "Where may it send?", "a function of policy, home and address")
def may_send(answer):
    """Five policies, each asked for the page's own address and for another."""
    given = []
    for policy, *_ in POLICIES:
        for address in (HOME, ELSEWHERE):
            said = call(answer, policy, HOME, address)
            unreadable_if(
                not isinstance(said, bool | np.bool_),
                f"For {policy!r} this is {said!r:.40}, but must be True or False. Hint: end with a "
                "comparison.",
            )
            given.append(bool(said))
    right = [one for _, *pair in POLICIES for one in pair]

    def by(rule) -> bool:
        return given == [rule(policy, a) for policy, *_ in POLICIES for a in (HOME, ELSEWHERE)]

    def parts(policy: str) -> dict:
        return {part.split()[0]: part.split()[1:] for part in policy.split(";")}

    def fits(allowed: list[str], address: str) -> bool:
        return address in allowed or (address == HOME and "'self'" in allowed)

    slips = {
        "default-src is overlooked: Where no connect-src stands, default-src holds, and you let "
        "everything pass. Hint: `rules.get('connect-src', rules.get('default-src'))`.": by(
            lambda p, a: fits(parts(p).get("connect-src", [HOME, ELSEWHERE]), a)
        ),
        "default-src instead of connect-src: The special rule goes before the general one. Hint: "
        "look for connect-src first.": by(
            lambda p, a: fits(parts(p).get("default-src", [HOME, ELSEWHERE]), a)
        ),
        "any rule is taken: img-src is for pictures. You looked in the whole policy. Hint: split "
        "it at `;`.": by(lambda p, a: a in p or (a == HOME and "'self'" in p)),
        "'self' is everybody: It means the page's own address. Hint: compare `address` with "
        "`home`.": by(
            lambda p, a: (
                "'self'" in parts(p).get("connect-src", parts(p).get("default-src", []))
                or fits(parts(p).get("connect-src", parts(p).get("default-src", [a])), a)
            )
        ),
        "no rule, no sending: Where neither rule stands, nothing is forbidden. Hint: the fifth "
        "policy speaks of pictures alone.": by(
            lambda p, a: fits(parts(p).get("connect-src", parts(p).get("default-src", [])), a)
        ),
        "another answer: Look at connect-src, else default-src; 'self' is `home`. Hint: print the "
        "ten answers.": ELSE,
    }
    wrong = [i for i, pair in enumerate(zip(given, right, strict=True)) if pair[0] != pair[1]]
    where = POLICIES[wrong[0] // 2][0] if wrong else ""
    told = f"{10 - len(wrong)} of 10 answers are right; one is wrong for {where!r}."
    recognise(slips, right=not wrong, start=told)
    return "All ten are right. The first policy is our page's: a photo cannot go elsewhere."
