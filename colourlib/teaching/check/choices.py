"""An answer that is a choice for each of several things, read the same way by several checks."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from .core import UNREADABLE, Open, Wrong


def chosen(answer, things: Collection[str], allowed: Sequence) -> dict:
    """{thing: choice}, one of `allowed` for each of `things`, in their order.

    answer: a dict; of text neither capitals nor blanks around it count. Raises Open while dots
    stand in it, and Wrong where it is no dict, lacks a thing, or holds what nobody can choose.
    """
    names = ", ".join(map(repr, allowed))
    if not isinstance(answer, Mapping):
        raise Wrong(
            UNREADABLE,
            f"The answer is of type {type(answer).__name__}, and a dict with a choice for each of "
            f"{len(things)} things is wanted.",
            "change only what stands behind the colons.",
        )
    missing = [thing for thing in things if thing not in answer]
    if missing:
        raise Wrong(
            "a choice is missing",
            f"There are {len(things) - len(missing)} of {len(things)} choices; nothing is said "
            f"about {', '.join(map(repr, missing))}.",
            "leave the keys of the dict as they were given.",
        )
    left = [thing for thing in things if answer[thing] is ... or answer[thing] is None]
    if left:
        done = len(things) - len(left)
        raise Open(
            f"{done} of {len(things)} choices are made. Write one of {names} in place of the dots "
            f"behind {left[0]!r}."
        )
    made = {thing: plain(answer[thing]) for thing in things}
    for thing, choice in made.items():
        if choice not in allowed:
            raise Wrong(
                "not one of the choices",
                f"For {thing!r} you chose {choice!r}; there are {names}.",
                "copy a choice as it is written in the task; numbers have no quotation marks.",
            )
    return made


def plain(choice):
    """A choice as it counts: of text neither capitals nor blanks around it."""
    return choice.strip().lower() if isinstance(choice, str) else choice
