"""What did my edit do? Runs side by side: scores, curves, the same photos, and what was changed.

`compare()` reads the folders that `fit` leaves and nothing else, so that a run of last week stands
beside one that is still training. What changed from run to run is told in words.
"""

from __future__ import annotations

import ast
import base64
import html
import io
import json
import math
import re
import textwrap
from contextlib import redirect_stdout
from dataclasses import dataclass
from difflib import SequenceMatcher, get_close_matches, unified_diff
from functools import cached_property
from itertools import combinations, groupby, pairwise
from pathlib import Path

from matplotlib.figure import Figure
from PIL import Image

from . import show
from .checkpoints import FORMAT
from .colour import to_tensor
from .evaluate import colourfulness
from .pictures import open_picture
from .runs import number_of
from .workspace import CourseError, Workspace, open_workspace

LATEST = 5  # runs that are compared where none is named
SHORTER = 0.9  # a run with less than this share of the other's seconds has had fewer
CHANGES_SHOWN, FORWARD_SHOWN = 8, 14  # lines of what changed in layers and in forward
WORST = -0.2  # explained chroma; what is far worse than a grey copy needs no room in the figure
MARKERS = "os^DvPX"  # seven, against four line styles: 28 runs before two look the same
BASELINES = {
    "grey copy": "no colour at all",
    "mean tint": "one colour everywhere",
    "optimum": "the best there can be",
}


def compare(*runs, folder=None) -> Comparison:
    """Runs side by side, in the order given; without arguments the latest five.

    runs: what `fit` returned, stories of `runs.all_runs`, folders, names ("003-ColourNet") or
    numbers (3). folder: where names and numbers are looked up, a workspace, prepared photos or the
    folder that holds the runs; without it the workspace that was opened last.
    Raises CourseError for a run that is not there, cannot be read or was kept in memory only.
    """
    if runs:
        folders = {path.resolve(): path for path in (_folder(run, folder) for run in runs)}
        return Comparison(_distinct([_read(path) for path in folders.values()]), [])
    place = _place(folder)
    stories, left_out = [], []
    for path in _folders(place):
        try:
            stories.append(_read(path))
        except CourseError as reason:
            left_out.append(str(reason))
    if not stories:
        raise CourseError(f"There is no run in {place} yet: fit(model, data) makes one.")
    return Comparison(stories[-LATEST:], left_out)


# ---------------------------------------------------------------- which runs


def _place(folder) -> Path:
    """The folder that holds the runs."""
    if folder is None:
        with redirect_stdout(io.StringIO()):  # it was announced when the notebook opened it
            folder = open_workspace()
    if isinstance(folder, Workspace):
        folder = folder.root / "runs"
    place = getattr(folder, "runs", folder)
    if not isinstance(place, str | Path):
        raise CourseError(
            "folder= is the folder that holds the runs, or a workspace or prepared photos that "
            f"have one, not {type(folder).__name__}."
        )
    return Path(place)


def _folders(place: Path) -> list[Path]:
    """The folders in it by number, without hidden ones."""
    paths = place.iterdir() if place.is_dir() else ()
    inside = [path for path in paths if path.is_dir() and not path.name.startswith(".")]
    return sorted(inside, key=lambda path: (number_of(path), path.name))


def _folder(run, folder) -> Path:
    """The folder of whatever stands for a run."""
    if hasattr(run, "folder"):
        run = run.folder
        if run is None:
            raise CourseError(
                "This run was kept in memory only, so there is nothing to read: give fit a folder, "
                "fit(model, data, folder='runs')."
            )
    run = run.get("folder", run) if isinstance(run, dict) else run
    if isinstance(run, Path):
        return run
    if isinstance(run, bool) or not isinstance(run, int | str):
        raise CourseError(
            "A run is given as what fit returned, its name, its number or its folder, not as "
            f"{type(run).__name__}."
        )
    there = _folders(_place(folder))
    for path in there:
        if run == path.name or run == number_of(path) > 0:
            return path
    if isinstance(run, str) and (Path(run) / "run.json").exists():
        return Path(run)
    names = [path.name for path in there if (path / "run.json").exists()]
    near = get_close_matches(str(run), names, n=1)
    raise CourseError(
        f"There is no run {run!r}"
        + (f"; did you mean {near[0]!r}?" if near else ".")
        + (f" There are: {some(names[::-1], 12)}." if names else " There is none yet.")
    )


