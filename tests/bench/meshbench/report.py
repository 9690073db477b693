# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From summaries to build/bench.json and docs/benchmarks.md. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

from .contestants import CONTESTANTS, ENGINE, HELM, KUBECTL, LOOP, ONE_TASK, OURS, PING, SERVER_SIDE, STARTUP
from .figures import Summary
from .workload import COUNTS

Results = Mapping[str, Mapping[str, Summary]]
PEERS = (KUBECTL, SERVER_SIDE, HELM, ONE_TASK, LOOP)
WORKLOADS = {
    "P1": "nothing to change",
    "P2": "one of the objects drifted (a ConfigMap, altered by another field manager)",
    "P3": "cold: an empty cluster, Istio's CRDs included",
}
SHORT = {ENGINE: "engine", OURS: "e2e"}
# (workload, ours, peer) -> how many times less time than the peer ours has to take
FASTER = {
    ("P1", ENGINE, SERVER_SIDE): 20.0, ("P1", OURS, SERVER_SIDE): 3.0, ("P1", OURS, LOOP): 50.0, ("P3", OURS, SERVER_SIDE): 2.0, ("P3", OURS, LOOP): 30.0,
}
# Targets that nothing here measures yet.
OPEN = (
    ("P1", "e2e wall s, peer istioctl install", ">= 0.56"), ("P1", "20 clusters, e2e wall s, peer istioctl install one after the other", ">= 5"),
    ("P4", "50 clusters, 50 ms, nothing to change, e2e wall s", "<= 6"), ("P4", "50 clusters, largest process MiB", "<= 300"),
    ("P4", "50 clusters, e2e wall s, peer kubernetes.core.k8s, one task, forks=50", ">= 10"), ("P12", "full pushes of istiod for 100 objects", "<= 3"),
)
VERDICTS = {True: "yes", False: "**no**", None: "not measured"}
PARTS = ("ansible-playbook itself", "starting any module (ping)", "the engine", "imports of our module, and the set on its way into it and back")
UNITS = {"wall": "wall s", "cpu": "CPU s", "requests": "requests"}


@dataclass(frozen=True)
class Row:
    """One line of build/bench.json. `ratio` is peer / ours, above 1 where we are ahead, but ours / peer where the target is an upper limit."""

    id: str
    measure: str
    ours: float | None
    peer: float | None
    ratio: float | None
    target: str | None
    met: bool | None


def rows(results: Results) -> list[Row]:
    """Those with a target first."""
    found = [*_limits(results), *_against(results), *(Row(workload, measure, None, None, None, target, None) for workload, measure, target in OPEN)]
    return sorted(found, key=lambda row: (int(row.id[1:]), row.target is None))


def _limits(results: Results) -> Iterator[Row]:
    first, second = results.get("P1", {}), results.get("P2", {})
    if ENGINE in first:
        yield _limit("P1", "engine wall s", first[ENGINE].wall, 0.25)
        yield _limit("P1", "engine requests (kinds + 3)", first[ENGINE].requests, len(COUNTS) + 3)
    for name in (ENGINE, OURS):
        if name in second:
            writes = second[name].writes
            yield Row("P2", f"{SHORT[name]} writes", writes, None, None, "== 1", writes == 1)
        if name in second and name in first:
            ratio = round(second[name].wall / first[name].wall, 2)
            yield Row("P2", f"{SHORT[name]} wall s over that of P1", _short(second[name].wall), _short(first[name].wall), ratio, "<= 1.2", ratio <= 1.2)


def _limit(workload: str, measure: str, seen: float, most: float) -> Row:
    return Row(workload, measure, _short(seen), None, None, f"<= {most:g}", seen <= most)


def _against(results: Results) -> Iterator[Row]:
    for workload, summaries in results.items():
        for ours in (name for name in (ENGINE, OURS) if name in summaries):
            for peer in (name for name in PEERS if name in summaries):
                for unit in UNITS:
                    yield _compared(workload, ours, peer, unit, summaries)


def _compared(workload: str, ours: str, peer: str, unit: str, summaries: Mapping[str, Summary]) -> Row:
    mine, theirs = getattr(summaries[ours], unit), getattr(summaries[peer], unit)
    ratio = round(theirs / mine, 2) if mine else None
    least = FASTER.get((workload, ours, peer)) if unit == "wall" else None
    measure = f"{SHORT[ours]} {UNITS[unit]}, peer {CONTESTANTS[peer].title}"
    target, met = (f">= {least:g}", ratio is not None and ratio >= least) if least else (None, None)
    return Row(workload, measure, _short(mine), _short(theirs), ratio, target, met)


def _short(value: float) -> float:
    return round(value, 3)


def as_json(found: Iterable[Row]) -> list[dict[str, object]]:
    return [asdict(row) for row in found]


def table(header: Sequence[str], lines: Iterable[Sequence[object]]) -> str:
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in (header, ["---"] * len(header), *lines)) + "\n"


