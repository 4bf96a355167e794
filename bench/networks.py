"""What the three networks cost: a step, a picture of any size, and against what they are made of.

    python bench/networks.py            steps, growth with size, the bare stack
    python bench/networks.py --photo    a picture of 4000 x 3000 as well, with its peak memory

All in one run, best of several, within `kept_memory()`, as `fit` trains. Read the ratios:
milliseconds depend on the machine and on what else it does. "GMAC" are thousand millions of
multiply-adds of the convolutions.
"""

import argparse
import copy
import platform
import subprocess
import sys
import time

import torch
import torch.nn.functional as F
from torch import nn

from colourlib.device import autocast
from colourlib.model import ColourNet, EncoderDecoder, PlainNet
from colourlib.runs.speed import choose_precision, kept_memory

NETWORKS = (PlainNet, EncoderDecoder, ColourNet)
SIZE, BATCH, REPEATS = 128, 20, 5
SIDES = (64, 128, 256, 512, 1024, 2048)
LAYOUT = torch.channels_last


def best(work, repeats=REPEATS):
    """The shortest of several times, after one that does not count, in seconds."""
    times = []
    for _ in range(repeats + 1):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times[1:])


def a_step(net, precision, layout=LAYOUT):
    """One training step without the optimiser: forward, loss, backward."""
    net = net.to(memory_format=layout)
    x = torch.randn(BATCH, 1, SIZE, SIZE).to(memory_format=layout)
    y = torch.randn(BATCH, 2, SIZE, SIZE).to(memory_format=layout)

    def step():
        with autocast("cpu", precision):
            prediction = net(x)
        F.mse_loss(prediction.float(), y).backward()

    return step


def bricks(net, x):
    """(name, convolution, brick, shape of its input) of all, in the order they are used.

    The brick is the convolution with the pooling, BatchNorm and ReLU that follow it.
    """
    used, parts = [], dict(net.named_modules())
    hooks = []
    for name, layer in parts.items():
        if isinstance(layer, nn.Conv2d):
            outer = parts[name.rpartition(".")[0]]
            whole = outer if isinstance(outer, nn.Sequential) and outer[0] is layer else layer
            hooks.append(
                layer.register_forward_hook(
                    lambda layer, given, out, name=name, whole=whole: used.append(
                        (name, layer, whole, given[0].shape)
                    )
                )
            )
    with torch.no_grad():
        net(x)
    for hook in hooks:
        hook.remove()
    return used


def steps(precision):
    """Every network in both layouts and formats; the ratio to PlainNet in each."""
    print(f"\nA training step (forward, loss, backward), batch {BATCH} at {SIZE} px")
    print(
        f"{'network':16}{'parameters':>12}{'layout':>20}{'format':>8}{'ms':>8}{'img/s':>7}"
        f"{'PlainNet /':>12}"
    )
    reference = {}
    for network in NETWORKS:
        for layout in (torch.contiguous_format, torch.channels_last):
            for kind in ("fp32", "bf16"):
                net = network()
                took = best(a_step(net, kind, layout), 2)
                ratio = reference.setdefault((layout, kind), took) / took
                count = sum(p.numel() for p in net.parameters())
                print(
                    f"{network.__name__:16}{count:>12,}{str(layout)[6:]:>20}{kind:>8}"
                    f"{1000 * took:>8.0f}{BATCH / took:>7.0f}{ratio:>12.1f}"
                )
    print("The course uses channels_last and", precision)


