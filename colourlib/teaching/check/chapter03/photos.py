"""Exercises of chapter 03 on many photos: one colour for all, and random batches."""

from collections.abc import Iterable

import torch
from torch import Tensor

from .... import colour
from ..answers import number, tensor, words_for_teacher
from ..core import Noted, Open, call, exercise
from ..slips import ELSE, must_be, recognise, same, wrong_if


@exercise("03.3", "One colour for all", "a function of ab (N, 2, H, W) that gives one a and one b")
def mean_tint(answer):
    """The mean of each channel over photos, rows and columns, on two sets of other shapes."""
    for seed, shape in enumerate([(3, 2, 4, 5), (2, 2, 6, 3)]):
        dice = torch.Generator().manual_seed(seed)
        ab = torch.randn(shape, generator=dice, dtype=torch.float64).exp() * 9 - 12
        ab += torch.tensor([4.0, 17.0])[:, None, None]  # (N, 2, H, W)
        _one_tint(tensor(call(answer, ab), "one a and one b"), ab)
    best = ab.mean(dim=(0, 2, 3))  # (2,)

    def error(tint: Tensor) -> float:
        return (ab - tint[:, None, None]).pow(2).sum(dim=1).mean().item()

    moved = [error(best + torch.tensor(step)) for step in ((1, 0), (-1, 0), (0, 1), (0, -1))]
    return (
        f"On {len(ab)} small pictures your tint misses the true colours by {error(best):.1f} (mean "
        f"square), grey by {error(torch.zeros(2)):.1f}, a tint one unit beside yours by "
        f"{min(moved):.1f}. `data.mean_tint` is that of the training photos, divided by 110."
    )


def _one_tint(given: Tensor, ab: Tensor) -> None:
    """Raise Wrong unless given is the mean a and the mean b of ab (N, 2, H, W)."""
    n, _, h, w = ab.shape
    size, shape, flat = given.numel(), tuple(given.shape), ab.transpose(0, 1).flatten(1)
    want, median, pixels = flat.mean(dim=1), flat.median(dim=1).values, flat.shape[1]
    due = f"a = {want[0]:.4g} and b = {want[1]:.4g}"
    yours = [round(x, 3) for x in given.flatten().tolist()] if size < 3 else f"a tensor {shape}"
    slips = {
        f"one number for both channels: {due} are mixed into one: no colour is left.": size == 1,
        f"a tint for each photo: That is a colour for each of {n} photos. Hint: "
        "the photos are an axis, too.": size > 2 and (shape[:2] == (n, 2) or shape == (2, n)),
        f"the mean over the wrong axes: {ab.numel()} numbers have to become 2: each the mean of "
        f"{n} · {h} · {w} = {pixels}.": size != 2,
        "photos taken for channels: These are the means of the first two photos: ab[0] is a photo; "
        "ab[:, 0] is the channel a of all of them.": ab[:2].mean(dim=(1, 2, 3)),
        f"a and b swapped: It should be {due}. Hint: channel 0 is a, channel 1 is b.": want.flip(0),
        f"the sum, not the mean: That is {pixels} times as much as the means. Hint: divide by the "
        "number of pixels, or let `mean` do it.": flat.sum(dim=1),
        f"the median, not the mean: The means are {due}, not the medians.": median,
        f"the signs are lost: It should be {due}: green and red do cancel.": flat.abs().mean(dim=1),
        f"scaled already: In Lab units, not divided by 110, it is {due}.": want / colour.AB_SCALE,
        f"another colour: Each channel has {pixels} numbers; their means are {due}. Hint: which of "
        "the four axes of (N, 2, H, W) go, and which one stays? More: Axis 0 counts photos, 1 the "
        "channels a and b, 2 rows, 3 columns. Only 1 may stay.": ELSE,
    }
    start = f"Of ab with the shape {tuple(ab.shape)} your function makes {yours}."
    recognise(slips, given.flatten(), right=want, start=start)


@exercise("03.6", "Two cars of one grey", "a dict with numbers 'a' and 'b' and the text 'looks'")
def two_cars(answer):
    """Three red cars (60, 40) and a blue one (20, -40): the nearest colour; sentences are kept."""
    filled = isinstance(answer, dict) and {"a", "b", "looks"} <= set(answer)
    must_be(filled, answer, "a dict with the keys 'a', 'b' and 'looks'")
    if any(value is ... for value in answer.values()):
        raise Open("Not all is there yet: put numbers, and a few sentences, in place of the dots.")
    given = torch.tensor([number(answer[key], key) for key in ("a", "b")]).double()
    red, blue = torch.tensor([[60, 40], [20, -40]]).double()

    def error(ab: Tensor) -> str:
        return f"{(3 * (ab - red).pow(2).sum() + (ab - blue).pow(2).sum()).item() / 4:,.0f}"

    best, middle = (3 * red + blue) / 4, (red + blue) / 2
    yours = f"({given[0]:.4g}, {given[1]:.4g}) has a mean squared error of {error(given)}"
    slips = {
        "the colour that is most frequent: It costs 80² + 40² = 8,000 for the blue car.": red,
        "each colour counted once: That is the middle; but three photos of four are red.": middle,
        "grey: Grey is nobody's colour here.": torch.zeros(2),
        "the weights swapped: You have counted the blue car three times.": (red + 3 * blue) / 4,
        "a and b swapped: a is the first number of each pair.": best.flip(0),
        f"another colour: Red has {error(red)}, the middle of the two {error(middle)}. Hint: move "
        "your answer a little toward the other car: does the error shrink?": ELSE,
    }
    start = f"{yours}, and there is an answer with {error(best)}."
    recognise(slips, given, right=same(given, best, 1e-3), start=start)
    looks = "`looks`: how does it look beside the cars, and what would you do about it?"
    kept = words_for_teacher(answer["looks"], "The numbers are right. ", looks)
    return Noted(f"The numbers are right: {yours}. It is the mean, and no car has it. {kept}")


