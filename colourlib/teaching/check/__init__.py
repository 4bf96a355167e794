"""Exercises: `check.<name>(answer)` looks at an answer and says what it shows, or what is wrong.

`check.board("03")` shows how far you are. The checks of notebook 03 are in chapter03; core.py says
how one is written, CONTRIBUTING.md how one is added.
"""

from .chapter01.collecting import file_name, pattern
from .chapter01.origins import largest_host, stopped_by
from .chapter01.showing import may_be_shown
from .chapter02.cleaning import dhash, lamp_pixels
from .chapter02.limits import best_limit
from .chapter02.splitting import deal, fair_split
from .chapter03.batches import deal_batches
from .chapter03.colours import chroma, lightness
from .chapter03.scales import way_back
from .chapter03.tints import mean_tint, two_cars
from .chapter04.layers import brick_parameters, same_padding
from .chapter04.networks import far_sight, mended, twice_the_work
from .chapter04.norms import batch_norm
from .chapter05.losses import best_answer, masked_mse
from .chapter05.minute import one_minute
from .chapter05.steps import adamw_step
from .chapter05.training import another_loss, learning_rate
from .chapter06.factors import best_factors
from .chapter06.intervals import difference_interval
from .chapter06.judging import pooled_psnr, pooled_share
from .chapter06.planning import fair_comparison, ten_people
from .core import EXERCISES, Verdict
from .table import board

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
