"""The last exercise of chapter 01: which pictures may stand on a page that everybody can see."""

from __future__ import annotations

from ..choices import chosen
from ..core import Wrong, exercise

SHOWN = {
    "a practice scene": "yes",
    "a photo that a search found": "no",
    "the same photo, 64 x 64 pixels": "no",
    "a photo under CC BY": "with credit",
    "a photo under CC BY-ND, coloured": "no",
    "a photo under CC0": "yes",
    "my photo of a friend, not asked": "no",
    "the manifest of a search": "yes",
}


@exercise("01.5", "May it be shown?", expects="a dict with 'yes', 'with credit' or 'no' for each")
def may_be_shown(answer):
    """Compares the choices with the rules of section 6 and what the licences say."""
    made = chosen(answer, SHOWN, ("yes", "with credit", "no"))
    wrong = [thing for thing, may in SHOWN.items() if made[thing] != may]
    if wrong:
        right = len(SHOWN) - len(wrong)
        _not_so(made, f"{right} of {len(SHOWN)} are as the section has it. ")
    return (
        "All eight as the section and the licences have it: found is not free, smaller is still a "
        "copy, changed can be forbidden where copying is not, and a photo has an owner and people "
        "in it. What was not looked at is the law of your country, which knows exceptions, for "
        "teaching among others: where it matters, ask somebody who knows it."
    )


def _not_so(made: dict, said: str) -> None:
    """Raises Wrong about the first choice that is not as SHOWN has it."""

    def wrong(thing: str) -> bool:
        return made[thing] != SHOWN[thing]

    def you(thing: str) -> str:
        return f"{said}For {thing!r} you say {made[thing]!r}. "

    if wrong(thing := "a photo that a search found"):
        raise Wrong(
            "found is not free",
            f"{you(thing)}Somebody took it; the page where it was found gives nobody a right.",
            "without a licence nothing is allowed that the law itself does not allow. To name "
            "somebody is no permission.",
        )
    if wrong(thing := "the same photo, 64 x 64 pixels"):
        raise Wrong(
            "smaller is still a copy",
            f"{you(thing)}64 · 64 = {64 * 64} pixels of somebody's photo are a copy of it, and "
            "one knows what it shows.",
            "what did you say of the photo itself?",
        )
    if wrong(thing := "a photo under CC BY"):
        raise Wrong(
            "the credit",
            f"{you(thing)}BY is the condition: the author's name, the licence, and what was "
            "changed have to stand beside it. With that it may be shown.",
            "which of the three choices says just that?",
        )
    if wrong(thing := "a photo under CC BY-ND, coloured"):
        raise Wrong(
            "a change that is not allowed",
            f"{you(thing)}ND is 'no derivatives': it may be passed on as it is. What a network "
            "has coloured is no longer as it is.",
            "read the last two letters of the licence.",
        )
    if wrong(thing := "my photo of a friend, not asked"):
        raise Wrong(
            "a face, and nobody asked",
            f"{you(thing)}The photo is yours, and the face is your friend's: two people have a "
            "say, and one was asked.",
            "whose is it, and who is in it, are two questions of the four.",
        )
    thing = next(filter(wrong, SHOWN))
    raise Wrong(
        "more forbidden than need be",
        f"{you(thing)}Nobody has to be asked or named: a practice scene has no owner, CC0 gives "
        "up every right, and a manifest holds addresses and numbers, and no picture.",
        "who could object, and to what?",
    )
