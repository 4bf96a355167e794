"""The exercise of chapter 03 on batches: deal photos out in random batches, anew each epoch."""

from __future__ import annotations

from collections.abc import Iterable

import torch

from ..core import UNREADABLE, Wrong, call, exercise

PHOTOS, SIZE = 23, 5  # 4 whole batches and 3 photos over
EPOCHS = 12  # so many that a photo that is left out in each is left out on purpose


@exercise(
    "03.5", "Deal the batches", "a function of (photos, batch_size, epoch) that gives batches"
)
def deal_batches(answer):
    """Twelve epochs: size, number, range, repeats, order, and who is left out; one epoch twice."""
    epochs = [_dealt(answer, epoch) for epoch in range(EPOCHS)]
    for batches in epochs:
        _sizes(batches)
        _photos(batches)
        _shuffled(batches)
    first, second = epochs[:2]
    if first == second:
        raise Wrong(
            "the same order every epoch",
            f"Epoch 0 begins with {first[0]}, and so does epoch 1. The network would get the same "
            f"{SIZE} photos together for ever, and the same {PHOTOS % SIZE} would be left out.",
            "the number of the epoch has to have a say in the order.",
            "`torch.Generator().manual_seed(number)` is a source of chance that begins at a place "
            "of its own for each number; `torch.randperm(..., generator=...)` draws from it.",
        )
    left_out = set(range(PHOTOS)).difference(*(set(sum(batches, [])) for batches in epochs))
    if left_out:
        raise Wrong(
            "the same photos always left out",
            f"In {EPOCHS} epochs photo {min(left_out)} never came; nor did {len(left_out) - 1} "
            f"others. The {PHOTOS % SIZE} photos over have to be other ones each time.",
            "first shuffle all photos, then cut into batches and drop the rest.",
        )
    if _dealt(answer, 0) != first:
        raise Wrong(
            "another order when dealt again",
            f"Epoch 0 began with {first[0]}, and when dealt a second time with "
            f"{_dealt(answer, 0)[0]}. A training that was stopped in the middle of an epoch could "
            f"not go on where it was.",
            "let the order follow from the number of the epoch, and from nothing else.",
            "`torch.Generator().manual_seed(number)` begins at the same place for the same number.",
        )
    _none_over(answer)
    return (
        f"{EPOCHS} epochs of {PHOTOS} photos in batches of {SIZE}: each has {PHOTOS // SIZE} whole "
        f"batches and no photo twice; the {PHOTOS % SIZE} left over change, so that every photo "
        f"came in the end; epoch 0 dealt a second time was the same, and of {4 * SIZE} photos "
        f"none is lost. That is how `data.loader` deals. Not looked at: fewer photos than one "
        f"batch holds."
    )


def _none_over(answer) -> None:
    """Raises Wrong where a whole batch is dropped of photos that come out even."""
    photos = 4 * SIZE
    batches = _dealt(answer, 0, photos)
    if len(batches) < 4:
        raise Wrong(
            "a whole batch is lost",
            f"Of {PHOTOS} photos all is well. But {photos} = 4 · {SIZE} come out even: nothing is "
            f"to be dropped, and yours are {len(batches)} batches.",
            "drop the last batch only where it is smaller.",
            f"With range(0, end, {SIZE}) the end itself is left out: of {photos} photos the last "
            f"batch begins at {photos - SIZE}.",
        )


def _dealt(answer, epoch: int, photos: int = PHOTOS) -> list[list[int]]:
    """The batches of an epoch as lists of whole numbers."""
    given = call(answer, photos, SIZE, epoch)
    if not isinstance(given, Iterable) or isinstance(given, str | dict):
        text = f"Your function gives a {type(given).__name__}; a list of batches is wanted."
        raise Wrong(UNREADABLE, text, "a list of lists: [[4, 0, 7], [2, 9, 1], ...].")
    batches = [b.tolist() if hasattr(b, "tolist") else b for b in given]
    if batches and all(isinstance(b, int) for b in batches):
        raise Wrong(
            "one long list",
            f"Your function gives {len(batches)} photos in one list, {batches[:3]} and so on: the "
            f"order, not yet cut into batches of {SIZE}.",
            f"batch 0 holds the first {SIZE} of the order, batch 1 the next {SIZE}.",
            "`order[start : start + batch_size]`, with start = 0, batch_size, 2 · batch_size ...",
        )
    batches = [list(b) if isinstance(b, Iterable) else [b] for b in batches]
    numbers = [int(n) for batch in batches for n in batch]
    if any(n != whole for n, whole in zip(sum(batches, []), numbers, strict=True)):
        text = f"In the first batch stands {batches[0][:3]}; photos have whole numbers."
        raise Wrong(UNREADABLE, text, "a batch is a list of places in the set: 0, 1, 2 ...")
    return [[int(n) for n in batch] for batch in batches]


