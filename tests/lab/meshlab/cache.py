# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Things that are made once: a directory per content key, made by one process and published whole."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from . import paths
from .errors import LabError


def key(parts: Iterable[str], files: Iterable[Path] = ()) -> str:
    """A short name for what something is made from: words, and the content (not the time or place) of files."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(b"word\0" + part.encode() + b"\0")
    for file in sorted(files, key=lambda path: path.name):
        digest.update(b"file\0" + file.name.encode() + b"\0" + hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()[:16]


@contextlib.contextmanager
def lock(file: Path, waiting_for: str) -> Iterator[None]:
    """Hold a lock; whoever has to wait for it says so. The kernel frees it when its holder dies."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with open(file, "a", encoding="utf-8") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"lab: waiting for another process that has {waiting_for}", file=sys.stderr, flush=True)
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def entry(name: str, content_key: str) -> Path:
    return paths.cache() / f"{name}-{content_key}"


def made(name: str, content_key: str, make: Callable[[Path], None]) -> Path:
    """The directory `name-key` of the cache. It is filled by `make` if it is not there; nobody sees it half filled."""
    target = entry(name, content_key)
    if target.is_dir():
        return target
    with lock(paths.cache() / f".{name}.lock", f"{name} in the making"):
        if target.is_dir():
            return target
        for left in paths.cache().glob(f".{name}.partial-*"):
            shutil.rmtree(left, ignore_errors=True)
        partial = paths.cache() / f".{name}.partial-{os.getpid()}"
        try:
            partial.mkdir(parents=True)
            make(partial)
            partial.rename(target)
        except OSError as error:
            raise LabError(f"{name} could not be put into the cache {paths.cache()}: {error.strerror or error}.") from error
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    return target


def need_space(directory: Path, gigabytes: float, purpose: str) -> None:
    """Refuse to begin what the disk cannot hold."""
    existing = next(place for place in (directory, *directory.parents) if place.exists())
    free = shutil.disk_usage(existing).free / 1e9
    if free < gigabytes:
        raise LabError(f"{existing} has {free:.1f} GB free and {purpose} needs about {gigabytes:g} GB: free some, or point "
                       f"MESHOPS_CACHE or MESHOPS_LAB_STATE at a larger disk.")
