"""A photo inside a network: one picture of what each of its layers makes of it.

The layers are a network's own children, in the order in which they are called. A step down is a
smaller map; what is drawn to the right comes later. Which layer's answer goes where is found out by
gradient, so that the arrows show the network as it is, and not as it was meant.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
from matplotlib import colormaps
from matplotlib.patches import Rectangle
from torch import Tensor, nn

from .. import colour, show
from ..common.errors import CourseError

STEP = 1.34, 1.5  # from one layer to the next, to the right and down, in sides of a map
CARDS = 3  # maps drawn of each layer, one behind the other
ARROW = {"arrowstyle": "-|>", "lw": 2, "mutation_scale": 18, "shrinkA": 0, "shrinkB": 0}


@dataclass(frozen=True)
class Stage:
    """One layer's answer, where it stands in the drawing, and what to write below it."""

    name: str
    pictures: list[np.ndarray]  # the front one last
    size: str
    at: tuple[float, float]  # column and row


@dataclass(frozen=True)
class Heard:
    """What one layer was given and answered."""

    name: str
    out: Tensor
    sources: dict[int, str]  # {number of an earlier layer: "+" where it is added, else "with"}


def draw(net: nn.Module, photo, side: int = 128) -> show.Picture:
    """The photo at every layer of the network; what skips a layer is drawn in orange.

    photo: a PIL image; the network sees it with a shorter side of `side` pixels. Raises CourseError
    for a network that stops or does not answer with ab.
    """
    share = side / min(photo.size)
    small = photo.resize([max(16, round(share * n)) for n in photo.size])
    L, _ = colour.rgb_to_lab(colour.to_tensor(small))
    device = next((p.device for p in net.parameters()), "cpu")
    x = colour.scale_L(L).to(device)
    try:
        heard = _listen(net, x)
    except Exception:  # whatever a student's network raises
        heard = []
    if not heard or heard[-1].out.shape != (1, 2, *x.shape[2:]):
        name = type(net).__name__
        raise CourseError(f"{name} does not work yet: inspect({name}()) says where.")
    skips = [
        (one, other, sign if other - one == 2 else f"skip {sign}")
        for other, here in enumerate(heard)
        for one, sign in here.sources.items()
        if one != other - 1
    ]
    return _figure(_stages([(h.name, h.out) for h in heard], x), skips)


def _listen(net: nn.Module, x: Tensor) -> list[Heard]:
    """The photo, each child's answer, and the network's; where each was made from."""
    heard, leaves = [], []

    def note(name: str, out: Tensor, sources: dict[int, str]) -> Tensor:
        """From here on the graph begins anew: a gradient reaches back to the last layers only."""
        leaves.append(out.detach().clone().requires_grad_())
        heard.append(Heard(name, leaves[-1].detach(), sources))
        return leaves[-1] * 1  # which may be changed in place

    def sources(given) -> dict[int, str]:
        maps = [t for t in given if isinstance(t, Tensor) and t.requires_grad and t.ndim > 1]
        if not maps:
            return {}
        total = sum(t.sum() for t in maps)
        slopes = torch.autograd.grad(total, leaves, retain_graph=True, allow_unused=True)
        widths = [t.shape[1] for t in maps]
        return {
            i: "+" if widths == [leaves[i].shape[1]] else "with"
            for i, slope in enumerate(slopes)
            if slope is not None
        }

    names = {child: name for name, child in net.named_children()}
    waiting = []  # what the layers that run now were made from
    hooks = []

    def before(layer, given) -> None:
        waiting.append(sources(given))

    def after(layer, given, out) -> Tensor | None:
        there = waiting.pop()
        drawn = isinstance(out, Tensor) and out.ndim in (2, 4) and out.is_floating_point()
        return note(names[layer], out, there) if drawn else None

    for child in names:
        hooks.append(child.register_forward_pre_hook(before))
        hooks.append(child.register_forward_hook(after))
    was = net.training
    try:
        with torch.enable_grad():
            answer = net.eval()(note("the photo", x, {}))
            note("the answer", answer, sources([answer]))
    finally:
        net.train(was)
        for hook in hooks:
            hook.remove()
    return heard


def _stages(heard: list[tuple[str, Tensor]], x: Tensor) -> list[Stage]:
    """Down on the left, up on the right: no two at one place."""
    found, taken, column, row = [], set(), 0, 0
    for name, out in heard:
        whole = out.ndim == 2  # numbers for the whole picture, no map
        down = row if whole else round(math.log2(x.shape[-1] / out.shape[-1]))
        if found and down == row:
            column += 1
        while (column, down) in taken:
            column += 1
        row = down
        taken.add((column, row))
        size = f"{out.shape[1]} numbers" if whole else " × ".join(map(str, out.shape[1:]))
        found.append(Stage(name, _pictures(out.float().cpu(), x.cpu()), size, (column, row)))
    return found


