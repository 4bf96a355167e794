"""How well the rules do on pictures whose faults are known: every fault of the practice web.

    python bench/faults.py [--pictures 2000] [--share 0.6] [--seed 1] [--examples 6]

Collects from `faults.faulty_web`, judges, and prints for each rule what it should have turned away,
what it caught, what it turned away wrongly, precision and recall; for each fault what became of it;
and the pictures that fooled each rule. What drips or hangs is left to the tests.
"""

import argparse
import math
import platform
import tempfile
from pathlib import Path

from colourlib import clean
from colourlib.clean import rules
from colourlib.collect import fetch
from colourlib.common.queries import QUERIES
from colourlib.course import sources
from colourlib.practice import faults
from colourlib.practice.search import serve

NO_SLOW = tuple(name for name in faults.FAULTS if name not in faults.RARE)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", type=int, default=2000, help="about so many, all told")
    parser.add_argument("--share", type=float, default=0.6, help="of the links, faulty")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--examples", type=int, default=6, help="shown for each rule, of each kind")
    args = parser.parse_args()

    with tempfile.TemporaryDirectory() as folder:
        verdicts = judged(Path(folder), args)
    healthy = sum(faults.fault_of(v.photo.url) is None for v in verdicts)
    print(f"\n{platform.processor() or platform.machine()}, Python {platform.python_version()}")
    print(f"{len(verdicts)} pictures, {healthy} of them healthy, seed {args.seed}\n")
    print(f"{'rule':20}{'should':>8}{'caught':>8}{'wrongly':>9}{'precision':>11}{'recall':>8}")
    for rule, should, caught, wrongly, precision, recall in faults.grade(verdicts):
        print(f"{rule:20}{should:8}{caught:8}{wrongly:9}{words(precision):>11}{words(recall):>8}")
    print(f"\n{'fault':28}{'expected':20}{'pictures':>8}  what became of them")
    for fault, expected, count, became in faults.by_fault(verdicts):
        print(f"{fault:28}{expected:20}{count:8}  {became}")
    print()
    fooled(verdicts, args.examples)


def judged(root: Path, args: argparse.Namespace) -> list[rules.Verdict]:
    fetch.WEB = fetch.LOCAL  # what plays the web is on this machine: no need for patience
    kept = 0.6  # of the faulty ones about two in five are turned away at collection
    per_query = round(args.pictures / len(QUERIES) * (1 - args.share * (1 - kept)))
    with serve(faults.faulty_web(args.seed, NO_SLOW, args.share)):
        rows = sources.collect(root, "bing", QUERIES, per_query)
    return clean.judge(root, rows)


def words(share: float) -> str:
    return "-" if math.isnan(share) else f"{share:.3f}"


def fooled(verdicts: list[rules.Verdict], count: int) -> None:
    """The pictures that each rule missed, and those that it turned away wrongly."""
    by_url = {verdict.photo.url: verdict for verdict in verdicts}
    rows = [(url, *labels[1:]) for url, labels in faults.labelled(verdicts).items()]
    for rule in dict.fromkeys(row[0] for row in faults.grade(verdicts)):
        missed = [url for url, expected, decided in rows if expected == rule != decided]
        wrongly = [url for url, expected, decided in rows if decided == rule != expected != ""]
        for kind, urls in (("missed", missed), ("wrongly", wrongly)):
            if urls:
                print(f"{rule}: {kind} {len(urls)}")
            for url in urls[:count]:
                value = by_url[url].measures.get(rule, math.nan)
                reason = by_url[url].reason or "kept"
                print(f"  {words(value):>8}  {url.split('//')[1]}  {reason[:90]}")


if __name__ == "__main__":
    main()
