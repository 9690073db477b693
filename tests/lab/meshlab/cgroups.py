# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cluster's control groups: one tree under its own name in each hierarchy, in version 1, version 2, or both."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from . import processes
from .errors import LabError

PREFIX = "meshlab-"
NEEDED = ("cpu", "cpuset", "memory", "pids")
PROGRAMS = "programs"


def hierarchies(mounts: str) -> list[tuple[Path, str]]:
    """(place, "cgroup" or "cgroup2") of each hierarchy, from the text of /proc/self/mounts."""
    found = [(Path(words[1]), words[2], words[3].split(",")) for words in map(str.split, mounts.splitlines()) if words[2] in ("cgroup", "cgroup2")]
    return [(place, kind) for place, kind, _options in found]


def controllers(mounts: str) -> set[str]:
    """The version 1 controllers that are mounted."""
    return {option for words in map(str.split, mounts.splitlines()) if words[2] == "cgroup" for option in words[3].split(",")}


def available(mounts: str) -> set[str]:
    """The controllers that can be used, in whichever version."""
    found = controllers(mounts)
    for place, kind in hierarchies(mounts):
        if kind == "cgroup2" and (place / "cgroup.controllers").exists():
            found |= set((place / "cgroup.controllers").read_text(encoding="utf-8").split())
    return found


def _mounted() -> list[tuple[Path, str]]:
    return hierarchies(Path("/proc/self/mounts").read_text(encoding="utf-8"))


def check() -> None:
    text = Path("/proc/self/mounts").read_text(encoding="utf-8")
    if not hierarchies(text):
        raise LabError("No control groups are mounted on /sys/fs/cgroup, and the kubelet needs them: mount them, or run on a machine that has them.")
    missing = [name for name in NEEDED if name not in available(text)]
    if missing:
        raise LabError(f"The control groups lack {', '.join(missing)}, which the kubelet needs: mount or delegate them under /sys/fs/cgroup.")


def _write(file: Path, text: str) -> None:
    # A controller may be absent or fixed here; the kubelet names it if it matters.
    with contextlib.suppress(OSError):
        file.write_text(text, encoding="utf-8")


def _copy_cpuset(group: Path) -> None:
    """In version 1 a new cpuset is empty, and nothing may join it before it has processors and memory."""
    for name in ("cpuset.cpus", "cpuset.mems"):
        if (group / name).exists():
            _write(group / name, (group.parent / name).read_text(encoding="utf-8"))


def _delegate(group: Path) -> None:
    """Version 2: let the groups below have every controller that this one has (none, where version 1 holds them)."""
    for controller in (group / "cgroup.controllers").read_text(encoding="utf-8").split():
        _write(group / "cgroup.subtree_control", f"+{controller}")


def create(name: str) -> None:
    """The cluster's tree, with a leaf for the programs outside of pods (in version 2 only leaves hold processes)."""
    for place, kind in _mounted():
        group = place / name
        if kind == "cgroup2":
            _delegate(place)
        for directory in (group, group / PROGRAMS):
            directory.mkdir(exist_ok=True)
            if kind == "cgroup":
                _copy_cpuset(directory)
        if kind == "cgroup2":
            _delegate(group)


def join(name: str) -> None:
    """Put this process (and all that it starts) into the cluster's leaf."""
    for place, _kind in _mounted():
        _write(place / name / PROGRAMS / "cgroup.procs", "0")


def _trees(name: str | None) -> Iterator[Path]:
    for place, _kind in _mounted():
        yield from place.glob(name or f"{PREFIX}*")


def names() -> set[str]:
    """The clusters that have control groups here, whoever made them."""
    return {tree.name.removeprefix(PREFIX) for tree in _trees(None)}


def members(name: str | None = None) -> set[int]:
    """The processes of one cluster, or of all."""
    pids: set[int] = set()
    for tree in _trees(name):
        for directory, _subdirectories, _files in os.walk(tree):
            try:
                pids.update(int(pid) for pid in (Path(directory) / "cgroup.procs").read_text(encoding="utf-8").split())
            except OSError:
                continue
    return pids - {0}


def _rmdir(trees: Iterable[Path]) -> bool:
    for tree in trees:
        for directory, _subdirectories, _files in os.walk(tree, topdown=False):
            with contextlib.suppress(OSError):
                os.rmdir(directory)
    return not any(tree.exists() for tree in trees)


def remove(name: str | None = None) -> bool:
    """End what runs in the trees and remove them; False if something did not go."""
    def gone() -> bool:
        processes.kill(members(name))
        return _rmdir(list(_trees(name)))

    return processes.wait_until(gone, 15)


def memory(name: str) -> int:
    """Bytes in use by a cluster, page cache not counted."""
    for place, kind in _mounted():
        group = place / name
        file = group / "memory.stat"
        if file.exists():
            facts = dict(line.split() for line in file.read_text(encoding="utf-8").splitlines())
            return int(facts.get("total_rss", 0)) if kind == "cgroup" else int(facts.get("anon", 0))
    return 0
