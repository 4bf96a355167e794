"""A line of forward, written again: by the kind of mistake, and the op that is to blame."""

import ast
import linecache
import re
from collections.abc import Callable

from .crash.clashes import SIGNS
from .sentences import Finding

MODULES = ("F", "torch", "nn", "nn.functional", "torch.nn.functional")
ENLARGED = r"F.interpolate(\1, size=\2.shape[-2:], mode='bilinear')"
# What is wrong is a function on this line: it is left out.
LEFT_OUT = {"one-sided", "squeezed", "drops answers", "never below 0", "spoilt", "no slope", "cut"}
CASTS = {"precision", "whole numbers", "retyped"}
LEFT_OUT |= CASTS | {"turned"}
# What takes numbers out of torch, and what puts them in again.
OUT, IN = (
    {"detach", "cpu", "numpy", "tolist", "item", "data"},
    {"tensor", "as_tensor", "from_numpy"},
)
KINDS = ("int", "long", "byte", "half", "double")
# What the finding names -> what its mend has in place of that.
NAMED = {"no attribute": r"there is no (self\.\w+)", "part": r"^(\w+) is a part"}
NAMED |= {"no value": r"^(\w+) is used before"}


def change(where: str, lines: list[str], first: int, node, edits: list, end: str = "") -> str:
    """In __init__, change `A` to `B`. edits: (part of the node, what should stand there)."""
    text = "".join(lines)

    def place(line: int, column: int) -> int:
        return sum(map(len, lines[: line - 1])) + len(lines[line - 1].encode()[:column].decode())

    def span(node: ast.AST) -> tuple[int, int]:
        return place(node.lineno, node.col_offset), place(node.end_lineno, node.end_col_offset)

    start, stop = span(node)
    old = new = text[start:stop]
    for (a, b), code in sorted(((span(part), code) for part, code in edits), reverse=True):
        new = new[: a - start] + code + new[b - start :]
    new = f"{new[:-1].rstrip().rstrip(',')}{end})" if end else new
    if "\n" not in old:  # the whole line, without the comment behind it
        head, tail = text[:start].rpartition("\n")[2], text[stop:].partition("\n")[0]
        tail = re.sub(r"(^|\s+)#.*", "", tail)
        whole = f"{head}{old}{tail}".strip(), f"{head}{new}{tail}".strip()
        old, new = whole if all(map(_parses, whole)) else (old, new)
    if old == new or not (_parses(old) and _parses(new)) or "`" in old + new:
        return ""
    where += f" (line {first + node.lineno - 1})" if text.count(old) > 1 else ""
    name, _, same = new.partition(" = ")
    said = f"delete `{old}`" if not new or name == same else f"change `{old}` to `{new}`"
    return f"In {where}, {said}"


def _parses(code: str) -> bool:
    try:
        ast.parse(code)
    except SyntaxError:
        return False
    return True


def rewritten(finding: Finding) -> str:
    """The change of the line that the finding is about; nothing where no rule knows one."""
    _, line, _ = finding.clue
    if line is None or not line.file:
        return ""
    lines = linecache.getlines(line.file)
    text = "".join(lines)
    at = [
        n for n in ast.walk(ast.parse(text)) if isinstance(n, ast.stmt) and not hasattr(n, "body")
    ]
    at = [n for n in at if n.lineno <= line.number <= n.end_lineno]
    for node in ast.walk(at[0]) if len(at) == 1 else ():
        if not hasattr(node, "lineno"):
            continue
        code = _instead(node, finding, lambda part: ast.get_source_segment(text, part))
        if code is not None:
            if "upsample_to" not in text:
                code = re.sub(r"upsample_to\((.*), ([\w.]+)\)", ENLARGED, code)
            said = change(line.function, lines, 1, at[0], [(node if code else at[0], code)])
            return said and f"{said}."
    return ""


