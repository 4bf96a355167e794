"""The clinic's report: a row a layer, totals, findings; as text, and as tables in a notebook."""

import html
import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, field

from torch import Tensor, nn

from ...common.errors import CourseError
from ...common.words import roughly
from .costs import kept_bytes, multiply_adds
from .functions import pair
from .sentences import SEVERITIES, Finding
from .sight import ALL, extents
from .watch.tracing import Call, Op, Trace

WIDTH = 100  # columns of the text
HEADERS = ("layer", "kind", "output", "sees", "parameters", "mult-adds", "MB kept")


@dataclass(frozen=True)
class Row:
    """One layer, or one bare function, in calling order."""

    name: str  # as in named_modules; '' for a bare function
    kind: str
    shape: tuple[int, ...]  # of the output, for the whole batch
    sees: tuple[int, int] | str  # height and width; 'all': the whole picture; '?': not known
    parameters: int  # 0 when the layer was called before
    multiply_adds: int  # for one picture
    memory: int  # bytes of its output that the backward pass keeps, for the whole batch

    def cells(self) -> list[str]:
        sees = self.sees if isinstance(self.sees, str) else "x".join(map(str, self.sees))
        return [
            self.name or "·",
            self.kind,
            " x ".join(map(str, self.shape[1:])),
            sees,
            f"{self.parameters:,}" if self.parameters else "",
            short(self.multiply_adds),
            f"{self.memory / 1e6:.1f}" if self.memory else "",
        ]


