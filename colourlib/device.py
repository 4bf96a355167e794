"""What the network runs on and in which number format: decided here, with the reason, once."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor, nn

TINY = 1e-30  # no weight that small makes a difference


@dataclass(frozen=True)
class Device:
    """What the network runs on, and why that was chosen."""

    name: str  # 'cuda', 'mps' or 'cpu', as torch calls it
    reason: str


def choose_device() -> Device:
    """CUDA where there is one, then Apple's MPS, then the CPU."""
    if torch.cuda.is_available():
        return Device("cuda", f"an NVIDIA GPU is there: {torch.cuda.get_device_name()}")
    if torch.backends.mps.is_available():
        return Device("mps", "no NVIDIA GPU, but Apple's GPU (MPS) is there")
    threads = torch.get_num_threads()
    return Device("cpu", f"no GPU found; {threads} CPU thread{'s' * (threads != 1)}")


@dataclass(frozen=True)
class Placement:
    """Where a run takes place: all in `fit` that depends on the machine goes through here.

    One process and one device. Under a launcher of several processes (accelerate, torchrun), their
    number and the exchange of gradients would have their place here, too, and the loop would stay.
    """

    device: str
    precision: str  # 'fp32' or 'bf16'
    reason: str  # why that precision

    def model(self, model: nn.Module) -> nn.Module:
        """The network moved, in place, in the memory layout that convolutions are fastest in."""
        return model.to(self.device, memory_format=layout(self.device))

    def batch(self, x: Tensor) -> Tensor:
        """A batch (N, C, H, W) beside the network, in the same layout."""
        return x.to(self.device, memory_format=layout(self.device))

    def autocast(self) -> AbstractContextManager:
        """The context in which the forward pass runs."""
        return autocast(self.device, self.precision)

    def backward(self, loss: Tensor) -> None:
        """Compute the gradients."""
        loss.backward()


@contextmanager
def eval_mode(network: nn.Module) -> Iterator[None]:
    """The network in eval mode, and then each of its parts as it was: some may be frozen."""
    modes = {part: part.training for part in network.modules()}
    network.eval()
    try:
        yield
    finally:
        for part, training in modes.items():
            part.training = training


def layout(device: str) -> torch.memory_format:
    """The memory layout in which convolutions are fastest on a device.

    Not on Apple's GPU: there torch's gradients of BatchNorm, pooling and convolutions in
    channels_last have been wrong or fatal (pytorch issues 134580, 142344, 175189, 175190).
    """
    return torch.contiguous_format if device == "mps" else torch.channels_last


@torch.no_grad()
def flush_tiny_(tensors: Iterable[Tensor]) -> None:
    """Numbers closer to 0 than 1e-30 become 0, in place.

    Below 1e-38 a CPU computes many times more slowly (denormal numbers). A channel that ReLU keeps
    at 0 gets there: nothing but L2 moves its weights, and they shrink in each step, as do Adam's
    and BatchNorm's running means of what is always 0. One such layer can make a step three times
    as long. torch.set_flush_denormal would do, but not for threads that have begun.
    """
    for tensor in tensors:
        if tensor.is_floating_point():
            tensor.masked_fill_(tensor.abs() < TINY, 0)


def place(precision: str = "auto") -> Placement:
    """The best device there is, and the number format: as asked, or the faster one if 'auto'.

    Raises RuntimeError where a launcher has started several processes: each would train alone.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        raise RuntimeError(
            f"fit trains in one process; a launcher has started {os.environ['WORLD_SIZE']}, which "
            "would each train a network of their own. Start it without the launcher."
        )
    device = choose_device().name
    reason = "as asked"
    if precision == "auto":
        precision, reason = choose_precision(device)
    return Placement(device, precision, reason)


@lru_cache
def choose_precision(device: str) -> tuple[str, str]:
    """('fp32' or 'bf16', why), for a device.

    On a GPU bf16 where it is supported. On a CPU the truth depends on the model of CPU and on the
    build of torch, so a short measurement decides: the same convolutions forward and backward in
    both formats, the best of several goes. bf16 has to win by a clear margin to be chosen, and is
    given up as soon as it takes three times as long: without bf16 units it can be ten times.
    """
    if device == "cuda":
        if torch.cuda.is_bf16_supported(including_emulation=False):
            return "bf16", "the GPU has bf16 units"
        return "fp32", "the GPU has no bf16 units"
    if device != "cpu":
        return "fp32", f"bf16 is not used on {device}"
    seconds = {"fp32": math.inf, "bf16": math.inf}
    with torch.random.fork_rng(
        devices=[]
    ):  # a measurement must not change anybody's random numbers
        net = nn.Sequential(
            nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.Conv2d(64, 64, 3, padding=1)
        )
        x = torch.randn(20, 32, 32, 32)
    net, x = (z.to(memory_format=torch.channels_last) for z in (net, x))
    for go in range(5):
        for precision in seconds:
            start = time.perf_counter()
            with autocast(device, precision):
                loss = net(x).float().square().mean()
            loss.backward()
            seconds[precision] = min(seconds[precision], time.perf_counter() - start)
        if go and seconds["bf16"] > 3 * seconds["fp32"]:  # not at once: the first go sets things up
            break
    ratio = seconds["fp32"] / seconds["bf16"]
    chosen = "bf16" if ratio > 1.2 else "fp32"
    return chosen, f"measured on this CPU, bf16 runs at {ratio:.1f} times the speed of fp32"


def autocast(device: str, precision: str) -> AbstractContextManager:
    """The context in which the forward pass runs."""
    return torch.autocast(device, torch.bfloat16) if precision == "bf16" else nullcontext()
