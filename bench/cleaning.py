"""What cleaning costs: pictures a second, large photos, memory, the search for near-duplicates.

    python bench/cleaning.py [--photos FOLDER] [--threads 2]

All from one run, on pictures made for it in a temporary folder; with --photos also a folder of your
own. Read the ratios: seconds depend on the machine and on what else it does.
"""

import os

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")  # before numpy and torch are imported: pictures are parallel

import argparse
import contextlib
import io
import platform
import re
import subprocess
import sys
import tempfile
import time
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import PIL
from PIL import Image

from colourlib import clean, collect
from colourlib.clean import duplicates
from colourlib.clean.measures import LARGE as SEEN
from colourlib.clean.measures import look
from colourlib.common.pictures import open_picture
from colourlib.course import sources

LARGE = (4000, 3000)
MANY = (1000, 20_000)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", metavar="FOLDER", help="judge the pictures of this folder, too")
    parser.add_argument("--threads", type=int, default=2, help="that open large photos")
    parser.add_argument("--judge", metavar="ROOT", help=argparse.SUPPRESS)  # a fresh process
    args = parser.parse_args()
    if args.judge:
        return judge_and_tell(Path(args.judge))

    print(
        f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, Python "
        f"{platform.python_version()}, Pillow {PIL.__version__}, numpy {np.__version__}"
    )
    with tempfile.TemporaryDirectory(prefix="colourlib-bench-") as folder:
        folder = Path(folder)
        if args.photos:
            own_photos(folder, args.photos)
        else:
            print("\nNo folder of photos was given (--photos FOLDER): that part is left out.")
        large_photos(folder, args.threads)
        memory(folder)
    title = f"near-duplicates, {duplicates.ALIKE} bits"
    print(f"\n{title:30}{'seconds':>9}{'CPU s':>8}{'pairs':>8}{'groups':>9}{'peak MB':>9}")
    for count in (10_000, 100_000):
        for name, prints in fingerprints(count).items():
            search(f"{count:7,} {name}", prints)


# ---- whole folders, each judged in a process of its own ------------------------------------------


def own_photos(folder: Path, photos: str):
    """Judge a folder of photos, nothing known of them beforehand."""
    print(
        f"\n{'judging':24}{'pictures':>10}{'seconds':>10}{'CPU s':>8}{'a second':>10}{'peak MB':>9}"
    )
    quietly_collect(folder / "own", photos)
    print(f"{'own photos':24}{judged_elsewhere(folder / 'own')}")


def memory(folder: Path):
    """Judge few and many small pictures: what a process takes must not grow with their number."""
    print(
        f"\n{'judging':24}{'pictures':>10}{'seconds':>10}{'CPU s':>8}{'a second':>10}{'peak MB':>9}"
    )
    (folder / "none").mkdir()
    print(f"{'none (what imports take)':24}{judged_elsewhere(folder / 'none')}")
    print(f"{'12 megapixels each':24}{judged_elsewhere(folder / 'large')}")
    for count in MANY:
        source, root = folder / f"in-{count}", folder / f"root-{count}"
        make_small(source, count)
        quietly_collect(root, source)
        print(f"{'160 x 120':24}{judged_elsewhere(root)}", flush=True)


def quietly_collect(root: Path, source: str | Path):
    with contextlib.redirect_stderr(io.StringIO()), contextlib.redirect_stdout(io.StringIO()):
        sources.collect(root, str(Path(source).resolve()))


def judged_elsewhere(root: Path) -> str:
    command = [sys.executable, __file__, "--judge", root]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr)
    return done.stdout.strip("\n")


def judge_and_tell(root: Path):
    """What the fresh process does: judge the pictures of a workspace, print time and memory."""
    rows = collect.photos(root)
    with stopwatch() as took:
        verdicts = clean.judge(root, rows)
    assert len(verdicts) == len(rows)
    print(
        f"{len(rows):10,}{took.wall:10.1f}{took.cpu:8.1f}{len(rows) / took.wall:10.0f}"
        f"{peak_mb():9.0f}"
    )


@contextlib.contextmanager
def stopwatch():
    """Seconds of the clock (wall) and of all threads' work (cpu): they part on a busy machine."""
    took, wall, cpu = SimpleNamespace(), time.perf_counter(), time.process_time()
    yield took
    took.wall, took.cpu = time.perf_counter() - wall, time.process_time() - cpu


