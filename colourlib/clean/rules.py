"""The rules of the cleaning: their limits, and the verdict that they lead to."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from ..collect.manifest import Photo
from .duplicates import ALIKE, COPY

# The rules in the order in which they are asked, each with its limit. `measures` says what the
# numbers mean, and the comments where they come from: all were tried on 2,523 photos from the web
# ("the photos"), and a person looked at those nearest to a limit.
LIMITS = {
    "too small": 64,  # pixels, shorter side: at least
    "extreme shape": 3.0,  # longer side / shorter side: at most
    # Chroma (Lab units) that 99 % of 16 x 16 fields stay below: at least. The photos have 13 at
    # 0.0, all without any colour, and the next, a forest in fog, at 2.3. Grey with coloured grain,
    # 14 levels of 255 a channel, has 1.3 to 1.6.
    "grey": 2.0,
    # % of the picture that is a frame or bars: at most. Fifteen of the photos have up to 18 %, and
    # one, of telephones on white, has 40 %. No night sky and no Moon has any.
    "mostly border": 25.0,
    # % of the picture that is plain colour beside a hard edge: at most. A portrait before a plain
    # wall comes nearest (1.4). The five photos beyond have writing or are drawn; but most drawings
    # have shades, the web saves them badly, and no painting is plain anywhere: many slip through.
    "drawing or poster": 2.0,
    # % of the picture that is white beside a hard edge: at most. The photos have up to 9.9, letters
    # more than 15, and so have 6 of ImageNet's 1,000, of which 5 are cut out on white or framed.
    "page of text": 15.0,
    # Lab units from one curve of colour over lightness: at least. 98 % of toned practice scenes are
    # below it, and one in 800 of the others. So are 15 of the photos: 6 toned, 2 painted, and 7
    # honest ones of a single hue, such as ice on white and an orange Moon. A little above the limit
    # is grey ground with a blue Earth over it.
    "single tint": 0.43,
    "near-duplicate": COPY,  # bits of 128 that differ from the picture kept: more
    # bits, also from the mirror image: up to here both stay, but on the same side of the split
    "alike": ALIKE,
}

BELOW = ("too small", "grey", "single tint")  # reject what is below the limit; the others above
# What a rule says about a picture that it turns away: {0} the value, {1} the limit.
WORDS = {
    "too small": "{0:g} pixels on its shorter side, under {1:g}",
    "extreme shape": "{0:.4g} times as long as wide, over {1:g}",
    "grey": "99 % of it has a chroma up to {0:.1f}, under {1:g}",
    "mostly border": "{0:.0f} % of it is frame, over {1:g} %",
    "drawing or poster": "{0:.1f} % of it is plain colour beside a hard edge, over {1:g} %",
    "page of text": "{0:.0f} % of it is white beside a hard edge, over {1:g} %",
    "single tint": "its colours stray {0:.2f} from a single tint, under {1:g}",
}


@dataclass(frozen=True)
class Verdict:
    """What was decided about one picture, and why."""

    photo: Photo
    keep: bool
    rule: str  # the rule that decided: a key of LIMITS, "unreadable", "at collection", "by hand"
    reason: str  # in words; "" for a picture that passed every rule
    value: float  # what that rule measured; nan where it measures nothing
    group: str  # pictures that are alike share it; "" for one that could not be read
    measures: Mapping[str, float]  # the value for each rule that looks at one picture alone
    fingerprint: tuple[int, int] | None  # (dHash, pHash), 64 bits each

    def rejected(self, rule: str, why: str, value: float = math.nan) -> "Verdict":
        """The same picture, turned away by a rule."""
        return replace(self, keep=False, rule=rule, reason=f"{rule}: {why}", value=value)


def rejects(rule: str, value: float, limit: float) -> bool:
    """Whether a rule of LIMITS turns away a picture of this value at this limit."""
    if rule in ("near-duplicate", "alike"):
        return value <= limit
    return value < limit if rule in BELOW else value > limit