def _instead(node: ast.AST, finding: Finding, source: Callable) -> str | None:
    """What should stand in the place of this part of the line; "": nothing at all."""
    (key, _, op), code = finding.clue, re.search("`(.+?)`", finding.fix)
    call, code = _called(node), code[1] if code else ""
    if key == "cut" and call in IN and getattr(node, "args", None):
        inner = node.args[0]
        while _called(inner) in OUT:
            inner = inner.func.value if isinstance(inner, ast.Call) else inner.value
        return source(inner) if inner is not node.args[0] else None
    if key == "cut" and (call == "argmax" or ".numpy()" in finding.clue[1].text):
        return None  # what is left would not run
    if key == "taken apart" and call == op:
        sizes = ", ".join(map(source, node.args))
        code = re.sub(r"(?<=reshape\().*", f"{sizes})", code)
        return f"{_inner(node, source)}{code[1:]}"
    if key == "tiled" and call == op:
        return f"upsample_to({_inner(node, source)}, {code.rpartition(', ')[2]}"
    if key in ("NaN", "flat") and call == op == "sqrt":
        return f"({_inner(node, source)} + 1e-5).sqrt()"
    if (laid := _laid(node, key, op, source)) is not None:
        return laid
    if key in LEFT_OUT and call in (KINDS if key in CASTS else (op,)):
        return _inner(node, source)
    if key in NAMED and isinstance(node, (ast.Name, ast.Attribute)) and "=" not in code:
        named = re.search(NAMED[key], finding.what)
        return code if named and ast.unparse(node) == named[1] else None
    if key in ("in place", "changes picture", "view") and isinstance(node, ast.AugAssign):
        sign, value = re.search(r" (\S+)= ", ast.unparse(node))[1], source(node.value)
        value = f"({value})" if isinstance(node.value, ast.BinOp) else value
        return f"{source(node.target)} = {source(node.target)} {sign} {value}"
    if key == "by chance" and call == op and op.startswith("randn"):
        return f"self.training * {source(node)}"
    sign = isinstance(node, ast.BinOp) and isinstance(node.op, SIGNS.get(op, ()))
    if key == "retyped" and (sign or call == op):
        return f"({source(node)}).float()" if sign else f"{source(node)}.float()"
    if key == "across" and isinstance(node, ast.Tuple) and ast.unparse(node) in finding.what:
        return "(2, 3)"
    if key in ("skip", "list meets map", "fixed size") and isinstance(node, ast.expr):
        new = ast.parse(code, mode="eval").body
        inner = ast.unparse(new.args[0] if isinstance(new, ast.Call) else new.value)
        inner = re.sub(r"(\[None\])+$", "", inner)
        spelt = ast.unparse(node.args[0] if call == "interpolate" else node)
        stored = isinstance(getattr(node, "ctx", None), ast.Store)
        return code if spelt == inner and not stored else None
    if key == "assertion" and isinstance(node, ast.Assert):
        return ""
    if key == "axis" and call in (op, "view", "reshape"):
        return f"{_inner(node, source)}{code[1:]}"
    if key == "softmax" == call:
        return f"F.relu({source(node.args[0])})"
    if call == "upsample_to" and "upsample_to enlarges" in finding.what:
        return f"upsample_to({source(node.args[1])}, {source(node.args[0])})"
    return _returned(node, key, finding, source)


def _laid(node: ast.AST, key: str, op: str, source: Callable) -> str | None:
    """Along another dimension."""
    call = _called(node)
    if key in ("beside", "stacked batch"):
        if isinstance(node, ast.keyword) and node.arg in ("dim", "axis"):
            return "dim=1"
        return f"{source(node)[:-1]}, dim=1)" if call == op and not node.keywords else None
    if key == "batch squeezed" and call == op:
        return f"{_inner(node, source)}.flatten(1)"
    if key == "turned" and call == op == "permute" and len(node.args) == 4:
        dims = ", ".join(source(node.args[i]) for i in (0, 1, 3, 2))
        return _inner(node, source) + f".permute({dims})" * (dims != "0, 1, 2, 3")
    return None


def _returned(node: ast.AST, key: str, finding: Finding, source: Callable) -> str | None:
    """Another answer."""
    if key == "returns None" and isinstance(node, ast.Expr):
        return f"return {source(node)}"
    if not isinstance(node, ast.Return):
        return None
    if key == "other size":
        pooled = _called(node.value) in ("upsample_to", "interpolate", "adaptive_avg_pool2d")
        return f"return upsample_to({source(node.value.args[0] if pooled else node.value)}, x)"
    if key == "returns several" and isinstance(node.value, ast.Tuple):
        first, *more = map(source, node.value.elts)
        heads = re.search(r"\(\(\d+, 1, \d+, \d+\), \(\d+, 1,", finding.what) and len(more) == 1
        return f"return torch.cat([{first}, {more[0]}], dim=1)" if heads else f"return {first}"
    return None


def _called(node: ast.AST) -> str:
    """The function, or the property, that a part of a line is, as a trace names it."""
    if isinstance(node, ast.Subscript):
        return "getitem"
    func = getattr(node, "func", node)
    return getattr(func, "attr", getattr(func, "id", "") if func is not node else "").rstrip("_")


def _inner(node: ast.expr, source: Callable) -> str:
    """The tensor that a function is called on or with: y of y.tanh() and of torch.tanh(y)."""
    func = getattr(node, "func", node)
    on = getattr(func, "value", None)
    inner = node.args[0] if on is None or ast.unparse(on) in (*MODULES, "self") else on
    plain = isinstance(inner, (ast.Name, ast.Attribute, ast.Call, ast.Subscript))
    return source(inner) if plain else f"({source(inner)})"
