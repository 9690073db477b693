# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""make drill-naive, drill-rotation, drill-kill: hold a drill, print its table, write build/drills/<name>.json. Exit with 1 if a promise is missed."""

from __future__ import annotations

import argparse
import json
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from ansible_collections.meshops.lifecycle.tests.e2e.estate import Estate
from meshlab.errors import LabError

from . import kill, naive, report, rotation
from .errors import DrillError
from .ground import Ground
from .report import Result

CHECKOUT = Path(__file__).resolve().parents[3]
MISSED, IMPOSSIBLE = 1, 2
RATE, LONG_RATE = 60.0, 15.0


def say(text: str) -> None:
    print(text, flush=True)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="meshdrill", description=__doc__)
    parser.add_argument("drill", choices=["naive", "rotation", "kill"])
    parser.add_argument("--runs", type=int, default=1, help="how often it is held")
    parser.add_argument("--requests", type=int, default=20000, help="that each flow has at least")
    parser.add_argument("--rate", type=float, help=f"requests a second in each flow; {RATE:g}, or {LONG_RATE:g} where it takes hours")
    parser.add_argument("--baseline", type=float, default=30.0, help="quiet seconds before, to compare with")
    parser.add_argument("--kinds", default=" ".join(rotation.KINDS), help="what is rotated, in turn")
    parser.add_argument("--alone", action="store_true", help="do not hold drill-naive beside drill-rotation")
    parser.add_argument("--points", default="", help='kill only at these writes, as in "1 7"')
    return parser.parse_args()


def drill(options: argparse.Namespace, ground: Ground) -> Callable[[], Result]:
    return {
        "naive": lambda: naive.hold(ground),
        "rotation": lambda: rotation.hold(ground, options.kinds.split(), options.requests),
        "kill": lambda: kill.hold(ground, [int(number) for number in options.points.split()]),
    }[options.drill]


def repeat(hold: Callable[[], Result], runs: int, build: Path) -> list[Result]:
    """Repeat a drill. After each run, print its table and write all runs so far into the file."""
    results: list[Result] = []
    for number in range(1, runs + 1):
        results.append(hold())
        told = {"met": all(result.met for result in results), "runs": [report.as_json(result) for result in results]}
        (build / f"{results[0].name}.json").write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
        say(f"\n{report.table(results[-1])}\n\nrun {number} of {runs}: {sum(result.met for result in results)} kept every promise")
    return results


def main() -> int:
    options = arguments()
    # Whoever ends a drill does not leave its witness behind.
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
    build = CHECKOUT / "build" / "drills"
    build.mkdir(parents=True, exist_ok=True)
    try:
        ground = Ground(Estate(), build, say, options.rate or (LONG_RATE if options.drill == "kill" else RATE), options.baseline)
        beside = [repeat(lambda: naive.hold(ground), 1, build)] if options.drill == "rotation" and not options.alone else []
        results = repeat(drill(options, ground), options.runs, build)
    except (DrillError, LabError, AssertionError) as error:
        print(f"drill-{options.drill}: {error}", file=sys.stderr)
        return IMPOSSIBLE
    for line in report.over_all(results):
        say(line)
    for line in report.beside(results, [result for results in beside for result in results]):
        say(line)
    return 0 if all(result.met for result in results) else MISSED


if __name__ == "__main__":
    sys.exit(main())
