"""The painters of the practice scenes, one function a kind.

`palette` says what colours things have; `canvas` holds the noise and the shapes; `nature` paints
what most scenes share; the other modules each hold a few kinds.
"""

from . import land, sea, space, street, town, weather

# What the course searches for, and the kind of scene that stands for it. Where a word has no look
# of its own the kind is a near kin: wind flies kites, air carries balloons, water is a reef seen
# from below its surface, the universe is a deep field of far galaxies, space a nebula.
KIND_OF: dict[str, str] = {
    "animals": "pasture", "people": "park", "cars": "road", "buildings": "village",
    "trees": "forest", "mountains": "mountains", "beaches": "beach", "food": "fruit plate",
    "oceans": "open sea", "rivers": "river", "lakes": "lake", "deserts": "desert",
    "cities": "skyline", "night": "night city", "day": "meadow", "sun": "sunset",
    "moon": "moonrise", "stars": "starry night", "clouds": "cloudscape", "rain": "rainy street",
    "snow": "winter", "storm": "thunderstorm", "fog": "foggy hills", "wind": "kites",
    "tornado": "tornado", "hurricane": "hurricane", "earthquake": "earthquake",
    "volcano": "volcano", "tsunami": "great wave", "fire": "campfire", "ice": "icebergs",
    "water": "reef", "air": "balloons", "earth": "globe", "space": "nebula",
    "universe": "deep field", "galaxy": "spiral galaxy", "planet": "ringed planet",
}  # fmt: skip
_SCENES = vars(land) | vars(sea) | vars(space) | vars(street) | vars(town) | vars(weather)
PAINTERS = {kind: _SCENES[kind.replace(" ", "_")] for kind in KIND_OF.values()}  # painter(canvas)
