# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The machine and the versions of a measurement, without names of hosts."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

import yaml
from meshlab import programs


def machine() -> str:
    return described(Path("/proc/cpuinfo").read_text(encoding="utf-8"), Path("/proc/meminfo").read_text(encoding="utf-8"), os.cpu_count() or 1)


def described(cpuinfo: str, meminfo: str, cores: int) -> str:
    """Describe the machine from what the kernel says."""
    model = re.search(r"^model name\s*:\s*(.+)$", cpuinfo, re.MULTILINE)
    memory = re.search(r"^MemTotal:\s*(\d+) kB$", meminfo, re.MULTILINE)
    gibibytes = f"{int(memory.group(1)) / 1024 ** 2:.0f} GiB" if memory else "unknown memory"
    return f"{model.group(1).strip() if model else platform.machine()}, {cores} cores, {gibibytes} of memory"


def versions() -> Mapping[str, str]:
    collection = next(Path(path) / "ansible_collections" for path in os.environ["ANSIBLE_COLLECTIONS_PATH"].split(os.pathsep))
    return {
        "Python": platform.python_version(), "ansible-core": version("ansible-core"), "kubernetes.core": _of_collection(collection / "kubernetes" / "core"),
        "community.crypto": _of_collection(collection / "community" / "crypto"), "cryptography": version("cryptography"),
        "kubernetes (Python)": version("kubernetes"), "API server and kubectl": programs.KUBERNETES_VERSION, "Helm": _told(["helm", "version", "--short"]),
        "Istio": programs.ISTIO_VERSION,
    }


def _of_collection(home: Path) -> str:
    return str(yaml.safe_load((home / "MANIFEST.json").read_text(encoding="utf-8"))["collection_info"]["version"])


def _told(command: list[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def load() -> float:
    """The load of the last minute before the measurement."""
    return os.getloadavg()[0]
