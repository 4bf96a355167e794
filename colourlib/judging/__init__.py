"""Judge a colouriser photo by photo: six measures, each with an interval, none of them alone.

    reports = judging.everyone({"mine": net}, data)   # with the baselines and the optimum
    judging.table(reports)                            # each score with its interval
    judging.differences(reports, "mine")              # what the others do better or worse

A report keeps a few numbers of every photo, so that any average over any of them is cheap.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from .. import show
from ..colour import lab_to_rgb, unscale_ab, unscale_L
from ..data import PhotoData, PhotoSet
from ..evaluate import Colouriser, Scores, answer, colourfulness, grey, tint
from . import intervals
from .likeness import ciede2000, ssim

BATCH = 20
Answer = Callable[[list[int], Tensor, Tensor], Tensor]  # indices, x, truth y -> prediction


class Measure(NamedTuple):
    """One number about a set of photos, made of numbers about each of them."""

    title: str
    better: str  # which way is better
    form: str  # how it is printed
    of: Callable[[Callable[[str], np.ndarray]], np.ndarray]  # a report's columns (..., N) -> (...)


def _psnr(mse: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore"):  # infinite where nothing differs
        return -10 * np.log10(mse)


def _quotient(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    with np.errstate(invalid="ignore", divide="ignore"):  # for photos without any colour
        return one.sum(-1) / other.sum(-1)


MEASURES = {
    "explained": Measure("explained chroma", "more", ".1%",
                         lambda of: 1 - _quotient(of("error"), of("error_grey"))),
    "psnr": Measure("PSNR (dB)", "more", ".2f", lambda of: _psnr(of("mse").mean(-1))),
    "psnr_mean": Measure("mean of PSNRs (dB)", "more", ".2f", lambda of: of("psnr").mean(-1)),
    "ssim": Measure("SSIM", "more", ".3f", lambda of: of("ssim").mean(-1)),
    "ciede2000": Measure("CIEDE2000", "less", ".2f", lambda of: of("ciede2000").mean(-1)),
    "colourfulness": Measure("colourfulness, predicted / true", "near 1", ".2f",
                             lambda of: _quotient(of("vivid"), of("vivid_true"))),
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Report:
    """What one colouriser did to every photo of a set. Each column is (N,), in the set's order.

    error, error_grey: mean squared error of scaled ab, the network's and the grey copy's.
    chroma: mean true chroma, Lab units. mse, psnr, ssim: of the picture in RGB; ciede2000: of Lab
    before clipping to RGB. vivid, vivid_true: colourfulness.
    """

    name: str
    photos: PhotoSet
    answers: Answer
    columns: dict[str, np.ndarray]

    def answer(self, indices: list[int]) -> tuple[Tensor, Tensor, Tensor]:
        """(x, y, prediction) of some photos: (B, 1, H, W), (B, 2, H, W) twice, scaled."""
        x, y = self.photos.__getitems__(indices)
        return x, y, self.answers(indices, x, y)

    def batches(self) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        """The same of all photos, in order."""
        for part in torch.arange(len(self.photos)).split(BATCH):
            yield self.answer(part.tolist())

    def values(self, measure: str, photos) -> np.ndarray:
        """A measure over the last axis of photos, a mask or indices (..., N): (...)."""
        return MEASURES[measure].of(lambda column: self.columns[column][photos])

    def value(self, measure: str, photos=slice(None)) -> float:
        """A measure over all photos, or over those chosen by a mask or by indices."""
        return float(self.values(measure, photos))

    def interval(self, measure: str, photos=slice(None)) -> tuple[float, float]:
        """(low, high): the bootstrap interval of 95 % of a measure."""
        chosen = np.arange(len(self.photos))[photos]
        return intervals.interval(intervals.draws(lambda i: self.values(measure, i), chosen))

    @property
    def scores(self) -> Scores:
        """The scores that the course keeps in scores.json."""
        values = [self.value(m) for m in ("explained", "psnr", "psnr_mean", "colourfulness")]
        return Scores(*values, len(self.photos))


def judge(colouriser: Colouriser, photos: PhotoSet, name: str = "network") -> Report:
    """The report on a colouriser: x (N, 1, H, W) scaled L -> (N, 2, H, W) scaled ab."""
    return judge_answers(lambda indices, x, y: answer(colouriser, x), photos, name)


def judge_answers(answers: Answer, photos: PhotoSet, name: str) -> Report:
    """The report on answers that need not come from a network.

    answers: indices of photos, their x (B, 1, H, W) and y (B, 2, H, W) -> prediction (B, 2, H, W).
    """
    report = Report(name, photos, answers, {})
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
        best = judge_answers(lambda i, x, y: torch.stack([*map(photos.best, i)]), photos, "optimum")
        reports["optimum"] = best
    return reports


def _measure(x: Tensor, y: Tensor, prediction: Tensor) -> dict[str, Tensor]:
    """The columns of a report for a batch: (B,) each."""
    L, true_ab, ab = unscale_L(x), unscale_ab(y), unscale_ab(prediction)
    truth, guess = lab_to_rgb(L, true_ab), lab_to_rgb(L, ab)  # (B, 3, H, W)
    return {
        "error": (prediction - y).square().mean(dim=(1, 2, 3)),
        "error_grey": y.square().mean(dim=(1, 2, 3)),
        "chroma": torch.hypot(*true_ab.unbind(1)).mean(dim=(1, 2)),
        "mse": (truth - guess).square().mean(dim=(1, 2, 3)),
        "ssim": ssim(truth, guess),
        "ciede2000": ciede2000((L, true_ab), (L, ab)).mean(dim=(1, 2)),
        "vivid": colourfulness(guess),
        "vivid_true": colourfulness(truth),
    }


def table(reports: dict[str, Report]) -> show.Table:
    """A row for each measure, a column for each colouriser; in brackets the intervals."""
    photos = len(next(iter(reports.values())).photos)
    caption = f"{photos} validation photos; in brackets, 95 % intervals"
    return _table(reports, caption, "", lambda one, key: (one.value(key), *one.interval(key)))


def difference(one: Report, other: Report, measure: str) -> tuple[float, float, float]:
    """one - other: (difference, low, high), the interval of 95 % from the same draws of photos."""

    def apart(photos) -> np.ndarray:
        return one.values(measure, photos) - other.values(measure, photos)

    drawn = intervals.draws(apart, np.arange(len(one.photos)))
    return float(apart(slice(None))), *intervals.interval(drawn)


def differences(reports: dict[str, Report], name: str) -> show.Table:
    """How much more or less the others score than the one of that name, photo against photo."""
    others = {key: report for key, report in reports.items() if key != name}
    caption = f"More or less than {name}; in brackets, 95 % intervals; = where they hold 0"
    return _table(others, caption, "+", lambda one, key: difference(one, reports[name], key))


def _table(reports: dict[str, Report], caption: str, sign: str, scores: Callable) -> show.Table:
    """scores: report, measure -> (value, low, high). With a sign, = marks a tie."""

    def cell(report: Report, key: str) -> str:
        value, low, high = scores(report, key)
        form = sign + MEASURES[key].form
        mark = "= " if sign and low <= 0 <= high else ""
        return f"{mark}{value:{form}} ({low:{form}} to {high:{form}})"

    rows = [
        [f"{m.title}, {m.better} is better", *(cell(report, key) for report in reports.values())]
        for key, m in MEASURES.items()
    ]
    return show.table(rows, ["", *reports], caption)
