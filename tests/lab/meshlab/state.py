# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the lab has made on this machine, written down before it is made, so that it can be undone after any crash."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import threading
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

from . import paths
from .progress import say

NAME = "lab.json"
_SAVING = threading.Lock()


@dataclass
class Member:
    """One cluster of the lab. `pid` and `started` name its first process; `recipe` what it was made from."""

    index: int
    recipe: str = ""
    pid: int = 0
    started: int = 0
    audit: bool = False
    flat: list[str] = field(default_factory=list)


@dataclass
class Record:
    owner: str
    state: str
    boot: str = ""
    clusters: dict[str, Member] = field(default_factory=dict)
    sysctls: dict[str, str] = field(default_factory=dict)
    directories: list[str] = field(default_factory=list)
    firewall: list[list[str]] = field(default_factory=list)
    flat: list[str] = field(default_factory=list)

    def save(self) -> None:
        """In two places: without it a lab could be removed, but the machine's settings not be put back."""
        with _SAVING:
            self.boot = boot()
            for directory in (paths.RECORD, Path(self.state)):
                directory.mkdir(parents=True, exist_ok=True)
                part = directory / f"{NAME}.part"
                part.write_text(json.dumps(asdict(self), indent=1), encoding="utf-8")
                part.replace(directory / NAME)


def boot() -> str:
    """Differs after each start of the machine."""
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="utf-8").strip()


def parse(text: str) -> Record | None:
    """None for what is not a record: half a file, or another program's."""
    try:
        facts = json.loads(text)
        facts["clusters"] = {name: Member(**member) for name, member in facts["clusters"].items()}
        return Record(**facts)
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def load() -> Record | None:
    """The lab of this machine. Of one from before the machine's last start only files are left."""
    for file in (paths.RECORD / NAME, paths.state() / NAME):
        if not file.exists():
            continue
        record = parse(file.read_text(encoding="utf-8"))
        if record is None:
            say(f"{file} cannot be read; what the lab left is found by its names instead")
        elif record.boot != boot():
            return Record(record.owner, record.state, directories=record.directories)
        else:
            return record
    return None


@contextlib.contextmanager
def exclusive() -> Iterator[None]:
    """Only one command at a time changes the lab of this machine."""
    lock = paths.RECORD.with_suffix(".lock")
    while True:
        with open(lock, "a", encoding="utf-8") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                say("waiting for another command that changes the lab")
                fcntl.flock(handle, fcntl.LOCK_EX)
            # Whoever held it may have removed the file: then this lock is on a file that nobody else will find.
            if not _same(handle.fileno(), lock):
                continue
            try:
                yield
            finally:
                lock.unlink(missing_ok=True)
            return


def _same(descriptor: int, file: Path) -> bool:
    try:
        return os.fstat(descriptor).st_ino == file.stat().st_ino
    except FileNotFoundError:
        return False