def _read(folder: Path) -> dict:
    """run.json, with what may be missing filled in. Raises CourseError for another folder."""
    try:
        kept = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        if kept["format"] != FORMAT:
            raise ValueError(f"format {kept['format']}; this colourlib reads {FORMAT}")
        rows = [row for row in kept["history"] if _is_scored(row)]
        return kept | {
            "name": folder.name,
            "folder": folder,
            "network": str(kept["network"]),
            "config": dict(kept["config"]),
            "data": {**kept["data"], "fingerprint": str(kept["data"]["fingerprint"])},
            "state": str(kept.get("state", "not known")),
            "seconds": float(kept.get("seconds") or 0),
            "rate": float(kept.get("rate") or 0),
            "history": rows,
            "parameters": int(kept.get("parameters") or 0),
            "forward": str(kept.get("forward") or ""),
            "best": min(rows, key=lambda row: row["validation_loss"], default=None),
            "layers": [(str(name), str(text)) for name, text in kept.get("layers") or []],
            "levels": {str(k): float(v) for k, v in (kept.get("levels") or {}).items()},
            "samples": [(s["query"], s["sha256"], s["file"]) for s in kept.get("samples") or []],
        }
    except FileNotFoundError:
        raise CourseError(f"{folder.name} is not a run's folder: it has no run.json.") from None
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as e:
        raise CourseError(
            f"{folder.name} cannot be read: its run.json is damaged or foreign ({_why(e)})."
        ) from e


def _distinct(stories: list[dict]) -> list[dict]:
    """Runs of the same name, out of two workspaces, are called by workspace and name."""
    names = [story["name"] for story in stories]
    return [
        story | {"name": f"{story['folder'].resolve().parents[1].name}/{story['name']}"}
        if names.count(story["name"]) > 1
        else story
        for story in stories
    ]


def _why(error: Exception) -> str:
    return f"no {error}" if isinstance(error, KeyError) else str(error)


def _is_scored(row: dict) -> bool:
    """False for a row of a run that diverged, or was stopped before it was judged."""
    values = [row.get(key) for key in ("explained_chroma", "validation_loss", "seconds")]
    return None not in values and all(math.isfinite(value) for value in values)


# ---------------------------------------------------------------- what changed


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
WORDS = {"lr": "learning rate", "average": "averaging of weights"}


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


# ---------------------------------------------------------------- what came of it


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
    short, long = sorted((old, new), key=lambda story: story["seconds"])
    few, many = short["seconds"], long["seconds"]
    longer = few < min(SHORTER * many, many - 1)  # and by a second at least
    if longer and "training time" not in things and not sentences:
        sentences.append(
            f"Not a fair comparison in time: {short['name']} had {few:.0f} s of training, "
            f"{long['name']} {many:.0f} s. The same minutes= gives both the same time."
        )
    return sentences


def _cause(found: list[Change], things: list[str]) -> str:
    """What the difference may be put down to."""
    if not things:
        return (
            "Nothing that is kept of a run differs: what you see is chance, as where the first "
            "weights were drawn anew or where time, not epochs, decided."
        )
    if things == ["seed"]:
        return "Only the seed differs: what you see is chance."
    if len(things) > 1:
        return (
            f"{len(things)} things changed ({', '.join(things)}): which of them did it cannot be "
            "told apart. Change one at a time."
        )
    lines = [line for change in found if change.what == "layers" for line in change.lines]
    if sum(not line.startswith(("parameters", "network")) for line in lines) > 1:
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


# ---------------------------------------------------------------- what one sees


