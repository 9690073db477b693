# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run one contestant once and take its figures."""

from __future__ import annotations

import json
import os
import subprocess
import time
from pathlib import Path

from .contestants import ENGINE_PROGRAM
from .errors import BenchError
from .figures import Requests, Run, count

ADMIN = "admin"
QUIET = 0.2


class AuditLog:
    """The API server's own account of what it was asked."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._start = 0

    def mark(self) -> None:
        self._start = self._end()

    def since(self) -> Requests:
        end = self._end()
        with open(self._file, "rb") as log:
            log.seek(self._start)
            return count(log.read(end - self._start).decode().splitlines(), ADMIN)

    def _end(self) -> int:
        """An answer may be on its way before its line is written."""
        size, before = self._file.stat().st_size, -1
        while size != before:
            time.sleep(QUIET)
            size, before = self._file.stat().st_size, size
        return size


def surroundings(home: Path) -> dict[str, str]:
    """The same for all; caches of discovery documents go below `home` and stay from run to run, as they would for a user."""
    dropped = ("K8S_AUTH_", "KUBE", "HELM_", "ANSIBLE_")
    kept = {key: value for key, value in os.environ.items() if not key.startswith(dropped)}
    (home / "tmp").mkdir(parents=True, exist_ok=True)
    return {**kept, "HOME": str(home), "TMPDIR": str(home / "tmp"), "ANSIBLE_COLLECTIONS_PATH": os.environ.get("ANSIBLE_COLLECTIONS_PATH", ""),
            "ANSIBLE_LOCALHOST_WARNING": "False", "ANSIBLE_INVENTORY_UNPARSED_WARNING": "False", "ANSIBLE_NOCOLOR": "1"}


def timed(commands: list[list[str]], home: Path, audit: AuditLog) -> Run:
    """One after the other; the wall clock runs from the first start to the last end."""
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


def _waited(command: list[str], environ: dict[str, str], home: Path) -> tuple[str, float, float]:
    """Its output, its CPU seconds and its largest process, children included: the kernel counts them when they are waited for."""
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
