"""What differs between two runs, in words, and what may be concluded from their scores."""

import ast
import re
import textwrap
from difflib import SequenceMatcher, unified_diff
from itertools import combinations, groupby

CHANGES_SHOWN, FORWARD_SHOWN = 8, 14  # lines of what changed in layers and in forward
SHORTER = 0.9  # a run with less than this share of the other's seconds has had fewer
ENDS = {"stopped": "was stopped early", "failed": "failed before its end"}
COUNTS = {"train": "photos", "validation": "validation photos", "size": "pixels a side"}
WORDS = {
    "lr": "learning rate",
    "average": "averaging of weights",
    "small_first": "small photos first",
}


def changes(old: dict, new: dict) -> dict[str, list[str]]:
    """What differs between two stories -> lines about it: settings, photos, layers, forward."""
    found = {key: [line] for key, line in _differing(_settings(old), _settings(new)).items()}
    if old["data"]["fingerprint"] != new["data"]["fingerprint"]:
        sides = old["data"], new["data"]
        counts = ({words: side.get(key, "?") for key, words in COUNTS.items()} for side in sides)
        found["photos"] = ["; ".join(["trained on other photos", *_differing(*counts).values()])]
    return found | _network(old, new)


def _differing(before: dict, after: dict) -> dict[str, str]:
    """key -> 'key 1 -> 2', for the keys whose values differ."""
    sides = {key: [side.get(key, "not kept") for side in (before, after)] for key in before | after}
    return {key: f"{key} {one} -> {two}" for key, (one, two) in sides.items() if one != two}


def _settings(story: dict) -> dict[str, str]:
    """Settings as text: epochs, steps and minutes as one, and the precision that was used."""
    config = dict(story["config"])
    config.pop("precision", None)
    lengths = [(config.pop(key, None), key) for key in ("minutes", "steps", "epochs")]
    config |= {key: used for key in ("device", "precision") if (used := story.get(key))}
    if given := [length for length in lengths if length[0] is not None]:  # the first decides
        config["training time"] = f"{_plain(given[0][0])} {given[0][1]}"
    return {WORDS.get(key, key.replace("_", " ")): _plain(value) for key, value in config.items()}


def _plain(value) -> str:
    """10 and 10.0 alike, and every digit that tells two values apart."""
    return f"{value:.12g}" if isinstance(value, float) else str(value)


def _network(old: dict, new: dict) -> dict[str, list[str]]:
    lines = _shortened(layer_changes(old["layers"], new["layers"]), CHANGES_SHOWN, "")
    one, two = old["parameters"], new["parameters"]
    if one != two and one and two:
        lines.append(f"parameters {one:,} -> {two:,} ({two / one - 1:+.1%})")
    before, after = (textwrap.dedent(story["forward"]) for story in (old, new))
    forward = []
    if before and after and _meaning(before) != _meaning(after):
        head = "forward differs:" if lines else "the layers are the same; forward differs:"
        diff = unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=1)
        diff = ["..." if line.startswith("@@") else line for line in diff][2:]
        forward = ["\n".join([head, *_shortened(diff, FORWARD_SHOWN, " lines")])]
    if old["network"] != new["network"] and (lines or forward or not (before and after)):
        lines.insert(0, f"network {old['network']} -> {new['network']}")  # a new name alone is none
    found = {"layers": lines, "forward": forward}
    return {what: lines for what, lines in found.items() if lines}


def _shortened(lines: list[str], most: int, unit: str) -> list[str]:
    more = len(lines) - most
    return [*lines[:most], f"and {more} more{unit}"] if more > 0 else lines


def _meaning(source: str) -> str:
    """The code without comments and blanks, so that only what is computed counts."""
    try:
        return ast.dump(ast.parse(source))
    except SyntaxError:
        return source


FOLLOWS = ""  # channels of a normalisation: those of the layer before it, so not worth a line
POSITIONS = {  # what torch prints without a name
    "Conv2d": ("channels in", "channels out"),
    "ConvTranspose2d": ("channels in", "channels out"),
    "BatchNorm2d": (FOLLOWS,),
    "InstanceNorm2d": (FOLLOWS,),
    "GroupNorm": ("groups", FOLLOWS),
}
KEYS = {"kernel_size": "kernel", "in_features": "inputs", "out_features": "outputs"}
OMITTED = {  # what torch leaves out, or prints in some versions only
    "padding": "0", "output_padding": "0", "dilation": "1", "groups": "1", "bias": "True",
    "padding_mode": "zeros", "inplace": "False",
}  # fmt: skip