@dataclass(frozen=True)
class Comparison:
    """Runs side by side; shows itself in a notebook, as text elsewhere."""

    stories: list[dict]  # run.json of each
    left_out: list[str]  # folders that hold no run, each with the reason

    @cached_property
    def alike(self) -> list[dict]:
        """The runs on the photos of the last one: only these are drawn together."""
        last = self.stories[-1]["data"]["fingerprint"]
        return [story for story in self.stories if story["data"]["fingerprint"] == last]

    @cached_property
    def table(self) -> show.Table:
        """A row a run, then the baselines of its photos."""
        rows = [
            _row(story, before)
            for before, story in zip([None, *self.stories], self.stories, strict=False)
        ]
        groups = {story["data"]["fingerprint"]: [] for story in self.stories}
        for story in self.stories:
            groups[story["data"]["fingerprint"]].append(story)
        for group in groups.values():
            rows += _baselines(group, len(groups) > 1)
        return show.table(rows, HEADERS, "Runs, best score of each on the validation photos")

    @cached_property
    def curves(self) -> show.Picture | None:
        """Explained chroma over the seconds of training; None where nothing was judged yet."""
        judged = [story for story in self.alike if story["history"]]
        return draw_curves(judged) if judged else None

    @cached_property
    def pictures(self) -> show.Picture | None:
        """The same validation photos as each run colours them; None where there are none."""
        return draw_pictures(self.alike)

    @cached_property
    def words(self) -> list[tuple[str, str]]:
        """[(kind, text)], kind 'p' a sentence, 'h' a heading, 'li' what changed, code below it."""
        return _words(self)

    def __repr__(self) -> str:
        lines = [repr(self.table), ""]
        for kind, text in self.words:
            first, _, rest = text.partition("\n")
            mark, width = {"li": ("- ", 2), "h": ("\n", 0)}.get(kind, ("", 0))
            lines += textwrap.wrap(first, 98, initial_indent=mark, subsequent_indent=" " * width)
            lines += [f"    {line}" for line in rest.splitlines()]
        return "\n".join([*lines, *(["", *self._alts()] if self._alts() else [])])

    def _alts(self) -> list[str]:
        return [picture.alt for picture in (self.curves, self.pictures) if picture]

    def _repr_mimebundle_(self, include=None, exclude=None):
        figures = "".join(_embedded(p) for p in (self.curves, self.pictures) if p)
        text = "".join(_html(kind, text) for kind, text in self.words).replace("</ul><ul>", "")
        return {
            "text/plain": repr(self),
            "text/html": f"{self.table._repr_html_()}{figures}{text}",
        }


HEADERS = [
    "run", "network", "parameters", "changed", "state", "epochs", "seconds", "photos a second",
    "best loss", "explained chroma",
]  # fmt: skip


def _row(story: dict, before: dict | None) -> list[str]:
    changed = "(the first)"
    if before is not None:
        changed = some([change.what for change in changes(before, story)]) or "nothing"
    best, last = story["best"], (story["history"] or [{}])[-1]
    return [
        story["name"],
        story["network"],
        f"{story['parameters']:,}" if story["parameters"] else "?",
        changed,
        story["state"],
        str(last.get("epoch", 0)),
        f"{story['seconds']:,.0f}",
        f"{story['rate']:,.0f}" if story["rate"] else "?",
        f"{best['validation_loss']:.5f}" if best else "none yet",
        best_of(story),
    ]


def best_of(story: dict) -> str:
    return f"{story['best']['explained_chroma']:.1%}" if story["best"] else "none yet"


def _baselines(group: list[dict], several: bool) -> list[list[str]]:
    """Rows of what needs no training, on the photos of these runs."""
    levels = {k: v for story in group for k, v in story["levels"].items()}
    row = next((story["best"] for story in group if story["best"]), None)
    whole = None  # the loss of the grey copy; explained chroma is the share of it that is saved
    if row and row["explained_chroma"] < 1:
        whole = row["validation_loss"] / (1 - row["explained_chroma"])
    where = f" (photos of {group[0]['name']})" if several else ""
    return [
        [name + where, BASELINES.get(name, "baseline"), "", "", "", "", "", "",
         f"{whole * (1 - level):.5f}" if whole else "", f"{level:.1%}"]
        for name, level in levels.items()
    ]  # fmt: skip