def _pictures(out: Tensor, x: Tensor) -> list[np.ndarray]:
    """(1, C, h, w) or (1, C) as pictures: lightness in grey, ab in colour, else liveliest last."""
    if out.ndim == 2:
        rows = math.isqrt(out.shape[1]) or 1
        return [_heat(out[0, : rows * (out.shape[1] // rows)].reshape(rows, -1))]
    if out.shape[1] == 1:
        return [colour.to_picture(out, torch.zeros_like(out).expand(-1, 2, -1, -1))[0]]
    if out.shape[1] == 2:
        light = torch.nn.functional.interpolate(x, size=out.shape[-2:], mode="area")
        return [colour.to_picture(light, out)[0]]
    liveliest = out[0].std(dim=(1, 2)).argsort(descending=True)[:CARDS]
    return [_heat(out[0, i]) for i in reversed(liveliest.tolist())]


def _heat(values: Tensor) -> np.ndarray:
    low, high = values.quantile(0.01), values.quantile(0.99)
    scaled = ((values - low) / (high - low + 1e-9)).clamp(0, 1).numpy()
    return (255 * colormaps["viridis"](scaled)[..., :3]).astype(np.uint8)


def _figure(stages: list[Stage], skips: list[tuple[int, int, str]]) -> show.Picture:
    """skips: (number of the stage it leaves, number of the stage it joins, word)."""
    columns, rows = (1 + max(s.at[i] for s in stages) for i in (0, 1))
    fig, ax = show.canvas(1.8 * STEP[0] * columns, 1.8 * STEP[1] * rows)
    ax.set(xlim=(-0.6, STEP[0] * columns - 0.6), ylim=(0.5 - STEP[1] * rows, 0.6), aspect="equal")
    ax.set_title("The photo inside the network", fontsize=15)
    ax.axis("off")
    edges = [_tile(ax, s) for s in stages]
    for one, other in zip(edges, edges[1:], strict=False):
        _arrow(ax, one, other, "0.35")
    alt = "The photo at each layer of the network, coarser on the way down, finer on the way up: "
    alt += ", ".join(f"{s.name} {s.size}" for s in stages)
    for i, j, word in skips:
        one, other = stages[i].at, stages[j].at
        row = [k for k, s in enumerate(stages) if s.at[1] == one[1] == other[1]]
        row = [k for k in row if one[0] <= stages[k].at[0] <= other[0]]
        if len(row) > 2:  # others stand between the two
            x, y = _bridge(ax, edges[i], edges[j], max(edges[k][3] for k in row) + 0.05)
        else:
            end, y = _arrow(ax, edges[i], edges[j], show.ORANGE)
            x = (edges[i][1] + end) / 2
        ax.text(x, y + 0.03, word, fontsize=13, color=show.ORANGE, ha="center")
        kind = "a skip" if "skip" in word else "a short way round"
        alt += f"; {kind} from {stages[i].name} to {stages[j].name}"
    return show.figure(fig, alt)


def _tile(ax, stage: Stage) -> tuple[float, float, float, float]:
    """Draw a layer's maps like cards, name and size below; left, right, bottom and top of it all.

    Of the photo's shape, and no more than 1 x 1.
    """
    x, y = stage.at[0] * STEP[0], -stage.at[1] * STEP[1]
    high, wide = stage.pictures[0].shape[:2]
    half_x, half_y = (n / max(high, wide) / 2 for n in (wide, high))
    for i, picture in enumerate(stage.pictures):
        d = 0.04 * (len(stage.pictures) - 1 - i)
        left, bottom = x - half_x + d, y - half_y + d
        frame = Rectangle((left, bottom), 2 * half_x, 2 * half_y, fc="none", ec="white", lw=1.5)
        ax.imshow(picture, extent=(left, left + 2 * half_x, bottom, bottom + 2 * half_y), zorder=i)
        ax.add_patch(frame).set_zorder(i)
    words = f"{stage.name}\n{stage.size}"
    ax.text(x, y - half_y - 0.03, words, ha="center", va="top", fontsize=11)
    return x - half_x, x + half_x + 0.08, y - half_y - 0.3, y + half_y + 0.08


def _arrow(ax, one: tuple, other: tuple, colour_: str) -> tuple[float, float]:
    """From one tile to another, up, down or to the right; where it ends."""
    middle = (one[0] + one[1]) / 2 - 0.04
    if other[1] <= one[0] or other[0] >= one[1]:
        level = (one[2] + one[3]) / 2 + 0.11
        start, end = (one[1], level), (other[0] - 0.01, (other[2] + other[3]) / 2 + 0.11)
    elif other[3] <= one[2]:
        start, end = (middle, one[2]), (middle, other[3])
    else:
        start, end = (middle, one[3]), (middle, other[2])
    ax.annotate("", end, start, arrowprops=ARROW | {"color": colour_})
    return end


def _bridge(ax, one: tuple, other: tuple, top: float) -> tuple[float, float]:
    """From one tile, at a height over those between, to another of the same row; its middle."""
    start, end = one[1] - 0.2, (other[0] + other[1]) / 2
    ax.plot([start, start, end], [one[3], top, top], color=show.ORANGE, lw=2)
    ax.annotate("", (end, other[3]), (end, top), arrowprops=ARROW | {"color": show.ORANGE})
    return (start + end) / 2, top
