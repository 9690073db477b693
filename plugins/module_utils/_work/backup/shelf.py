# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The directory with sealed snapshots, on the machine that runs Ansible."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from ..._mesh.errors import Refused

_PART = ".part"


def names(directory: str) -> list[str]:
    """Return the names of all files; none if the directory does not exist."""
    try:
        return sorted(entry.name for entry in Path(directory).expanduser().iterdir() if entry.is_file())
    except FileNotFoundError:
        return []
    except OSError as error:
        raise Refused(f"The directory {directory} cannot be read: {error.strerror}.") from error


def store(directory: str, name: str, content: bytes) -> None:
    """Write a file that only its owner reads. Under its name it is there as a whole, or not at all."""
    place = Path(directory).expanduser()
    part = place / f".{name}{_PART}"
    try:
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(place / name)
    except OSError as error:
        with suppress(OSError):
            part.unlink()
        raise Refused(f"The snapshot cannot be written to {place / name}: {error.strerror}.") from error


def content(path: str) -> bytes:
    try:
        return Path(path).expanduser().read_bytes()
    except OSError as error:
        raise Refused(f"The snapshot {path} cannot be read: {error.strerror}.") from error


def remove(directory: str, name: str) -> None:
    with suppress(FileNotFoundError):
        (Path(directory).expanduser() / name).unlink()
