# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""make bench: run the workloads, write build/bench.json and docs/benchmarks.md."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import tempfile
from pathlib import Path

from meshlab.errors import LabError

from . import report
from .chapters import merged
from .contestants import CONTESTANTS, ENGINE, IDLE, OURS
from .course import Course
from .errors import BenchError
from .estates import everything
from .figures import summary
from .fleets import Fleets
from .issuing import intermediates
from .machine import load, machine, versions
from .plans import plans
from .proxies import proxies
from .pushes import storm
from .race import Outcome
from .sites import SIZES, playbooks
from .waves import waves

CHECKOUT = Path(__file__).resolve().parents[3]


def say(text: str) -> None:
    print(text, flush=True)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="meshbench", description=__doc__)
    parser.add_argument("--runs", type=int, default=10, help="of each contestant")
    parser.add_argument("--only", default="", help='workloads, as in "P1 P3"; then only their chapters of docs/benchmarks.md are written')
    parser.add_argument("--peers", default="", help="contestants beside ours; then docs/benchmarks.md is left as it is")
    return parser.parse_args()


def sizes(name: str) -> list[str]:
    """The sizes of P18 that are wanted; P18 alone means all of them."""
    return [each for each in SIZES if each.startswith(f"{name}-")] or [name]


def measured(options: argparse.Namespace) -> dict[str, Outcome]:
    wanted = [each for name in options.only.split() for each in sizes(name)] or list(report.WORKLOADS)
    peers = options.peers.split() or list(CONTESTANTS)
    unknown = [*(name for name in wanted if name not in report.WORKLOADS), *(name for name in peers if name not in CONTESTANTS)]
    if unknown or options.runs < 1:
        raise BenchError(f"There is no {' and no '.join(unknown) or 'sense in fewer than one run'}; workloads are {', '.join(report.WORKLOADS)}, "
                         f"contestants {', '.join(CONTESTANTS)}.")
    with tempfile.TemporaryDirectory(prefix="meshbench-") as folder:
        names = [name for name in CONTESTANTS if name in (*peers, ENGINE, OURS, *IDLE)]
        return run(Path(folder), options.runs, names, wanted)


def run(folder: Path, rounds: int, names: list[str], wanted: list[str]) -> dict[str, Outcome]:
    everywhere = [name for name in names if not CONTESTANTS[name].alone]
    course, fleets = Course(folder, rounds, everywhere, say), Fleets(folder, rounds, everywhere, say)
    single = [workload for workload in ("P1", "P2") if workload in wanted]
    outcomes = course.warm(single) if single else {}
    others = {"P1-istioctl": fleets.own_set, "P1-fleet": fleets.some, "P3": course.cold, "P4": fleets.far,
              "P6": lambda: intermediates(folder, rounds, names, say), "P7": lambda: proxies(folder, rounds, names, say),
              "P12": lambda: storm(folder, rounds, everywhere, say), "P15": lambda: waves(folder, rounds, names, say),
              "P16": lambda: plans(folder, rounds, names, say), "P17": lambda: everything(folder, rounds, say)}
    outcomes |= {workload: go() for workload, go in others.items() if workload in wanted}
    if set(SIZES) & set(wanted):
        outcomes |= playbooks(folder, rounds, wanted, say)
    return {workload: outcomes[workload] for workload in report.WORKLOADS if workload in outcomes}


def publish(outcomes: dict[str, Outcome], options: argparse.Namespace, before: float) -> None:
    results = {workload: {name: summary(runs, outcome.trees.get(name, 0.0)) for name, runs in outcome.runs.items()} for workload, outcome in outcomes.items()}
    found = report.rows(results)
    (CHECKOUT / "build").mkdir(exist_ok=True)
    (CHECKOUT / "build" / "bench.json").write_text(json.dumps(report.as_json(found), indent=1) + "\n", encoding="utf-8")
    for workload, summaries in results.items():
        say(f"\n{workload}: {report.WORKLOADS[workload]}\n\n{report.standings(summaries, workload)}")
    say(report.judged(found))
    page = CHECKOUT / "docs" / "benchmarks.md"
    left_out = {workload: outcome.left_out for workload, outcome in outcomes.items()}
    if options.only and not options.peers:
        measured = f"Measured by itself, {options.runs} times, on {machine()}; the load of the machine was {before:.1f} before."
        page.write_text(merged(page.read_text(encoding="utf-8"), results, left_out, measured), encoding="utf-8")
    elif not options.peers:
        facts = {"machine": machine(), "versions": ", ".join(f"{name} {number}" for name, number in versions().items())}
        text = report.document(results, left_out, facts, options.runs, before)
        page.write_text(text, encoding="utf-8")


def main() -> int:
    options = arguments()
    before = load()
    # So that API servers and folders go away with us.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(1))
    try:
        publish(measured(options), options, before)
    except (BenchError, LabError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