@dataclass
class Report:
    """What `inspect` found; print it, or let a notebook show it."""

    title: str
    rows: list[Row] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    parameters: int = 0
    multiply_adds: int = 0  # for one picture
    memory: int = 0  # bytes kept for the backward pass of a batch
    epoch: float | None = None  # seconds, about
    photos: int = 1000  # of that epoch
    notes: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Can it be trained? True when no finding is an error."""
        return not any(f.severity == "error" for f in self.findings)

    def raise_if_broken(self) -> None:
        """Raises CourseError with the errors in words, if there are any."""
        errors = [f for f in self.findings if f.severity == "error"]
        if errors:
            text = "\n".join(str(f).removeprefix("error: ") for f in errors)
            raise CourseError(f"This network cannot be trained yet.\n{text}")

    def summary(self) -> list[str]:
        """Totals in words."""
        lines = []
        if self.rows:
            lines.append(
                f"{self.parameters:,} parameters; {short(self.multiply_adds)} multiply-adds a "
                f"picture; {self.memory / 1e6:,.0f} MB kept for the backward pass of a batch"
            )
        if self.epoch is not None:
            lines.append(f"an epoch of {self.photos:,} photos: about {roughly(self.epoch)} here")
        return lines + self.notes

    def verdict(self) -> str:
        counts = {s: sum(f.severity == s for f in self.findings) for s in SEVERITIES}
        words = [f"{n} {s}{'s' * (n > 1)}" for s, n in counts.items() if n]
        return ", ".join(words) if words else "nothing found that is wrong"

    def __repr__(self) -> str:
        lines = [self.title, f"findings: {self.verdict()}"]
        for i, finding in enumerate(self.findings, 1):
            head, _, mend = str(finding).partition("\n  mend: ")
            lines += textwrap.wrap(f"{i}. {head}", WIDTH, subsequent_indent="   ")
            if mend:  # code is not broken, unless it is longer than a line
                whole = re.sub("`[^`]{,80}`", lambda code: code[0].replace(" ", "\0"), mend)
                options = {"subsequent_indent": " " * 9, "break_on_hyphens": False}
                wrapped = textwrap.wrap(f"   mend: {whole}", WIDTH, **options)
                lines += [line.replace("\0", " ") for line in wrapped]
        return "\n".join([*lines, *self.summary(), *self._table()])

    def _table(self) -> list[str]:
        """Aligned text of at most WIDTH columns: long names and kinds are cut."""
        if not self.rows:
            return []
        cells = [list(HEADERS), *(row.cells() for row in self.rows)]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        spare = WIDTH - 2 * (len(widths) - 1) - sum(widths[2:])
        widths[0] = min(widths[0], max(10, spare - min(widths[1], 26)))
        widths[1] = min(widths[1], max(10, spare - widths[0]))
        line = "  ".join(f"{{:{'<' if i < 2 else '>'}{w}}}" for i, w in enumerate(widths))
        for row in cells:
            for i in (0, 1):
                if len(row[i]) > widths[i]:
                    row[i] = row[i][: widths[i] - 1] + "…"
        return [line.format(*row).rstrip() for row in cells]

    def _repr_html_(self) -> str:
        heads, verdict = ("severity", "layer", "what", "mend"), f"findings: {self.verdict()}"
        cells = [(f.severity, f.layer, f.what, f.fix) for f in self.findings]
        layers = _html_table(self.title, HEADERS, [row.cells() for row in self.rows])
        parts = [_html_table(verdict, heads, cells)]
        parts += [f"<p>{html.escape(line)}</p>" for line in self.summary()]
        return "".join([*parts, layers] if self.rows else [layers, *parts])


def _html_table(caption: str, headers, rows) -> str:
    """A table with a header in each row, code between backticks set as code; or a line."""
    left, caption = ' style="text-align:left"', html.escape(caption)
    if not rows:
        return f"<p{left}>{caption}</p>"
    head = "".join(f'<th scope="col"{left}>{html.escape(text)}</th>' for text in headers)
    line = f'<tr><th scope="row"{left}>{{}}</th>' + f"<td{left}>{{}}</td>" * (len(headers) - 2)
    line += f"<td{left}>{{}}</td></tr>"
    escaped = [[html.escape(text) for text in cells] for cells in rows]
    marked = [(*cells, re.sub("`([^`]+)`", r"<code>\1</code>", last)) for *cells, last in escaped]
    body = "".join(line.format(*cells) for cells in marked)
    caption = f"<caption{left}>{caption}</caption>"
    return f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def short(number: float) -> str:
    """1234567 -> '1.2 M'; nothing for 0."""
    for unit, name in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if number >= unit:
            return f"{number / unit:.3g} {name}"
    return str(int(number)) if number else ""


def kind(step: Call | Op) -> str:
    """What a layer is, in short: Conv2d 3x3, 32 -> 64."""
    if isinstance(step, Op):
        if step.name in ("cat", "add", "mul"):
            return f"{step.name} of {sum(i is not None for i in step.inputs)}"
        if step.name in ("max_pool2d", "avg_pool2d"):
            return f"{step.name} {_by(step.arg(1, 'kernel_size'))}"
        if step.name == "interpolate":
            return f"interpolate {step.arg(3, 'mode', 'nearest')}"
        return step.name
    m, name = step.module, type(step.module).__name__
    if isinstance(m, nn.modules.conv._ConvNd):
        text = f"{name} {_by(m.kernel_size)}, {m.in_channels} -> {m.out_channels}"
        unusual = {k: max(pair(getattr(m, k))) for k in ("stride", "dilation", "groups")}
        return text + "".join(f", {key} {value}" for key, value in unusual.items() if value > 1)
    if isinstance(m, nn.Linear):
        return f"{name} {m.in_features} -> {m.out_features}"
    if hasattr(m, "num_features"):
        return f"{name} {m.num_features}"
    return f"{name} {_by(m.kernel_size)}" if isinstance(m, nn.MaxPool2d | nn.AvgPool2d) else name


def _by(size) -> str:
    return "x".join(map(str, pair(size)))


def table(main: Trace, far: tuple[Trace, Trace] | None, batch: int) -> list[Row]:
    """A row for each layer, and for bare functions that have weights, change the size or join maps.

    far: passes over a tall and a wide picture, which tell how far each layer sees.
    """
    sees = _sees(main, *far) if far else {}
    kept, counted, rows = kept_bytes(main), set(), []
    for step in main.steps:
        ops = step.ops if isinstance(step, Call) else [step]
        own = [p for op in ops for p in op.tensors if isinstance(p, nn.Parameter)]
        if isinstance(step, Call):
            own += list(step.module.parameters())
        new = {id(p): p.numel() for p in own if id(p) not in counted}
        adds = sum(multiply_adds(op, batch) for op in ops)
        if isinstance(step, Op) and not (new or adds):
            maps = [i for i in step.inputs if i is not None]
            if not (step.shape and maps and (len(maps) > 1 or step.shape != step.shapes[0])):
                continue
        counted |= set(new)
        name = step.name if isinstance(step, Call) else ""
        memory = sum(kept.get(op.index, 0) for op in ops)
        seen = sees.get(id(step), "?")
        rows.append(Row(name, kind(step), step.shape, seen, sum(new.values()), adds, memory))
    return rows


def _sees(main: Trace, tall: Trace, wide: Trace) -> dict[int, tuple[int, int] | str]:
    """What each step sees, where it is known: its height on `tall`, its width on `wide`."""
    found: dict[int, tuple[int, int] | str] = {}
    for step, high, broad in zip(main.steps, _seen(tall), _seen(wide), strict=False):
        if step.name == high[0] == broad[0] and None not in (high[1], broad[1]):
            side = ALL if ALL in (high[1], broad[1]) else (high[1][0], broad[1][1])
            whole = side != ALL and side[0] >= tall.x.shape[2] and side[1] >= wide.x.shape[3]
            found[id(step)] = ALL if whole else side
    return found


def _seen(far: Trace) -> Iterator[tuple[str, tuple[int, int] | str | None]]:
    """(name, what it sees) of each step."""
    known = extents(far)
    for step in far.steps:
        op = step if isinstance(step, Op) else (step.ops[-1] if step.ops else None)
        if op is None and isinstance(step.output, Tensor):  # Identity, say: as what it was given
            op = far.op_of(step.output)
        yield step.name, known[op.index] if op is not None else None
