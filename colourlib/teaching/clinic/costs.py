"""What a network costs: multiply-adds, memory while training, seconds of an epoch."""

import math
import time
from collections import Counter

import torch
import torch.nn.functional as F
from torch import nn

from ...common.copies import copy_of
from ...device import autocast, choose_device, layout
from ...runs.speed import choose_precision
from .functions import NORMS
from .watch.tracing import Op, Trace

GOAL = 0.12  # seconds that the larger one of the two calibration steps should take
MOST = 1e9  # multiply-adds of the smaller one: a step takes three times as many
TURNS, ENOUGH = 4, 0.3  # a step is timed so often, or twice where that takes so many seconds
FASTEST = {"cpu": 1e12}  # multiply-adds a second: no machine is known to be faster


def multiply_adds(op: Op, batch: int) -> int:
    """Multiply-adds of one op for ONE picture; 0 for an op without weights or products.

    A convolution: its parameters, bias included, times the places of its output. A norm: its
    parameters once, as torchinfo counts it (BatchNorm can be folded into the convolution).
    """
    weight, bias = op.arg(1, "weight"), op.arg(2, "bias")
    if op.name in ("conv1d", "conv2d", "conv3d", "linear"):
        places = math.prod(op.shape) // weight.shape[0]  # of the whole batch
        return (weight.numel() + (0 if bias is None else bias.numel())) * places // batch
    if op.name.startswith("conv_transpose"):  # each input place is multiplied with every weight
        places = math.prod(op.shapes[0]) // op.shapes[0][1]
        return (weight.numel() * places + (0 if bias is None else math.prod(op.shape))) // batch
    if op.name in ("prelu", *NORMS):
        own = [*op.args[1:], op.kwargs.get("weight"), op.kwargs.get("bias")]
        return sum(p.numel() for p in own if isinstance(p, nn.Parameter))
    if op.name in ("matmul", "bmm") and len(op.shapes) == 2:
        return math.prod(op.shape) * op.shapes[0][-1] // batch
    if op.name == "scaled_dot_product_attention" and len(op.shapes) >= 3:
        q, k = op.shapes[:2]
        return 2 * math.prod(q) * k[-2] // batch
    if op.name == "multi_head_attention_forward":  # (L, N, E): projections, then two products
        (length, n, width), (keys, *_), *_ = op.shapes
        return n * (2 * length + 2 * keys) * width**2 // batch + 2 * length * keys * width
    return 0


def kept_bytes(trace: Trace) -> dict[int | None, int]:
    """Bytes kept for the backward pass, by the op that made them; None: the picture itself."""
    kept: Counter[int | None] = Counter()
    for size, maker, _ in trace.saved.values():
        kept[maker] += size
    return kept


def epoch_seconds(model: nn.Module, size: int, batch: int, photos: int, adds: int) -> float | None:
    """About how long one epoch of `photos` photos takes on this device; None if it cannot be told.

    A copy is trained for a few steps at two small sizes: a step takes a fixed time and a time a
    pixel, so that two measurements give both. adds: multiply-adds of one picture of `size`. Not
    told where not even a small picture would be done soon on a CPU, nor where small and large
    steps take equally long, because the machine is busy with something else.
    """
    device, side, few = choose_device().name, min(size, 32), min(2, batch)
    if device == "cpu" and few * adds * side**2 / size**2 > MOST:
        side, few = min(size, 16), 1
        if adds * side**2 / size**2 > MOST:
            return None
    try:
        twin = copy_of(model, "cpu").to(device, memory_format=layout(device)).train()
        step = _stepper(twin, device)
        t0 = t1 = step(few, side)
        few_1, side_1 = few, side
        if t0 >= 4 * GOAL and few * side**2 > 16**2:  # slow: go down rather than up
            few, side = 1, 16
            t0 = step(few, side)
            if t0 > 0.5 * t1:
                return None
        elif t0 < 4 * GOAL:
            pixels = min(batch * size**2, few * side**2 * max(2.0, GOAL / t0))
            side_1 = min(size, max(side, int(math.sqrt(pixels / 4)) // 16 * 16))
            few_1 = max(few, min(batch, int(pixels / side_1**2)))
            t1 = step(few_1, side_1)
    except Exception:  # it takes no small picture, say
        return None
    p0, p1 = few * side**2, few_1 * side_1**2
    least = 3 * adds / size**2 / FASTEST.get(device, 1e15)
    slope = t0 / p0 if t1 == t0 or p1 == p0 else max((t1 - t0) / (p1 - p0), least)
    fixed = max(0.0, t0 - slope * p0)
    return math.ceil(photos / batch) * fixed + photos * size**2 * slope


def _stepper(model: nn.Module, device: str):
    """A function (pictures, side) -> best seconds of a training step."""
    measured = device != "cpu" or choose_precision.cache_info().currsize
    precision = choose_precision(device)[0] if measured else "fp32"
    optimiser = torch.optim.Adam(model.parameters(), lr=0.0, fused=device in ("cpu", "cuda"))
    wait = getattr(torch, device).synchronize if device in ("cuda", "mps") else lambda: None

    def step(pictures: int, side: int) -> float:
        x = torch.randn(pictures, 1, side, side).to(device, memory_format=layout(device))
        y = torch.zeros(pictures, 2, side, side, device=device)
        times: list[float] = []  # the best of several: a busy machine spoils some of them
        while len(times) < 2 or (len(times) < TURNS and sum(times) < ENOUGH):
            wait()
            start = time.perf_counter()
            with autocast(device, precision):
                prediction = model(x)
            optimiser.zero_grad()
            F.mse_loss(prediction.float(), y).backward()
            optimiser.step()
            wait()
            times.append(time.perf_counter() - start)
        return min(times)

    return step
