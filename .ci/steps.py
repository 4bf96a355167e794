"""The checks that `make test` and CI run, all of them or some: `python .ci/steps.py lint`."""

import importlib.util
import os
import shlex
import subprocess
import sys
import time
from pathlib import Path

TOOLS = ("ruff", "importlinter", "pytest", "xdist", "nbval")
CHECKOUT = Path(__file__).resolve().parents[1]

# What is run, each as: python ...
_PYTEST = "-m pytest -p no:nbval --durations=6"  # nbval takes two seconds to import
_TWO = "-n 2 --dist loadfile --no-loadscope-reorder"  # a file each; the conftest.py orders them
STEPS = {
    "lint": {
        "ruff check": "-m ruff check .",
        "ruff format": "-m ruff format --check .",
        "arrows": "-c 'from importlinter.cli import lint_imports_command; lint_imports_command()'",
    },
    "unit": {"unit tests": f"{_PYTEST} {_TWO} --ignore tests/browser tests"},
    "notebooks": {
        "notebooks": "-m pytest -p no:python --nbval-lax --nbval-current-env"
        f" --nbval-cell-timeout=600 {_TWO} --durations=6 notebooks/",
    },
    "browser": {"browser": f"{_PYTEST} {_TWO} -rs tests/browser"},
}
ALL = list(STEPS)
STEPS["quick"] = {"quick tests": STEPS["unit"]["unit tests"].replace("-n 2", "-m 'not slow' -n 2")}
GROUPS = {"check": ["lint", "quick"]}


def run_tests(steps: list[str], checkout: Path = CHECKOUT) -> bool:
    """Run the steps named, show their output, then each one's own closing line; True if all passed.

    A step that fails does not keep the next from running: one run tells everything.
    """
    closing = []
    for tool, command in ((tool, line) for step in steps for tool, line in STEPS[step].items()):
        print(f"\n$ python {command}", flush=True)
        start = time.perf_counter()
        code, last = _show_and_keep_last(shlex.split(command), checkout)
        verdict = "ok" if code == 0 else "FAILED"
        closing.append((tool, verdict, time.perf_counter() - start, last))
    print()
    for tool, verdict, seconds, last in closing:
        print(f"{tool:13} {verdict:6} {seconds:5.0f} s  {last}")
    return all(verdict == "ok" for _, verdict, _, _ in closing)


def _show_and_keep_last(command: list[str], folder: Path) -> tuple[int, str]:
    """Run python and pass its output on as it comes: (exit code, last line of output)."""
    # Two workers, a thread each: with more, threads wait for one another instead of computing.
    env = os.environ | {"PYTHONUNBUFFERED": "1", "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(
        [sys.executable, *command],
        cwd=folder,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    tail = b""
    while chunk := process.stdout.read1():
        sys.stdout.buffer.write(chunk)
        sys.stdout.buffer.flush()
        tail = (tail + chunk)[-2000:]
    lines = tail.decode("utf-8", errors="replace").strip().splitlines()
    return process.wait(), lines[-1] if lines else ""


def main(named: list[str]) -> int:
    """0: all passed; 1: a step failed; 2: there is no such step, or a tool is missing."""
    there = [*STEPS, *GROUPS]
    if unknown := [step for step in named if step not in there]:
        print(f"There is no test step {unknown[0]!r}. There are: {', '.join(there)}.")
        return 2
    missing = [name for name in TOOLS if importlib.util.find_spec(name) is None]
    if missing:
        print(
            f"Test tools are missing: {', '.join(missing)}. pip install -e '.[test]' brings them."
        )
        return 2
    steps = [one for step in named or ALL for one in GROUPS.get(step, [step])]
    return 0 if run_tests(steps) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