PHOTOS, SIZE = 23, 5  # 4 whole batches and 3 photos over
EPOCHS = 12  # enough to tell that a photo missing from all of them is left out on purpose
SEED = "`torch.Generator().manual_seed(number)` begins at the same place for the same number."
RANDPERM = "`torch.randperm(photos)` is the numbers 0 to photos − 1 in random order."


@exercise("03.5", "Deal the batches", "a function of (photos, batch_size, epoch): batches")
def deal_batches(answer):
    """Twelve epochs: size, number, range, repeats, order, and who is left out; one epoch twice."""
    epochs = [_dealt(answer, epoch) for epoch in range(EPOCHS)]
    for batches in epochs:
        _photos([len(batch) for batch in batches], sum(batches, []))
        _shuffled(batches)
    first, again, even = epochs[0], _dealt(answer, 0), len(_dealt(answer, 0, 20))
    left_out = sorted(set(range(PHOTOS)).difference(*(sum(batches, []) for batches in epochs)))
    slips = {
        f"the same order every epoch: Epoch 0 begins with {first[0]}, and so does epoch 1. Hint: "
        "the order must depend on the epoch.": first == epochs[1],
        f"the same photos always left out: In {EPOCHS} epochs photo {min(left_out, default=0)} "
        f"never came; nor did {len(left_out) - 1} others. Hint: first shuffle, then cut.": left_out,
        f"another order when dealt again: Epoch 0 began with {first[0]}, when dealt a second time "
        f"with {again[0]}. Hint: it must depend on nothing but the epoch.": first != again,
        f"a whole batch is lost: 20 = 4 · 5 come out even, and yours are {even} batches. Hint: "
        f"drop the last batch only where it is smaller. More: {SEED}": even < 4,
    }
    recognise(slips)
    return (
        f"{EPOCHS} epochs: each has 4 whole batches and no photo twice; every photo came in the "
        "end, as in `data.loader`. Not looked at: fewer photos than one batch holds."
    )


def _dealt(answer, epoch: int, photos: int = PHOTOS) -> list[list[int]]:
    """The batches of an epoch as lists of whole numbers."""
    given = call(answer, photos, SIZE, epoch)
    listed = isinstance(given, Iterable) and not isinstance(given, str | dict)
    must_be(listed, given, "a list of batches: [[4, 0, 7], [2, 9, 1], ...]")
    batches = [b.tolist() if hasattr(b, "tolist") else b for b in given]
    wrong_if(
        batches and all(isinstance(b, int) for b in batches),
        f"one long list: Your function gives {batches[:3]} and so on, not yet cut into batches. "
        "Hint: `order[start : start + batch_size]`, with start = 0, batch_size, 2 · batch_size ...",
    )
    batches = [list(b) if isinstance(b, Iterable) else [b] for b in batches]
    whole = [[int(n) for n in batch] for batch in batches]
    must_be(whole == batches, batches, "batches of places in the set: 0, 1, 2 ...")
    return whole


def _photos(sizes: list[int], photos: list[int]) -> None:
    """Raise Wrong unless there are 4 batches of 5, of photos that exist, each once."""
    slips = {
        "the last, smaller batch is kept: It has only 3 photos, and the colour of 3 is luck. "
        "Hint: there are photos // batch_size = 4 whole batches.": sizes == [5, 5, 5, 5, 3],
        f"a whole batch is lost: There are 4 whole batches; yours are {len(sizes)}. Hint: range(0, "
        "end, 5) leaves out the end itself: batches begin at 0, 5, 10 and 15.": sizes == [5] * 3,
        f"batches of another size: It should be 4 batches of 5; yours are {sizes[:8]}. Hint: "
        "batch_size counts the photos of one batch.": sizes != [5] * 4,
    }
    recognise(slips, start="23 = 4 · 5 + 3.")
    low, high, twice = min(photos), max(photos), max(photos, key=photos.count)
    places = f"There are photos from {low} to {high} in it, but 23 photos have the places 0 to 22."
    slips = {
        f"a photo twice in an epoch: Photo {twice} comes {photos.count(twice)} times: drawn, and "
        f"put back. Hint: deal like cards. More: {RANDPERM}": photos.count(twice) > 1,
        f"counted from 1: {places}": high == 23 or low >= 1 and high > 23,
        f"photos that do not exist: {places} Hint: Python counts from 0.": low < 0 or high > 23,
    }
    recognise(slips)


def _shuffled(batches: list[list[int]]) -> None:
    """Raise Wrong for an order in which neighbours on disk stay together."""
    steps = torch.tensor(sum(batches, [])).diff()
    together = (steps.abs() == 1).double().mean().item()
    in_order = bool((steps == 1).all() or (steps == -1).all())
    blocks = all(max(batch) - min(batch) == SIZE - 1 for batch in batches)
    inside = any(batch != sorted(batch) for batch in batches)
    slips = {
        "not shuffled: Those are neighbours on disk, photos of one query.": in_order,
        "shuffled inside the batches only: They hold the same 5 neighbours.": blocks and inside,
        "only the batches are shuffled: They change places, but each holds 5 neighbours.": blocks,
        f"moved on, not shuffled: {together:.0%} come after a neighbour: it is still the same row. "
        f"Hint: first shuffle all photos, then cut. More: {RANDPERM}": together > 0.6,
    }
    recognise(slips, start=f"Your first batch is {batches[0]}.")
