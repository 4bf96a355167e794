"""Exercises of 06_evaluate without right numbers: a fair comparison, and an open question."""

from __future__ import annotations

import numpy as np

from ..choices import plain
from ..core import UNREADABLE, Noted, Open, Wrong, exercise
from ..values import number, words_for_teacher

CHOICES = {
    "each trained for": ("the same minutes", "the same epochs", "until it is at its best"),
    "judged on": ("training photos", "validation photos", "five photos picked by eye"),
    "mode": ("train mode", "eval mode"),
    "score": ("explained chroma, pooled", "mean of PSNRs", "colourfulness", "SSIM"),
    "wider wins if": (
        "its best run is better",
        "its mean is better",
        "the interval of the differences leaves out 0",
    ),
}
THINGS = ("width", "learning rate", "seed", "photos")
BASELINES = ("grey copy", "mean tint", "optimum")
KEYS = ("what differs", "pairs of runs", "beside it", *CHOICES)


@exercise("06.5", "Plan a fair comparison", "a dictionary: your plan")
def fair_comparison(plan):
    """A plan to find out whether a ColourNet twice as wide is better."""
    _complete(plan)
    plan = _as_written(plan)
    _what_differs(set(plan["what differs"]))
    pairs = number(plan["pairs of runs"], "pairs of runs")
    _judging(plan, pairs)
    if pairs < 3:
        raise Wrong(
            "too few pairs",
            f"With {pairs:g} pair{'s' if pairs > 1 else ''} you see a difference, and not how much "
            "chance makes: from one pair nothing can be said of a spread, from two hardly any.",
            "three pairs at least, each with other first weights.",
            "Part 2: the interval knows of the choice of photos, not of first weights and order.",
        )
    _verdict(plan["wider wins if"], int(pairs))
    what = {
        "the same minutes": "for the same time, which the wider one uses for fewer steps",
        "the same epochs": "for the same photos; the wider one has had more time, so say so",
    }[plan["each trained for"]]
    return (
        f"{pairs:g} pairs of runs in which only the width differs, {what}; judged on photos that "
        f"neither saw, in eval mode, beside {' and '.join(plan['beside it'])}. "
        "That can be answered with yes, no, or not known. Not looked at: whether each width would "
        "want a learning rate of its own, which is a question of its own."
    )


def _complete(plan) -> None:
    if not isinstance(plan, dict):
        text = f"The plan is {type(plan).__name__}; a dictionary is wanted."
        raise Wrong(UNREADABLE, text, f"with the keys {', '.join(KEYS)}.")
    if missing := [key for key in KEYS if key not in plan]:
        raise Wrong(
            "a gap in the plan",
            f"The plan says nothing of {', '.join(missing)}.",
            "the keys are those of the cell as it was given.",
        )
    if unanswered := [key for key in KEYS if plan[key] is ... or plan[key] is None]:
        raise Open(f"Your plan leaves open: {', '.join(unanswered)}.")
    lists = {"what differs": THINGS, "beside it": BASELINES}
    for key, allowed in (lists | CHOICES).items():
        said = plan[key] if isinstance(plan[key], list | tuple | set) else [plan[key]]
        if key in lists and not isinstance(plan[key], list | tuple | set):
            text = f"{key!r} is {plan[key]!r}; a list is wanted, which may be empty."
            raise Wrong(UNREADABLE, text, f"of {', '.join(allowed)}: ['...', '...'].")
        if key in CHOICES and not isinstance(plan[key], str):
            text = f"{key!r} is {plan[key]!r}; one choice is wanted, and no list."
            raise Wrong(UNREADABLE, text, f"one of: {'; '.join(allowed)}.")
        known = [word.lower() for word in allowed]
        if strange := [one for one in said if plain(one) not in known]:
            raise Wrong(
                "no such choice",
                f"{key!r} is {strange[0]!r}, and one of these is wanted: {'; '.join(allowed)}.",
                "copy the words from the comment in the cell.",
            )


def _as_written(plan: dict) -> dict:
    """The plan in the words of the cell: neither capitals nor blanks around a choice count."""
    words = [*THINGS, *BASELINES, *(word for choice in CHOICES.values() for word in choice)]
    as_written = {word.lower(): word for word in words}

    def known(said):
        if isinstance(said, list | tuple | set):
            return [known(one) for one in said]
        return as_written.get(plain(said), said)

    return {key: known(said) for key, said in plan.items()}


