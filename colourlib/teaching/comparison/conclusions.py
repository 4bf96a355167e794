"""What may be concluded from two runs: their scores, and why they may not be comparable."""

from itertools import combinations

from .differences import Change, changes

SHORTER = 0.9  # a run with less than this share of the other's seconds has had fewer
ENDS = {"stopped": "was stopped early", "failed": "failed before its end"}


def outcome(old: dict, new: dict, found: list[Change], chance: float | None) -> list[str]:
    """Sentences on the scores of two runs, and on what may be concluded from them.

    found: what changed. chance: how far apart runs are that differ by the seed alone, as explained
    chroma; None where there are no two of that kind.
    """
    things = list(dict.fromkeys(change.thing for change in found))
    if "photos" in things:
        return ["They were judged on other photos: their scores cannot be compared."]
    if without := [story["name"] for story in (old, new) if not story["best"]]:
        return [f"No score of {' and '.join(without)} yet, so nothing can be said."]
    before, after = (story["best"]["explained_chroma"] for story in (old, new))
    points = round(100 * (after - before), 1)
    than = (
        f"{abs(points)} points {'more' if points > 0 else 'less'} than" if points else "as much as"
    )
    score = f"{new['name']} explains {after:.1%} of the chroma, {than} {old['name']} ({before:.1%})"
    levels = [f"{name} {level:.1%}" for name, level in (old["levels"] | new["levels"]).items()]
    if levels:
        score += f"; baselines: {', '.join(levels)}"
    sentences = [f"{score}.", *_unfair(old, new, things), _cause(found, things)]
    if len(sentences) == 2 and len(things) == 1 and things != ["seed"]:
        sentences.append(_luck(abs(after - before), chance))
    return sentences


def _unfair(old: dict, new: dict, things: list[str]) -> list[str]:
    """Why the two did not have the same chance, where they had not."""
    reasons = [
        f"{story['name']} {ENDS.get(state, f'has not ended (state: {state})')}."
        for story in (old, new)
        if (state := story["state"]) != "finished"
    ]
    reasons += [
        f"{story['name']} began with the weights of {origin}, so it has had the training of both. "
        "A network made anew starts afresh."
        for story in (old, new)
        if (origin := story.get("started_from"))
    ]
    large, small = sorted((old, new), key=_sizes)
    if "small photos first" not in things and _sizes(large) == 1 < _sizes(small):
        reasons.append(
            f"{small['name']} was shown small photos first, which leaves time for more steps; "
            f"{large['name']} does not take them. small_first=0 gives both the same."
        )
    short, long = sorted((old, new), key=lambda story: story["seconds"])
    few, many = short["seconds"], long["seconds"]
    longer = few < min(SHORTER * many, many - 1)  # and by a second at least
    if longer and "training time" not in things and not reasons:
        reasons.append(
            f"{short['name']} had {few:.0f} s of training, {long['name']} {many:.0f} s. "
            "The same minutes= gives both the same time."
        )
    return [f"Not a fair comparison: {reason}" for reason in reasons]


def _sizes(story: dict) -> int:
    """In how many sizes a run was shown its photos; 0 where that was not kept."""
    return len(story["data"].get("shown", ()))


def _cause(found: list[Change], things: list[str]) -> str:
    """What the difference may be put down to."""
    if not things:
        return (
            "Nothing that a run keeps differs: what you see is chance, because first weights were "
            "drawn anew or time decided, not epochs; or an edit outside of layers and forward."
        )
    if things == ["seed"]:
        return "Only the seed differs: what you see is chance."
    if len(things) > 1:
        told = f"{len(things)} things changed ({', '.join(things)}): "
        return told + "nobody can tell which of them did it. Change one at a time."
    lines = [line for change in found if change.what == "layers" for line in change.lines]
    if sum(not line.startswith(("parameters ", "network ")) for line in lines) > 1:
        return (
            "Only the network changed, but in several layers: nobody can tell which of them did it."
        )
    return f"One thing changed: {things[0]}."


def _luck(difference: float, chance: float | None) -> str:
    """The difference beside what chance does."""
    if chance is None:
        return "Another seed tells whether that is more than chance: train both with seed=1, too."
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
