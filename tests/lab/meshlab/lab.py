# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Up and down: the whole lab, from what is recorded of it to what is asked for."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from . import cache, cgroups, host, images, node, paths, pki, plan, processes, programs, state
from .cluster import Cluster, Options, Parts
from .errors import LabError
from .plan import Plan
from .progress import duration, say
from .state import Member, Record

MARK = ".meshlab"
PATIENCE = 150.0
REPAIR = 60.0


def parts() -> Parts:
    """Everything built or fetched; quick when the cache holds it."""
    built = programs.ensure()
    return Parts(programs.binaries(built), images.store(built, paths.state()), images.snapshotter(paths.state()))


def up(names: Sequence[str], flat: Sequence[str] | None = None, audit: bool | None = None) -> None:
    """Bring up the clusters named; others that run stay as they are."""
    begun = time.monotonic()
    host.check()
    for name in names:
        plan.check_name(name)
    made_of = parts()
    cache.need_space(paths.state(), 2, "the clusters' data")
    with state.exclusive():
        record = _adopt()
        if flat is not None:
            record.flat = list(flat)
        plans = plan.assign([*names, *record.flat], {name: member.index for name, member in record.clusters.items()})
        _claim(record)
        wanted = [one for one in plans if one.name in names]
        outcomes = _Bringing(record, made_of, plans, audit).all(wanted)
        _write_kubeconfig(record)
    failed = [one.name for one, well in zip(wanted, outcomes, strict=True) if not well]
    if failed:
        raise LabError(f"{' and '.join(failed)} did not become ready within {PATIENCE:.0f} s: `make lab-logs` shows why.")
    say(f"{', '.join(one.name for one in wanted)} ready after {duration(time.monotonic() - begun)}; KUBECONFIG={paths.kubeconfig()}")


class _Bringing:
    """Several clusters brought up at once."""

    def __init__(self, record: Record, made_of: Parts, plans: list[Plan], audit: bool | None) -> None:
        self._record, self._parts, self._audit = record, made_of, audit
        self._plans = {one.name: one for one in plans}
        self._kubectl = made_of.binaries / "kubectl"
        self._interrupted = threading.Event()

    def all(self, plans: list[Plan]) -> list[bool]:
        """Whether each became ready."""
        with ThreadPoolExecutor(len(plans)) as pool:
            try:
                return list(pool.map(self._bring, plans))
            except KeyboardInterrupt:
                self._interrupted.set()
                raise

    def _wanted(self, cluster: Cluster) -> Member:
        name, before = cluster.plan.name, self._record.clusters.get(cluster.plan.name)
        audit = self._audit if self._audit is not None else bool(before and before.audit)
        flat = [other for other in self._record.flat if other != name] if name in self._record.flat else []
        return Member(cluster.plan.index, cluster.recipe(self._parts), audit=audit, flat=flat)

    def _bring(self, one: Plan) -> bool:
        cluster, before = Cluster(one), self._record.clusters.get(one.name)
        wanted = self._wanted(cluster)
        if before and (before.recipe, before.audit, before.flat) == (wanted.recipe, wanted.audit, wanted.flat):
            if processes.alive(before.pid, before.started) and self._await(cluster, before, REPAIR):
                say(f"{one.name} runs already")
                return True
            say(f"{one.name} is not well: starting it again with its data")
            if self._start(cluster, wanted, REPAIR):
                return True
            say(f"{one.name} did not come back: making it anew")
        elif before:
            say(f"{one.name} was made otherwise than this checkout would: making it anew")
        _remove_cluster(one.name, before, one)
        cluster.create(self._parts)
        return self._start(cluster, wanted, PATIENCE)

    def _start(self, cluster: Cluster, member: Member, patience: float) -> bool:
        _end(cluster.plan.name, self._record.clusters.get(cluster.plan.name))
        self._record.clusters[cluster.plan.name] = member
        self._record.save()
        member.pid = cluster.start(self._parts, Options(member.audit, tuple(self._plans[name] for name in member.flat)))
        member.started = processes.started(member.pid)
        self._record.save()
        return self._await(cluster, member, patience)

    def _await(self, cluster: Cluster, member: Member, patience: float) -> bool:
        return cluster.await_ready(member.pid, self._kubectl, patience, self._interrupted.is_set)


