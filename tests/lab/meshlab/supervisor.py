# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The first process of a cluster: it makes the cluster's namespaces, and starts its programs again when they end.

It is process 1 of a PID namespace, so when it ends, for whatever reason, the kernel ends everything of the cluster,
and with it go the mounts and the network. Usage: python3 -m meshlab.supervisor SPECIFICATION; prints the process's number.
"""

from __future__ import annotations

import ctypes
import json
import os
import select
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import cgroups

NEW_MOUNTS, NEW_PIDS, NEW_NETWORK = 0x00020000, 0x20000000, 0x40000000
BIND, RECURSIVE, SLAVE, SHARED = 0x1000, 0x4000, 0x80000, 0x100000
LONGEST_PAUSE = 15.0


@dataclass
class Program:
    name: str
    argv: list[str]
    after: str = ""
    env: dict[str, str] = field(default_factory=dict)
    pid: int = 0
    since: float = 0
    restarts: int = 0
    last_exit: int | None = None
    not_before: float = 0


def reachable(address: str) -> bool:
    """Whether `host:port` accepts connections, or `https://…` answers with success."""
    try:
        if address.startswith("https://"):
            opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=ssl._create_unverified_context()))
            return opener.open(address, timeout=2).status == 200
        host, port = address.rsplit(":", 1)
        socket.create_connection((host, int(port)), timeout=1).close()
        return True
    except OSError:
        return False


def pause(restarts: int, ran: float) -> float:
    """Seconds until a program that ended is started again: longer each time, unless it had run well."""
    return 0.5 if ran > 60 else min(LONGEST_PAUSE, 0.5 * 2 ** min(restarts, 6))


class Supervisor:
    def __init__(self, specification: dict[str, Any]) -> None:
        self._logs, self._status = Path(specification["logs"]), Path(specification["status"])
        self._programs = [Program(**program) for program in specification["programs"]]
        self._told = ""

    def run(self) -> None:
        read, write = os.pipe()
        os.set_blocking(write, False)
        signal.set_wakeup_fd(write, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda _signal, _frame: None)
        while True:
            self._reap()
            for program in self._programs:
                if not program.pid and time.monotonic() >= program.not_before:
                    self._start(program)
            self._tell()
            waiting = any(not program.pid for program in self._programs)
            if select.select([read], [], [], 0.1 if waiting else 5)[0]:
                os.read(read, 4096)

    def _reap(self) -> None:
        """Take note of every child that ended; orphans of pods become children of process 1 too."""
        while True:
            try:
                pid, code = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if not pid:
                return
            for program in self._programs:
                if program.pid == pid:
                    program.last_exit = os.waitstatus_to_exitcode(code)
                    program.not_before = time.monotonic() + pause(program.restarts, time.time() - program.since)
                    program.pid, program.restarts = 0, program.restarts + 1

    def _start(self, program: Program) -> None:
        if program.after and not reachable(program.after):
            return
        with open(self._logs / f"{program.name}.log", "ab") as log:
            started = subprocess.Popen(program.argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                                       env={**os.environ, **program.env})
        program.pid, program.since = started.pid, time.time()
        # Reaped by _reap(); without this Popen would warn about, and take, the exit of a process that still runs.
        started.returncode = 0

    def _tell(self) -> None:
        facts = json.dumps({program.name: {"pid": program.pid, "since": int(program.since), "restarts": program.restarts,
                                           "last_exit": program.last_exit} for program in self._programs}, indent=1)
        if facts != self._told:
            part = self._status.with_suffix(".part")
            part.write_text(facts, encoding="utf-8")
            part.replace(self._status)
            self._told = facts


def mount(source: str, target: str, kind: str = "", flags: int = 0, options: str = "") -> None:
    """The system call: the program of this name would leave notes in the machine's /run."""
    if ctypes.CDLL(None, use_errno=True).mount(source.encode(), target.encode(), kind.encode() or None, ctypes.c_ulong(flags), options.encode() or None):
        raise SystemExit(f"mounting {source} on {target} is refused: {os.strerror(ctypes.get_errno())}")


def prepare_mounts(binds: list[list[str]]) -> None:
    """A view of the files in which each cluster has the fixed places of a node (/var/lib/kubelet, /run, …) for itself."""
    # Slave: nothing mounted here shows on the machine. Shared: pods may ask for mount propagation.
    for flag in (SLAVE, SHARED):
        mount("none", "/", flags=flag | RECURSIVE)
    mount("proc", "/proc", "proc")
    for source, target in binds:
        mount(source, target, flags=BIND)
    mount("tmpfs", "/run", "tmpfs", options="mode=755,size=256m")
    for name in ("containerd", "netns", "lock"):
        os.mkdir(f"/run/{name}")


def prepare_network(commands: list[list[str]], sysctls: dict[str, str]) -> None:
    """Wait for the cable that is put in from outside, then set addresses, routes and rules."""
    end = time.monotonic() + 20
    while "eth0" not in [name for _index, name in socket.if_nameindex()]:
        if time.monotonic() > end:
            raise SystemExit("eth0 did not appear within 20 s")
        time.sleep(0.02)
    for name, value in sysctls.items():
        file = Path("/proc/sys") / name.replace(".", "/")
        if file.exists():
            file.write_text(value, encoding="utf-8")
    for command in commands:
        subprocess.run(command, check=True)


def first_process(specification: dict[str, Any]) -> None:
    os.setsid()
    log = os.open(Path(specification["logs"]) / "supervisor.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    signal.signal(signal.SIGTERM, lambda _signal, _frame: os._exit(0))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    cgroups.join(specification["cgroup"])
    prepare_mounts(specification["binds"])
    prepare_network(specification["commands"], specification["sysctls"])
    Supervisor(specification).run()


def main(file: str) -> None:
    specification = json.loads(Path(file).read_text(encoding="utf-8"))
    if ctypes.CDLL(None, use_errno=True).unshare(NEW_MOUNTS | NEW_PIDS | NEW_NETWORK):
        raise SystemExit(f"new namespaces are refused here: {os.strerror(ctypes.get_errno())}")
    child = os.fork()
    if child:
        print(child, flush=True)
        os._exit(0)
    first_process(specification)


if __name__ == "__main__":
    main(sys.argv[1])