def judged(found: Iterable[Row]) -> str:
    """The rows that have a target."""
    lines = [(row.id, row.measure, _cell(row.ours), _cell(row.peer), _cell(row.ratio), row.target, VERDICTS[row.met])
             for row in found if row.target]
    return table(("workload", "measure", "ours", "peer", "ratio", "target", "met"), lines)


def _cell(value: float | None) -> str:
    return "" if value is None else f"{value:g}"


def standings(summaries: Mapping[str, Summary]) -> str:
    """Everybody, in the order of the contestants; the ratio is to our whole playbook, and below 1 for who is faster."""
    base = summaries[OURS].wall
    lines = [(CONTESTANTS[name].title + (" (scaled)" if CONTESTANTS[name].sampled else ""), f"{one.wall:.2f}", f"{one.wall_p95:.2f}", f"{one.cpu:.2f}",
              f"{one.cpu_p95:.2f}", f"{one.requests:.0f}", f"{one.writes:.0f}", f"{one.wall / base:.2f}")
             for name in CONTESTANTS if (one := summaries.get(name))]
    return table(("who", "wall s, median", "p95", "CPU s, median", "p95", "requests", "writes", "wall / ours"), lines)


def whereabouts(summaries: Mapping[str, Summary]) -> str:
    """Where the time of our playbook goes, by what the smaller ones take."""
    if not {ENGINE, OURS, STARTUP, PING} <= set(summaries):
        return ""
    columns = []
    for unit in ("wall", "cpu"):
        start, any_module, whole, engine = (getattr(summaries[name], unit) for name in (STARTUP, PING, OURS, ENGINE))
        columns.append((start, any_module - start, engine, whole - any_module - engine))
    lines = [(what, f"{wall:.2f}", f"{cpu:.2f}") for what, wall, cpu in zip(PARTS, *columns, strict=True)]
    return "\n".join(["### Where the time of our playbook goes\n", table(("what", "wall s", "CPU s"), lines), FLOOR])


def document(results: Results, left_out: Mapping[str, Mapping[str, str]], facts: Mapping[str, str], rounds: int, load: float) -> str:
    found = rows(results)
    return "\n".join([INTRODUCTION.format(rounds=rounds, objects=sum(COUNTS.values()), kinds=len(COUNTS), load=f"{load:.1f}", **facts), "## Targets\n",
                      judged(found), MISSING, *(_chapter(name, results[name], left_out.get(name, {})) for name in results), METHOD])


def _chapter(workload: str, summaries: Mapping[str, Summary], left_out: Mapping[str, str]) -> str:
    runs = min(one.runs for one in summaries.values())
    lines = [f"## {workload}: {WORKLOADS[workload]}\n", f"{runs} run{'s' * (runs > 1)} of each.\n", standings(summaries)]
    lines += [f"Left out: {CONTESTANTS[name].title}: {reason}\n" for name, reason in left_out.items()]
    return "\n".join([*lines, whereabouts(summaries)])


INTRODUCTION = """\
# Benchmarks

Written by `make bench`; do not edit, run it again. Every contestant really runs, {rounds} times here (10 without `BENCH_RUNS`), against the same real
API server (with etcd, without nodes). Fewer than 10 runs, or a machine that others use (its load was {load} before the start), give only a first
impression: then compare CPU seconds rather than wall time, and p95 is no more than the slowest run.

Machine: {machine}.
Versions: {versions}.

The set: {objects} objects of {kinds} kinds in three namespaces.
"""
MISSING = """\
Ratios are peer / ours, above 1 where we are ahead; for an upper limit they are ours / peer.

`istioctl install` brings objects of its own and waits for pods, so it cannot take part with this set and without nodes; P1 over 20 clusters, P4 and P12
are still to be written.
"""
FLOOR = """\
The first two lines are what any playbook with one task costs: a peer that takes less than their sum cannot be overtaken by a playbook on one cluster.
"""
METHOD = """\
## How it is measured

- **engine** is the time from the module's arguments to its result, without starting Ansible and without imports. **e2e** is a whole `ansible-playbook`.
- Contestants run in turn, every second round in the opposite order (A-B-B-A). For P1 and P2 each has namespaces and cluster-wide objects of its own on
  the same API server, and has run twice before. For P3 every run gets an API server that is new.
- Tools that need CRDs to be there first (kubectl, `kubernetes.core.k8s` as one task) apply them, wait until they are established, and go on; that is
  counted. Helm takes them from the chart's `crds` directory. Nobody waits for pods.
- The loop over `kubernetes.core.k8s` runs over one object of each kind, and is scaled to the whole set after the start of Ansible is taken off: a full
  one would take minutes. Its requests and writes are scaled too.
- In P2 those who use server-side apply take the field by force (`force: true`, `--force-conflicts`), since another field manager owns it.
- CPU seconds are what the kernel counted for the process and its children. Requests and writes are those of the API server's audit log; a write
  that changes nothing is one all the same.
- After each run the objects are counted, and the drifted one is read: who leaves work undone is left out.
- p95 is the nearest rank, a value that was seen.
"""
