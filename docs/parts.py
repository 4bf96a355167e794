"""How large the parts of the course are, and who knows whom: counted and drawn from the code.

    python docs/parts.py            lines by part            (`make size`)
    python docs/parts.py --write    the same into README.md and CONTRIBUTING.md, with the drawing

Needs no package but Python's own. A test compares both files with what stands in the code.
"""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "colourlib"
CORE = ("colour", "data", "model", "train", "evaluate", "colourise", "device")


def part_of(path: Path) -> str:
    """'core', a room ('collect'), or a single file ('show')."""
    name = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    return "core" if name in CORE else name


def lines() -> dict[str, int]:
    """Lines of Python by part, the largest first."""
    counted: dict[str, int] = {}
    for path in PACKAGE.rglob("*.py"):
        part = part_of(path)
        counted[part] = counted.get(part, 0) + len(path.read_text(encoding="utf-8").splitlines())
    return dict(sorted(counted.items(), key=lambda item: -item[1]))


def tests() -> int:
    """Lines of Python in tests/."""
    files = (ROOT / "tests").rglob("*.py")
    return sum(len(path.read_text(encoding="utf-8").splitlines()) for path in files)


def imports() -> dict[str, set[str]]:
    """Which parts each part imports, also inside functions."""
    known: dict[str, set[str]] = {}
    for path in PACKAGE.rglob("*.py"):
        package = path.relative_to(ROOT).parent.parts
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.ImportFrom) or not node.level:
                continue
            base = [*package[: len(package) - node.level + 1], *(node.module or "").split(".")]
            base = [name for name in base if name]
            # `from .. import show` names a module, `from ..show import grid` what is in one.
            names = [base[1]] if len(base) > 1 else [alias.name for alias in node.names]
            for name in names:
                if (PACKAGE / name).is_dir() or (PACKAGE / f"{name}.py").is_file():
                    target = "core" if name in CORE else name
                    known.setdefault(part_of(path), set()).add(target)
    return {part: targets - {part} for part, targets in known.items()}


def drawing() -> str:
    """The parts and their arrows as Mermaid, which GitHub draws; all know common: left out."""
    counted, known = lines(), imports()
    text = ["```mermaid", "flowchart TD"]
    for part in [p for p in counted if p not in ("__init__", "__main__", "common")]:
        text.append(f'  {part}["{part}<br>{counted[part]:,} lines"]')
    for part, targets in sorted(known.items()):
        if part not in ("__init__", "__main__", "common"):
            shown = _nearest(part, targets - {"common"}, known)
            text += [f"  {part} --> {target}" for target in sorted(shown)]
    return "\n".join([*text, "```"])


def _nearest(part: str, targets: set[str], known: dict[str, set[str]]) -> set[str]:
    """Those of the targets that are not also reached through another one: fewer arrows to read."""

    def below(room: str, seen: set[str]) -> set[str]:
        for target in known.get(room, set()) - seen:
            seen.add(target)
            below(target, seen)
        return seen

    return {t for t in targets if not any(t in below(o, set()) for o in targets - {t})}


def table() -> str:
    """Lines by part as text."""
    counted = lines()
    width = max(map(len, counted))
    rows = [f"{part:{width}} {count:7,}" for part, count in counted.items()]
    total = sum(counted.values())
    return "\n".join(
        [*rows, f"{'colourlib':{width}} {total:7,}", f"{'tests':{width}} {tests():7,}"]
    )


def sentence() -> str:
    """What the README says."""
    counted = lines()
    core, total = counted["core"], sum(counted.values())
    return (
        f"The core (colour, data, model, train, evaluate, colourise, device) has {core:,} lines, "
        f"the whole package {total:,}: `make size`."
    )


BLOCKS = {"README.md": {"size": sentence}, "CONTRIBUTING.md": {"parts": drawing}}


def renewed(text: str, name: str, content: str) -> str:
    """A file's text with the content between <!-- name --> and <!-- /name --> replaced."""
    pattern = rf"(<!-- {name} -->)(.*?)(<!-- /{name} -->)"
    space = "\n" if "\n" in content else ""
    return re.sub(pattern, lambda m: f"{m[1]}{space}{content}{space}{m[3]}", text, flags=re.DOTALL)


def main() -> None:
    print(table())
    if "--write" in sys.argv:
        for file, blocks in BLOCKS.items():
            path = ROOT / file
            text = path.read_text(encoding="utf-8")
            for name, content in blocks.items():
                text = renewed(text, name, content())
            path.write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
