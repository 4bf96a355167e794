"""Judge a colouriser by numbers that stand beside their baselines.

A colouriser is anything that maps x (N, 1, H, W), scaled L, to y (N, 2, H, W), scaled ab: a network
or one of the baselines. Every score here is an average over all pixels of all photos of a set, at
full resolution, unless its name says "mean". Measures photo by photo: see `judging`.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .colour import lab_to_rgb, unscale_ab, unscale_L
from .common.copies import eager
from .data import PhotoData, PhotoSet
from .device import eval_mode

Colouriser = Callable[[Tensor], Tensor]


def grey(x: Tensor) -> Tensor:
    """The grey copy: ab = 0. x (N, 1, H, W) -> (N, 2, H, W)."""
    return x.new_zeros(len(x), 2, *x.shape[2:])


def tint(ab: Tensor) -> Colouriser:
    """One colour for every pixel; ab (2,) is scaled. With the training set's mean: a baseline."""
    return lambda x: ab.to(x)[None, :, None, None].expand(len(x), 2, *x.shape[2:])


def predict(
    colouriser: Colouriser, photos: PhotoSet, batch_size: int = 20
) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Batches of (x, y, prediction) on the CPU, without gradients, a network in eval mode.

    In train mode BatchNorm would use each batch's own statistics, and the answer for a photo would
    depend on its neighbours: that cost 4 dB in the project this course grew from.
    """
    for start in range(0, len(photos), batch_size):
        stop = min(start + batch_size, len(photos))
        x, y = photos.__getitems__(list(range(start, stop)))
        yield x, y, answer(colouriser, x)


def answer(colouriser: Colouriser, x: Tensor) -> Tensor:
    """What it makes of x, on the CPU and without gradients; a network in eval mode, and back.

    x (N, 1, H, W) scaled L -> (N, 2, H, W) scaled ab, floats that may be changed and trained on.
    """
    network = colouriser if isinstance(colouriser, nn.Module) else nn.Module()
    weight = next(network.parameters(), x)
    # Eagerly: to compile for each size of a photo takes a minute, where there is a compiler at all.
    with eval_mode(network), torch.no_grad(), eager():
        y = colouriser(x.to(weight.device, weight.dtype, copy=True))
    return y.float().cpu() if isinstance(y, Tensor) else y


def colourfulness(rgb: Tensor) -> Tensor:
    """Hasler and Süsstrunk 2003, of rgb (N, 3, H, W) in 0..1: (N,), 0 for grey, up to about 150."""
    R, G, B = (rgb * 255).flatten(2).unbind(1)  # (N, H*W) each
    rg, yb = R - G, (R + G) / 2 - B
    spread = (rg.var(1, correction=0) + yb.var(1, correction=0)).sqrt()
    return spread + 0.3 * (rg.mean(1) ** 2 + yb.mean(1) ** 2).sqrt()


def psnr(mse: float) -> float:
    """Decibels of a mean squared error of pictures in 0..1; infinite where nothing differs."""
    return math.inf if mse <= 0 else -10 * math.log10(mse)


@dataclass(frozen=True)
class Scores:
    """How one colouriser did on one set of photos."""

    explained_chroma: float  # 1 - MSE_ab / MSE_ab(grey copy): 0 for grey, 1 perfect, or below 0
    psnr: float  # dB, RGB, of the mean squared error over all pixels
    psnr_mean: float  # dB, RGB, mean over photos: ruled by nearly grey photos, which score high
    colourfulness: float  # predicted / true, mean over photos; 1 is as colourful as the truth
    photos: int


def score(colouriser: Colouriser, photos: PhotoSet) -> Scores:
    """Scores of a colouriser on a set of photos."""
    return _tally(predict(colouriser, photos))


def validate(colouriser: Colouriser, photos: PhotoSet) -> tuple[float, float]:
    """(mean squared error of scaled ab, explained chroma): what `fit` looks at after each epoch."""
    error = total = 0.0
    for _, y, prediction in predict(colouriser, photos):
        error += F.mse_loss(prediction, y, reduction="sum").item()
        total += y.square().sum().item()
        count = y[0].numel()
    return error / (count * len(photos)), 1 - error / total if total else math.nan


def _tally(batches: Iterator[tuple[Tensor, Tensor, Tensor]]) -> Scores:
    error = error_grey = 0.0
    mse, vivid, vivid_true = [], [], []
    for x, y, prediction in batches:
        error += (prediction - y).pow(2).sum().item()
        error_grey += y.pow(2).sum().item()
        truth, guess = (lab_to_rgb(unscale_L(x), unscale_ab(z)) for z in (y, prediction))
        mse.append((truth - guess).pow(2).mean(dim=(1, 2, 3)))  # (N,)
        vivid.append(colourfulness(guess))
        vivid_true.append(colourfulness(truth))
    per_photo = torch.cat(mse)
    true = torch.cat(vivid_true).mean().item()
    return Scores(
        explained_chroma=1 - error / error_grey if error_grey else math.nan,
        psnr=psnr(per_photo.mean().item()),
        psnr_mean=sum(psnr(m) for m in per_photo.tolist()) / len(per_photo),
        colourfulness=torch.cat(vivid).mean().item() / true if true else math.nan,
        photos=len(per_photo),
    )


def optimum(photos: PhotoSet) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Batches of (x, y, best possible prediction) of practice scenes."""
    for i in range(len(photos)):
        x, y = photos.__getitems__([i])
        yield x, y, photos.best(i)[None]


def compare(colourisers: dict[str, Colouriser], data: PhotoData) -> dict[str, Scores]:
    """Scores on the validation photos, baselines first: grey copy, mean tint, then yours.

    On practice scenes the optimum comes last: no colouriser can be better on average.
    """
    photos = data.validation
    everyone = {"grey copy": grey, "mean tint": tint(data.mean_tint)} | colourisers
    table = {name: score(colouriser, photos) for name, colouriser in everyone.items()}
    if photos.optimum is not None:
        table["optimum"] = _tally(optimum(photos))
    return table


def levels(data: PhotoData) -> dict[str, float]:
    """Explained chroma of the baselines on the validation photos, and of the optimum if known."""
    photos = data.validation
    known = {"grey copy": 0.0, "mean tint": validate(tint(data.mean_tint), photos)[1]}
    if photos.optimum is not None:
        known["optimum"] = _tally(optimum(photos)).explained_chroma
    return known


HEADERS = ["", "explained chroma", "PSNR (dB)", "mean of PSNRs (dB)"]
HEADERS += ["colourfulness, predicted / true"]


def rows(table: dict[str, Scores]) -> list[list[str]]:
    """The table of compare() as text cells, for show.table with these HEADERS."""
    lines = []
    for name, s in table.items():
        others = [f"{value:.2f}" for value in (s.psnr, s.psnr_mean, s.colourfulness)]
        lines.append([name, f"{s.explained_chroma:.1%}", *others])
    return lines
