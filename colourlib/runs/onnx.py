"""A network as an ONNX file, for programs that have no torch: phones, browsers, other languages."""

import importlib.util
import io
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from ..common import files
from ..common.copies import twin_of
from ..common.errors import CourseError
from . import first_line

PACKAGES = ("onnx", "onnxscript", "onnxruntime")
TRACED = (2, 1, 64, 96)  # all different and no 1 but the channel, so that none is taken for fixed
TRIED = (TRACED, (1, 1, 97, 75))  # upright, and odd, so that every map is cut once
APART = 1e-3  # how far from torch an answer may be, see `_gap`
HALVES = 65504.0  # the largest number of 16 bits

Given = dict[str, Tensor]


def export_onnx(path: str | Path, model: nn.Module) -> Path:
    """Write the network as ONNX: input "L" (N, 1, H, W) scaled L, output "ab" (N, 2, H, W).

    Batch, height and width are free, H and W from 32 pixels up: on smaller maps ColourNet leaves
    out a pooling, which a fixed graph cannot. The checks of the input are not in it. What is
    written has answered like torch at two sizes, to 1e-3.
    Raises CourseError where packages are missing, for a network whose path depends on its input,
    and where the file cannot be written.
    """
    check_packages()
    path = Path(path).expanduser()
    dice = torch.Generator().manual_seed(0)
    tried = [{"L": torch.rand(shape, generator=dice) * 2 - 1} for shape in TRIED]
    content = graph(model, tried, ["ab"])
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        files.write(path, content)
    except OSError as error:
        raise CourseError(f"{path} cannot be written: {error.strerror}.") from error
    return path


def check_packages() -> None:
    """Raises CourseError where a package is missing that ONNX needs."""
    missing = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        install = f"pip install {' '.join(PACKAGES)}"
        raise CourseError(f"ONNX needs {' and '.join(missing)}. Install: {install}")


def graph(model: nn.Module, tried: Sequence[Given], outputs: Sequence[str]) -> bytes:
    """A network as the bytes of an ONNX file whose batch, heights and widths are free.

    tried: what it is given, by the names of its arguments, in several sizes; it has answered each
    like torch. Raises CourseError where it cannot be written, or answers otherwise.
    """
    network = twin_of(model, "cpu").eval()
    try:  # seconds, but torch means to drop this way, and it takes a path for the only one
        content = _followed(network, tried[0], outputs)
        for given in [*tried, *_varied(tried[0])]:
            _check(network, content, given)
    except Exception:
        content = _traced(network, tried[0], outputs)
        for given in tried:
            _check(network, content, given)
    return content


def _varied(given: Given) -> list[Given]:
    """The same, dark and bright: a network that takes another path for them answers otherwise."""
    return [{name: 0.2 * x + shift for name, x in given.items()} for shift in (-0.8, 0.8)]


def _followed(network: nn.Module, given: Given, outputs: Sequence[str]) -> bytes:
    """By running it once and noting what it calls."""
    file, names = io.BytesIO(), [*given, *outputs]
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # of torch to itself
        torch.onnx.export(
            network, tuple(given.values()), file, dynamo=False, verbose=False,
            input_names=[*given], output_names=[*outputs],
            dynamic_axes={name: [0, 2, 3] for name in names},
        )  # fmt: skip
    return file.getvalue()


def _traced(network: nn.Module, given: Given, outputs: Sequence[str]) -> bytes:
    """By reading its code; a minute for a large one."""
    if not hasattr(torch.export.Dim, "DYNAMIC"):
        raise CourseError(f"ONNX needs torch 2.6 or newer, this is {torch.__version__}: update it.")
    sizes = {place: torch.export.Dim.DYNAMIC for place in (0, 2, 3)}
    try:
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")  # of torch to itself
            example = tuple(map(torch.zeros_like, given.values()))  # only its shape counts
            shapes = (sizes,) * len(example)
            seen = torch.export.export(network, example, dynamic_shapes=shapes, strict=False)
            names = {"input_names": [*given], "output_names": [*outputs]}
            program = torch.onnx.export(seen, dynamo=True, verbose=False, **names)
    except Exception as error:  # many kinds, and all mean the same
        raise CourseError(
            f"{type(network).__name__} cannot be written as ONNX: its forward takes decisions, or "
            f"calls something that ONNX does not have. {first_line(error)}"
        ) from error
    return program.model_proto.SerializeToString()


def answers(content: bytes, given: Given) -> list[np.ndarray]:
    """What onnxruntime makes of it."""
    import onnxruntime  # seldom installed

    quiet = onnxruntime.SessionOptions()
    quiet.log_severity_level = 4
    session = onnxruntime.InferenceSession(content, quiet, providers=["CPUExecutionProvider"])
    return session.run(None, {name: value.numpy() for name, value in given.items()})


def _check(network: nn.Module, content: bytes, given: Given) -> None:
    """Raises CourseError where the ONNX answers otherwise than the network."""
    with torch.inference_mode():
        there = network(*given.values())  # (N, C, H, W), or several
    there = [there] if isinstance(there, Tensor) else there
    try:
        pairs = [*zip(answers(content, given), [y.float().numpy() for y in there], strict=True)]
        same = all(ours.shape == theirs.shape for ours, theirs in pairs)
        apart = np.max([_gap(*pair) for pair in pairs]) if same else "in shape"  # NaN stays NaN
    except Exception as error:  # onnxruntime's own kinds
        apart = first_line(error)
    if isinstance(apart, str) or not apart < APART:
        height, width = next(iter(given.values())).shape[2:]
        raise CourseError(
            f"{type(network).__name__} as ONNX differs from torch at {height} x {width} px "
            f"({apart}): its forward takes sizes for fixed. Compute them from x.shape, and divide "
            "no negative numbers, because ONNX rounds their quotients the other way."
        )


def _gap(ours: np.ndarray, theirs: np.ndarray) -> float:
    """The largest difference, as a share of the largest number where that is above 1."""
    return np.abs(ours - theirs).max() / max(1.0, np.abs(theirs).max())


def halved(content: bytes) -> bytes:
    """The same graph with its matrices in 16 bits: half the bytes. It still computes in 32.

    A number then has 11 binary digits, about three decimal ones. Vectors are few and stay, and so
    does a matrix that holds larger numbers than 16 bits can.
    """
    import onnx  # seldom installed

    model = onnx.load_from_string(content)
    casts = []
    for one in model.graph.initializer:
        values = onnx.numpy_helper.to_array(one)
        if values.dtype == np.float32 and values.ndim > 1 and np.abs(values).max() <= HALVES:
            name = one.name
            short = onnx.numpy_helper.from_array(values.astype(np.float16), f"{name}.16")
            one.CopyFrom(short)
            casts.append(onnx.helper.make_node("Cast", [short.name], [name], to=1))  # 1: float
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    return model.SerializeToString()