def _arguments(layer: str) -> tuple[str, dict[str, str]]:
    """'Conv2d(1, 8, ...)' -> ('Conv2d', {'channels in': '1', 'channels out': '8', ...})"""
    try:
        call = ast.parse(layer, mode="eval").body
        kind = ast.unparse(call.func)
    except (SyntaxError, ValueError, AttributeError, RecursionError):  # not the text of a call
        return layer, {}
    names = POSITIONS.get(kind, ())
    given = {
        names[i] if i < len(names) else f"argument {i + 1}": value
        for i, value in enumerate(call.args)
    } | {word.arg: word.value for word in call.keywords}
    found = {}
    for key, value in given.items():
        key, value = KEYS.get(key, key), ast.unparse(value).strip("'")
        if pair := re.fullmatch(r"\((\d+), (\d+)\)", value):
            same = pair[1] == pair[2] and key != "kernel"
            value = pair[1] if same else f"{pair[1]}x{pair[2]}"
        if key != FOLLOWS and OMITTED.get(key) != value:
            found[key] = value
    return kind, found


def layer_changes(old: list, new: list) -> list[str]:
    """What differs, in as few words as three ways of pairing the layers allow.

    By name is right where a layer was edited; by order where one was put between the others of an
    nn.Sequential, and all behind it have changed their names. They are then alike in place and
    kind, or also in their arguments.
    """
    places = {name: j for j, (name, _) in enumerate(new)}
    ways = [{i: places[name] for i, (name, _) in enumerate(old) if name in places}]
    sides = [
        [(re.sub(r"\d+", "#", name), *map(str, _arguments(text))) for name, text in layers]
        for layers in (old, new)
    ]
    for alike in (2, 3):
        before, after = ([layer[:alike] for layer in side] for side in sides)
        blocks = SequenceMatcher(None, before, after, autojunk=False).get_matching_blocks()
        ways.append({block.a + k: block.b + k for block in blocks for k in range(block.size)})
    return min((_told(old, new, pairs) for pairs in ways), key=len)


def _told(old: list, new: list, pairs: dict[int, int]) -> list[str]:
    """Lines on what changed in paired layers, and on the others."""
    edits: dict[str, list[str]] = {}
    for i, j in pairs.items():
        (_, was), (name, text) = old[i], new[j]
        (kind, before), (other, after) = _arguments(was), _arguments(text)
        unnamed = {key: OMITTED.get(key, "not given") for key in before | after}
        edit = ", ".join(_differing(unnamed | before, unnamed | after).values())
        if kind != other:
            edit = f"{_short(was)} -> {_short(text)}"
        if edit:
            edits.setdefault(edit, []).append(name)
    lines = [
        f"{names[0] if len(names) == 1 else f'{len(names)} layers ({some(names)})'}: {edit}"
        for edit, names in edits.items()
    ]
    gone = [layer for i, layer in enumerate(old) if i not in pairs]
    come = [layer for j, layer in enumerate(new) if j not in set(pairs.values())]
    return _blocks(gone, new, "removed") + _blocks(come, old, "added") + lines


def _blocks(layers: list, others: list, word: str) -> list[str]:
    """A block that the other network does not have at all is one line."""
    known, lines = {name.split(".")[0] for name, _ in others}, []
    for top, group in groupby(layers, key=lambda layer: layer[0].split(".")[0]):
        group = list(group)
        if len(group) > 1 and top not in known:
            lines.append(f"layer {top} {word} ({len(group)} layers)")
        else:
            lines += [f"layer {name} {word}: {_short(text)}" for name, text in group]
    return lines


def _short(text: str) -> str:
    return textwrap.shorten(text, 60, placeholder=" ...")


