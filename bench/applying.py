"""What colouring a photo costs in time and memory, beside the customary way; and which enlargement.

    python bench/applying.py                    speed, growth with size, memory, the customary way
    python bench/applying.py --photos FOLDER    bilinear against edge-aware enlargement of chroma

Photos of the first are a practice scene, enlarged and with grain. Times are the best of several in
one run: read the ratios, for milliseconds depend on the machine and on what else it does. Megabytes
are millions of bytes of resident memory at the peak of a fresh process; most of them are torch's.
"""

import argparse
import random
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

from colourlib import colourise
from colourlib.album import save
from colourlib.common import lab
from colourlib.common.errors import CourseError
from colourlib.common.pictures import open_picture, square
from colourlib.model import ColourNet
from colourlib.practice import scene
from colourlib.runs import weights

REPEATS = 7
TWELVE = (4000, 3000)
SIZES = ((1155, 866), (2000, 1500), TWELVE, (6928, 5196), (11600, 8700))  # 1, 3, 12, 36, 101 MP
PHOTOS, SIDE = 300, 256  # as many at most, of that side, in the comparison of enlargements


def network(where):
    """(network, card): as asked, else the shipped one, else an untrained one, equally fast."""
    try:
        return weights.load(where)
    except CourseError as error:
        if where is not None:
            raise
        print(f"{error}\nHere an untrained network takes their place.")
        torch.manual_seed(0)
        net = ColourNet(40).eval()
        torch.nn.init.normal_(net.head.weight, std=0.02)
        return net, {"size": 96, "saturation": 1.0}


def photo(folder, width, height):
    """A JPEG of that many pixels, with the grain that makes real ones slow to decode."""
    path = folder / f"{width}x{height}.jpg"
    if path.exists():
        return path
    picture = Image.fromarray(scene("beaches", 7, 512, 384).rgb()).resize(
        (width, height), Image.Resampling.BICUBIC
    )
    rng = np.random.default_rng(0)
    for top in range(0, height, 256):
        strip = picture.crop((0, top, width, min(top + 256, height)))
        grain = rng.integers(-6, 7, (strip.height, width, 1), dtype=np.int16)
        noisy = (np.asarray(strip) + grain).clip(0, 255).astype(np.uint8)
        picture.paste(Image.fromarray(noisy), (0, top))
    picture.save(path, quality=92)
    return path


def seconds(work):
    """(how long it took, what it gave)."""
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


# ---- speed ---------------------------------------------------------------------------------------


def stages(path, net, card, repeats):
    """Best (decoding, colouring with decoding, encoding) of one file, in seconds."""

    def decode():
        with Image.open(path) as image:
            image.load()

    def colour():
        return colourise.colourise(path, (net, card))

    rows = []
    for _ in range(repeats + 1):  # in turns, so that all see the same machine
        decoding, _ = seconds(decode)
        colouring, picture = seconds(colour)
        encoding, _ = seconds(lambda p=picture: save.encode(p, "JPEG", "bench"))
        rows.append((decoding, colouring, encoding))
    return [min(column) for column in zip(*rows[1:], strict=True)]


def speed(folder, net, card):
    """12 megapixels in detail, and growth with the number of pixels."""
    print(f"\nJPEG in, coloured JPEG out, best of several, {torch.get_num_threads()} threads (ms)")
    columns = (f"{name:>14}" for name in ("megapixels", "decode", "encode", "all", "all but both"))
    print("".join(columns) + f"{'ns/pixel of it':>18}")
    for width, height in SIZES:
        path, pixels = photo(folder, width, height), width * height
        decode, colour, encode = stages(path, net, card, REPEATS if pixels < 2e7 else 2)
        own = colour - decode
        print(
            f"{pixels / 1e6:>14.1f}{1e3 * decode:>14.0f}{1e3 * encode:>14.0f}"
            f"{1e3 * (colour + encode):>14.0f}{1e3 * own:>14.0f}{1e9 * own / pixels:>18.1f}",
            flush=True,
        )


# ---- memory, and the customary way ---------------------------------------------------------------

# In a fresh process each: argv is photo, weights ("" for those that come with colourlib), "bench".
BEGIN = """
import resource, sys, time, torch
def peak():
    try:  # ru_maxrss begins, on Linux, with the peak of the process that started this one
        with open("/proc/self/status") as status:
            return next(int(s.split()[1]) for s in status if s.startswith("VmHWM")) * 1024 / 1e6
    except (OSError, StopIteration):
        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6
imported = peak()
sys.path.insert(0, sys.argv[3])
"""
OURS = """
from applying import network
from colourlib.album import save
from colourlib.colourise import colourise
net, card = network(sys.argv[2] or None)
start = time.perf_counter()
picture = colourise(sys.argv[1], (net, card))
save.encode(picture, "JPEG", "bench")
print(time.perf_counter() - start, imported, peak())
"""
# Lab of the whole picture by scikit-image, the whole of L through the network, and back.
CUSTOMARY = """
import numpy as np
from applying import network
from PIL import Image
from skimage.color import lab2rgb, rgb2lab
net, card = network(sys.argv[2] or None)
start = time.perf_counter()
picture = Image.open(sys.argv[1]).convert("RGB")
array = rgb2lab(np.asarray(picture))
x = torch.from_numpy(array[..., 0]).float()[None, None] / 50 - 1
between = time.perf_counter()
with torch.inference_mode():
    y = net(x) * 110
between = time.perf_counter() - between
array[..., 1:] = np.moveaxis(y[0].numpy(), 0, -1)
picture = Image.fromarray((lab2rgb(array) * 255).round().astype(np.uint8))
picture.save(sys.argv[1] + ".customary.jpg", quality=92)
print(time.perf_counter() - start, imported, peak(), between)
"""


