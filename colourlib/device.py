"""What the network runs on and in which number format: decided here, with the reason, once."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from .common import processes


@dataclass(frozen=True)
class Device:
    """What the network runs on, and why that was chosen."""

    name: str  # 'cuda', 'mps' or 'cpu', as torch calls it
    reason: str


def choose_device() -> Device:
    """CUDA where there is one, then Apple's MPS, then the CPU; several processes: see there."""
    if processes.count() > 1:
        name = processes.start()
        return Device(name, f"a launcher has started {processes.count()} processes")
    if torch.cuda.is_available():
        return Device("cuda", f"an NVIDIA GPU is there: {torch.cuda.get_device_name()}")
    if torch.backends.mps.is_available():
        return Device("mps", "no NVIDIA GPU, but Apple's GPU (MPS) is there")
    threads = torch.get_num_threads()
    return Device("cpu", f"no GPU found; {threads} CPU thread{'s' * (threads != 1)}")


@dataclass(frozen=True)
class Placement:
    """Where a run takes place: all that depends on the machine goes through here."""

    device: str
    precision: str  # 'fp32' or 'bf16'
    reason: str  # why that precision
    processes: int = 1  # how many share each batch

    def model(self, model: nn.Module) -> nn.Module:
        """The network moved, in place, in the memory layout that convolutions are fastest in."""
        return model.to(self.device, memory_format=layout(self.device))

    def batch(self, x: Tensor) -> Tensor:
        """A batch (N, C, H, W) beside the network, in the same layout."""
        return x.to(self.device, memory_format=layout(self.device))

    def autocast(self) -> AbstractContextManager:
        """The context in which the forward pass runs."""
        return autocast(self.device, self.precision)


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


def autocast(device: str, precision: str) -> AbstractContextManager:
    """The context in which the forward pass runs."""
    return torch.autocast(device, torch.bfloat16) if precision == "bf16" else nullcontext()
