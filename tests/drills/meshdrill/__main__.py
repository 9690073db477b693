# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""make drill-naive, drill-rotation, drill-cutover …: hold a drill, print its table, write build/drills/<name>.json. Ends with 1 where a promise is missed."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from meshlab.errors import LabError

from . import consul, consul_scenery, cutover, cutover_kill, kill, meshes, naive, peer, planes, report, rotation, witness
from .errors import DrillError
from .ground import Ground
from .meshes import Mesh
from .report import Result

CHECKOUT = Path(__file__).resolve().parents[3]
MISSED, IMPOSSIBLE = 1, 2
RATE, CUTOVER_RATE, LONG_RATE = 60.0, 40.0, 15.0
CUTOVERS = ("cutover", "cutover-kill", "peer")


def say(text: str) -> None:
    print(text, flush=True)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="meshdrill", description=__doc__)
    parser.add_argument("drill", choices=["naive", "rotation", "kill", "planes", "consul", *CUTOVERS])
    parser.add_argument("--runs", type=int, default=1, help="how often it is held")
    parser.add_argument("--requests", type=int, default=20000, help="that each flow has at least")
    parser.add_argument("--rate", type=float, help=f"requests a second in each flow; {RATE:g} ({CUTOVER_RATE:g} in a cutover, {LONG_RATE:g} to kill)")
    parser.add_argument("--baseline", type=float, default=30.0, help="quiet seconds before, to compare with")
    parser.add_argument("--kinds", default=" ".join(rotation.KINDS), help="what is rotated, in turn")
    parser.add_argument("--alone", action="store_true", help="do not hold drill-naive beside drill-rotation, or drill-peer beside drill-cutover")
    parser.add_argument("--servers", type=int, default=1, help="replicas of each server, in a cutover")
    parser.add_argument("--versions", action="store_true", help="a cutover between two real versions, the older of which is built; the mesh is installed anew")
    parser.add_argument("--provider", choices=[meshes.ISTIO, meshes.OSSM3], default=meshes.ISTIO,
                        help=f"who installs istiod in {', '.join(meshes.OPERATED)}: Helm, or a stand-in of the Sail operator")  # fmt: skip
    parser.add_argument("--mesh", choices=[consul_scenery.PEERING, consul_scenery.FEDERATION], default=consul_scenery.PEERING, help="of drill-consul")
    parser.add_argument("--acts", default="", help='only these acts of drill-consul, as in "failover leader"')
    parser.add_argument("--points", default="", help='kill only at these writes, as in "1 7"')
    return parser.parse_args()


def drill(options: argparse.Namespace, ground: Ground, mesh: Mesh) -> Callable[[], Result]:
    variables = mesh.variables
    points = [int(number) for number in options.points.split()]
    return {
        "naive": lambda: naive.hold(ground),
        "rotation": lambda: rotation.hold(ground, options.kinds.split(), options.requests),
        "kill": lambda: kill.hold(ground, points),
        "cutover": lambda: cutover.hold(ground, options.requests, options.servers, variables, left=mesh.left),
        "cutover-kill": lambda: cutover_kill.hold(ground, points, options.servers, variables, wide=mesh.wide),
        "planes": lambda: planes.hold(ground, options.requests),
        "peer": lambda: peer.hold(ground, options.servers, variables),
        "consul": lambda: consul.hold(ground, options.requests, options.mesh, options.acts.split()),
    }[options.drill]


def rate(options: argparse.Namespace) -> float:
    usual = {"rotation": RATE, "naive": RATE, "cutover": CUTOVER_RATE, "planes": CUTOVER_RATE, "peer": CUTOVER_RATE, "consul": CUTOVER_RATE}
    return options.rate or usual.get(options.drill, LONG_RATE)


def repeat(hold: Callable[[], Result], runs: int, build: Path) -> list[Result]:
    """Repeat a drill. After each run, print its table and write all runs so far into the file."""
    results: list[Result] = []
    for number in range(1, runs + 1):
        results.append(hold())
        told = {"met": all(result.met for result in results), "runs": [report.as_json(result) for result in results]}
        (build / f"{results[0].name}.json").write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
        say(f"\n{report.table(results[-1])}\n\nrun {number} of {runs}: {sum(result.met for result in results)} kept every promise")
    return results


def held(options: argparse.Namespace, ground: Ground, mesh: Mesh, build: Path) -> tuple[list[Result], list[Result]]:
    """The runs of the drill, and what was held beside it once. The peer comes last, as it leaves objects that another tool has written."""
    if options.drill not in CUTOVERS:
        beside = repeat(lambda: naive.hold(ground), 1, build) if options.drill == "rotation" and not options.alone else []
        return repeat(drill(options, ground, mesh), options.runs, build), beside
    with cutover.standing(ground, mesh.variables, home=mesh.stays):
        results = repeat(drill(options, ground, mesh), options.runs, build)
        peers = options.drill == "cutover" and mesh.peer and not options.alone
        return results, repeat(lambda: peer.hold(ground, options.servers, mesh.variables), 1, build) if peers else []


def main() -> int:
    options = arguments()
    # Whoever ends a drill does not leave its witness behind.
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
    os.setpriority(os.PRIO_PROCESS, 0, witness.ELSEWHERE)
    build = CHECKOUT / "build" / "drills"
    build.mkdir(parents=True, exist_ok=True)
    try:
        with meshes.mesh(options.drill, options.provider, options.versions and options.drill in CUTOVERS, build) as mesh:
            results, beside = held(options, Ground(mesh.estate, build, say, rate(options), options.baseline), mesh, build)
    except (DrillError, LabError, AssertionError) as error:
        print(f"drill-{options.drill}: {error}", file=sys.stderr)
        return IMPOSSIBLE
    for line in report.over_all(results):
        say(line)
    for line in report.beside(results, beside):
        say(line)
    return 0 if all(result.met for result in results) else MISSED


if __name__ == "__main__":
    sys.exit(main())