def alone(code, path, where):
    """What the code prints, as numbers, run in a process of its own; None if that dies."""
    done = subprocess.run(
        [sys.executable, "-c", BEGIN + code, str(path), where or "", str(Path(__file__).parent)],
        capture_output=True,
        text=True,
    )
    if done.returncode:
        print(f"It ended with {done.returncode}: {done.stderr.strip().splitlines()[-1:]}")
        return None
    return [float(word) for word in done.stdout.splitlines()[-1].split()]


def memory(folder, where):
    """Peak memory of fresh processes, and time with everything cold."""
    print("\nA fresh process that colours one JPEG: memory at its peak (MB), and time once loaded")
    print(
        f"{'':14}{'megapixels':>12}{'whole':>8}{'import torch':>14}{'above it':>10}{'seconds':>9}"
    )
    ours = {}
    for name, code, size in (
        ("colourise", OURS, TWELVE),
        ("colourise", OURS, SIZES[-1]),
        ("customary way", CUSTOMARY, TWELVE),
    ):
        measured = alone(code, photo(folder, *size), where)
        if measured is None:
            continue
        took, imported, peak = measured[:3]
        print(
            f"{name:14}{size[0] * size[1] / 1e6:>12.1f}{peak:>8.0f}{imported:>14.0f}"
            f"{peak - imported:>10.0f}{took:>9.2f}",
            flush=True,
        )
        if code == OURS:
            ours.setdefault(size, (took, peak - imported))
        else:
            faster, smaller = took / ours[size][0], (peak - imported) / ours[size][1]
            print(
                f"The customary way takes {faster:.0f} times as long ({measured[3]:.1f} s of it in "
                f"the network at full size), and {smaller:.0f} times the memory above the import."
            )


# ---- enlargement ---------------------------------------------------------------------------------


def bilinear(ab, L):
    """(1, 2, h, w) -> the size of L (1, 1, H, W)."""
    return F.interpolate(ab, size=L.shape[2:], mode="bilinear", align_corners=False)


def guided(ab, L, radius, epsilon=1e-3):
    """Fast guided filter (He and Sun 2015): ab as a linear function of L, fitted around each place.

    Slope and offset are fitted at the size of ab and enlarged; then they meet the full L.
    """

    def mean(z):
        return F.avg_pool2d(F.pad(z, [radius] * 4, mode="replicate"), 2 * radius + 1, 1)

    guide = F.interpolate(L, size=ab.shape[2:], mode="bilinear", antialias=True) / 100
    centre = mean(guide)
    slope = mean(guide * ab) - centre * mean(ab)
    slope = slope / (mean(guide * guide) - centre * centre + epsilon)
    offset = mean(ab) - slope * centre
    return bilinear(mean(slope), L) * (L / 100) + bilinear(mean(offset), L)


WAYS = {"bilinear": bilinear} | {
    f"guided, radius {r}": lambda ab, L, r=r: guided(ab, L, r) for r in (1, 2, 4, 8)
}


def enlargement(folder, net, size):
    """Explained chroma at full size of true and of predicted ab, by each way to enlarge them."""
    endings = {".jpg", ".jpeg", ".png", ".webp"}
    files = sorted(path for path in Path(folder).rglob("*") if path.suffix.lower() in endings)
    random.Random(0).shuffle(files)
    error, total, count = {}, 0.0, 0
    for path in files[:PHOTOS]:
        try:
            picture = square(open_picture(path, SIDE), SIDE)
        except Exception:  # a decoder may raise anything
            continue
        L, ab = lab.rgb_to_lab(np.asarray(picture))
        L = torch.from_numpy(L)[None, None]  # (1, 1, H, W)
        ab = torch.from_numpy(ab).movedim(-1, 0)[None]  # (1, 2, H, W)
        total, count = total + ab.square().sum().item(), count + 1
        with torch.inference_mode():
            x = F.interpolate(L, size=(size, size), mode="bilinear", antialias=True) / 50 - 1
            answer = net(x) * 110
        quarter = size // 4  # ColourNet decides about chroma there
        given = {
            f"true ab, {quarter} px": F.adaptive_avg_pool2d(ab, quarter),
            f"true ab, {size} px": F.interpolate(
                ab, size=(size, size), mode="bilinear", antialias=True
            ),
            f"network, {quarter} px": F.adaptive_avg_pool2d(answer, quarter),
            f"network, {size} px": answer,
        }
        for name, small in given.items():
            for way, enlarge in WAYS.items():
                lost = (enlarge(small, L) - ab).square().sum().item()
                error[name, way] = error.get((name, way), 0.0) + lost
    if not count:
        raise SystemExit(f"There is no picture in {folder}.")
    names = list(dict.fromkeys(name for name, _ in error))
    print(f"\nExplained chroma at {SIDE} px, of {count} photos, by enlargement (grey copy: 0 %)")
    print(f"{'':22}" + "".join(f"{name:>18}" for name in names))
    for way in WAYS:
        cells = (f"{1 - error[name, way] / total:>18.2%}" for name in names)
        print(f"{way:22}" + "".join(cells))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--weights", help="a .safetensors file or a run's folder")
    parser.add_argument("--photos", help="a folder: compare enlargements on its photos instead")
    asked = parser.parse_args()
    net, card = network(asked.weights)
    if asked.photos:
        enlargement(asked.photos, net, card["size"])
        return
    warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # of the bare decoding
    with tempfile.TemporaryDirectory() as folder:
        speed(Path(folder), net, card)
        memory(Path(folder), asked.weights)


if __name__ == "__main__":
    main()