def peak_mb() -> float:
    """The most memory that this process ever took, in millions of bytes."""
    status = Path("/proc/self/status")
    if status.exists():  # getrusage would count the process that started this one, too
        kilobytes = re.search(r"VmHWM:\s+(\d+) kB", status.read_text())
        return int(kilobytes[1]) * 1024 / 1e6
    try:
        import resource
    except ImportError:  # Windows
        import psutil

        return psutil.Process().memory_info().peak_wset / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6  # macOS counts in bytes


# ---- large photos --------------------------------------------------------------------------------


def large_photos(folder: Path, threads: int, different=6, times=6):
    """12-megapixel JPEGs a second: reduced while they are decoded, measured, and decoded whole."""
    files = [make_large(folder / "large-in" / f"{i}.jpg", i) for i in range(different)]
    size = sum(file.stat().st_size for file in files) / different / 1e6
    quietly_collect(folder / "large", folder / "large-in")
    title = f"12-megapixel JPEGs, {size:.1f} MB, {threads} threads"
    print(f"\n{title:40}{'a second':>10}{'a CPU second':>14}{'ratio':>8}")
    whole = None
    for name, do, repeats in (
        ("decoded whole", open_picture, 1),
        (f"opened at {SEEN} px", lambda file: open_picture(file, SEEN), times),
        ("opened and measured", look, times),
    ):
        with stopwatch() as took, ThreadPoolExecutor(threads) as pool:
            list(pool.map(do, files * repeats))
        count = different * repeats
        whole = whole or count / took.cpu
        print(
            f"{name:40}{count / took.wall:10.1f}{count / took.cpu:14.1f}"
            f"{count / took.cpu / whole:8.1f}"
        )


def make_large(path: Path, seed: int) -> Path:
    """A JPEG of 12 megapixels with a sky, shapes and a grain, about as large as a camera's."""
    rng = np.random.default_rng(seed)
    shapes = Image.fromarray(rng.integers(0, 256, (9, 12, 3), np.uint8)).resize(LARGE, 3)
    texture = Image.fromarray(rng.integers(0, 256, (750, 1000, 3), np.uint8)).resize(LARGE, 3)
    grain = rng.integers(-9, 10, (LARGE[1], LARGE[0], 1), np.int16)
    pixels = np.asarray(Image.blend(shapes, texture, 0.14), np.int16) + grain
    path.parent.mkdir(exist_ok=True)
    Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(path, quality=88)
    return path


def make_small(folder: Path, count: int):
    """Small JPEGs, no two of them alike."""
    folder.mkdir()
    rng = np.random.default_rng(count)
    for i in range(count):
        noise = Image.fromarray(rng.integers(0, 256, (6, 8, 3), np.uint8))
        noise.resize((160, 120), 3).save(folder / f"{i}.jpg", quality=85)


# ---- near-duplicates -----------------------------------------------------------------------------


def fingerprints(count: int) -> dict[str, np.ndarray]:
    """(N, 2) uint64: all different; a tenth of them photos of the night; one hash always equal."""
    rng = np.random.default_rng(count)
    different = rng.integers(0, 2**64, (count, 2), np.uint64)
    copies = different[: count // 50] ^ np.uint64(0b1011)  # 2 % have a copy, 6 bits away
    different[-len(copies) :] = copies
    night, tenth = different.copy(), count // 10
    night[:tenth] = night[0]
    for _ in range(12):
        bit = np.uint64(1) << rng.integers(0, 64, tenth, np.uint64)
        night[np.arange(tenth), rng.integers(0, 2, tenth)] ^= bit
    flat = different.copy()
    flat[:tenth, 0] = 0
    return {"no two alike but 2 %": different, "a tenth nearly equal": night, "dHash 0": flat}


def search(name: str, prints: np.ndarray):
    with stopwatch() as took:
        groups = duplicates.near_groups(prints, duplicates.ALIKE)
    clump = "nearly equal" in name  # millions of pairs, which nobody asks for: only groups
    pairs = "" if clump else f"{len(duplicates.near_pairs(prints, duplicates.ALIKE)[0]):,}"
    tracemalloc.start()
    duplicates.near_groups(prints, duplicates.ALIKE)
    peak = tracemalloc.get_traced_memory()[1] / 1e6
    tracemalloc.stop()
    print(
        f"{name:30}{took.wall:9.2f}{took.cpu:8.2f}{pairs:>8}{groups.max() + 1:>9,}{peak:>9.0f}",
        flush=True,
    )


if __name__ == "__main__":
    main()
