"""Pictures before numbers: grey, guess, truth and a map of the error, each with its caption.

gallery.show_photos(ws.root, report, gallery.at_random(report), "Six photos at random")
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from .. import practice, show
from ..colour import lab_to_rgb, rgb_to_lab, to_bytes, to_tensor, unscale_ab
from ..common.errors import CourseError
from ..common.pictures import open_picture
from ..data import square
from . import Report

SIDE = 160  # pixels: a photo of a figure
INCHES = 1.12  # the same on the page
COUNT = 5  # photos of a figure
BRIGHTEST = 50.0  # Lab units: an error from which on the map is white

# ------------------------------------------------------------------ which photos


def at_random(report: Report, count: int = COUNT, seed: int = 0) -> list[int]:
    """Indices of photos that nobody picked."""
    return np.random.default_rng(seed).permutation(len(report.photos))[:count].tolist()


def best(report: Report, count: int = COUNT) -> list[int]:
    """Those of which the largest share of the colour error is gone."""
    return np.argsort(-report.explained)[:count].tolist()


def worst(report: Report, count: int = COUNT) -> list[int]:
    """Those with the largest error that is left."""
    return np.argsort(-report.columns["error"])[:count].tolist()


def greyest(report: Report, count: int = COUNT) -> list[int]:
    """Those with the least colour in truth."""
    return np.argsort(report.columns["chroma"])[:count].tolist()


def wrongly_vivid(report: Report, count: int = COUNT) -> list[int]:
    """Those where the guess did most harm: that a grey copy would have beaten by most."""
    harm = report.columns["error"] - report.columns["error_grey"]
    return np.argsort(-harm)[:count].tolist()


def of_query(report: Report, query: str, count: int = COUNT) -> list[int]:
    """Photos of a query. Raises CourseError where there is none among these."""
    chosen = [i for i, row in enumerate(report.photos.rows) if row["query"] == query]
    if not chosen:
        there = ", ".join(sorted({row["query"] for row in report.photos.rows}))
        raise CourseError(f"No validation photo is of the query {query!r}. There are: {there}.")
    return chosen[:count]


# ------------------------------------------------------------------ their pictures


def show_photos(root: Path, report: Report, indices: Sequence[int], title: str) -> show.Picture:
    """Some photos, a column each: grey, guess, (optimum,) truth and map of the error.

    root: the workspace's folder. Above each photo the share of its chroma that is explained, above
    its map, black where the guess is right and white from 50 Lab units on, the mean distance to the
    true ab.
    """
    truth = truths(root, report, indices)
    _, y, prediction = report.answer(list(indices))
    error = _distance(prediction, y)  # (n, H, W) Lab units
    rows = {"grey": coloured(truth, 0 * y), report.name: coloured(truth, prediction)}
    if report.photos.optimum is not None and report.name != "optimum":
        rows["optimum"] = _optimum(report, indices)
    rows["truth"] = [np.asarray(picture) for picture in truth]
    rows["error"] = list((error * (255 / BRIGHTEST)).clamp(0, 255).byte().numpy())
    names = [report.photos.rows[i]["query"] for i in indices]
    explained = [_share(report.explained[i]) for i in indices]
    distances = error.mean(dim=(1, 2)).tolist()
    titles = [f"{name}: {share}" for name, share in zip(names, explained, strict=True)]
    titles += [""] * (len(rows) - 2) * len(indices) + [f"mean {d:.0f} units" for d in distances]
    told = [f"{n} ({e}, {d:.0f})" for n, e, d in zip(names, explained, distances, strict=True)]
    return _grid(
        rows,
        titles,
        title,
        f"{title}: {len(indices)} validation photos in the rows {', '.join(rows)}. In brackets "
        f"the explained chroma and the mean error in Lab units: {'; '.join(told)}.",
    )


def side_by_side(
    root: Path, reports: dict[str, Report], indices: Sequence[int], title: str
) -> show.Picture:
    """The same photos by several colourisers, a row each, the truth last."""
    first = next(iter(reports.values()))
    truth = truths(root, first, indices)
    rows, titles = {}, []
    for name, report in reports.items():
        rows[name] = coloured(truth, report.answer(list(indices))[2])
        titles += [_share(report.explained[i]) for i in indices]
    rows["truth"] = truth
    titles += [first.photos.rows[i]["query"] for i in indices]
    means = [f"{name} {_share(r.value('explained'))}" for name, r in reports.items()]
    return _grid(
        rows,
        titles,
        title,
        f"{title}: {len(indices)} validation photos, a row for each network and the truth last "
        f"({', '.join(titles[-len(indices) :])}). On all photos: {', '.join(means)}.",
    )


def _grid(rows: dict[str, list], titles: list[str], title: str, alt: str) -> show.Picture:
    """Rows of pictures by their labels, a column a photo."""
    return show.grid(
        [picture for row in rows.values() for picture in row],
        titles,
        columns=len(next(iter(rows.values()))),
        row_labels=list(rows),
        side=INCHES,
        title=f"{title}, with the share of chroma that is explained",
        alt=alt,
    )


def _share(value: float) -> str:
    """Explained chroma as a caption; what is far below grey needs no digits."""
    return "< -999%" if value < -9.99 else f"{round(value, 2) + 0.0:.0%}"  # never "-0%"


def truths(root: Path, report: Report, indices: Sequence[int]) -> list[Image.Image]:
    """The photos as they are, their middle squares at SIDE x SIDE."""
    files = [Path(root) / report.photos.rows[i]["file"] for i in indices]
    return [square(open_picture(file, SIDE), SIDE) for file in files]


def _distance(prediction: Tensor, y: Tensor) -> Tensor:
    """Distance in the ab plane at each pixel, (n, H, W) Lab units."""
    return torch.hypot(*unscale_ab(prediction - y).unbind(1))


def coloured(truth: list[Image.Image], y: Tensor) -> list[np.ndarray]:
    """The lightness of these pictures with the chroma y (n, 2, h, w): n of (SIDE, SIDE, 3)."""
    L, _ = rgb_to_lab(torch.cat([to_tensor(picture) for picture in truth]))  # (n, 1, SIDE, SIDE)
    ab = F.interpolate(unscale_ab(y), size=L.shape[2:], mode="bilinear", align_corners=False)
    return list(to_bytes(lab_to_rgb(L, ab)))


def _optimum(report: Report, indices: Sequence[int]) -> list[Image.Image]:
    """The best answers, painted anew at full size."""
    scenes = [practice.scene_of_url(report.photos.rows[i]["url"]) for i in indices]
    best_ones = [practice.lab_to_rgb(scene.L, scene.optimum()) for scene in scenes]
    return [square(Image.fromarray(picture), SIDE) for picture in best_ones]
