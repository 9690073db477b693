# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run one contestant once and take its figures."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import time
from pathlib import Path
from typing import Protocol

from .contestants import ENGINE_PROGRAM
from .errors import BenchError
from .figures import Requests, Run, count

ADMIN = "admin"
QUIET = 0.2


class Counts(Protocol):
    """What counts the requests to the clusters."""

    def mark(self) -> None: ...
    def since(self) -> Requests: ...


class AuditLog:
    """The audit logs of API servers. Without a file there were no requests."""

    def __init__(self, *files: Path) -> None:
        self._files = files
        self._starts = dict.fromkeys(files, 0)

    def mark(self) -> None:
        self._starts = self._ends()

    def since(self) -> Requests:
        lines: list[str] = []
        for file, end in self._ends().items():
            with open(file, "rb") as log:
                log.seek(self._starts[file])
                lines += log.read(end - self._starts[file]).decode().splitlines()
        return count(lines, ADMIN)

    def _ends(self) -> dict[Path, int]:
        """The sizes of the logs when they no longer grow, because an answer may arrive before its line is written."""
        sizes, before = self._sizes(), None
        while sizes != before:
            time.sleep(QUIET)
            sizes, before = self._sizes(), sizes
        return sizes

    def _sizes(self) -> dict[Path, int]:
        return {file: file.stat().st_size for file in self._files}


def surroundings(home: Path) -> dict[str, str]:
    """The environment, the same for all contestants. Caches of discovery documents lie below `home` and stay from run to run, as for a user."""
    dropped = ("K8S_AUTH_", "KUBE", "HELM_", "ANSIBLE_")
    kept = {key: value for key, value in os.environ.items() if not key.startswith(dropped)}
    (home / "tmp").mkdir(parents=True, exist_ok=True)
    return {**kept, "HOME": str(home), "TMPDIR": str(home / "tmp"), "ANSIBLE_COLLECTIONS_PATH": os.environ.get("ANSIBLE_COLLECTIONS_PATH", ""),
            "ANSIBLE_LOCALHOST_WARNING": "False", "ANSIBLE_INVENTORY_UNPARSED_WARNING": "False", "ANSIBLE_NOCOLOR": "1"}


def timed(commands: list[list[str]], home: Path, audit: Counts) -> Run:
    """Run commands one after the other. The wall clock runs from the first start to the last end."""
    environ = surroundings(home)
    audit.mark()
    cpu, memory, wall = 0.0, 0.0, 0.0
    own: dict[str, float] = {}
    for command in commands:
        before = time.perf_counter()
        out, seconds, mebibytes = _waited(command, environ, home)
        wall, cpu, memory = wall + time.perf_counter() - before, cpu + seconds, max(memory, mebibytes)
        own = json.loads(out.splitlines()[-1]) if str(ENGINE_PROGRAM) in command else {}
    asked = audit.since()
    return Run(own.get("wall", wall), own.get("cpu", cpu), asked.total, asked.writes, memory)


def footprint(commands: list[list[str]], home: Path) -> float:
    """MiB of all processes together at their peak. This is a run of its own, because looking would add to the time."""
    environ, peak = surroundings(home), 0.0
    for command in commands:
        with subprocess.Popen(command, env=environ, cwd=home, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            while process.poll() is None:
                peak = max(peak, sum(_held(pid) for pid in descendants(process.pid, _parents())) / 1024)
                time.sleep(QUIET)
        if process.returncode:
            raise BenchError(f"{Path(command[0]).name} ended with {process.returncode} when its memory was looked at.")
    return peak


def weighed(command: list[str], home: Path) -> tuple[float, float, float]:
    """Wall and CPU seconds of a command, and MiB of all its processes together at their peak, from one run. Looking adds a little to the time."""
    before, peak = time.perf_counter(), 0.0
    with open(home / "out", "w+", encoding="utf-8") as out:
        process = subprocess.Popen(command, env=surroundings(home), cwd=home, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT)
        try:
            while not (ended := os.wait4(process.pid, os.WNOHANG))[0]:
                peak = max(peak, sum(_held(pid) for pid in descendants(process.pid, _parents())) / 1024)
                time.sleep(QUIET)
        except BaseException:
            process.kill()
            raise
        process.returncode = os.waitstatus_to_exitcode(ended[1])
        out.seek(0)
        text = out.read()
    if process.returncode:
        raise BenchError(f"{Path(command[0]).name} ended with {process.returncode}: {' '.join(text[-1500:].split())}")
    return time.perf_counter() - before, ended[2].ru_utime + ended[2].ru_stime, peak


def descendants(root: int, parents: dict[int, int]) -> set[int]:
    """A process and all its descendants. `parents` has the parent of each process."""
    found, fresh = {root}, {root}
    while fresh:
        fresh = {pid for pid, parent in parents.items() if parent in fresh} - found
        found |= fresh
    return found


def _parents() -> dict[int, int]:
    found = {}
    for file in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            found[int(file.parent.name)] = int(file.read_text().rpartition(")")[2].split()[1])
    return found


def _held(pid: int) -> int:
    """The memory of a process in KiB. Memory that it shares with others, as forks do, is divided between them."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1])
    return 0


def _waited(command: list[str], environ: dict[str, str], home: Path) -> tuple[str, float, float]:
    """Wait for a process. Return its output, its CPU seconds and its largest process, with all children."""
    with open(home / "out", "w+", encoding="utf-8") as out:
        process = subprocess.Popen(command, env=environ, cwd=home, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, text=True)
        try:
            _pid, status, used = os.wait4(process.pid, 0)
        except BaseException:
            process.kill()
            raise
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        text = out.read()
    if process.returncode:
        raise BenchError(f"{Path(command[0]).name} ended with {process.returncode}: {' '.join(text[-1500:].split())}")
    return text, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024
