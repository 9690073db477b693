# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""For drills on test clusters: end a whole run with SIGKILL right before or after the n-th write that it sends.

The environment variable MESHOPS_KILL_POINT of the run says `<directory>:before:<n>`, `<directory>:after:<n>`, or `<directory>:count`, which
never kills. The directory is one that exists and is new for each run. Its file `writes` gets a line for each write: number, cluster, method, path.

A write is one request that is not a dry run and could change something, with all its repeats. Renewals of Leases come by the clock, so they
are not counted; questions about permissions change nothing. Helm writes from a program of its own, which is not seen here.

The collection knows nothing of it. `armed` gives the environment of a run in which sitecustomize.py, beside this file, puts it in the way of every connection.
"""

from __future__ import annotations

import fcntl
import os
import re
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.http.answer import Answer
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.http.transport import Transport
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.reach.access import Access
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import MeshError, Refused

VARIABLE = "MESHOPS_KILL_POINT"
TEST_LABEL = "meshops.lifecycle/test"
_FORM = re.compile(r"(?P<directory>/.*):(?:count|(?P<moment>before|after):(?P<number>[1-9][0-9]*))")
_REVIEWS = re.compile(r"/apis/(authorization|authentication)\.k8s\.io/")
_LEASES = re.compile(r"/apis/coordination\.k8s\.io/[^/]+/(namespaces/[^/]+/)?leases(/|$)")
_HOME = "/api/v1/namespaces/kube-system"


def armed(point: str, path: str = os.environ.get("PYTHONPATH", "")) -> dict[str, str]:
    """The environment of a run that is to be killed at this point, or counted. `path` is where the run finds its modules."""
    return {VARIABLE: point, "PYTHONPATH": os.pathsep.join(filter(None, (str(Path(__file__).resolve().parent), path)))}


@dataclass(frozen=True)
class KillPoint:
    """The point at which a run is killed. `moment` is empty if writes are only counted."""

    told: str
    directory: Path
    moment: str
    number: int

    @classmethod
    def of(cls, told: str) -> KillPoint:
        form = _FORM.fullmatch(told)
        if form is None or not Path(form["directory"]).is_dir():
            raise Refused(f"{VARIABLE} is {told!r}; give it as <directory>:<before|after>:<n> or <directory>:count, with a directory that exists.")
        point = cls(told, Path(form["directory"]), form["moment"] or "", int(form["number"] or 0))
        if point.moment and os.getpid() not in point.run():
            raise Refused(f"{VARIABLE} has to be in the environment with which the run is started, on Linux: by it the run's processes are found.")
        return point

    def count(self, line: str) -> int:
        """Count one more write, over all processes and threads of the run."""
        with open(self.directory / "writes", "a+", encoding="utf-8") as writes:
            fcntl.flock(writes, fcntl.LOCK_EX)
            writes.seek(0)
            number = sum(1 for _line in writes) + 1
            writes.write(f"{number} {line}\n")
            writes.flush()
            self.reached("before", number)
        return number

    def reached(self, moment: str, number: int) -> None:
        if (moment, number) == (self.moment, self.number):
            self._end()

    def run(self) -> set[int]:
        """Find all processes that were started with this kill point.

        ansible-core gives each of its workers a session of its own, so neither the process group nor the session is the run.
        """
        mark = f"{VARIABLE}={self.told}".encode()
        return {int(entry.name) for entry in Path("/proc").glob("[0-9]*") if mark in _environment(entry)}

    def _end(self) -> None:
        for others in self._others():
            for pid in others:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.001)
        os.kill(os.getpid(), signal.SIGKILL)

    def _others(self) -> Iterator[list[int]]:
        """Kill the other processes, the oldest first, so that the controller does not see its workers end, until none is left."""
        while others := sorted(self.run() - {os.getpid()}):
            yield others


def _environment(process: Path) -> list[bytes]:
    with suppress(OSError):
        return (process / "environ").read_bytes().split(b"\0")
    return []


def is_write(method: str, path: str, query: Mapping[str, str] | None, body: Any) -> bool:
    dry = "dryRun" in (query or {}) or (isinstance(body, Mapping) and "dryRun" in body)
    return method != "GET" and not dry and not _REVIEWS.match(path)


class Counted(Transport):
    """A transport that counts writes. It replaces the usual one in a run with the variable."""

    def __init__(self, access: Access, name: str, **how: Any) -> None:
        super().__init__(access, name, **how)
        self._point, self._permitted = KillPoint.of(os.environ[VARIABLE]), False

    def request(self, method: str, path: str, query: Mapping[str, str] | None = None, body: Any = None, **how: Any) -> Answer:
        if not is_write(method, path, query, body):
            return super().request(method, path, query, body, **how)
        self._permit()
        if _LEASES.match(path):
            return super().request(method, path, query, body, **how)
        number = self._point.count(f"{self.name} {method} {path}")
        try:
            return super().request(method, path, query, body, **how)
        finally:
            self._point.reached("after", number)

    def _permit(self) -> None:
        """Refuse a cluster that is not for tests, in case the variable was left in an environment."""
        if not self._permitted:
            answer = super().request("GET", _HOME)
            labels = answer.json()["metadata"].get("labels") or {} if answer.ok else {}
            if labels.get(TEST_LABEL) != "true":
                raise MeshError(
                    f"{self.name}: {VARIABLE} is set, and this is no test cluster: namespace kube-system has no label {TEST_LABEL}=true. "
                    "Nothing was written. Unset the variable."
                )
            self._permitted = True
