"""How fast practice scenes are drawn, whether they fit sRGB, and how much of them can be known.

    python bench/practice.py [scenes a query]

One line a kind: scenes per second on one core (128 x 128, rgb() included), the share of pixels
outside sRGB before clipping, and the optimum's explained chroma, 1 - MSE(optimum) / MSE(grey).
"""

import os

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"  # before numpy is imported: one core

import sys
import time

import numpy as np

from colourlib.common.lab import linear_rgb
from colourlib.practice import KIND_OF, scene

SIDE = 128
TOLERANCE = 0.001  # of full light; less than a third of a grey level


def measure(kind: str, seeds: range) -> tuple[float, float, float, float]:
    """CPU seconds a scene, share outside sRGB, squared error of the optimum and of grey."""
    scene(kind, 10_000, SIDE).rgb()  # fills the caches
    start = time.process_time()
    scenes = []
    for seed in seeds:
        scenes.append(scene(kind, seed, SIDE))
        scenes[-1].rgb()
    seconds = (time.process_time() - start) / len(seeds)
    light = [linear_rgb(view.L, view.ab) for view in scenes]
    outside = [((x < -TOLERANCE) | (x > 1 + TOLERANCE)).any(axis=-1).mean() for x in light]
    left = [np.square(view.ab - view.optimum()).mean() for view in scenes]
    grey = [np.square(view.ab).mean() for view in scenes]
    return seconds, float(np.mean(outside)), float(np.mean(left)), float(np.mean(grey))


def main():
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    print(f"{'kind':16}{'scenes/s':>10}{'outside':>10}{'explained':>11}{'grey MSE':>10}")
    rows = []
    for kind in KIND_OF.values():
        rows.append(measure(kind, range(number)))
        seconds, outside, left, grey = rows[-1]
        print(f"{kind:16}{1 / seconds:10.0f}{outside:10.3%}{1 - left / grey:11.1%}{grey:10.0f}")
    seconds, outside, left, grey = np.mean(rows, axis=0)
    print(
        f"{'all queries':16}{1 / seconds:10.0f}{outside:10.3%}{1 - left / grey:11.1%}{grey:10.0f}"
    )
    print(f"{number} scenes a kind, {SIDE} x {SIDE}, one core")


if __name__ == "__main__":
    main()
