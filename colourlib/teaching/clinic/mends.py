"""The mend as the student's own line: how it stands, and how it should read.

In forward by the kind of mistake (`rewrites`); in __init__, or in the function that makes a brick,
by the layer that should be another one: its arguments are followed to the line where they are
written down. Where no line is found, the mend stays as `sentences` has it.
"""

import ast
import inspect
import re
import textwrap
from dataclasses import dataclass, field, replace

from torch import nn

from .rewrites import change, rewritten
from .sentences import Finding
from .watch.sources import owner
from .wording import code_of

PIECE = re.compile(r"`self\.([\w.\[\]]+) = (nn\.[^`]+)`")
LET = re.compile(r"let layer ([\w.]+) make (\d+)")
TAKES = ("num_features", "num_channels", "in_channels", "in_features", "normalized_shape")
# What a source that is not there, or is written in an unusual way, is answered with.
SLIPS = (OSError, TypeError, SyntaxError, AttributeError, LookupError, ValueError, NameError)


def mended(finding: Finding, model: nn.Module) -> Finding:
    """The finding, its mend as a change of the student's line where there is one."""
    fix, maker, line = finding.fix, re.search(r"which layer ([\w.]+) makes", finding.what), ""
    try:
        if line := rewritten(finding):
            return replace(finding, fix=line)
        if fix.startswith("batch_first="):
            made = _made(model, re.sub(r"\.(self|multihead)_attn$", "", finding.layer))
            line = _set(model, made, {"batch_first": ast.Constant(True)})
            return replace(finding, fix=f"{line}.") if line else finding
        if piece := PIECE.search(fix):
            name, code = ".".join(re.findall(r"\w+", piece[1])), ast.parse(piece[2], mode="eval")
            line = _another(model, name, code.body, maker[1] if maker else "")
        elif piece := LET.search(fix):
            parts = model.get_submodule(piece[1]).named_modules(prefix=piece[1])
            name = [n for n, m in parts if hasattr(m, "out_channels")][-1]
            line = _set(model, _made(model, name), {"out_channels": ast.Constant(int(piece[2]))})
    except SLIPS:
        return finding
    if not line:
        return finding
    after = fix[piece.end() :]
    after = after if piece.re is PIECE and after.startswith(":") else "."
    if piece.re is PIECE and piece.start():
        line = fix[: piece.start()] + line[0].lower() + line[1:]
    return replace(finding, fix=line + after)


@dataclass
class _Frame:
    """A function that makes layers: __init__, or one that it calls."""

    function: object
    call: ast.Call | None = None  # of this function, in `caller`
    caller: "_Frame | None" = None
    target: object = None  # what was called: the function, or the class
    lines: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.lines, self.first = inspect.getsourcelines(self.function)
        self.lines = textwrap.dedent("".join(self.lines)).splitlines(keepends=True)
        self.tree = ast.parse("".join(self.lines)).body[0]
        self.names = list(inspect.signature(self.function).parameters)
        self.owner = owner(self.function.__code__.co_filename)

    @property
    def way(self) -> list:
        """Where it is called, and where its caller is."""
        here = self.call and (self.call.lineno, self.call.col_offset)
        return [here, *(self.caller.way if self.caller else ())]

    def assigned(self, name: str, path: list[str]) -> tuple[ast.expr, list[str]]:
        """What `name` is last made of, and the rest of the way to the layer in that."""
        found = [s for s in ast.walk(self.tree) if isinstance(s, ast.Assign)]
        for value, target in [(s.value, t) for s in found[::-1] for t in s.targets]:
            if ast.unparse(target) == name:
                return value, path
            for i, part in enumerate(getattr(target, "elts", ())):  # conv, *rest = brick(...)
                if ast.unparse(part) == name:
                    apart = isinstance(value, ast.Tuple)
                    return (value.elts[i], path) if apart else (value, [str(i), *path])
                if ast.unparse(part) == f"*{name}":
                    return value, [str(i + int(path[0])), *path[1:]]
        raise LookupError(name)


@dataclass
class _Made:
    """The call that makes a layer, what it calls, and the function that it stands in."""

    name: str
    call: ast.Call
    target: type
    frame: _Frame

    def arg(self, name: str) -> ast.expr | None:
        return _arg(self.call, self.target, name)


def _arg(call: ast.Call, target, name: str) -> ast.expr | None:
    index = list(inspect.signature(target).parameters).index(name)
    given = {k.arg: k.value for k in call.keywords}
    return call.args[index] if index < len(call.args) else given.get(name)


def _made(model: nn.Module, name: str) -> _Made:
    """Where a layer is made. Raises one of SLIPS where that cannot be read."""
    first, *path = name.split(".")
    frame = _Frame(type(model).__init__)
    return _Made(name, *_find(*frame.assigned(f"self.{first}", path), frame))


