"""Is a distribution of colours honest? Beside the true palettes of scenes, and beside outcomes.

A practice scene knows with which probability a thing has each colour, so a network's distribution
can be compared with the true one. Of a photo there is one truth only, and what remains is
calibration: of what was given 70 %, how much came true? Colours are counted by name, in `HUES`.
"""

import numpy as np
import torch
from torch import Tensor

from .. import show
from ..colour import lab_to_rgb, to_bytes
from ..common.errors import CourseError
from ..data import PhotoSet
from .by_thing import class_map

# Names of colours: from this angle of the ab plane on, in degrees, and how each is drawn (ab).
HUES = {
    "grey": (None, (0, 0)),
    "red": (-20, (45, 25)),
    "orange": (38, (28, 38)),
    "yellow": (68, (2, 45)),
    "green": (106, (-25, 20)),
    "blue": (195, (5, -35)),
    "purple": (305, (32, -26)),
}
GREY = 12.0  # Lab units of chroma: below it a colour is called grey
HATCHES = ("", "//")


def named(ab: Tensor) -> Tensor:
    """(..., 2) ab in Lab units -> (...) numbers of the names in HUES."""
    starts = torch.tensor([start for start, _ in list(HUES.values())[1:]], dtype=torch.float32)
    angle = torch.rad2deg(torch.atan2(ab[..., 1], ab[..., 0]))
    angle = (angle - starts[0]) % 360 + starts[0]  # from red on, once around
    name = torch.bucketize(angle, starts, right=True)
    return torch.where(ab.norm(dim=-1) < GREY, 0, name)


def by_name(shares: Tensor, bins: Tensor) -> Tensor:
    """Shares of bins added up by name: (N, Q, ...) -> (N, len(HUES), ...)."""
    sums = shares.new_zeros(len(shares), len(HUES), *shares.shape[2:])
    return sums.index_add_(1, named(bins), shares)


def things_in(photos: PhotoSet, side: int) -> Tensor:
    """(N, side, side) class of each pixel of practice scenes, -1 where several meet.

    Raises CourseError for photos, where nobody knows what a pixel shows.
    """
    if photos.optimum is None:
        raise CourseError("What each pixel shows is known for practice scenes only.")
    maps = [class_map(row["url"], side) for row in photos.rows]
    return torch.from_numpy(np.stack(maps)).long()


def draw_bars(rows: dict[str, tuple[Tensor, Tensor]], title: str) -> show.Picture:
    """For each thing two bars a colour: the true share and the network's; rows: by HUES, (7,)."""
    columns = 2
    lines = -(-len(rows) // columns)
    fig, axes = show.canvas(8.4, 0.7 + 2.0 * lines, lines, columns, sharey=True, squeeze=False)
    fig.suptitle(title, fontsize=11)
    colours = _patches([ab for _, ab in HUES.values()])
    told = []
    for ax, (name, pair) in zip(axes.flat, rows.items(), strict=False):
        for k, (shares, hatch) in enumerate(zip(pair, HATCHES, strict=True)):
            places = np.arange(len(HUES)) + 0.4 * k - 0.2
            ax.bar(places, 100 * shares.numpy(), 0.36, color=colours, edgecolor="black", lw=0.8,
                   hatch=hatch)  # fmt: skip
        ax.set(title=name, xticks=range(len(HUES)), ylabel="pixels (%)")
        ax.set_xticklabels(list(HUES), fontsize=8)
        worst = int((pair[0] - pair[1]).abs().argmax())
        true, guess = (round(100 * shares[worst].item()) for shares in pair)
        told.append(f"{name}: {list(HUES)[worst]} {true} % in truth, {guess} % by the network")
    for ax in axes.flat[len(rows) :]:
        ax.set_axis_off()
    handles = [axes[0, 0].bar(0, 0, color="white", edgecolor="black", hatch=h) for h in HATCHES]
    labels = ["true palette (plain)", "network (hatched)"]
    fig.legend(handles, labels, fontsize=9, ncols=2, loc="outside lower center")
    alt = f"{title}. Bars of seven colours for each thing. The largest difference of each is "
    return show.figure(fig, f"{alt}{'; '.join(told)}.")


def _patches(ab: list[tuple[float, float]]) -> list[np.ndarray]:
    """RGB in 0..1 of these colours at one lightness."""
    chroma = torch.tensor(ab, dtype=torch.float32).T[None, :, :, None]  # (1, 2, n, 1)
    rgb = to_bytes(lab_to_rgb(torch.full_like(chroma[:, :1], 62.0), chroma))
    return list(rgb[0, :, 0] / 255)


def draw_calibration(curves: dict[str, tuple[Tensor, Tensor]], title: str) -> show.Picture:
    """Curves {name: (what was said, what came true)}, shares, beside the diagonal of honesty."""
    fig, ax = show.canvas(5.2, 4.6)
    ax.plot([0, 100], [0, 100], color="0.35", linestyle=":", label="honest")
    told = []
    for i, (name, (said, came)) in enumerate(curves.items()):
        colour, style, marker = show.STYLES[i % len(show.STYLES)]
        ax.plot(100 * said, 100 * came, style, color=colour, marker=marker, label=name)
        pairs = ", ".join(
            f"{100 * s:.0f} % said and {100 * c:.0f} % true"
            for s, c in zip(said.tolist(), came.tolist(), strict=True)
        )
        told.append(f"{name}: {pairs}")
    ax.set(title=title, xlabel="the network says (%)", ylabel="it came true (%)", aspect="equal")
    ax.grid(alpha=0.3)
    ax.legend(fontsize=9)
    return show.figure(fig, f"{title}. Curves beside a diagonal. {'; '.join(told)}.")