def growth():
    """One picture forward, in inference mode: is its cost in proportion to its pixels?"""
    print("\nOne picture forward, fp32: nanoseconds a pixel, and how many times that at 256 px")
    print(f"{'side':>6}" + "".join(f"{network.__name__:>22}" for network in NETWORKS))
    nets = [network().eval().to(memory_format=LAYOUT) for network in NETWORKS]
    table = {}
    with torch.inference_mode():
        for side in SIDES:
            x = torch.zeros(1, 1, side, side).to(memory_format=LAYOUT)
            goes = 1 if side > 1024 else min(30, 3 * (1024 // side) ** 2)
            table[side] = [best(lambda net=net, x=x: net(x), goes) / side**2 for net in nets]
    for side, row in table.items():
        cells = (f"{1e9 * t:.0f}  ({t / at:.2f} x)" for t, at in zip(row, table[256], strict=True))
        print(f"{side:>6}" + "".join(f"{cell:>22}" for cell in cells))


def alone(layer, shape, precision):
    """One layer or brick forward and backward on numbers of its own, as in the network's step."""
    layer = copy.deepcopy(layer).to(memory_format=LAYOUT)
    number = torch.bfloat16 if precision == "bf16" else torch.float32
    given = torch.randn(shape, dtype=number).to(memory_format=LAYOUT)
    given.requires_grad_(shape[1] > 1)  # the picture needs no gradient

    def step():
        with autocast("cpu", precision):
            out = layer(given)
        out.backward(back)

    with autocast("cpu", precision):
        back = torch.randn_like(layer(given).detach())
    return step


def bare_stack(precision):
    """ColourNet's step against its convolutions alone, and against its bricks alone."""
    print(
        f"\nColourNet's step, and what it is made of run alone, {precision}, forward and backward"
    )
    net = ColourNet()
    work = []
    for name, conv, brick, shape in bricks(net, torch.randn(BATCH, 1, SIZE, SIZE)):
        # Forward, gradient of the weights, and that of the input unless it is the picture.
        macs = conv.weight.numel() * shape[0] * shape[2] * shape[3] * (3 if shape[1] > 1 else 2)
        pair = alone(conv, shape, precision), alone(brick, shape, precision)
        work.append([name, shape, macs, pair, [float("inf")] * 2])
    whole_step, whole = a_step(net, precision), float("inf")
    for _ in range(REPEATS):  # in turns, so that all see the same machine
        whole = min(whole, best(whole_step, 1))
        for *_, pair, times in work:
            times[:] = [min(t, best(step, 1)) for t, step in zip(times, pair, strict=True)]
    print(f"{'':12}{'input':>22}{'GMAC':>8}{'conv ms':>10}{'GMAC/s':>8}{'brick ms':>10}")
    for name, shape, macs, _, (conv, brick) in work:
        print(
            f"{name:12}{str(tuple(shape)):>22}{macs / 1e9:>8.2f}{1000 * conv:>10.1f}"
            f"{macs / conv / 1e9:>8.0f}{1000 * brick:>10.1f}"
        )
    total = sum(macs for _, _, macs, *_ in work) / 1e9
    conv, brick = (sum(column) for column in zip(*(row[-1] for row in work), strict=True))
    print(f"the step: {1000 * whole:.0f} ms, {total:.1f} GMAC")
    for what, seconds in (
        ("convolutions", conv),
        ("bricks (convolution, pooling, BatchNorm, ReLU)", brick),
    ):
        print(
            f"  its {what} alone: {1000 * seconds:.0f} ms, {total / seconds:.0f} GMAC/s; "
            f"the step takes {whole / seconds:.2f} x"
        )
    where_the_time_goes(whole_step)


def where_the_time_goes(step, lines=8):
    """The shares of the operations in a step."""
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as profile:
        for _ in range(3):
            step()
    rows = sorted(profile.key_averages(), key=lambda row: -row.self_cpu_time_total)
    total = sum(row.self_cpu_time_total for row in rows)
    shares = (
        f"{row.key.removeprefix('aten::')} {row.self_cpu_time_total / total:.0%}" for row in rows
    )
    print("of the step:", ", ".join(list(shares)[:lines]))


PHOTO = """
import resource, sys, time, torch
from colourlib import model
net = getattr(model, sys.argv[1])().eval().to(memory_format=torch.channels_last)
with torch.inference_mode():
    net(torch.zeros(1, 1, 64, 64))
    x = torch.zeros(1, 1, 3000, 4000)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.perf_counter()
    y = net(x)
    seconds = time.perf_counter() - start
assert y.shape == (1, 2, 3000, 4000)
unit = 1 if sys.platform == "darwin" else 1024
peak = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * unit
floats = peak / 4 / 12e6
print(f"{sys.argv[1]:16}{seconds:>8.1f} s{peak / 1e9:>8.1f} GB{floats:>8.0f} floats a pixel")
"""


def photo():
    """A picture of 12 megapixels through each network, each in a process of its own."""
    print("\nOne picture of 4000 x 3000 forward, fp32: time and memory at the peak", flush=True)
    for network in NETWORKS:
        done = subprocess.run(
            [sys.executable, "-c", PHOTO, network.__name__], capture_output=True, text=True
        )
        failure = f"{network.__name__}: {done.stderr.strip().splitlines()[-1:]}\n"
        print(failure if done.returncode else done.stdout, end="", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--photo", action="store_true", help="4000 x 3000 too: up to 12 GB")
    asked = parser.parse_args()
    precision, why = choose_precision("cpu")
    print(
        f"{platform.processor() or platform.machine()}, {torch.get_num_threads()} threads, "
        f"torch {torch.__version__}; {precision}: {why}"
    )
    with kept_memory():
        steps(precision)
        growth()
        bare_stack(precision)
    if asked.photo:
        photo()


if __name__ == "__main__":
    main()
