"""Does training get on beside other work? Waiting threads that spin, and that sleep.

    python bench/threads.py [--steps 30] [--busy 2]

A step of ColourNet (batch 20 at 64 px) with torch as it comes, with one thread, and as colourlib
sets it (GOMP_SPINCOUNT: threads that wait for each other soon sleep); on the machine as it is,
and beside processes that do nothing but compute. Each row is a process of its own, since torch
reads the setting when it loads; the rows take turns, so that all see the same machine.
"""

import argparse
import contextlib
import os
import subprocess
import sys

NAMES = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME", "OMP_NUM_THREADS")
# Whoever sets one of these is left alone by colourlib: KMP_BLOCKTIME does nothing to GNU's threads.
WAYS = {
    "torch as it comes": {"KMP_BLOCKTIME": "200"},
    "one thread": {"KMP_BLOCKTIME": "200", "OMP_NUM_THREADS": "1"},
    "colourlib": {},
}

STEPS = """
import sys, time
import colourlib
import torch
from colourlib.model import ColourNet
from colourlib.runs.speed import kept_memory
from colourlib.device import Placement
from colourlib.train import Config, adam, train_step
config, placement = Config(), Placement("cpu", "fp32", "for comparison")
net = placement.model(ColourNet()).train()
optimiser = adam(net, config)
x, y = placement.batch(torch.rand(20, 1, 64, 64)), placement.batch(torch.rand(20, 2, 64, 64))
times = []
with kept_memory():
    for _ in range(int(sys.argv[1])):
        start = time.perf_counter()
        train_step(net, x, y, optimiser, config, placement)
        times.append(time.perf_counter() - start)
times = sorted(times[5:])
print(times[len(times) // 2])
"""


@contextlib.contextmanager
def busy(count):
    """Beside that many processes that never rest."""
    others = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for other in others:
            other.kill()


def step(settings, steps):
    """Seconds of the median step with these settings in the environment."""
    env = {k: v for k, v in os.environ.items() if k not in NAMES} | settings
    command = [sys.executable, "-c", STEPS, str(steps)]
    return float(subprocess.run(command, env=env, capture_output=True, check=True).stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--busy", type=int, default=2)
    args = parser.parse_args()
    found = {way: [[], []] for way in WAYS}
    for _ in range(3):
        for column, others in enumerate((0, args.busy)):
            with busy(others):
                for way, settings in WAYS.items():
                    found[way][column].append(step(settings, args.steps))
    quiet = min(found["torch as it comes"][0])
    print(f"{'':18} {'quiet':>16} {f'beside {args.busy} busy':>16}   (ms a step; times the first)")
    for way, columns in found.items():
        cells = (f"{1000 * min(c):6.0f} {min(c) / quiet:8.2f}x" for c in columns)
        print(f"{way:18} {next(cells):>16} {next(cells):>16}")


if __name__ == "__main__":
    main()