def _words(one: Comparison) -> list[tuple[str, str]]:
    """What the table, the figures and the networks amount to, in sentences."""
    words = []
    if one.left_out:
        words.append(("p", f"Left out: {some(one.left_out, 5)}"))
    if len(one.alike) < len(one.stories):
        words.append(("p", _apart(one)))
    if one.curves:
        devices = {story.get("device") for story in one.alike}
        words.append(("p", WHY_SECONDS + OTHER_DEVICES * (len(devices) > 1)))
    if len(one.stories) == 1:
        return [*words, ("p", "A single run: train a second one, and compare() says what changed.")]
    chance = spread(one.alike)
    for old, new in pairwise(one.stories):
        found = changes(old, new)
        what = some([change.what for change in found]) or "nothing"
        words.append(("h", f"From {old['name']} to {new['name']}: {what} changed"))
        words += [("li", line) for change in found for line in change.lines]
        if not (old["forward"] and new["forward"]):
            words.append(("p", "Whether forward differs is not known: its text was not kept."))
        words += [("p", sentence) for sentence in outcome(old, new, found, chance)]
    return words


WHY_SECONDS = (
    "The curves run over seconds of training, which is what a run costs: a larger network sees "
    "fewer photos in the same time, and has to make up for it."
)
OTHER_DEVICES = " These runs were trained on different devices, whose seconds do not compare."


def _apart(one: Comparison) -> str:
    """Which runs were trained on the same photos, where not all were."""
    groups: dict[str, list[str]] = {}
    for story in one.stories:
        groups.setdefault(story["data"]["fingerprint"], []).append(story["name"])
    sets = "; ".join(", ".join(names) for names in groups.values())
    return (
        f"Not all were trained on the same photos ({sets}). Scores on different photos cannot be "
        f"compared; the figures show the runs on the photos of {one.stories[-1]['name']}."
    )


def _html(kind: str, text: str) -> str:
    first, _, rest = html.escape(text).partition("\n")
    tags = {"h": "<p><strong>{}</strong></p>", "li": "<ul><li>{}</li></ul>"}
    return tags.get(kind, "<p>{}</p>").format(first + (f"<pre>{rest}</pre>" if rest else ""))


def _embedded(picture: show.Picture) -> str:
    (kind, data), *_ = picture._repr_mimebundle_()[0].items()
    address = f"data:{kind};base64,{base64.b64encode(data).decode()}"
    style = "display: block; max-width: 100%"
    return f'<img alt="{html.escape(picture.alt)}" src="{address}" style="{style}">'


# ---------------------------------------------------------------- figures


LEVEL = {"color": "0.35", "linestyle": (0, (1, 3))}  # how a baseline is drawn


