"""A network as an ONNX file, for programs that have no torch: phones, browsers, other languages."""

import importlib.util
import warnings
from pathlib import Path

import torch
from torch import nn

from ..common import files
from ..common.copies import twin_of
from ..common.errors import CourseError
from . import first_line

PACKAGES = ("onnx", "onnxscript", "onnxruntime")
TRACED = (2, 1, 64, 96)  # all different and no 1 but the channel, so that none is taken for fixed
TRIED = (TRACED, (1, 1, 75, 97))  # odd, so that every map is cut once


def export_onnx(path: str | Path, model: nn.Module) -> Path:
    """Write the network as ONNX: input "L" (N, 1, H, W) scaled L, output "ab" (N, 2, H, W).

    Batch, height and width are free, H and W from 32 pixels up: on smaller maps ColourNet leaves
    out a pooling, which a fixed graph cannot. The checks of the input are not in it. What is
    written has answered like torch at two sizes, to 1e-3.
    Raises CourseError where packages are missing, for a network whose path depends on its input,
    and where the file cannot be written. It takes some ten seconds.
    """
    missing = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        install = f"pip install {' '.join(PACKAGES)}"
        raise CourseError(f"ONNX needs {' and '.join(missing)}. Install: {install}")
    if not hasattr(torch.export.Dim, "DYNAMIC"):
        raise CourseError(f"ONNX needs torch 2.6 or newer, this is {torch.__version__}: update it.")
    path = Path(path).expanduser()
    network = twin_of(model, "cpu").eval()
    content = _traced(network)
    for shape in TRIED:
        _check(network, content, shape)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        files.write(path, content)
    except OSError as error:
        raise CourseError(f"{path} cannot be written: {error.strerror}.") from error
    return path


def _traced(network: nn.Module) -> bytes:
    sizes = {place: torch.export.Dim.DYNAMIC for place in (0, 2, 3)}
    try:
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")  # of torch to itself
            example = (torch.zeros(TRACED),)  # only its shape counts
            graph = torch.export.export(network, example, dynamic_shapes=(sizes,), strict=False)
            names = {"input_names": ["L"], "output_names": ["ab"]}
            program = torch.onnx.export(graph, dynamo=True, verbose=False, **names)
    except Exception as error:  # many kinds, and all mean the same
        raise CourseError(
            f"{type(network).__name__} cannot be written as ONNX: its forward takes decisions, or "
            f"calls something that ONNX does not have. {first_line(error)}"
        ) from error
    return program.model_proto.SerializeToString()


def _check(network: nn.Module, content: bytes, shape: tuple[int, ...]) -> None:
    """Raises CourseError where the ONNX answers otherwise than the network."""
    import onnxruntime  # seldom installed

    x = torch.rand(shape, generator=torch.Generator().manual_seed(0)) * 2 - 1
    with torch.inference_mode():
        there = network(x).float()  # (N, 2, H, W)
    quiet = onnxruntime.SessionOptions()
    quiet.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(content, quiet, providers=["CPUExecutionProvider"])
        here = torch.from_numpy(session.run(None, {"L": x.numpy()})[0])
        apart = (here - there).abs().max().item() if here.shape == there.shape else "in shape"
    except Exception as error:  # onnxruntime's own kinds
        apart = first_line(error)
    if isinstance(apart, str) or not apart < 1e-3:
        raise CourseError(
            f"{type(network).__name__} as ONNX differs from torch at {shape[2]} x {shape[3]} px "
            f"({apart}): its forward takes sizes for fixed. Compute them from x.shape, and divide "
            "no negative numbers, because ONNX rounds their quotients the other way."
        )
