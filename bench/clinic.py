"""How long `inspect` takes, how much memory, and how near its guess of an epoch's time is.

    python bench/clinic.py

Each network is inspected in a process of its own, the first time and again; then a few real
training steps at the course's size and batch are timed and compared with the guess.
"""

import json
import platform
import resource
import subprocess
import sys
import time

SIZE, BATCH, PHOTOS = 128, 20, 1000


def one(name):
    import torch

    from colourlib import model
    from colourlib.runs.speed import kept_memory
    from colourlib.teaching.clinic.costs import _stepper

    start = time.perf_counter()
    from colourlib.teaching.clinic import inspect

    told = {"import": time.perf_counter() - start}
    net = getattr(model, name)()
    for call in ("first", "again"):
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        start, cpu = time.perf_counter(), time.process_time()
        report = inspect(net, photos=PHOTOS)
        told[call] = time.perf_counter() - start
        told[f"{call}, CPU"] = time.process_time() - cpu
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        told[f"{call}, MB"] = (peak - before) / 1024
    told["guess"] = report.epoch
    step = _stepper(net.to(memory_format=torch.channels_last).train(), "cpu")
    with kept_memory():  # as `fit` trains
        told["real"] = step(BATCH, SIZE) * PHOTOS / BATCH
    print(json.dumps(told))


def main():
    import torch

    print(
        f"{platform.processor() or platform.machine()}, {torch.get_num_threads()} threads, "
        f"torch {torch.__version__}; {PHOTOS} photos of {SIZE} px in batches of {BATCH}"
    )
    heads = (
        "import s",
        "first s",
        "(CPU s)",
        "(MB)",
        "again s",
        "(CPU s)",
        "(MB)",
        "epoch: guess",
        "real s",
    )
    print(f"{'network':16}" + "".join(f"{h:>14}" for h in heads))
    for name in ("PlainNet", "EncoderDecoder", "ColourNet"):
        out = subprocess.run(
            [sys.executable, __file__, name], capture_output=True, text=True, check=True
        )
        told = json.loads(out.stdout)
        print(f"{name:16}" + "".join(f"{value:14.2f}" for value in told.values()))


if __name__ == "__main__":
    one(sys.argv[1]) if len(sys.argv) > 1 else main()