def _adopt() -> Record:
    """The record of a lab of ours, or a new one after what was found has been removed."""
    record = state.load()
    if record and record.owner == str(paths.CHECKOUT) and record.state == str(paths.state()):
        return record
    if record:
        say(f"replacing the lab that {record.owner} left (its data: {record.state})")
    _remove_everything(record)
    return Record(owner=str(paths.CHECKOUT), state=str(paths.state()))


def _claim(record: Record) -> None:
    """Prepare the machine; each change is written down first."""
    directory = paths.state()
    directory.mkdir(parents=True, exist_ok=True)
    (directory / MARK).touch()
    record.save()
    charts = directory / "charts"
    charts.unlink(missing_ok=True)
    charts.symlink_to(programs.PROGRAMS["istio"].cached / "charts")
    host.save_sysctls(record)
    host.create_directories(record, [target for _source, target in node.BINDS])
    host.create_bridge(record)


def _write_kubeconfig(record: Record) -> None:
    """The file with a context for each cluster; no current context, so that nobody meets a cluster by accident."""
    entries = [(name, Plan(name, member.index).server, paths.state() / name / "pki", "admin") for name, member in sorted(record.clusters.items())
               if (paths.state() / name / "pki/admin.crt").exists()]
    pki.write_private(paths.kubeconfig(), pki.kubeconfig(entries))


def down(names: Sequence[str] = ()) -> None:
    """Remove the clusters named, or all, and then every trace of the lab."""
    host.check_root()
    with state.exclusive():
        record = state.load()
        if not names or (record and set(record.clusters) <= set(names)):
            _remove_everything(record)
            return
        for name in names:
            member = record.clusters.pop(name, None) if record else None
            _remove_cluster(name, member, Plan(name, member.index) if member else None)
        if record:
            record.flat = [name for name in record.flat if name not in names]
            record.save()
            _write_kubeconfig(record)


def _end(name: str, member: Member | None) -> None:
    """End a cluster's processes: with the first one the kernel ends them all."""
    if member and processes.alive(member.pid, member.started):
        processes.kill([member.pid])
        processes.wait_until(lambda: not processes.alive(member.pid, member.started), 20)
    if not cgroups.remove(f"{cgroups.PREFIX}{name}"):
        raise LabError(f"Control groups of {name} cannot be removed: look for processes that do not end in /sys/fs/cgroup/*/{cgroups.PREFIX}{name}.")


def _remove_cluster(name: str, member: Member | None, one: Plan | None) -> None:
    _end(name, member)
    if one:
        host.unplug(one.link)
    _remove_tree(paths.state() / name)


def _remove_tree(directory: Path) -> None:
    """Mounts of the clusters may take a moment to go after their last process."""
    def gone() -> bool:
        shutil.rmtree(directory, ignore_errors=True)
        return not directory.exists()

    processes.wait_until(gone, 10, 0.2)
    if directory.exists():
        shutil.rmtree(directory)


def _remove_everything(record: Record | None) -> None:
    for name in cgroups.names() | set(record.clusters if record else ()):
        _end(name, record.clusters.get(name) if record else None)
    host.remove_network(record)
    if record:
        host.restore_sysctls(record)
    for directory in sorted({paths.state(), Path(record.state) if record else paths.state()}):
        if (directory / MARK).exists():
            _remove_tree(directory)
        elif directory.exists() and any(directory.iterdir()):
            raise LabError(f"{directory} holds files that are not the lab's: empty it, or set MESHOPS_LAB_STATE to another directory.")
    if record:
        host.remove_directories(record)
    shutil.rmtree(paths.RECORD, ignore_errors=True)
