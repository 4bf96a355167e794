"""`make bench`: every benchmark that takes no photos, one after the other."""

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent

for name, *arguments in (["practice.py"], ["networks.py"], ["quality.py", "--minutes", "1"]):
    print(f"\n# python bench/{name} {' '.join(arguments)}", flush=True)
    subprocess.run([sys.executable, HERE / name, *arguments], check=True)
