"""Rows without pictures, for tests of fingerprints and of the split."""

import hashlib
from pathlib import Path

import pytest

from colourlib.clean import measures
from colourlib.collect.manifest import Photo


@pytest.fixture
def synthetic(monkeypatch):
    """Make rows whose fingerprints are what the test says, without any picture."""
    looks = {}

    def look(path: Path) -> dict:
        fine = {"too small": 200, "extreme shape": 1.2, "grey": 30.0, "single tint": 9.0}
        fine |= dict.fromkeys(("mostly border", "drawing or poster", "page of text"), 0.0)
        return fine | looks[path.name]

    def row(query: str, dhash: int, phash: int = 0, sha: str | None = None, side=100) -> Photo:
        sha = sha or hashlib.sha256(str(len(looks)).encode()).hexdigest()
        looks[f"{sha}.jpg"] = {"dhash": f"{dhash:016x}", "phash": f"{phash:016x}"}
        return Photo(query, f"https://x/{sha}", f"{sha}.jpg", sha, 9, side, side, "JPEG", "")

    monkeypatch.setattr(measures, "look", look)
    return row
