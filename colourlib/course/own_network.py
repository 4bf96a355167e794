"""The student's own network: kept in 04 as a file that one can read, used by 05 and 06.

`keep` writes a class and whatever it uses from the notebook's cells; `load` runs such a file, but
only one that was written on this machine, or that the student says is all right: it is code.
"""

import ast
import builtins
import dis
import hashlib
import importlib.util
import linecache
import os
import re
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, FunctionType, ModuleType

import torch
from torch import nn

from ..common.errors import CourseError
from ..common.files import replace_text
from ..common.words import did_you_mean

FILE = "my_network.py"
NAME = "NETWORK"  # what the file calls the class at its end
HEAD = '''"""A network of your own, as it stood in the cells of 04_model when you kept it.

Chapters 05 and 06 train and judge what stands here. Edit it in 04 and keep it again.
"""
'''
NO_SUPER = r"before Module\.__init__\(\) call|no attribute '_(modules|parameters|buffers|\w*hooks)'"
GLOBALS = ("LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS")


def keep(kind: type[nn.Module], path: Path) -> int:
    """Write the class and all that it uses to a file; the lines of it. An older file gets a number.

    Raises CourseError where it cannot be built without arguments, does not answer with ab, or uses
    something that cannot be written down, such as a tensor made in another cell.
    """
    if not (isinstance(kind, type) and issubclass(kind, nn.Module)):
        made = f"keep({type(kind).__name__})" if isinstance(kind, nn.Module) else "keep(ColourNet)"
        raise CourseError(f"Keep the class itself, without brackets behind it: ws.{made}.")
    _try_out(kind)
    parts = {"": HEAD} | _parts(kind)
    imports = sorted(text for text in parts.values() if text.startswith(("import ", "from ")))
    others = [text for text in parts.values() if text not in imports]
    text = "\n\n\n".join([others[0] + "\n" + "\n".join(imports), *others[1:]])
    text += f"\n\n\n{NAME} = {kind.__name__}\n"
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        scratch = path.with_name(f"trial_{os.getpid()}.py")
        try:
            replace_text(scratch, text)
            _try_out(_run(scratch))
        finally:
            scratch.unlink(missing_ok=True)
            sys.modules.pop(scratch.stem, None)
        _put_aside(path)
        replace_text(path, text)
    trust(path)
    return len(text.splitlines())


def load(path: Path, trusted: bool = False) -> type[nn.Module]:
    """The class in such a file. Raises CourseError where the file is a stranger's, or fails.

    trusted: the student has read it.
    """
    if not trusted and _hash(path) not in _known():
        raise CourseError(
            f"{path.parent.name}/{path.name} was not written by 04 on this machine, or has been "
            "changed since. A network is code, and loading it runs it. Read the file; if you trust "
            "it: ws.network(trust=True)."
        )
    kind = _run(path)
    _try_out(kind)
    trust(path)
    return kind


def _try_out(kind: type[nn.Module]) -> None:
    """Raises CourseError unless it can be built, and answers a small grey picture with ab."""
    name = kind.__name__
    net = None
    try:
        with torch.random.fork_rng(devices=[]), torch.no_grad():
            net = kind()
            answer = net(torch.zeros(2, 1, 64, 64))
    except Exception as error:  # whatever a student's network raises
        raise CourseError(_why_not(name, error, net is not None)) from None
    shape = tuple(answer.shape) if isinstance(answer, torch.Tensor) else type(answer).__name__
    if shape != (2, 2, 64, 64):
        text = f"{name} answers (2, 1, 64, 64) with {shape}, not with ab, (2, 2, 64, 64)"
        raise CourseError(f"{text}: inspect({name}()) says where that comes from.")


def _why_not(name: str, error: Exception, built: bool) -> str:
    """Why a network is not kept, and what to do; where it is not even built, inspect cannot say."""
    what = f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"
    if re.search(NO_SUPER, what):
        return f"{name} is not kept: write super().__init__() as the first line of its __init__."
    if built:
        text = f"{name} does not work yet, so that it is not kept ({what})"
        return f"{text}: inspect({name}()) says where."
    text = f"{name}() cannot be built, so that it is not kept ({what})"
    if "required positional argument" in what:
        return f"{text}: give it defaults, as in `width=32`."
    steps = traceback.extract_tb(error.__traceback__)[1:]
    own = [step.line for step in steps if "torch" not in Path(step.filename).parts]
    return f"{text}: look at `{own[-1]}`." if own else f"{text}."


# ---- what a class uses ---------------------------------------------------------------------------


