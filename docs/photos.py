"""Make the photos of data/photos from their originals, which data/photos/README.md names.

    python docs/photos.py FOLDER

FOLDER holds the originals under their own names. Each is checked by its hash, turned upright,
brought to sRGB, shrunk to at most 640 pixels a side and written without metadata.
"""

import hashlib
import io
import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms, ImageOps

TARGET = Path(__file__).resolve().parents[1] / "data" / "photos"
SIDE = 640  # pixels, at most
QUALITIES = (88, 84, 80, 76)  # the first that keeps a file below LARGEST, else the last
LARGEST = 90_000  # bytes
ORIGINALS = {  # name here -> (file, SHA-256)
    "astronaut": (
        "astronaut.png",
        "88431cd9653ccd539741b555fb0a46b61558b301d4110412b5bc28b5e3ea6cb5",
    ),
    "chelsea": (
        "chelsea.png",
        "596aa1e7cb875eb79f437e310381d26b338a81c2da23439704a73c4651e8c4bb",
    ),
    "coffee": (
        "coffee.png",
        "cc02f8ca188b167c775a7101b5d767d1e71792cf762c33d6fa15a4599b5a8de7",
    ),
    "colosseum": (
        "roman-colosseum.jpg",
        "4995228348caa1e905c455d4ad5023869e76ac35564c766372060bcf96de1ea1",
    ),
    "desert": (
        "extreme-desert-hike.jpg",
        "dbf6fad925bc0f84059f9a77c3ebe5990371b0268eebe5d43a7f268bc4946c08",
    ),
    "gates": (
        "orange-hallway.jpg",
        "3385f07e77a0936b522cdf026ab2b012a8996bbaf34d2e0186fb08cec5504a6f",
    ),
    "jetty": (
        "Jonas Nilsson Lee.jpg",
        "e0ab1136282ee6ef366d79a6013fc80c80d504d790096e404a832f68d303b894",
    ),
    "kitten": (
        "kitten-on-lawn.jpg",
        "2ff32f39e1dfad2904d42e3920914921da8534802380f61e60d397f8c88fe48e",
    ),
    "lake": (
        "lake-sherburne.jpg",
        "3328b2304962a173153e9e4c81a2bec3c24fb4ffa4b5af6aac0774dc89e1cb06",
    ),
    "lavender": (
        "dragonfly-on-lavender.jpg",
        "021ebeec65d9a7528891c48fdf0f493ec19510414cdf0419de9ba6ac3ada114a",
    ),
    "pier": (
        "Sunset by the Pier.jpg",
        "b13f5a16af1cecb399a1c533b00a4fc935a3e8ce80b2b34ed435eadb3f1b9481",
    ),
    "skyline": (
        "singaporean-cityscape.jpg",
        "5c7c5912eb5443231e61d85d17465b714fce43f19084c68a87a1a04543414fb3",
    ),
    "spices": (
        "the-spices-of-life.jpg",
        "c0ee71e79b11e7794cd81f4b384f58866ef552f03d1a7ee67a8d4cc151890976",
    ),
    "tea": (
        "tea-gardens.jpg",
        "85eeef1f155d97fa6350b610df3297aae0508c8c51387a6193f3330b03825597",
    ),
}


def made(path: Path) -> bytes:
    """The JPEG that the course ships of an original."""
    with Image.open(path) as image:
        photo = ImageOps.exif_transpose(image).convert("RGB")
        profile = image.info.get("icc_profile")
    if profile:
        theirs = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        photo = ImageCms.profileToProfile(photo, theirs, ImageCms.createProfile("sRGB"))
    photo.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    bare = Image.fromarray(np.asarray(photo))  # without any metadata
    for quality in QUALITIES:
        file = io.BytesIO()
        bare.save(file, "JPEG", quality=quality, optimize=True)
        if len(file.getvalue()) <= LARGEST:
            break
    return file.getvalue()


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    for name, (file, known) in ORIGINALS.items():
        path = Path(sys.argv[1]) / file
        if hashlib.sha256(path.read_bytes()).hexdigest() != known:
            sys.exit(f"{path} is not the original that was used: its hash differs.")
        TARGET.mkdir(parents=True, exist_ok=True)
        jpeg = made(path)
        (TARGET / f"{name}.jpg").write_bytes(jpeg)
        print(f"{name:10} {len(jpeg) / 1000:5.0f} kB")


if __name__ == "__main__":
    main()
