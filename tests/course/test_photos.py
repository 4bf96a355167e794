"""The photos that come along: all that the table names, nothing else, and nothing doubtful."""

import re
import shutil
from pathlib import Path

import numpy as np
import photos as recipe
import pytest
from PIL import Image

from colourlib.common.errors import CourseError
from colourlib.course import photos

FOLDER = Path(__file__).resolve().parents[2] / "data" / "photos"
PAGE = (FOLDER / "README.md").read_text(encoding="utf-8")
LICENCES = ("CC0", "public domain")
COLUMNS = ["name", "shows", "author", "licence", "source", "original"]


def rows(page: str) -> dict[str, dict[str, str]]:
    """{file: its row} of the table, by the names of the columns."""
    rows = [row.split("|")[1:-1] for row in page.splitlines() if "|" in row]
    cells = [[cell.strip() for cell in row] for row in rows]
    assert cells[0] == COLUMNS
    found = {}
    for row in cells[2:]:
        name, file = re.fullmatch(r"\[`([a-z]+)`\]\(([a-z]+\.jpg)\)", row[0]).groups()
        assert file == f"{name}.jpg"
        found[file] = dict(zip(COLUMNS, row, strict=True))
    return found


def faults(folder: Path, page: str) -> list[str]:
    """What is wrong with the photos of a folder, or with the table that names them."""
    table, there = rows(page), {path.name for path in folder.iterdir()} - {"README.md"}
    found = [f"{file}: has no row" for file in there - set(table)]
    for file, row in table.items():
        link = re.fullmatch(r"\[[^\]]+\]\[(\w+)\]", row["source"])
        if row["licence"] not in LICENCES:
            found.append(f"{file}: the licence is {row['licence']}")
        if not all(row.values()) or not link or f"\n[{link[1]}]: https://" not in page:
            found.append(f"{file}: its row lacks something")
        if file not in there:
            found.append(f"{file}: is not there")
        else:
            found += [f"{file}: {fault}" for fault in faults_of(folder / file)]
    return found


def faults_of(path: Path) -> list[str]:
    with Image.open(path) as image:
        image.load()
        found = [f"{max(image.size)} pixels"] if max(image.size) > 640 else []
        found += (
            [f"{image.format}, {image.mode}"]
            if (image.format, image.mode) != ("JPEG", "RGB")
            else []
        )
        left = {"exif", "icc_profile", "comment", "xmp", "photoshop"} & set(image.info)
    found += [f"has {what}" for what in sorted(left)]
    return found + (["is large"] if path.stat().st_size > 100_000 else [])


def test_every_photo_has_a_row_and_may_be_passed_on():
    assert faults(FOLDER, PAGE) == []
    assert len(rows(PAGE)) >= 8
    assert {file.removesuffix(".jpg") for file in rows(PAGE)} == set(recipe.ORIGINALS)
    for name, (original, _) in recipe.ORIGINALS.items():
        assert rows(PAGE)[f"{name}.jpg"]["original"] == f"`{original}`"


PHOTO = np.zeros((8, 8, 3), np.uint8)


def exif() -> Image.Exif:
    data = Image.Exif()
    data[0x013B] = "somebody"
    return data


@pytest.mark.parametrize(
    ("plant", "told"),
    [
        (lambda f: Image.fromarray(PHOTO).save(f / "stranger.jpg"), "stranger.jpg: has no row"),
        (lambda f: (f / "chelsea.jpg").unlink(), "chelsea.jpg: is not there"),
        (lambda f: Image.fromarray(PHOTO).save(f / "chelsea.jpg", exif=exif()), "has exif"),
        (lambda f: Image.fromarray(PHOTO).save(f / "chelsea.jpg", icc_profile=b"x"), "has icc"),
        (lambda f: Image.fromarray(PHOTO[..., 0]).save(f / "chelsea.jpg"), "JPEG, L"),
        (lambda f: Image.new("RGB", (641, 8)).save(f / "chelsea.jpg"), "641 pixels"),
    ],
)
def test_a_fault_among_the_photos_is_found(tmp_path, plant, told):
    folder = shutil.copytree(FOLDER, tmp_path / "photos")
    plant(folder)
    (fault,) = faults(folder, PAGE)
    assert told in fault


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (
            "| CC0 | [Budgie 38]",
            "| CC BY 2.0 | [Budgie 38]",
            "desert.jpg: the licence is CC BY 2.0",
        ),
        ("| Luca Zanon |", "| |", "desert.jpg: its row lacks something"),
        ("\n[b38]: ", "\n[b39]: ", "desert.jpg: its row lacks something"),
    ],
)
def test_a_fault_in_the_table_is_found(old, new, told):
    assert PAGE.count(old) == 1
    assert faults(FOLDER, PAGE.replace(old, new)) == [told]


def test_the_photos_are_found_by_name_in_order():
    found = photos.public_photos()
    assert list(found) == sorted(found) == sorted(recipe.ORIGINALS)
    assert found["chelsea"] == FOLDER / "chelsea.jpg"


def test_missing_photos_are_told(monkeypatch, tmp_path):
    monkeypatch.setattr(photos, "FOLDER", tmp_path)
    with pytest.raises(CourseError, match="photos that come with colourlib are missing"):
        photos.public_photos()


def test_the_recipe_makes_a_small_bare_photo(tmp_path):
    data = exif()
    data[0x0112] = 6  # lying on its side
    Image.new("RGB", (1280, 320), "red").save(tmp_path / "a.jpg", exif=data)
    (tmp_path / "b.jpg").write_bytes(recipe.made(tmp_path / "a.jpg"))
    assert Image.open(tmp_path / "b.jpg").size == (160, 640)
    assert faults_of(tmp_path / "b.jpg") == []