def _parts(kind: type) -> dict[str, str]:
    """{name: source} of everything that the class needs, each before what uses it."""
    parts: dict[str, str] = {}

    def add(name: str, value: object) -> None:
        if name in parts:
            return
        parts[name] = ""  # being written: two functions may call each other
        text = _import(name, value)
        if text is None and isinstance(value, type | FunctionType):
            text, space = _source(value)
            for used in _names(compile(text, name, "exec")):
                if used in space:
                    add(used, space[used])
        elif text is None:
            text = _constant(name, value)
        del parts[name]  # to the end, behind what it uses
        parts[name] = text

    add(kind.__name__, kind)
    return parts


def _import(name: str, value: object) -> str | None:
    """The line that imports it; None for what the notebook itself has made."""
    if isinstance(value, ModuleType):
        module, _, last = value.__name__.rpartition(".")
        if last == name:
            return f"from {module} import {last}" if module else f"import {last}"
        return f"import {value.__name__} as {name}"
    home = getattr(value, "__module__", None)
    called = getattr(value, "__name__", None)
    if home in (None, "__main__") or getattr(sys.modules.get(home), str(called), None) is not value:
        return None
    return f"from {home} import {called}" + (f" as {name}" if name != called else "")


def _source(value: type | FunctionType) -> tuple[str, dict]:
    """(the text of a class or function as its cell has it, the names that the cell knows)."""
    functions = [value] if isinstance(value, FunctionType) else vars(value).values()
    function = next((f for f in functions if isinstance(f, FunctionType)), None)
    if function is not None:
        code = function.__code__
        text = "".join(linecache.getlines(code.co_filename))
        nodes = ast.walk(ast.parse(text)) if text else ()
        for node in nodes:
            fits = isinstance(node, ast.ClassDef | ast.FunctionDef) and node.name == value.__name__
            if fits and node.lineno <= code.co_firstlineno <= node.end_lineno:
                first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
                lines = text.splitlines()[first - 1 : node.end_lineno]
                return "\n".join(lines), function.__globals__
    raise CourseError(
        f"The lines of {value.__name__} are not to be found, so that they cannot be kept: define "
        "it in a cell of this notebook, and run that cell."
    )


def _names(code: CodeType) -> Iterator[str]:
    """The global names that some code looks up, in order, those in its functions included."""
    for step in dis.get_instructions(code):
        name = step.argval
        if step.opname in GLOBALS and not hasattr(builtins, name) and not name.startswith("__"):
            yield name
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield from _names(inner)


def _constant(name: str, value: object) -> str:
    """A number, a text or a list of them as a line of Python. Raises CourseError for more."""
    try:
        if ast.literal_eval(repr(value)) == value:
            return f"{name} = {value!r}"
    except (ValueError, SyntaxError):
        pass
    raise CourseError(
        f"Your network uses `{name}`, a {type(value).__name__} of another cell, which cannot be "
        "written into its file: make it inside the class, in __init__."
    )


# ---- files ---------------------------------------------------------------------------------------


def _run(path: Path) -> type[nn.Module]:
    """Import the file under its own name, and the class that it calls NETWORK."""
    name = path.stem
    linecache.checkcache(str(path))
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # inspect and the clinic find the source by it
    try:
        code = compile(path.read_text(encoding="utf-8"), str(path), "exec")
        exec(code, module.__dict__)  # not by the loader, whose cache goes by whole seconds
        return getattr(module, NAME)
    except Exception as error:
        steps = traceback.extract_tb(error.__traceback__)
        lines = [step.lineno for step in steps if step.filename == str(path)]
        where = f"line {getattr(error, 'lineno', None) or (lines or ['?'])[-1]}"
        hint = did_you_mean(NAME, vars(module)) if isinstance(error, AttributeError) else ""
        raise CourseError(
            f"{path.name}, {where}: {type(error).__name__}: {error}.{hint} Mend it there, or run "
            "04's cells again up to ws.keep."
        ) from error


def _put_aside(path: Path) -> None:
    """An older network gets the next free number: nothing that a student wrote is lost."""
    if path.exists():
        numbers = (n for n in range(1, 10_000) if not path.with_stem(f"{path.stem}_{n}").exists())
        path.rename(path.with_stem(f"{path.stem}_{next(numbers)}"))


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _list() -> Path:
    """Where it is noted which files are ours. Not beside them: who hands on a folder would too."""
    return Path(os.environ.get("COLOURLIB_STATE") or Path.home() / ".colourlib") / "trusted.txt"


def _known() -> set[str]:
    try:
        return set(_list().read_text(encoding="utf-8").split())
    except OSError:
        return set()


def trust(path: Path) -> None:
    """Note that a file is the student's own. Where that cannot be noted, they are asked again."""
    try:
        _list().parent.mkdir(parents=True, exist_ok=True)
        if (mine := _hash(path)) not in _known():
            with open(_list(), "a", encoding="utf-8") as file:
                file.write(f"{mine}\n")
    except OSError:
        pass
