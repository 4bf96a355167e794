"""The colours of figures and pages: enough contrast, and told apart by colour-blind readers.

Contrast is that of WCAG 2.1 (relative luminance, 1 to 21). Colour blindness is simulated with the
matrices of Machado, Oliveira and Fernandes, "A Physiologically-based Model for Simulation of Color
Vision Deficiency" (IEEE TVCG 15(6), 2009), severity 1.0, applied to linear RGB.
"""

import itertools
import re
from pathlib import Path

import numpy as np
import pytest
from skimage.color import colorconv, xyz2lab

from colourlib import show
from colourlib.teaching.check import core

PACKAGE = Path(show.__file__).parent
TEXT, LINE = 4.5, 3.0  # WCAG 2.1: 1.4.3 for text, 1.4.11 for lines and marks
APART = 15.0  # Lab units; 2 can just be seen, and marks are small
WHITE, DARK = "#FFFFFF", "#111111"  # a page in the light theme and in JupyterLab's dark one
MATRICES = """
protanopia 0.152286 1.052583 -0.204868 0.114503 0.786281 0.099216 -0.003882 -0.048116 1.051998
deuteranopia 0.367322 0.860646 -0.227968 0.280085 0.672501 0.047413 -0.011820 0.042940 0.968881
tritanopia 1.255528 -0.076749 -0.178779 -0.078411 0.930809 0.147602 0.004733 0.691367 0.303900
"""  # row by row
BLINDNESS = {"none": np.eye(3)}
for name, *numbers in map(str.split, MATRICES.strip().splitlines()):
    BLINDNESS[name] = np.array(numbers, float).reshape(3, 3)


def linear(colour: str) -> np.ndarray:
    """'#RRGGBB' as three amounts of light, 0 to 1."""
    v = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(v <= 0.04045, v / 12.92, ((v + 0.055) / 1.055) ** 2.4)


def contrast(one: str, other: str) -> float:
    """1 for the same luminance, 21 for black on white."""
    light, dark = sorted((linear(c) @ [0.2126, 0.7152, 0.0722] for c in (one, other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def seen(colour: str, blindness: str) -> np.ndarray:
    """The Lab values that a reader with this colour blindness sees."""
    light = np.clip(BLINDNESS[blindness] @ linear(colour), 0, 1)
    return xyz2lab(colorconv.xyz_from_rgb @ light)


def alike(colours, limit: float = APART) -> list[str]:
    """The pairs that some reader could take for one colour."""
    return [
        f"{a} and {b}: {distance:.0f} with {blindness}"
        for blindness in BLINDNESS
        for a, b in itertools.combinations(colours, 2)
        if (distance := np.linalg.norm(seen(a, blindness) - seen(b, blindness))) < limit
    ]


FIGURES = (show.BLUE, show.ORANGE, show.GREEN, show.PURPLE)  # always on white
PAGE = set(core.EDGES.values())  # lines on the page, light or dark


def test_colours_have_contrast_and_are_told_apart_by_everybody():
    assert [c for c in FIGURES if contrast(c, WHITE) < TEXT] == []
    assert [c for c in PAGE if min(contrast(c, WHITE), contrast(c, DARK)) < LINE] == []
    assert alike(FIGURES, 20) == [] and alike(PAGE) == []
    for column in zip(*show.STYLES, strict=True):  # every curve also has its own line and marker
        assert len(set(column)) == len(show.STYLES)


GREY = re.compile(r"""(?<![\w.])["']?(?:color|labelcolor)["']?\s*[=:]\s*["'](0?\.\d+)["']""")
HEX = re.compile(r"#[0-9A-Fa-f]{6}\b")


def too_pale(source: str) -> list[str]:
    """Greys of a module's matplotlib calls that do not show on the white of a figure."""
    shades = {"#" + 3 * f"{round(255 * float(grey)):02X}" for grey in GREY.findall(source)}
    return sorted(shade for shade in shades if contrast(shade, WHITE) < LINE)


def text_colours(css: str) -> list[tuple[str, str]]:
    """(text, background) of the rules of a style sheet that set both, or the background alone."""
    found = []
    for rule in re.findall(r"\{([^}]*)\}", css):
        ink = re.search(r"(?<![\w-])color:\s*(#\w{6})", rule)  # else white
        if back := re.search(r"background:\s*(#\w{6})", rule):
            found.append((ink[1] if ink else WHITE, back[1]))
    return found


def test_every_colour_in_the_package_is_known_here_and_greys_show_on_white():
    """A new colour has to be looked at: none is written elsewhere than where it is tested."""
    known = {*FIGURES, *PAGE, WHITE, "#222222"}
    known |= {"#2E7D32"}  # in words only: the example of a hint
    for path in sorted(PACKAGE.rglob("*.py")):
        source = path.read_text(encoding="utf-8")
        assert {colour.upper() for colour in HEX.findall(source)} <= known, path.name
        assert too_pale(source) == [], path.name
    assert contrast("#222222", WHITE) >= TEXT  # the board's words where it is a picture
    assert too_pale('ax.plot(x, color="0.9"); dict(color="0.5"); {"color": "0.8"}') != []


def test_words_in_style_sheets_have_contrast():
    for path in sorted(PACKAGE.rglob("*.css")):
        text = path.read_text(encoding="utf-8")
        pairs = text_colours(text)
        assert [pair for pair in pairs if contrast(*pair) < TEXT] == [], path.name
        assert pairs or "var(--ink)" in text  # themes: axe-core looks at them, in tests/browser
    assert text_colours(".a { color: white; background: #ffff00; }") == [(WHITE, "#ffff00")]


def test_the_measure_itself():
    assert contrast("#000000", WHITE) == pytest.approx(21)
    assert contrast("#FFFF00", WHITE) < TEXT
    assert alike(["#FF0000", "#FF0505"])
    red, green = "#B05A00", "#6F7300"  # told apart by most, and hardly with deuteranopia
    assert any("deuteranopia" in line for line in alike([red, green], 25))
    assert not any("none" in line for line in alike([red, green], 25))
