"""`make bench`: every benchmark that takes no photos, one after the other."""

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent

SCRIPTS = (
    ["practice.py"],
    ["faults.py"],
    ["cleaning.py"],
    ["loading.py"],
    ["networks.py"],
    ["clinic.py"],
    ["training.py"],
    ["threads.py"],
    ["applying.py"],
    ["public_photos.py"],
    ["quality.py", "--minutes", "1.5"],
)

for name, *arguments in SCRIPTS:
    print(f"\n# python bench/{name} {' '.join(arguments)}", flush=True)
    subprocess.run([sys.executable, HERE / name, *arguments], check=True)
