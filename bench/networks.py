"""What one training step of each network costs: parameters, time, and the ratio to PlainNet.

    python bench/networks.py

All in one run, best of several, channels_last against torch's default layout and bf16 autocast
against fp32. Read the ratios: milliseconds depend on the machine and on what else it does.
"""

import platform
import time

import torch
import torch.nn.functional as F

from colourlib.device import autocast, choose_precision
from colourlib.model import ColourNet, EncoderDecoder, PlainNet

SIZE, BATCH, REPEATS = 128, 20, 3


def seconds(net, layout, precision):
    """Best time of one step, forward and backward."""
    net = net.to(memory_format=layout)
    x = torch.randn(BATCH, 1, SIZE, SIZE).to(memory_format=layout)
    y = torch.randn(BATCH, 2, SIZE, SIZE)
    best = float("inf")
    for _ in range(REPEATS):
        start = time.perf_counter()
        with autocast("cpu", precision):
            prediction = net(x)
        F.mse_loss(prediction.float(), y).backward()
        best = min(best, time.perf_counter() - start)
    return best


def main():
    print(
        f"{platform.processor() or platform.machine()}, {torch.get_num_threads()} threads, "
        f"torch {torch.__version__}; batch {BATCH} at {SIZE} px, best of {REPEATS}"
    )
    print(f"chosen on this machine: {choose_precision('cpu')}\n")
    print(
        f"{'network':16}{'parameters':>12}{'layout':>16}{'format':>8}{'ms/step':>9}{'img/s':>7}"
        f"{'× PlainNet':>12}"
    )
    reference = None
    for network in (PlainNet, EncoderDecoder, ColourNet):
        for layout in (torch.contiguous_format, torch.channels_last):
            for precision in ("fp32", "bf16"):
                net = network()
                took = seconds(net, layout, precision)
                reference = reference or took
                name = str(layout).removeprefix("torch.")
                count = sum(p.numel() for p in net.parameters())
                print(
                    f"{network.__name__:16}{count:>12,}{name:>19}{precision:>6}"
                    f"{1000 * took:>8.0f}{BATCH / took:>7.0f}{reference / took:>11.1f}"
                )


if __name__ == "__main__":
    main()
