"""Progress bars that speak seldom, because a notebook's socket holds a thousand messages."""

from tqdm.auto import tqdm

STEPS = 20  # of a whole bar; and tqdm itself speaks again after ten seconds of silence


def bar(iterable=None, *, total: int | None = None, **more) -> tqdm:
    """tqdm's bar, redrawn at most once a second and about twenty times in all.

    Each drawing of a notebook's bar takes three messages. Who reads them late, such as nbval, loses
    those beyond the thousandth, and among them the one that says that the cell has ended.
    """
    total = len(iterable) if total is None and hasattr(iterable, "__len__") else total
    seldom = max(1, (total or 0) // STEPS)
    return tqdm(iterable, total=total, mininterval=1.0, miniters=seldom, **more)