def some(names: list[str], most: int = 3) -> str:
    """'a, b, c and 12 more'"""
    more = len(names) - most
    return ", ".join(names[:most]) + f" and {more} more" * (more > 0)


def outcome(old: dict, new: dict, found: dict, chance: float | None) -> list[str]:
    """Sentences on the scores of two runs, and on what may be concluded from them.

    found: their `changes`. chance: how far apart runs are that differ by the seed alone, as
    explained chroma; None where there are no two of that kind.
    """
    # Layers and forward are one thing, because one edit changes both.
    network = {"layers": "the network", "forward": "the network"}
    changed = list(dict.fromkeys(network.get(what, what) for what in found))
    if "photos" in changed:
        return ["They were judged on other photos: their scores cannot be compared."]
    if without := [story["name"] for story in (old, new) if not story["best"]]:
        return [f"No score of {' and '.join(without)} yet, so nothing can be said."]
    before, after = (story["best"]["explained_chroma"] for story in (old, new))
    points = round(100 * (after - before), 1)
    than = f"{abs(points)} points {'more' if points > 0 else 'less'} than"
    than = than if points else "as much as"
    score = f"{new['name']} explains {after:.1%} of the chroma, {than} {old['name']} ({before:.1%})"
    levels = [f"{name} {level:.1%}" for name, level in (old["levels"] | new["levels"]).items()]
    if levels:
        score += f"; baselines: {', '.join(levels)}"
    sentences = [f"{score}.", *_unfair(old, new, changed), _cause(found, changed)]
    if len(sentences) == 2 and len(changed) == 1 and changed != ["seed"]:
        if chance is None:
            luck = (
                "Another seed tells whether that is more than chance: train both with seed=1, too."
            )
        elif abs(after - before) <= chance:
            luck = f"Seeds alone made {100 * chance:.1f} points here: this may be chance."
        else:
            luck = f"That is more than seeds alone made here ({100 * chance:.1f} points)."
        sentences.append(luck)
    return sentences


def _unfair(old: dict, new: dict, changed: list[str]) -> list[str]:
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
    # In how many sizes it was shown its photos -> a run; 0 where that was not kept.
    shown = {len(story["data"].get("shown", ())): story["name"] for story in (old, new)}
    if "small photos first" not in changed and 1 in shown and max(shown) > 1:
        reasons.append(
            f"{shown[max(shown)]} was shown small photos first; {shown[1]} does not take them. "
            "small_first=0 gives both the same."
        )
    (few, short), (many, long) = sorted((story["seconds"], story["name"]) for story in (old, new))
    is_shorter = few < min(SHORTER * many, many - 1)  # by a second at least
    counted = all(story["config"].get("steps") for story in (old, new))  # as many for both: fair
    if is_shorter and not counted and "training time" not in changed and not reasons:
        reasons.append(
            f"{short} had {few:.0f} s of training, {long} {many:.0f} s. "
            "The same minutes= gives both the same time."
        )
    return [f"Not a fair comparison: {reason}" for reason in reasons]


def _cause(found: dict[str, list[str]], changed: list[str]) -> str:
    """What caused the difference, as far as one can tell."""
    if not changed:
        return (
            "Nothing that a run keeps differs: what you see is chance, because first weights were "
            "drawn anew or time decided, not steps; or an edit outside of layers and forward."
        )
    if changed == ["seed"]:
        return "Only the seed differs: what you see is chance."
    nobody = "nobody can tell which of them did it."
    if len(changed) > 1:
        told = f"{len(changed)} things changed ({', '.join(changed)})"
        return f"{told}: {nobody} Change one at a time."
    edits = [x for x in found.get("layers", ()) if not x.startswith(("parameters ", "network "))]
    if len(edits) > 1:
        return f"Only the network changed, but in several layers: {nobody}"
    return f"One thing changed: {changed[0]}."


def spread(stories: list[dict]) -> float | None:
    """The largest difference between finished runs that differ by the seed alone."""
    finished = [story for story in stories if story["state"] == "finished" and story["best"]]
    scores = (
        [story["best"]["explained_chroma"] for story in pair]
        for pair in combinations(finished, 2)
        if list(changes(*pair)) == ["seed"]
    )
    return max((abs(one - two) for one, two in scores), default=None)
