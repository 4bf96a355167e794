"""The painters of the practice scenes, one function a kind.

`palette` says what colours things have and `canvas` holds the noise and the shapes; `sky`, `nature`
and `houses` paint what many scenes share; the other modules each hold a few kinds.
"""

from . import fire, laid_table, land, sea, space, street, town, weather
from .canvas import Canvas
from .palette import CLASSES, INDEX, MEANS, NAMES, RIPPLE_LIMIT, ColourClass

# kind -> painter(canvas)
PAINTERS = {
    **land.PAINTERS,
    **street.PAINTERS,
    **town.PAINTERS,
    **laid_table.PAINTERS,
    **sea.PAINTERS,
    **weather.PAINTERS,
    **fire.PAINTERS,
    **space.PAINTERS,
}

__all__ = [
    "CLASSES",
    "INDEX",
    "MEANS",
    "NAMES",
    "PAINTERS",
    "RIPPLE_LIMIT",
    "Canvas",
    "ColourClass",
]
