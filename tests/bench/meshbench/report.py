# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make build/bench.json and docs/benchmarks.md of the summaries. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

from .contestants import (
    CONTESTANTS,
    CRYPTO,
    ENGINE,
    HELM,
    ISTIOCTL,
    KUBECTL,
    LOOP,
    ONE_TASK,
    OURS,
    PING,
    PROXY_CONFIG,
    SERVER_SIDE,
    STARTUP,
    STATUS,
    STEP,
    STORED,
    TASKS,
)
from .figures import Summary
from .texts import FLOOR, INTRODUCTION, METHOD, NOTES, RATIOS, STOPPED
from .workload import COUNTS

Results = Mapping[str, Mapping[str, Summary]]
PEERS = (KUBECTL, SERVER_SIDE, HELM, ISTIOCTL, ONE_TASK, LOOP, CRYPTO, STORED, PROXY_CONFIG)
WORKLOADS = {
    "P1": "nothing to change",
    "P1-istioctl": "nothing to change in what `istioctl install` brings (profile minimal)",
    "P1-fleet": "the same on 20 clusters; istioctl takes one after the other",
    "P2": "one of the objects drifted (a ConfigMap, altered by another field manager)",
    "P3": "cold: an empty cluster, Istio's CRDs included",
    "P4": "nothing to change on 50 clusters, 50 ms away",
    "P6": "100 intermediates of one root, P-256",
    "P7": "which of 2,000 proxies have caught up with their CA",
    "P12": "all of 100 Istio objects change, and istiod watches",
    "P15": "1,000 sidecars move to another revision in one wave, its gate included",
    "P16": "a cutover is planned over 2,000 namespaces",
    "P17": "`status` of 1,000 clusters, 50 of them out of reach",
    "P18-2": "the playbooks where nothing is to change, 2 clusters",
    "P18-20": "the same on 20 clusters",
    "P18-50": "the same on 50 clusters",
    "P18-200": "the same on 200 clusters",
}
# What the measures of a workload are called beside those of the plain one of the same number.
WHERE = {"P1-istioctl": "istioctl's own set, ", "P1-fleet": "20 clusters, ", "P4": "50 clusters, ", "P17": "1,000 clusters, ",
         "P18-2": "2 clusters, ", "P18-20": "20 clusters, ", "P18-50": "50 clusters, ", "P18-200": "200 clusters, "}
# What ratios are about where contestants do not all do the same number of pieces.
PER = {"P7": " per proxy"}
# Ours, where it is not mesh_config.
INSTEAD = {"P6": "meshops.lifecycle.ca", "P7": "meshops.lifecycle.rotation_info", "P15": "meshops.lifecycle.cutover and cutover_gate",
           "P17": "meshops.lifecycle.status",
           **dict.fromkeys(("P18-2", "P18-20", "P18-50", "P18-200"), "meshops.lifecycle.site")}
SHORT = {ENGINE: "engine", OURS: "e2e", STATUS: "status", STEP: "step of site"}
# (workload, ours, peer) -> how many times less time than the peer ours has to take
FASTER = {
    ("P1", ENGINE, SERVER_SIDE): 20.0, ("P1", OURS, SERVER_SIDE): 3.0, ("P1", OURS, LOOP): 50.0, ("P3", OURS, SERVER_SIDE): 2.0, ("P3", OURS, LOOP): 30.0,
    ("P1-istioctl", OURS, ISTIOCTL): 0.56, ("P1-fleet", OURS, ISTIOCTL): 5.0, ("P4", STEP, ONE_TASK): 10.0,
    ("P6", OURS, CRYPTO): 40.0, ("P7", OURS, PROXY_CONFIG): 20.0,
}
# (workload, who, unit, what it is called, the most it may be)
LIMITS = (
    ("P1", ENGINE, "wall", "wall s", 0.25), ("P1", ENGINE, "requests", "requests (kinds + 3)", len(COUNTS) + 3.0), ("P4", STEP, "wall", "wall s", 6.0),
    ("P4", STEP, "tree", "MiB of all processes", 300.0), ("P12", OURS, "pushes", "full pushes of istiod", 3.0),
    ("P7", OURS, "lag", "s from the last proxy's change to the verdict, p95", 2.0),
    ("P16", ENGINE, "wall", "wall s", 2.0), ("P17", OURS, "wall", "status, wall s", 120.0),
    ("P18-2", OURS, "wall", "site, wall s", 6.0), ("P18-50", OURS, "wall", "site, wall s", 45.0), ("P18-50", OURS, "tree", "site, MiB of all processes", 400.0),
    ("P18-200", STATUS, "wall", "wall s", 20.0),
)
SIDECARS_A_SECOND = 25
# What a playbook at least has to do, where it takes part.
FLOORS = {PING: "`ansible.builtin.ping`", TASKS: "as many `ansible.builtin.debug` tasks"}
VERDICTS = {True: "yes", False: "**no**", None: "not measured"}
PARTS = ("ansible-playbook itself", "starting any module (ping)", "the engine", "imports of our module, and the set on its way into it and back")
UNITS = {"wall": "wall s", "cpu": "CPU s", "requests": "requests", "pushes": "full pushes"}


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
    """The rows, those with a target first."""
    found = [*_limits(results), *_against(results)]
    found += [_compared(*key, "wall", {}) for key in FASTER if not set(key[1:]) <= set(results.get(key[0], {}))]
    return sorted(found, key=lambda row: (int(row.id[1:]), row.target is None))


