# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Act on a running cluster: enter it, cut it off, halt it, bring images into it."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from pathlib import Path

from . import cgroups, host, lab, paths, processes, state
from .errors import LabError
from .plan import Plan
from .shell import run
from .state import Member


def member(name: str) -> Member:
    """A cluster that runs."""
    record = state.load()
    found = record.clusters.get(name) if record else None
    if not found:
        known = ", ".join(sorted(record.clusters)) if record else ""
        raise LabError(f"There is no cluster `{name}` in the lab{f' (there are: {known})' if known else ''}: bring it up with `make lab CLUSTERS={name}`.")
    if not processes.alive(found.pid, found.started):
        raise LabError(f"{name} has ended: bring it back with `make lab CLUSTERS={name}`.")
    return found


def enter(name: str, command: Sequence[str]) -> None:
    """Become a command inside the cluster: with its network, mounts and processes."""
    host.check_root()
    target = str(member(name).pid)
    shell = list(command) or [os.environ.get("SHELL", "/bin/sh")]
    os.execvp("nsenter", ["nsenter", "--target", target, "--net", "--mount", "--pid", f"--wd={os.getcwd()}", "--", *shell])


def connect(name: str, connected: bool) -> None:
    """Cut the cluster off from everything outside of it, or undo that. Inside it all goes on."""
    host.check_root()
    run(["ip", "link", "set", Plan(name, member(name).index).link, "up" if connected else "down"])


def halt(name: str, program: str, halted: bool) -> None:
    """Stop a program's processes where they are, or let them go on: a server that takes connections and never answers."""
    host.check_root()
    member(name)
    chosen = [pid for pid in cgroups.members(Plan(name, 1).cgroup) if _is(pid, program)]
    if not chosen:
        raise LabError(f"{name} runs no program `{program}`: `make lab-status` lists them.")
    for pid in chosen:
        os.kill(pid, signal.SIGSTOP if halted else signal.SIGCONT)


def _is(pid: int, program: str) -> bool:
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return os.path.basename(command[0].decode(errors="replace")) == program


def load_image(archive: str, names: Sequence[str]) -> None:
    """Bring an image archive (docker save, or OCI) into clusters, all those of the lab unless named."""
    host.check_root()
    if not Path(archive).is_file():
        raise LabError(f"{archive} is not a file: give an image archive, as `meshlab image` or `docker save` writes it.")
    record = state.load()
    for name in names or sorted(record.clusters if record else ()):
        member(name)
        run(["ctr", "--address", str(paths.state() / name / "containerd.sock"), "--namespace", "k8s.io", "images", "import",
             "--snapshotter", lab.images.snapshotter(paths.state()), archive])
