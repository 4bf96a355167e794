"""What do two processes gain? Weak and strong scaling of the training command.

    python bench/processes.py [--steps 100] [--rounds 3]

Trains practice scenes at the quick setting with `python -m colourlib train`: one process with 20
photos a step, one with two threads, two that share 20, two with 20 each, which is weak scaling: the
work of each process stays. All have one thread a process but the second, which is what two cores
do without any of this. The ways take turns, so that all see the same machine; each run is read
from its run.json, and ratios are those of one round.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

LAUNCHER = ["-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]
TRAIN = ["-m", "colourlib", "train", "--source", "practice", "--setting", "quick", "--fresh"]
WAYS = {  # launcher, threads of a process, more arguments
    "1 process, 20": ([], 1, []),
    "1 process, 20, 2 threads": ([], 2, []),
    "2 processes, 20 shared": (LAUNCHER, 1, []),
    "2 processes, 20 each": (LAUNCHER, 1, ["--per-process"]),
}
PREPARE = "import colourlib; colourlib.open_workspace('practice', 'quick').prepared()"


def python(arguments, home, threads):
    """Run this Python with a home of its own, on the CPU. Raises where it fails."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("COLOURLIB_")}
    env |= {"COLOURLIB_HOME": str(home), "OMP_NUM_THREADS": str(threads)}
    env |= {"CUDA_VISIBLE_DEVICES": "", "COLOURLIB_STATE": str(home / "state")}
    done = subprocess.run([sys.executable, *arguments], env=env, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(arguments)} failed:\n{done.stderr[-2000:]}")


def rate(way, home, steps):
    """Photos a second of all processes together, as the run's own record tells."""
    launcher, threads, more = WAYS[way]
    runs = home / "practice-quick" / "runs"
    shutil.rmtree(runs, ignore_errors=True)
    python([*launcher, *TRAIN, "--steps", str(steps), *more], home, threads)
    (story,) = runs.glob("*/run.json")
    return json.loads(story.read_text(encoding="utf-8"))["rate"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    found = {way: [] for way in WAYS}
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        home = Path(folder, "data")
        python(["-c", PREPARE], home, 2)
        for _ in range(args.rounds):
            for way, rates in found.items():
                rates.append(rate(way, home, args.steps))
    alone = found["1 process, 20"]
    print("photos a second, the median and (lowest to highest); times one process, in each round")
    for way, rates in found.items():
        ratios = [one / other for one, other in zip(rates, alone, strict=True)]
        told = f"{statistics.median(rates):6.1f} ({min(rates):.1f} to {max(rates):.1f})"
        times = f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
        print(f"{way:26} {told:26} {times}")
    each = zip(found["2 processes, 20 each"], alone, strict=True)
    linear = statistics.median(two / (2 * one) for two, one in each)
    print(f"weak scaling: two processes with 20 each reach {linear:.0%} of twice one process")


if __name__ == "__main__":
    main()