def _limits(results: Results) -> Iterator[Row]:
    for workload, name, unit, what, most in LIMITS:
        seen = getattr(results.get(workload, {}).get(name), unit, None)
        yield Row(_id(workload), f"{WHERE.get(workload, '')}{SHORT[name]} {what}", None if seen is None else _short(seen), None, None, f"<= {most:g}",
                  None if seen is None else seen <= most)
    first, second = results.get("P1", {}), results.get("P2", {})
    for name in (ENGINE, OURS):
        if name in second:
            writes = second[name].writes
            yield Row("P2", f"{SHORT[name]} writes", writes, None, None, "== 1", writes == 1)
        if name in second and name in first:
            ratio = round(second[name].wall / first[name].wall, 2)
            yield Row("P2", f"{SHORT[name]} wall s over that of P1", _short(second[name].wall), _short(first[name].wall), ratio, "<= 1.2", ratio <= 1.2)
    if moved := results.get("P15", {}).get(OURS):
        rate = moved.each / moved.wall
        yield Row("P15", "e2e sidecars moved a minute per replica of istiod, gate included", round(rate * 60), None, None, f">= {SIDECARS_A_SECOND * 60}",
                  rate >= SIDECARS_A_SECOND)
    yield from _growth(results.get("P18-20", {}), results.get("P18-200", {}))


def _growth(some: Mapping[str, Summary], many: Mapping[str, Summary]) -> Iterator[Row]:
    """The time for one cluster among 200, divided by the time for one among 20."""
    for name in (OURS, STATUS):
        if name in some and name in many:
            one, other = some[name].wall / 20, many[name].wall / 200
            ratio = round(other / one, 2)
            what = "site" if name == OURS else "status"
            yield Row("P18", f"{what}, wall s per cluster at 200 over that at 20", _short(other), _short(one), ratio, "<= 1.2", ratio <= 1.2)


def _id(workload: str) -> str:
    return workload.partition("-")[0]


def _against(results: Results) -> Iterator[Row]:
    for workload, summaries in results.items():
        for ours in (name for name in (ENGINE, OURS, STEP) if name in summaries):
            for peer in (name for name in PEERS if name in summaries):
                for unit in (unit for unit in UNITS if unit != "pushes" or workload == "P12"):
                    yield _compared(workload, ours, peer, unit, summaries)


def _compared(workload: str, ours: str, peer: str, unit: str, summaries: Mapping[str, Summary]) -> Row:
    mine, theirs = (_for_one(summaries.get(name), unit) for name in (ours, peer))
    ratio = round(theirs / mine, 2) if mine and theirs is not None else None
    least = FASTER.get((workload, ours, peer)) if unit == "wall" else None
    measure = f"{WHERE.get(workload, '')}{SHORT[ours]} {UNITS[unit]}{PER.get(workload, '')}, peer {CONTESTANTS[peer].title}"
    return Row(_id(workload), measure, _short(mine), _short(theirs), ratio, f">= {least:g}" if least else None,
               None if least is None or ratio is None else ratio >= least)


def _for_one(seen: Summary | None, unit: str) -> float | None:
    """The figures for one item, because a peer may look at fewer items than we do."""
    return None if seen is None else float(getattr(seen, unit)) / seen.each


def _short(value: float | None) -> float | None:
    """A number with three digits behind the point, or more if it is very small."""
    return None if value is None else round(value, 3) if abs(value) >= 0.1 else float(f"{value:.3g}")


def called(workload: str, name: str) -> str:
    """The name of a contestant in the table of a workload."""
    title = CONTESTANTS[name].title.replace("site has", "status has" if workload == "P17" else "site has")
    return title.replace("meshops.lifecycle.mesh_config", INSTEAD[workload]) if workload in INSTEAD else title


def hindrances(results: Results) -> Iterator[str]:
    """The targets that cannot be met, because a playbook that only starts a module, or only has as many tasks, takes longer."""
    for workload, what, most in _allowed(results):
        for name, does in FLOORS.items():
            floor = results.get(workload, {}).get(name)
            if floor and floor.wall > most:
                yield (f"- {_id(workload)}, {WHERE.get(workload, '')}{what}: the target asks for at most {most:.2f} s, and a playbook that only runs "
                       f"{does} on the same hosts takes {floor.wall:.2f} s ({floor.cpu:.2f} CPU seconds).")


