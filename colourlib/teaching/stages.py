"""A photo inside a network: one picture of what each of its layers makes of it.

The layers are a network's own children, in the order in which they are called. A step down is a
smaller map; what is drawn to the right comes later.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
from matplotlib import colormaps
from matplotlib.patches import Rectangle
from torch import Tensor, nn

from .. import colour, show

STEP = 1.34, 1.5  # from one layer to the next, to the right and down, in sides of a map
CARDS = 3  # maps drawn of each layer, one behind the other


@dataclass(frozen=True)
class Stage:
    """One layer's answer, where it stands in the drawing, and what to write below it."""

    name: str
    pictures: list[np.ndarray]  # the front one last
    size: str
    at: tuple[float, float]  # column and row


def draw(net: nn.Module, photo, skips: dict[str, str], side: int = 128) -> show.Picture:
    """The photo at every layer of the network. skips: {layer it leaves from: layer it joins}.

    photo: a PIL image; the network sees it with a shorter side of `side` pixels.
    """
    share = side / min(photo.size)
    small = photo.resize([max(16, round(share * n)) for n in photo.size])
    L, _ = colour.rgb_to_lab(colour.to_tensor(small))
    x = colour.scale_L(L).to(next(net.parameters()).device)
    heard: list[tuple[str, Tensor]] = []
    hooks = [
        child.register_forward_hook(lambda m, i, out, name=name: heard.append((name, out)))
        for name, child in net.named_children()
    ]
    was = net.training
    try:
        with torch.inference_mode():
            answer = net.eval()(x)
    finally:
        net.train(was)
        for hook in hooks:
            hook.remove()
    return _figure(_stages([("the photo", x), *heard, ("the answer", answer)], x), skips)


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


def _figure(stages: list[Stage], skips: dict[str, str]) -> show.Picture:
    columns, rows = (1 + max(s.at[i] for s in stages) for i in (0, 1))
    fig, ax = show.canvas(1.8 * STEP[0] * columns, 1.8 * STEP[1] * rows)
    ax.set(xlim=(-0.6, STEP[0] * columns - 0.6), ylim=(0.5 - STEP[1] * rows, 0.6), aspect="equal")
    ax.set_title("The photo inside the network", fontsize=15)
    ax.axis("off")
    edges = {s.name: _tile(ax, s) for s in stages}
    for one, other in zip(stages, stages[1:], strict=False):
        _arrow(ax, edges[one.name], edges[other.name], "0.35")
    there = {one: other for one, other in skips.items() if one in edges and other in edges}
    for one, other in there.items():
        x, y = _arrow(ax, edges[one], edges[other], show.ORANGE)
        ax.text(
            (edges[one][1] + x) / 2, y + 0.03, "skip", fontsize=13, color=show.ORANGE, ha="center"
        )
    alt = "The photo at each layer of the network, coarser on the way down, finer on the way up: "
    alt += ", ".join(f"{s.name} {s.size}" for s in stages)
    return show.figure(fig, alt + "".join(f"; a skip from {a} to {b}" for a, b in there.items()))


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
    how = {"arrowstyle": "-|>", "color": colour_, "lw": 2, "mutation_scale": 18}
    ax.annotate("", end, start, arrowprops=how | {"shrinkA": 0, "shrinkB": 0})
    return end
