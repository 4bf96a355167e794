"""Judge a colouriser photo by photo: six measures, each with an interval, none of them alone.

    reports = judge.everyone({"mine": net}, data)     # with the baselines and the optimum
    judge.table(reports)                              # each score with its interval
    judge.differences(reports, "mine")                # what the others do better or worse

A report keeps a few numbers of every photo, so that any average over any of them is cheap.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from .. import show
from ..colour import lab_to_rgb, scale_ab, unscale_ab, unscale_L
from ..data import PhotoData, PhotoSet
from ..evaluate import Colouriser, Scores, answer, colourfulness, grey, tint
from . import intervals
from .likeness import ciede2000, ssim

BATCH = 20
COLOURED = 10.0  # Lab units of chroma, from which on one would name a colour
Answer = Callable[[list[int]], tuple[Tensor, Tensor, Tensor]]  # indices -> x, y, prediction


@dataclass(frozen=True)
class Measure:
    """One number about a set of photos, made of numbers about each of them."""

    title: str
    columns: tuple[str, ...]  # of a report: what it is made of
    of: Callable[..., np.ndarray]  # columns (..., N) -> (...)
    form: str  # how it is printed
    better: str  # which way


def _psnr(mse: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore"):  # infinite where nothing differs
        return -10 * np.log10(mse)


def _quotient(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    with np.errstate(invalid="ignore", divide="ignore"):  # of photos without any colour
        return one.sum(-1) / other.sum(-1)


MEASURES: dict[str, Measure] = {
    "explained": Measure(
        "explained chroma", ("error", "error_grey"), lambda e, g: 1 - _quotient(e, g), ".1%", "more"
    ),
    "psnr": Measure("PSNR (dB)", ("mse",), lambda m: _psnr(m.mean(-1)), ".2f", "more"),
    "psnr_mean": Measure("mean of PSNRs (dB)", ("psnr",), lambda p: p.mean(-1), ".2f", "more"),
    "ssim": Measure("SSIM", ("ssim",), lambda s: s.mean(-1), ".3f", "more"),
    "ciede2000": Measure("CIEDE2000", ("ciede2000",), lambda d: d.mean(-1), ".2f", "less"),
    "colourfulness": Measure(
        "colourfulness, predicted / true", ("vivid", "vivid_true"), _quotient, ".2f", "near 1"
    ),
}


@dataclass(frozen=True, eq=False)
class Report:
    """What one colouriser did to every photo of a set. Each column is (N,), in the set's order.

    error, error_grey: mean squared error of scaled ab, the network's and the grey copy's.
    coloured, right_hue: shares of its pixels (see `hues`). chroma: mean true chroma, Lab units.
    mse, psnr, ssim, ciede2000: of the picture in RGB, but the last, which is of Lab before clipping
    to RGB. vivid, vivid_true: colourfulness.
    """

    name: str
    photos: PhotoSet
    answer: Answer
    columns: dict[str, np.ndarray]

    def value(self, measure: str, photos=slice(None)) -> float:
        """A measure over all photos, or over those chosen by a mask or by indices."""
        one = MEASURES[measure]
        return float(one.of(*(self.columns[c][photos] for c in one.columns)))

    def interval(self, measure: str, photos=slice(None)) -> tuple[float, float]:
        """(low, high): the bootstrap interval of 95 % of a measure."""
        one = MEASURES[measure]
        columns = (self.columns[c][photos] for c in one.columns)
        return intervals.interval(intervals.draws(one.of, *columns))

    @property
    def explained(self) -> np.ndarray:
        """Explained chroma of each photo: (N,). Far below 0 where the truth is nearly grey."""
        return 1 - self.columns["error"] / np.maximum(self.columns["error_grey"], 1e-6)

    @property
    def scores(self) -> Scores:
        """The scores that the course keeps in scores.json."""
        values = [self.value(m) for m in ("explained", "psnr", "psnr_mean", "colourfulness")]
        return Scores(*values, len(self.photos))

    def batches(self, size: int = BATCH) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        """All photos as (x, y, prediction): (B, 1, H, W), (B, 2, H, W) twice, scaled."""
        for start in range(0, len(self.photos), size):
            yield self.answer(list(range(start, min(start + size, len(self.photos)))))


def judge(colouriser: Colouriser, photos: PhotoSet, name: str = "network") -> Report:
    """The report on a colouriser: x (N, 1, H, W) scaled L -> (N, 2, H, W) scaled ab."""

    def of_photos(indices):
        x, y = photos.__getitems__(indices)
        return x, y, answer(colouriser, x)

    return judge_answers(of_photos, photos, name)


def judge_optimum(photos: PhotoSet) -> Report:
    """The report on the best possible answers to practice scenes."""

    def answer(indices):
        return *photos.__getitems__(indices), torch.stack([photos.best(i) for i in indices])

    return judge_answers(answer, photos, "optimum")


def judge_answers(answer: Answer, photos: PhotoSet, name: str) -> Report:
    """The report on answers that need not come from a network.

    answer: indices of some photos -> x (B, 1, H, W), truth and prediction (B, 2, H, W), scaled.
    """
    report = Report(name, photos, answer, {})
    with torch.inference_mode():
        measured = [_measure(*batch) for batch in report.batches()]
    for column in measured[0]:
        report.columns[column] = torch.cat([one[column] for one in measured]).double().numpy()
    report.columns["psnr"] = _psnr(report.columns["mse"])
    return report


def everyone(colourisers: dict[str, Colouriser], data: PhotoData) -> dict[str, Report]:
    """Reports on the validation photos: grey copy, mean tint, yours; the optimum where known."""
    photos = data.validation
    them = {"grey copy": grey, "mean tint": tint(data.mean_tint)} | colourisers
    reports = {name: judge(one, photos, name) for name, one in them.items()}
    if photos.optimum is not None:
        reports["optimum"] = judge_optimum(photos)
    return reports


def _measure(x: Tensor, y: Tensor, prediction: Tensor) -> dict[str, Tensor]:
    """The columns of a report for a batch: (B,) each."""
    L, true_ab, ab = unscale_L(x), unscale_ab(y), unscale_ab(prediction)
    truth, guess = lab_to_rgb(L, true_ab), lab_to_rgb(L, ab)  # (B, 3, H, W)
    coloured, right_hue = hues(y, prediction)
    return {
        "error": (prediction - y).square().mean(dim=(1, 2, 3)),
        "error_grey": y.square().mean(dim=(1, 2, 3)),
        "coloured": coloured,
        "right_hue": right_hue,
        "chroma": torch.hypot(*true_ab.unbind(1)).mean(dim=(1, 2)),
        "mse": (truth - guess).square().mean(dim=(1, 2, 3)),
        "ssim": ssim(truth, guess),
        "ciede2000": ciede2000((L, true_ab), (L, ab)).mean(dim=(1, 2)),
        "vivid": colourfulness(guess),
        "vivid_true": colourfulness(truth),
    }


def hues(y: Tensor, prediction: Tensor) -> tuple[Tensor, Tensor]:
    """(share of coloured pixels, share of pixels that are coloured and right in hue), (B,) each.

    y and prediction (B, 2, H, W), scaled ab. Coloured: of a true chroma of COLOURED or more. Right:
    the guess points less than 45 degrees away from the truth, as one of four blind guesses would.
    """
    (a, b), (guess_a, guess_b) = y.unbind(1), prediction.unbind(1)  # (B, H, W) each
    coloured = torch.hypot(a, b) >= scale_ab(COLOURED)
    along, across = a * guess_a + b * guess_b, a * guess_b - b * guess_a
    right = coloured & (along > across.abs())
    return coloured.float().mean(dim=(1, 2)), right.float().mean(dim=(1, 2))


# ------------------------------------------------------------------ tables


def table(reports: dict[str, Report], caption: str | None = None) -> show.Table:
    """A row a measure, a column a colouriser; in brackets the interval of each score."""
    photos = len(next(iter(reports.values())).photos)
    rows = [
        [f"{measure.title}, {measure.better} is better", *(_cell(r, key) for r in reports.values())]
        for key, measure in MEASURES.items()
    ]
    caption = caption or f"{photos} validation photos; in brackets, 95 % intervals"
    return show.table(rows, ["", *reports], caption)


def _cell(report: Report, key: str) -> str:
    form = MEASURES[key].form
    low, high = report.interval(key)
    return f"{report.value(key):{form}} ({low:{form}} to {high:{form}})"


def difference(one: Report, other: Report, measure: str) -> tuple[float, float, float]:
    """one - other: (difference, low, high), the interval of 95 % from the same draws of photos."""
    m = MEASURES[measure]
    columns = [report.columns[c] for report in (one, other) for c in m.columns]
    half = len(m.columns)
    drawn = intervals.draws(lambda *both: m.of(*both[:half]) - m.of(*both[half:]), *columns)
    return one.value(measure) - other.value(measure), *intervals.interval(drawn)


def differences(reports: dict[str, Report], name: str) -> show.Table:
    """What the others score more or less than the colouriser of that name, photo against photo."""
    others = {key: report for key, report in reports.items() if key != name}
    rows = [
        [
            f"{measure.title}, {measure.better} is better",
            *(_difference_cell(report, reports[name], key) for report in others.values()),
        ]
        for key, measure in MEASURES.items()
    ]
    caption = f"More or less than {name}; in brackets, 95 % intervals; = where they hold 0"
    return show.table(rows, ["", *others], caption)


def _difference_cell(one: Report, other: Report, measure: str) -> str:
    form = MEASURES[measure].form
    value, low, high = difference(one, other, measure)
    mark = "= " if low <= 0 <= high else ""
    return f"{mark}{value:+{form}} ({low:+{form}} to {high:+{form}})"
