"""The clinic's report: a row a layer, totals, findings; as text, and as tables in a notebook."""

from __future__ import annotations

import html
import textwrap
from dataclasses import dataclass, field

from torch import nn

from ...common.errors import CourseError
from .sight.windows import pair
from .watch.tracing import Call, Op
from .wording import SEVERITIES, Finding

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
            lines.append(f"an epoch of {self.photos:,} photos: about {duration(self.epoch)} here")
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
            if mend:
                lines += textwrap.wrap(
                    f"mend: {mend}", WIDTH, initial_indent="   ", subsequent_indent="         "
                )
        return "\n".join([*lines, *self.summary(), *_table(self.rows)])

    def _repr_html_(self) -> str:
        cell = _cell
        body = "".join(
            f"<tr>{cell('th', c[0], scope='row')}{''.join(cell('td', x) for x in c[1:])}</tr>"
            for c in (row.cells() for row in self.rows)
        )
        text = "".join(f"<p>{html.escape(line)}</p>" for line in self.summary())
        layers = [_html_table(self.title, HEADERS, body)] if self.rows else []
        body = "".join(
            f"<tr>{cell('th', f.severity, scope='row')}{cell('td', f.layer)}{cell('td', f.what)}"
            f'<td style="text-align:left"><code>{html.escape(f.fix)}</code></td></tr>'
            for f in self.findings
        )
        heads = ("severity", "layer", "what", "mend")
        verdict = f"findings: {self.verdict()}"
        title = [] if layers else [cell("p", self.title)]
        found = _html_table(verdict, heads, body) if body else cell("p", verdict)
        return "".join([*title, found, text, *layers])


def _cell(tag: str, text: str, scope: str = "") -> str:
    extra = f' scope="{scope}"' if scope else ""
    return f'<{tag}{extra} style="text-align:left">{html.escape(text)}</{tag}>'


def _html_table(caption: str, headers, body: str) -> str:
    head = "".join(_cell("th", h, scope="col") for h in headers)
    caption = _cell("caption", caption)
    return f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _table(rows: list[Row]) -> list[str]:
    """Aligned text of at most WIDTH columns: long names and kinds are cut."""
    if not rows:
        return []
    cells = [list(HEADERS), *(row.cells() for row in rows)]
    widths = [max(len(c[i]) for c in cells) for i in range(len(HEADERS))]
    spare = WIDTH - 2 * (len(widths) - 1) - sum(widths[2:])
    widths[0] = min(widths[0], max(10, spare - min(widths[1], 26)))
    widths[1] = min(widths[1], max(10, spare - widths[0]))
    lines = []
    for row in cells:
        cut = [c if len(c) <= w else c[: w - 1] + "…" for c, w in zip(row, widths, strict=True)]
        padded = [
            c.ljust(w) if i < 2 else c.rjust(w)
            for i, (c, w) in enumerate(zip(cut, widths, strict=True))
        ]
        lines.append("  ".join(padded).rstrip())
    return lines


def short(number: float) -> str:
    """1234567 -> '1.2 M'; nothing for 0."""
    for unit, name in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if number >= unit:
            return f"{number / unit:.3g} {name}"
    return str(int(number)) if number else ""


def duration(seconds: float) -> str:
    """90 -> '1.5 minutes'."""
    for unit, name in ((3600, "hours"), (60, "minutes")):
        if seconds >= 1.5 * unit:
            return f"{seconds / unit:.2g} {name}"
    return f"{seconds:.2g} seconds"


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
        for key, usual in (("stride", 1), ("dilation", 1), ("groups", 1)):
            value = getattr(m, key)
            if pair(value) != pair(usual):
                text += f", {key} {pair(value)[0]}"
        return text
    if isinstance(m, nn.Linear):
        return f"{name} {m.in_features} -> {m.out_features}"
    if hasattr(m, "num_features"):
        return f"{name} {m.num_features}"
    if isinstance(m, (nn.MaxPool2d, nn.AvgPool2d)):
        return f"{name} {_by(m.kernel_size)}"
    return name


def _by(size) -> str:
    return "x".join(map(str, pair(size)))