def in_order(lines: Iterable[str]) -> list[str]:
    """Lines of the page by the number of the workload that each names first."""
    return sorted(lines, key=lambda line: int(re.findall(r"P(\d+)", line)[0]))


def targets_of_playbooks(results: Results) -> list[str]:
    """What the lines of `hindrances` begin with, for all targets of these workloads."""
    return [f"{_id(workload)}, {WHERE.get(workload, '')}{what}" for workload, what, _most in _allowed(results) if workload in results]


def _allowed(results: Results) -> Iterator[tuple[str, str, float]]:
    """The seconds that each target leaves to our whole playbook."""
    for workload, who, unit, what, most in LIMITS:
        if who in (OURS, STEP) and unit == "wall":
            yield workload, what, most
    for (workload, ours, peer), least in FASTER.items():
        if ours in (OURS, STEP) and peer in results.get(workload, {}):
            yield workload, f"{least:g} times less than {CONTESTANTS[peer].title}", results[workload][peer].wall / least


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


def standings(summaries: Mapping[str, Summary], workload: str = "") -> str:
    """The table of all contestants. The ratio is to our whole playbook, or to the engine where only that is measured, and below 1 for a faster one."""
    base, columns = summaries[OURS if OURS in summaries else ENGINE], _columns(summaries)
    lines = []
    for name, one in ((name, summaries[name]) for name in CONTESTANTS if name in summaries):
        lines.append((called(workload, name) + (" (scaled)" if CONTESTANTS[name].sampled else ""), one.runs, f"{one.wall:.2f}", f"{one.wall_p95:.2f}",
                      f"{one.cpu:.2f}", f"{one.cpu_p95:.2f}", f"{one.requests:.0f}", f"{one.writes:.0f}", *(tell(one) for tell in columns.values()),
                      f"{one.wall / one.each / (base.wall / base.each):.2f}"))
    return table(("who", "runs", "wall s, median", "p95", "CPU s, median", "p95", "requests", "writes", *columns, "wall / ours"), lines)


def _columns(summaries: Mapping[str, Summary]) -> dict[str, Callable[[Summary], str]]:
    """The columns that not every workload has."""
    found: dict[str, Callable[[Summary], str]] = {}
    if any(one.pushes for one in summaries.values()):
        found["full pushes"] = lambda one: f"{one.pushes:.0f}"
    if any(one.each > 1 for one in summaries.values()):
        found |= {"proxies": lambda one: str(one.each), "ms per proxy": lambda one: f"{one.wall / one.each * 1000:.2f}"}
    found["largest process MiB"] = lambda one: f"{one.memory:.0f}"
    if any(one.tree for one in summaries.values()):
        found["all processes MiB"] = lambda one: f"{one.tree:.0f}"
    return found


def whereabouts(summaries: Mapping[str, Summary]) -> str:
    """How the time of our playbook is spent, from the times of smaller playbooks."""
    if not {ENGINE, OURS, STARTUP, PING} <= set(summaries):
        return ""
    columns = []
    for unit in ("wall", "cpu"):
        start, any_module, whole, engine = (getattr(summaries[name], unit) for name in (STARTUP, PING, OURS, ENGINE))
        columns.append((start, any_module - start, engine, whole - any_module - engine))
    lines = [(what, f"{wall:.2f}", f"{cpu:.2f}") for what, wall, cpu in zip(PARTS, *columns, strict=True)]
    return "\n".join(["### Where the time of our playbook goes\n", table(("what", "wall s", "CPU s"), lines), FLOOR])


def document(results: Results, left_out: Mapping[str, Mapping[str, str]], facts: Mapping[str, str], rounds: int, load: float) -> str:
    found, stopped = rows(results), in_order(hindrances(results))
    head = INTRODUCTION.format(rounds=rounds, objects=sum(COUNTS.values()), kinds=len(COUNTS), load=f"{load:.1f}", **facts)
    stop = [STOPPED, *stopped, ""] if stopped else []
    chapters = [chapter(name, results[name], left_out.get(name, {})) for name in results]
    return "\n".join([head, "## Targets\n", judged(found), RATIOS, *stop, *chapters, METHOD])


def chapter(workload: str, summaries: Mapping[str, Summary], left_out: Mapping[str, str], measured: str = "") -> str:
    """A workload with its notes and its table. `measured` says of one that was measured by itself when and how."""
    notes = [text for text in (NOTES.get(workload), measured and f"{measured}\n") if text]
    lines = [f"## {workload}: {WORKLOADS[workload]}\n", *notes, standings(summaries, workload)]
    lines += [f"Left out: {CONTESTANTS[name].title}: {reason}\n" for name, reason in left_out.items()]
    return "\n".join([*lines, whereabouts(summaries)])