def _what_differs(things: set[str]) -> None:
    hint = "what stays the same cannot be the reason for a difference."
    if "width" not in things:
        text = (
            f"Between your runs differs: {', '.join(sorted(things)) or 'nothing'}. The width not."
        )
        raise Wrong("the question is not asked", text, "the question is whether wider is better.")
    if "photos" in things:
        text = "Your two networks see other photos: their scores cannot be compared at all."
        raise Wrong("other photos for each", text, hint)
    if "seed" in things:
        text = "In a pair of yours the seed differs, too: another order of photos, other crops. In "
        text += "chapter 05 seeds alone made differences as large as many an edit does."
        raise Wrong(
            "chance differs, too", text, "both of a pair have one seed; pairs differ in it."
        )
    if others := things - {"width"}:
        text = f"Width and {', '.join(sorted(others))} differ: if the wider one wins, which was it?"
        raise Wrong("two things differ", text, hint)


def _judging(plan: dict, pairs: float) -> None:
    """Time, photos, mode, score and baselines."""
    if plan["each trained for"] == "until it is at its best":
        raise Wrong(
            "each as long as it likes",
            "The end of each run is chosen by its score: whoever looks more often, in a longer "
            "run, picks the best of more numbers.",
            "the same minutes or the same epochs for both, fixed before.",
        )
    if plan["judged on"] == "training photos":
        raise Wrong(
            "judged on training photos",
            "A wider network learns more by heart: the forty scenes of chapter 05 were answered "
            "better than the optimum, and forty others worse and worse.",
            "photos that neither network has seen.",
        )
    if plan["judged on"] == "five photos picked by eye":
        raise Wrong(
            "picked photos",
            "Five of some 180 photos, and picked by somebody who knows what he hopes for: by query "
            "alone, explained chroma goes from below 0 to above 90 %.",
            "all validation photos; pictures beside the numbers, at random.",
        )
    if plan["mode"] == "train mode":
        raise Wrong(
            "forgot .eval()",
            "In train mode the score depends on which photos share a batch: chapter 05 lost "
            "several dB by that, more than most edits are worth.",
            "`net.eval()`.",
        )
    if plan["score"] != "explained chroma, pooled":
        why = {
            "mean of PSNRs": "It is ruled by nearly grey photos, where nothing can go wrong.",
            "colourfulness": "It does not ask whether colours are right: all hues turned by 90° "
            "scored as well as the truth.",
            "SSIM": "It hardly tells the grey copy from the network: structure is given.",
        }[plan["score"]]
        text = f"{plan['score']} alone decides. {why}"
        raise Wrong("a score that is blind here", text, "the table of part 2, last column.")
    if not plan["beside it"]:
        text = (
            "Nothing stands beside the scores: is a gain of two points much, where the mean tint "
        )
        text += "alone explains about two?"
        raise Wrong("no baseline", text, "the grey copy and the mean tint cost nothing.")
    hint = "a pair is one narrow and one wide training."
    if pairs < 1:
        raise Wrong("no runs", f"{pairs:g} pairs of runs: nothing would be trained.", hint)
    if pairs % 1:
        text = f"{pairs:g} pairs of runs: of the last one only a part would be trained."
        raise Wrong("no whole number", text, hint)


def _verdict(rule: str, pairs: int) -> None:
    if rule == "its best run is better":
        runs = min(pairs, 100)  # enough to see it, and few enough to draw
        dice = np.random.default_rng(0).standard_normal((20_000, runs))
        text = f"The best of {runs} runs lies, by chance alone, {dice.max(1).mean():.2f} standard "
        text += "deviations above the mean, and the more runs, the higher."
        raise Wrong("the best of many", text, "what do all the pairs say?")
    if rule == "its mean is better":
        text = f"One of two means of {pairs} runs is always the higher one: if width did nothing, "
        text += "the wider would win in half of all such trials."
        raise Wrong("any difference counts", text, "when could chance alone have made it?")


@exercise("06.6", "True or coloured?", "your thoughts, twenty words or more, in quotes")
def ten_people(answer) -> Noted:
    """An open question; the words are kept."""
    return words_for_teacher(answer)