def _sizes(batches: list[list[int]]) -> None:
    sizes = [len(batch) for batch in batches]
    whole = PHOTOS // SIZE
    sum_ = f"{PHOTOS} = {whole} · {SIZE} + {PHOTOS % SIZE}"
    if sizes == [SIZE] * whole + [PHOTOS % SIZE]:
        raise Wrong(
            "the last, smaller batch is kept",
            f"{sum_}: your last batch has {sizes[-1]} photos, and its mean misses that of the set "
            f"by more than the others do. It is to be dropped.",
            f"there are photos // batch_size = {whole} whole batches.",
        )
    if sizes == [SIZE] * (whole - 1):
        raise Wrong(
            "a whole batch is lost",
            f"{sum_}, so there are {whole} whole batches; yours are {len(sizes)}.",
            "where does your last batch begin, and where could one more begin?",
            f"With range(0, end, {SIZE}) the end itself is left out: batches may begin at 0, 5, 10 "
            f"and 15.",
        )
    if sizes != [SIZE] * whole:
        raise Wrong(
            "batches of another size",
            f"{sum_}: wanted are {whole} batches of {SIZE}; yours have the sizes {sizes[:8]}"
            f"{' ...' * (len(sizes) > 8)}.",
            "batch_size says how many photos a batch has, not how many batches there are.",
        )


def _photos(batches: list[list[int]]) -> None:
    photos = sum(batches, [])
    if len(set(photos)) < len(photos):
        twice = next(n for n in photos if photos.count(n) > 1)
        raise Wrong(
            "a photo twice in an epoch",
            f"Photo {twice} comes {photos.count(twice)} times in one epoch, and of {PHOTOS} photos "
            f"only {len(set(photos))} come at all: drawn, and put back.",
            "deal like cards: what is dealt is gone. A shuffled list has each number once.",
            "`torch.randperm(photos)` is the numbers 0 to photos − 1 in random order.",
        )
    if max(photos) == PHOTOS or (min(photos) >= 1 and max(photos) > PHOTOS):
        raise Wrong(
            "counted from 1",
            f"There is a photo {max(photos)} in it. {PHOTOS} photos have the places 0 to "
            f"{PHOTOS - 1}: the last would be a photo that does not exist.",
            "Python counts from 0.",
        )
    if min(photos) < 0 or max(photos) > PHOTOS:
        raise Wrong(
            "photos that do not exist",
            f"There are numbers from {min(photos)} to {max(photos)} in it; the {PHOTOS} photos "
            f"have the places 0 to {PHOTOS - 1}.",
            "the batches hold places in the set.",
        )


def _shuffled(batches: list[list[int]]) -> None:
    photos = torch.tensor(sum(batches, []))
    if (photos.diff() == 1).all() or (photos.diff() == -1).all():
        raise Wrong(
            "not shuffled",
            f"Your first batch is {batches[0]}: neighbours on disk, photos of one query, as in the "
            f"left picture above.",
            "shuffle the places before you cut.",
            "`torch.randperm(photos)` is the numbers 0 to photos − 1 in random order.",
        )
    if all(max(batch) - min(batch) == SIZE - 1 for batch in batches):
        inside = any(batch != sorted(batch) for batch in batches)
        if inside:
            raise Wrong(
                "shuffled inside the batches only",
                f"Your first batch is {batches[0]}: in another order, but the same {SIZE} "
                f"neighbours. To the network the order inside a batch makes no difference.",
                "first shuffle all photos, then cut.",
            )
        raise Wrong(
            "only the batches are shuffled",
            f"Your first batch is {batches[0]}: whole batches change places, but in each lie "
            f"{SIZE} neighbours of one query.",
            "first shuffle all photos, then cut.",
        )
    together = (photos.diff().abs() == 1).double().mean().item()
    if together > 0.6:
        raise Wrong(
            "moved on, not shuffled",
            f"Your first batch is {batches[0]}, and {together:.0%} of all photos come right after "
            f"a neighbour on disk: the row begins elsewhere and is still the same row.",
            "every order has to be possible, not only those that are moved on.",
        )
