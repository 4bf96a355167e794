"""Exercises: `check.<name>(answer)` looks at an answer and says what it shows, or what is wrong.

`check.board("03")` shows how far you are. The checks of notebook 03 are in chapter03; slips.py says
how a mistake is recognised, core.py how a check is written, CONTRIBUTING.md how one is added.
"""
# ruff: noqa: F401 (what is imported here is what a notebook calls)

from .chapter00.loop import your_loop
from .chapter00.photos import your_dataset
from .chapter00.shapes import shapes
from .chapter01.collecting import file_name, pattern
from .chapter01.origins import largest_host, may_be_shown, stopped_by
from .chapter02.cleaning import best_limit, dhash, lamp_pixels
from .chapter02.splitting import deal, fair_split
from .chapter03.colours import chroma, lightness, way_back
from .chapter03.photos import deal_batches, mean_tint, two_cars
from .chapter04.layers import batch_norm, brick_parameters, same_padding
from .chapter04.networks import far_sight, mended, twice_the_work
from .chapter05.steps import adamw_step, best_answer, masked_mse
from .chapter05.training import another_loss, learning_rate, one_minute
from .chapter06.judging import best_factors, pooled_psnr, pooled_share
from .chapter06.planning import difference_interval, fair_comparison, ten_people
from .chapter07.bins import pixel_loss, soft_shares, tempered, which_bin
from .chapter07.honesty import rare_weights, read_calibration
from .chapter08.encoder import encoder_input, take_maps
from .chapter08.learning import learning_mode, two_rates
from .chapter09.hinting import hint_place, one_hint, takes_after, where_to_ask
from .chapter10.sharing import file_size, find_weight, largest_gap, may_send
from .core import EXERCISES, Verdict
from .table import board
