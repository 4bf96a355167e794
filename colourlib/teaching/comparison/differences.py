"""What differs between two runs, in words: settings, photos, layers and forward."""

from __future__ import annotations

import ast
import re
import textwrap
from dataclasses import dataclass
from difflib import SequenceMatcher, unified_diff
from itertools import groupby

CHANGES_SHOWN, FORWARD_SHOWN = 8, 14  # lines of what changed in layers and in forward


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
    return _settings(old, new) + _photos(old, new) + _network(old, new)


COUNTS = {"train": "photos", "validation": "validation photos", "size": "pixels a side"}
WORDS = {
    "lr": "learning rate",
    "average": "averaging of weights",
    "small_first": "small photos first",
}


def _settings(old: dict, new: dict) -> list[Change]:
    before, after = _spelt(old), _spelt(new)
    return [
        Change(key, [f"{key} {before.get(key, 'not kept')} -> {after.get(key, 'not kept')}"])
        for key in before | after
        if before.get(key) != after.get(key)
    ]


def _spelt(story: dict) -> dict[str, str]:
    """Settings as text; epochs and minutes are one, and of the precision counts what was used."""
    config = dict(story["config"])
    config.pop("precision", None)
    minutes, epochs = config.pop("minutes", None), config.pop("epochs", None)
    time = f"{_plain(epochs)} epochs" if minutes is None else f"{_plain(minutes)} minutes"
    texts = {WORDS.get(key, key.replace("_", " ")): value for key, value in config.items()}
    used = {"device": story.get("device"), "precision": story.get("precision")}
    texts |= {key: value for key, value in used.items() if value}
    texts |= {} if minutes is epochs is None else {"training time": time}
    return {key: _plain(value) for key, value in texts.items()}


def _plain(value) -> str:
    """10 and 10.0 alike, and every digit that tells two values apart."""
    return f"{value:.12g}" if isinstance(value, float) else str(value)


def _photos(old: dict, new: dict) -> list[Change]:
    if (before := old["data"])["fingerprint"] == (after := new["data"])["fingerprint"]:
        return []
    counts = [
        f"{words} {before.get(key, '?')} -> {after.get(key, '?')}"
        for key, words in COUNTS.items()
        if before.get(key) != after.get(key)
    ]
    return [Change("photos", ["; ".join(["trained on other photos", *counts])])]


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
        forward = ["\n".join([head, *_diff(before, after)])]
    if old["network"] != new["network"] and (lines or forward or not (before and after)):
        lines.insert(0, f"network {old['network']} -> {new['network']}")  # a new name alone is none
    return [
        change for change in (Change("layers", lines), Change("forward", forward)) if change.lines
    ]


def _meaning(source: str) -> str:
    """The code without comments and blanks, so that only what is computed counts."""
    try:
        return ast.dump(ast.parse(source))
    except SyntaxError:
        return source


def _diff(old: str, new: str) -> list[str]:
    lines = list(unified_diff(old.splitlines(), new.splitlines(), lineterm="", n=1))[2:]
    lines = ["..." if line.startswith("@@") else line for line in lines]
    more = len(lines) - FORWARD_SHOWN
    return lines[:FORWARD_SHOWN] + ([f"and {more} more lines"] if more > 0 else [])


# ---------------------------------------------------------------- layers, from what torch prints

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
    """What differs, in as few words as two ways of pairing the layers allow.

    By name is right where a layer was edited; by order where one was put between the others of an
    nn.Sequential, and all behind it have changed their names.
    """
    places = {name: j for j, (name, _) in enumerate(new)}
    by_name = {i: places[name] for i, (name, _) in enumerate(old) if name in places}
    return min((_told(old, new, pairs) for pairs in (by_name, _by_order(old, new))), key=len)


def _by_order(old: list, new: list) -> dict[int, int]:
    tokens = [
        [
            (re.sub(r"\d+", "#", name), _arguments(text)[0], str(_arguments(text)))
            for name, text in x
        ]
        for x in (old, new)
    ]
    pairs = {}
    for what, i, i_end, j, j_end in SequenceMatcher(None, *tokens, autojunk=False).get_opcodes():
        if what == "equal":
            pairs |= zip(range(i, i_end), range(j, j_end), strict=True)
        elif what == "replace":  # the same place and kind of layer, in turn
            free = list(range(j, j_end))
            for one in range(i, i_end):
                twin = next((k for k in free if tokens[1][k][:2] == tokens[0][one][:2]), None)
                if twin is not None:
                    pairs[one] = twin
                    free = [k for k in free if k > twin]
    return pairs


def _told(old: list, new: list, pairs: dict[int, int]) -> list[str]:
    """Lines on what changed in paired layers, and on the others."""
    edits: dict[str, list[str]] = {}
    for i, j in pairs.items():
        if edit := _edit(old[i][1], new[j][1]):
            edits.setdefault(edit, []).append(new[j][0])
    lines = [
        f"{names[0]}: {edit}" if len(names) == 1 else f"{len(names)} layers ({some(names)}): {edit}"
        for edit, names in edits.items()
    ]
    gone = [layer for i, layer in enumerate(old) if i not in pairs]
    come = [layer for j, layer in enumerate(new) if j not in set(pairs.values())]
    return _blocks(gone, new, "removed") + _blocks(come, old, "added") + lines


def _edit(old: str, new: str) -> str:
    (kind, before), (other, after) = _arguments(old), _arguments(new)
    if kind != other:
        return f"{_short(old)} -> {_short(new)}"
    sides = [
        (key, *(side.get(key, OMITTED.get(key, "not given")) for side in (before, after)))
        for key in before | after
    ]
    return ", ".join(f"{key} {one} -> {two}" for key, one, two in sides if one != two)


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
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")
