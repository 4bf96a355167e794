"""Numbers in words, the same everywhere."""

from __future__ import annotations


def percent(share: float) -> str:
    """0.312 -> '31.2 %'. Never '-0.0 %'."""
    return f"{round(100 * share, 1) + 0.0:.1f} %"


def duration(seconds: float) -> str:
    """35 -> '35 s', 125 -> '2 min 05 s', 4320 -> '1 h 12 min'."""
    seconds = max(0, round(seconds))
    minutes, hours = seconds // 60, seconds // 3600
    if hours:
        return f"{hours} h {minutes % 60:02d} min"
    return f"{minutes} min {seconds % 60:02d} s" if minutes else f"{seconds} s"