def _find(node: ast.expr, path: list[str], frame: _Frame) -> tuple[ast.Call, type, _Frame]:
    if isinstance(node, ast.Name):
        return _find(*frame.assigned(node.id, path), frame)
    target = eval(ast.unparse(node.func), frame.function.__globals__)
    is_layer = isinstance(target, type) and issubclass(target, nn.Module)
    if is_layer and not path:
        return node, target, frame
    if target in (nn.Sequential, nn.ModuleList):
        for i, part in enumerate(node.args if target is nn.Sequential else node.args[0].elts):
            if isinstance(part, ast.Starred):
                return _find(part.value, [str(int(path[0]) - i), *path[1:]], frame)
            if str(i) == path[0]:
                return _find(part, path[1:], frame)
    inside = _Frame(target.__init__ if is_layer else target, node, frame, target)
    if inside.owner == "torch":
        raise LookupError(node)
    if is_layer:
        return _find(*inside.assigned(f"self.{path[0]}", path[1:]), inside)
    answers = [s.value for s in ast.walk(inside.tree) if isinstance(s, ast.Return)]
    return _find(answers[-1], path, inside)


def _another(model: nn.Module, name: str, code: ast.Call, maker: str) -> str:
    """Another layer in the place of this one; `maker`: of its input."""
    made, layer = _made(model, name), model.get_submodule(name)
    old, new = type(layer).__name__, ast.unparse(code.func).removeprefix("nn.")
    if old == new:
        before = ast.parse(code_of(layer, old), mode="eval").body
        given = [(n, _arg(code, made.target, n)) for n in inspect.signature(made.target).parameters]
        given = {n: v for n, v in given if v is not None}
        has = {n: _arg(before, made.target, n) for n in given}
        differ = {n for n, v in has.items() if v is None or ast.dump(v) != ast.dump(given[n])}
        return _set(model, made, {n: v for n, v in given.items() if n in differ}, maker)
    frame, call, text = made.frame, made.call, ast.unparse(code)
    if new == "Identity" and frame.caller is not None:  # the last layer of a brick
        box = name.rpartition(".")[0]
        parts = model.get_submodule(box).named_modules(prefix=box)
        conv = _made(model, [n for n, m in parts if isinstance(m, nn.Conv2d)][-1])
        takes, makes = (_up(conv.arg(c), conv.frame) for c in ("in_channels", "out_channels"))
        frame, call = frame.caller, frame.call
        text = f"nn.Conv2d({takes}, {makes}, kernel_size=1)"
    elif old[:-2] == new[:-2]:  # BatchNorm1d, BatchNorm2d
        return _change(frame, call, [(call.func, f"nn.{new}")])
    else:
        spelt = {getattr(layer, n, None): n for n in reversed(TAKES)}
        takes = code.args[0] if code.args else None
        if isinstance(takes, ast.Constant) and takes.value in spelt:
            text = text.replace(repr(takes.value), ast.unparse(made.arg(spelt[takes.value])), 1)
    return _change(frame, call, [(call, text)])


def _up(node: ast.expr, frame: _Frame) -> str:
    """An argument as the caller of the brick has it."""
    if isinstance(node, ast.Name) and node.id in frame.names:
        return ast.unparse(_arg(frame.call, frame.target, node.id))
    return ast.unparse(node)


def _set(model: nn.Module, made: _Made, values: dict, maker: str = "") -> str:
    """Other arguments for a layer, where they are written down."""
    edits = []
    brick = bool(maker) and set(values) <= set(TAKES) and made.frame.caller
    source = _made(model, maker) if brick else None
    for name, value in values.items():
        call, target, frame, node = made.call, made.target, made.frame, made.arg(name)
        kernel = made.arg("kernel_size") if name == "padding" else None
        if source is not None and source.frame.way == frame.way:
            text = ast.unparse(source.arg("out_channels"))
        elif isinstance(kernel, ast.Name) and "kernel_size" not in values:
            text = f"{kernel.id} // 2"
        else:
            key = name
            while isinstance(node, ast.Name) and node.id in frame.names and frame.caller:
                call, target, frame, key = frame.call, frame.target, frame.caller, node.id
                node = _arg(call, target, key)
            if name == "padding" and "kernel_size" in values and _variables(node):
                continue  # kernel // 2 follows the kernel
            text = _spelt(node, getattr(model.get_submodule(made.name), name, None), value)
            name = key
        edits.append((frame, call, node, name, text))
    frame, call = edits[0][:2]
    if any(e[1] is not call for e in edits):
        return ""
    at_end = "".join(f", {name}={text}" for *_, node, name, text in edits if node is None)
    new = [(node, text) for *_, node, _, text in edits if node is not None]
    return _change(frame, call, new, at_end)


def _change(frame: _Frame, call: ast.Call, edits: list, at_end: str = "") -> str:
    if frame.owner != "student":
        return ""
    where = frame.function.__qualname__.split("<locals>.")[-1]
    where = where if frame.caller else "__init__"
    return change(where, frame.lines, frame.first, call, edits, at_end)


def _variables(node: ast.expr | None) -> set[str]:
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name)} if node else set()


def _spelt(node: ast.expr | None, old, value: ast.expr) -> str:
    """A number as the student would write it: `5 * w` where `4 * w` stood."""
    new, names = ast.literal_eval(value), sorted(_variables(node))
    old = old[0] if isinstance(old, tuple) else old
    if len(names) == 1 and isinstance(new, int):
        code, name = compile(ast.Expression(node), "", "eval"), names[0]
        for w in range(1, 1025):
            if eval(code, {"__builtins__": {}, name: w}) == old:
                by = f"{new // w} * {name}" if new % w == 0 else f"{name} // {w // new}"
                return name if new == w else by if new % w == 0 or w % new == 0 else repr(new)
    return ast.unparse(value)
