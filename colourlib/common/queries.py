"""What the course searches for: 38 words. `practice.KIND_OF` has a kind of scene for each."""

QUERIES: tuple[str, ...] = (
    "animals", "people", "cars", "buildings", "trees", "mountains", "beaches", "food", "oceans",
    "rivers", "lakes", "deserts", "cities", "night", "day", "sun", "moon", "stars", "clouds",
    "rain", "snow", "storm", "fog", "wind", "tornado", "hurricane", "earthquake", "volcano",
    "tsunami", "fire", "ice", "water", "air", "earth", "space", "universe", "galaxy", "planet",
)  # fmt: skip
