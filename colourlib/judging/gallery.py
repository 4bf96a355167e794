"""Pictures before numbers: grey, guess, truth and a map of the error, each with its caption.

gallery.show_photos(ws.root, report, gallery.at_random(report), "At random")
"""

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
from ..common.pictures import open_picture, square
from . import Report

SIDE = 160  # pixels: a photo in a figure
INCHES = 1.12  # the same on the page
COUNT = 5  # photos in a figure
BRIGHTEST = 50.0  # Lab units: from this error on the map is white


def at_random(report: Report, count: int = COUNT, seed: int = 0) -> list[int]:
    """Indices of photos that nobody picked."""
    return np.random.default_rng(seed).permutation(len(report.photos))[:count].tolist()


def best(report: Report, count: int = COUNT) -> list[int]:
    """Those where the largest share of the colour error is gone."""
    return np.argsort(-report.explained)[:count].tolist()


def worst(report: Report, count: int = COUNT) -> list[int]:
    """Those with the largest error that is left."""
    return np.argsort(-report.columns["error"])[:count].tolist()


def greyest(report: Report, count: int = COUNT) -> list[int]:
    """Those with the least colour in truth."""
    return np.argsort(report.columns["chroma"])[:count].tolist()


def wrongly_vivid(report: Report, count: int = COUNT) -> list[int]:
    """Those where the guess did most harm: where a grey copy would have won by most."""
    harm = report.columns["error"] - report.columns["error_grey"]
    return np.argsort(-harm)[:count].tolist()


def of_query(report: Report, query: str, count: int = COUNT) -> list[int]:
    """Photos of a query. Raises CourseError where there is none among these."""
    queries = [row["query"] for row in report.photos.rows]
    if query not in queries:
        there = ", ".join(sorted(set(queries)))
        raise CourseError(f"No validation photo is of the query {query!r}. There are: {there}.")
    return [i for i, one in enumerate(queries) if one == query][:count]


def show_photos(root: Path, report: Report, indices: Sequence[int], title: str) -> show.Picture:
    """A column for each photo: grey, guess, (optimum,) truth and map of the error.

    root: the workspace's folder. Above each photo stands the share of its chroma that is explained;
    above its map the mean distance to the true ab. A map is black where the guess is right, and
    white from 50 Lab units on.
    """
    truth = truths(root, report, indices)
    _, y, prediction = report.answer(list(indices))
    error = torch.hypot(*unscale_ab(prediction - y).unbind(1))  # (n, H, W) Lab units
    rows = {"grey": coloured(truth, 0 * y), report.name: coloured(truth, prediction)}
    if report.photos.optimum is not None and report.name != "optimum":  # painted at full size
        scenes = [practice.scene_of_url(report.photos.rows[i]["url"]) for i in indices]
        best_ones = [practice.lab_to_rgb(scene.L, scene.optimum()) for scene in scenes]
        rows["optimum"] = [square(Image.fromarray(picture), SIDE) for picture in best_ones]
    rows |= {"truth": truth, "error": list((error * (255 / BRIGHTEST)).clamp(0, 255).byte())}
    known = [(report.photos.rows[i]["query"], _share(report.explained[i])) for i in indices]
    distances = [f"{distance:.0f}" for distance in error.mean(dim=(1, 2))]
    titles = [f"{name}: {share}" for name, share in known] + [""] * (len(rows) - 2) * len(indices)
    told = [f"{n} ({share}, {d})" for (n, share), d in zip(known, distances, strict=True)]
    alt = f"{len(indices)} validation photos in the rows {', '.join(rows)}. In brackets the "
    alt += f"explained chroma and the mean error in Lab units: {'; '.join(told)}."
    return _grid(rows, titles + [f"mean {d} units" for d in distances], title, alt)


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
    queries = [first.photos.rows[i]["query"] for i in indices]
    means = [f"{name} {_share(r.value('explained'))}" for name, r in reports.items()]
    alt = f"{len(indices)} validation photos, a row for each network and the truth last "
    alt += f"({', '.join(queries)}). On all photos: {', '.join(means)}."
    return _grid(rows, titles + queries, title, alt)


def _grid(rows: dict[str, list], titles: list[str], title: str, alt: str) -> show.Picture:
    """Rows of pictures by their labels, a column for each photo."""
    pictures, columns = sum(rows.values(), []), len(rows["truth"])
    words = {"title": f"{title}, with the share of chroma that is explained", "row_labels": [*rows]}
    return show.grid(pictures, titles, columns, side=INCHES, alt=f"{title}: {alt}", **words)


def _share(value: float) -> str:
    """Explained chroma as a caption; what is far below grey needs no digits."""
    return "< -999%" if value < -9.99 else f"{round(value, 2) + 0.0:.0%}"  # never "-0%"


def truths(root: Path, report: Report, indices: Sequence[int]) -> list[Image.Image]:
    """The photos as they are, their middle squares at SIDE x SIDE."""
    files = [Path(root) / report.photos.rows[i]["file"] for i in indices]
    return [square(open_picture(file, SIDE), SIDE) for file in files]


def coloured(truth: list[Image.Image], y: Tensor) -> list[np.ndarray]:
    """The lightness of these pictures with the chroma y (n, 2, h, w): n of (SIDE, SIDE, 3)."""
    L, _ = rgb_to_lab(torch.cat([to_tensor(picture) for picture in truth]))  # (n, 1, SIDE, SIDE)
    ab = F.interpolate(unscale_ab(y), size=L.shape[2:], mode="bilinear", align_corners=False)
    return list(to_bytes(lab_to_rgb(L, ab)))
