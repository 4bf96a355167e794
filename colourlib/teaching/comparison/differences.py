"""What differs between two runs, in words: settings, photos, layers and forward."""

import ast
import re
import textwrap
from dataclasses import dataclass
from difflib import SequenceMatcher, unified_diff
from itertools import groupby

CHANGES_SHOWN, FORWARD_SHOWN = 8, 14  # lines of what changed in layers and in forward
COUNTS = {"train": "photos", "validation": "validation photos", "size": "pixels a side"}
WORDS = {
    "lr": "learning rate",
    "average": "averaging of weights",
    "small_first": "small photos first",
}


@dataclass(frozen=True)
class Change:
    """One thing that differs between two runs."""

    what: str  # 'learning rate', 'layers', 'photos'
    lines: list[str]  # in words

    @property
    def thing(self) -> str:
        """What it counts as: layers and forward are changed together, by one edit."""
        return "the network" if self.what in ("layers", "forward") else self.what


def changes(old: dict, new: dict) -> list[Change]:
    """What differs between two stories: settings, photos, network."""
    settings = _differing(_settings(old), _settings(new), "not kept")
    found = [Change(key, [line]) for key, line in settings.items()]
    if old["data"]["fingerprint"] != new["data"]["fingerprint"]:
        counts = (
            {words: story["data"].get(key, "?") for key, words in COUNTS.items()}
            for story in (old, new)
        )
        lines = ["trained on other photos", *_differing(*counts).values()]
        found.append(Change("photos", ["; ".join(lines)]))
    return found + _network(old, new)


def _differing(before: dict, after: dict, missing: str = "?") -> dict[str, str]:
    """key -> 'key 1 -> 2', for the keys whose values differ."""
    sides = {key: [side.get(key, missing) for side in (before, after)] for key in before | after}
    return {key: f"{key} {one} -> {two}" for key, (one, two) in sides.items() if one != two}


def _settings(story: dict) -> dict[str, str]:
    """Settings as text; epochs and minutes are one, and of the precision counts what was used."""
    config = dict(story["config"])
    minutes, epochs, _ = (config.pop(key, None) for key in ("minutes", "epochs", "precision"))
    config |= {key: used for key in ("device", "precision") if (used := story.get(key))}
    if (minutes, epochs) != (None, None):
        amount, unit = (epochs, "epochs") if minutes is None else (minutes, "minutes")
        config["training time"] = f"{_plain(amount)} {unit}"
    return {WORDS.get(key, key.replace("_", " ")): _plain(value) for key, value in config.items()}


def _plain(value) -> str:
    """10 and 10.0 alike, and every digit that tells two values apart."""
    return f"{value:.12g}" if isinstance(value, float) else str(value)


def _network(old: dict, new: dict) -> list[Change]:
    lines = layer_changes(old["layers"], new["layers"])
    if (more := len(lines) - CHANGES_SHOWN) > 0:
        lines[CHANGES_SHOWN:] = [f"and {more} more"]
    one, two = old["parameters"], new["parameters"]
    if one != two and one and two:
        lines.append(f"parameters {one:,} -> {two:,} ({two / one - 1:+.1%})")
    before, after = (textwrap.dedent(story["forward"]) for story in (old, new))
    forward = []
    if before and after and _meaning(before) != _meaning(after):
        head = "forward differs:" if lines else "the layers are the same; forward differs:"
        diff = unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=1)
        diff = ["..." if line.startswith("@@") else line for line in diff][2:]
        if (more := len(diff) - FORWARD_SHOWN) > 0:
            diff[FORWARD_SHOWN:] = [f"and {more} more lines"]
        forward = ["\n".join([head, *diff])]
    if old["network"] != new["network"] and (lines or forward or not (before and after)):
        lines.insert(0, f"network {old['network']} -> {new['network']}")  # a new name alone is none
    found = Change("layers", lines), Change("forward", forward)
    return [change for change in found if change.lines]


def _meaning(source: str) -> str:
    """The code without comments and blanks, so that only what is computed counts."""
    try:
        return ast.dump(ast.parse(source))
    except SyntaxError:
        return source


# ---- layers, from what torch prints --------------------------------------------------------------

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
    kind, _, inside = layer.partition("(")
    places, found = POSITIONS.get(kind, ()), {}
    parts = re.findall(r"(?:[^,()]|\([^()]*\))+", inside.removesuffix(")"))
    for i, part in enumerate(parts):
        key, is_named, value = part.strip().partition("=")
        if not is_named:
            key, value = (places[i] if i < len(places) else f"argument {i + 1}"), key
        key, value = KEYS.get(key, key), value.strip("'")
        if pair := re.fullmatch(r"\((\d+), (\d+)\)", value):
            same = pair[1] == pair[2] and key != "kernel"
            value = pair[1] if same else f"{pair[1]}x{pair[2]}"
        if key != FOLLOWS and OMITTED.get(key) != value:
            found[key] = value
    return kind, found


def layer_changes(old: list, new: list) -> list[str]:
    """What differs, in as few words as three ways of pairing the layers allow.

    By name is right where a layer was edited; by order where one was put between the others of an
    nn.Sequential, and all behind it have changed their names.
    """
    places = {name: j for j, (name, _) in enumerate(new)}
    by_name = {i: places[name] for i, (name, _) in enumerate(old) if name in places}
    ways = [by_name, _by_order(old, new, 2), _by_order(old, new, 3)]
    return min((_told(old, new, pairs) for pairs in ways), key=len)


def _by_order(old: list, new: list, alike: int) -> dict[int, int]:
    """Old layer -> new layer, alike in place and kind (2), or also in their arguments (3)."""
    before, after = (
        [(re.sub(r"\d+", "#", name), *map(str, _arguments(text)))[:alike] for name, text in layers]
        for layers in (old, new)
    )
    blocks = SequenceMatcher(None, before, after, autojunk=False).get_matching_blocks()
    return {block.a + k: block.b + k for block in blocks for k in range(block.size)}


def _told(old: list, new: list, pairs: dict[int, int]) -> list[str]:
    """Lines on what changed in paired layers, and on the others."""
    edits: dict[str, list[str]] = {}
    for i, j in pairs.items():
        if edit := _edit(old[i][1], new[j][1]):
            edits.setdefault(edit, []).append(new[j][0])
    lines = [
        f"{names[0] if len(names) == 1 else f'{len(names)} layers ({some(names)})'}: {edit}"
        for edit, names in edits.items()
    ]
    gone = [layer for i, layer in enumerate(old) if i not in pairs]
    come = [layer for j, layer in enumerate(new) if j not in set(pairs.values())]
    return _blocks(gone, new, "removed") + _blocks(come, old, "added") + lines


def _edit(old: str, new: str) -> str:
    (kind, before), (other, after) = _arguments(old), _arguments(new)
    if kind != other:
        return f"{_short(old)} -> {_short(new)}"
    unnamed = {key: OMITTED.get(key, "not given") for key in before | after}
    return ", ".join(_differing(unnamed | before, unnamed | after).values())


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
