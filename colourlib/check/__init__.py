"""Exercises: `check.<name>(answer)` looks at an answer and says what it shows, or what is wrong.

`check.board("03")` shows how far you are. A chapter's exercises have a module each; core.py says
how one is written, CONTRIBUTING.md how one is added.
"""

from .batches import deal_batches
from .cleaning import dhash, lamp_pixels
from .collecting import file_name, pattern
from .colours import chroma, lightness
from .core import EXERCISES, Verdict
from .factors import best_factors
from .intervals import difference_interval
from .judging import pooled_psnr, pooled_share
from .layers import brick_parameters, same_padding
from .limits import best_limit
from .losses import best_answer, masked_mse
from .minute import one_minute
from .networks import far_sight, mended, twice_the_work
from .norms import batch_norm
from .origins import largest_host, stopped_by
from .planning import fair_comparison, ten_people
from .progress import board
from .scales import way_back
from .showing import may_be_shown
from .splitting import deal, fair_split
from .steps import adamw_step
from .tints import mean_tint, two_cars
from .training import another_loss, learning_rate

__all__ = [
    "EXERCISES",
    "Verdict",
    "adamw_step",
    "another_loss",
    "batch_norm",
    "best_answer",
    "best_factors",
    "best_limit",
    "board",
    "brick_parameters",
    "chroma",
    "deal",
    "deal_batches",
    "dhash",
    "difference_interval",
    "fair_comparison",
    "fair_split",
    "far_sight",
    "file_name",
    "lamp_pixels",
    "largest_host",
    "learning_rate",
    "lightness",
    "masked_mse",
    "may_be_shown",
    "mean_tint",
    "mended",
    "one_minute",
    "pattern",
    "pooled_psnr",
    "pooled_share",
    "same_padding",
    "stopped_by",
    "ten_people",
    "twice_the_work",
    "two_cars",
    "way_back",
]
