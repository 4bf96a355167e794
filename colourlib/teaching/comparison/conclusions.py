"""What may be concluded from two runs: their scores, and why they may not be comparable."""

from __future__ import annotations

from itertools import combinations

from .differences import Change, changes

SHORTER = 0.9  # a run with less than this share of the other's seconds has had fewer


def outcome(old: dict, new: dict, found: list[Change], chance: float | None) -> list[str]:
    """Sentences on the scores of two runs, and on what may be concluded from them.

    found: what changed. chance: how far apart runs are that differ by the seed alone, as explained
    chroma; None where there are no two of that kind.
    """
    things = list(dict.fromkeys(change.thing for change in found))
    if "photos" in things:
        return ["They were judged on other photos: their scores cannot be compared."]
    if not old["best"] or not new["best"]:
        without = " and ".join(story["name"] for story in (old, new) if not story["best"])
        return [f"No score of {without} yet, so nothing can be said."]
    before, after = (story["best"]["explained_chroma"] for story in (old, new))
    points = round(100 * (after - before), 1)
    much = f"{abs(points)} points {'more' if points > 0 else 'less'}" if points else "as much"
    levels = ", ".join(
        f"{name} {level:.1%}" for name, level in (old["levels"] | new["levels"]).items()
    )
    score = f"{new['name']} explains {after:.1%} of the chroma, {much} "
    score += f"{'than' if points else 'as'} {old['name']} ({before:.1%})"
    score += f"; baselines: {levels}." if levels else "."
    cause = _cause(found, things)
    if unfair := _unfair(old, new, things):
        return [score, *unfair, cause]
    return [score, cause, *([_luck(abs(after - before), chance)] if _is_one(things) else [])]


def _is_one(things: list[str]) -> bool:
    """One thing changed, and it was not the seed."""
    return len(things) == 1 and things != ["seed"]


def _unfair(old: dict, new: dict, things: list[str]) -> list[str]:
    """Why the two did not have the same chance, where they had not."""
    sentences = []
    for story in (old, new):
        if story["state"] != "finished":
            how = {"stopped": "was stopped early", "failed": "failed before its end"}.get(
                story["state"], f"has not ended (state: {story['state']})"
            )
            sentences.append(f"Not a fair comparison: {story['name']} {how}.")
    for story in (old, new):
        if origin := story.get("started_from"):
            sentences.append(
                f"Not a fair comparison: {story['name']} began with the weights of {origin}, so it "
                "has had the training of both. A network made anew starts afresh."
            )
    if "small photos first" not in things and (sentence := _unlike_sizes(old, new)):
        sentences.append(sentence)
    short, long = sorted((old, new), key=lambda story: story["seconds"])
    few, many = short["seconds"], long["seconds"]
    longer = few < min(SHORTER * many, many - 1)  # and by a second at least
    if longer and "training time" not in things and not sentences:
        sentences.append(
            f"Not a fair comparison in time: {short['name']} had {few:.0f} s of training, "
            f"{long['name']} {many:.0f} s. The same minutes= gives both the same time."
        )
    return sentences


def _unlike_sizes(old: dict, new: dict) -> str | None:
    """Where one of the networks does not take small photos, so that fit showed it none."""
    large, small = sorted((old, new), key=_sizes)
    if _sizes(large) != 1 or _sizes(small) == 1:
        return None
    return (
        f"Not a fair comparison: {small['name']} was shown small photos first, which leaves time "
        f"for more steps; {large['name']} does not take them. small_first=0 gives both the same."
    )


def _sizes(story: dict) -> int:
    """In how many sizes a run was shown its photos; 0 where that was not kept."""
    return len(story["data"].get("shown", ()))


def _cause(found: list[Change], things: list[str]) -> str:
    """What the difference may be put down to."""
    if not things:
        return (
            "Nothing that is kept of a run differs: what you see is chance, as where the first "
            "weights were drawn anew or where time, not epochs, decided; or an edit outside of "
            "layers and forward, which a run does not keep."
        )
    if things == ["seed"]:
        return "Only the seed differs: what you see is chance."
    if len(things) > 1:
        return (
            f"{len(things)} things changed ({', '.join(things)}): which of them did it cannot be "
            "told apart. Change one at a time."
        )
    lines = [line for change in found if change.what == "layers" for line in change.lines]
    if sum(not line.startswith(("parameters ", "network ")) for line in lines) > 1:
        return (
            "Only the network changed, but in several layers: if that was more than one idea, "
            "which of them did it cannot be told apart."
        )
    return f"One thing changed: {things[0]}."


def _luck(difference: float, chance: float | None) -> str:
    """The difference held against what chance does."""
    if chance is None:
        return "Whether that is more than chance, another seed tells: train both again, seed=1."
    if difference <= chance:
        return f"Seeds alone made {100 * chance:.1f} points here: this may be chance."
    return f"That is more than seeds alone made here ({100 * chance:.1f} points)."


def spread(stories: list[dict]) -> float | None:
    """The largest difference between finished runs that differ by the seed alone."""
    finished = [story for story in stories if story["state"] == "finished" and story["best"]]
    return max(
        (
            abs(one["best"]["explained_chroma"] - two["best"]["explained_chroma"])
            for one, two in combinations(finished, 2)
            if [change.thing for change in changes(one, two)] == ["seed"]
        ),
        default=None,
    )