def draw_curves(stories: list[dict]) -> show.Picture:
    """Explained chroma over seconds; each curve with its name, a line style and a marker."""
    fig = Figure(figsize=(6.4, 3.8), layout="constrained")
    ax = fig.subplots()
    ends = []  # (seconds, None for the right border; explained chroma; label; look) of each line
    for i, story in enumerate(stories):
        x, y = ([row[key] for row in story["history"]] for key in ("seconds", "explained_chroma"))
        colour, _, _ = show.STYLES[i % len(show.STYLES)]
        _, style, _ = show.STYLES[(i + i // len(show.STYLES)) % len(show.STYLES)]
        look = {"color": colour, "linestyle": style}
        every = max(1, len(x) // 8)
        ax.plot(x, y, **look, marker=MARKERS[i % len(MARKERS)], markersize=5, markevery=every)
        ends.append((x[-1], y[-1], f"{story['name']}, best {best_of(story)}", look))
    levels = {name: level for story in stories for name, level in story["levels"].items()}
    for name, level in levels.items():
        ax.axhline(level, **LEVEL, linewidth=1)
        ends.append((None, level, f"{name} {level:.1%}", LEVEL))
    ax.set(xlabel="seconds of training", ylabel="explained chroma, validation photos")
    ax.set_title("Explained chroma while training")
    ax.yaxis.set_major_formatter("{x:.0%}")
    ax.grid(alpha=0.3)
    _name(ax, ends, [story["best"]["explained_chroma"] for story in stories])
    last = [(story, story["history"][-1]) for story in stories]
    told = [
        f"{story['name']} is at {row['explained_chroma']:.1%} after {row['seconds']:.0f} s, "
        f"best {best_of(story)}"
        for story, row in last
    ]
    told += [f"{name} {level:.1%}" for name, level in levels.items()]
    return show.figure(fig, f"Curves of explained chroma over seconds: {'; '.join(told)}.")


def _name(ax, ends: list[tuple], highest: list[float]) -> None:
    """Write each line's name into the right margin, with a leader from where the line ends."""
    values = [value for _, value, _, _ in ends] + highest
    low, high = max(min(values), WORST), max(values)
    room = 0.06 * (high - low or 1)
    ax.set_ylim(low - room, high + room)
    values = [max(value, low) for _, value, _, _ in ends]
    heights = apart_by(1.1 * room, values)
    margin = ax.get_yaxis_transform()  # x as a share of the width, y as data
    for (x, _, label, look), value, height in zip(ends, values, heights, strict=True):
        ax.annotate(
            label,
            (1 if x is None else x, value),
            xycoords=margin if x is None else "data",
            xytext=(1.04, height),
            textcoords=margin,
            arrowprops={"arrowstyle": "-", "linewidth": 0.6, "relpos": (0, 0.5), **look},
            fontsize=8,
            va="center",
        )


def apart_by(gap: float, heights: list[float]) -> list[float]:
    """The heights moved apart so that labels at them do not overlap, in the same order."""
    order = sorted(range(len(heights)), key=heights.__getitem__)
    moved = list(heights)
    for _ in range(100):  # each time both neighbours give way by half: the labels stay near
        for below, above in pairwise(order):
            push = max(0.0, moved[below] + gap - moved[above]) / 2
            moved[below], moved[above] = moved[below] - push, moved[above] + push
    return moved


def draw_pictures(stories: list[dict]) -> show.Picture | None:
    """A row a run and a column a photo, the photos themselves last."""
    photos, rows = None, []
    for story in stories[::-1]:  # the last run decides which photos
        keys = [sha256 for _, sha256, _ in story["samples"]]
        drawn = _opened(story, "sample")
        if drawn and keys == [sha256 for _, sha256, _ in (photos or story)["samples"]]:
            photos = photos or story
            rows.insert(0, (story, drawn))
    if photos is None:
        return None
    labels = [f"{_cut(story['name'])}\n{best_of(story)}" for story, _ in rows]
    names = [story["name"] for story, _ in rows]
    if truth := _opened(photos, "truth"):
        rows.append((photos, truth))
        labels, names = [*labels, "as they are"], [*names, "the photos as they are"]
    queries = [query for query, _, _ in photos["samples"]]
    vivid = [f"{name} {_vivid(drawn):.0f}" for name, (_, drawn) in zip(names, rows, strict=True)]
    return show.grid(
        [picture for _, drawn in rows for picture in drawn],
        queries + [""] * (len(rows) - 1) * len(queries),
        len(queries),
        title="The same validation photos, coloured by each run",
        alt=f"Validation photos ({', '.join(queries)}), a row for each run that coloured them. "
        f"Mean colourfulness, 0 being grey: {', '.join(vivid)}.",
        row_labels=labels,
    )


def _opened(story: dict, what: str) -> list[Image.Image] | None:
    """The pictures sample-1.png ... or truth-1.png ...; None where they are not all there."""
    files = [file.replace("sample", what) for _, _, file in story["samples"]]
    try:
        return [open_picture(story["folder"] / file) for file in files] or None
    except Exception:  # whatever a decoder raises; a run without pictures is still compared
        return None


def _vivid(pictures: list[Image.Image]) -> float:
    return sum(colourfulness(to_tensor(picture)).item() for picture in pictures) / len(pictures)


def _cut(name: str) -> str:
    """A name that fits beside a picture."""
    return name if len(name) <= 20 else f"{name[:19]}…"
