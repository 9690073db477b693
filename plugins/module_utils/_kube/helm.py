# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Helm on this machine: whether it is there, and whether it gets a chart. No cluster is asked."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

# Where kubernetes.core's module looks too.
_ALSO = ("/sbin", "/usr/sbin", "/usr/local/sbin")
_AT_ONCE, _TOLD = 4, 300


def found() -> str:
    """The path of the program; empty where there is none."""
    return shutil.which("helm", path=os.pathsep.join([os.environ.get("PATH", os.defpath), *_ALSO])) or ""


def version(path: str, timeout: float) -> tuple[str, str]:
    """As in v3.19.0, or why it is not known."""
    told, fault = _run([path, "version", "--template", "{{.Version}}"], timeout)
    return told.strip(), fault


def charts(path: str, wished: Sequence[Mapping[str, Any]], timeout: float) -> list[tuple[str, str]]:
    """For each wish the version of the chart that would be installed, or why there is none."""
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        return list(pool.map(lambda wish: _chart(path, wish, timeout), wished))


def _chart(path: str, wish: Mapping[str, Any], timeout: float) -> tuple[str, str]:
    words = [path, "show", "chart", str(wish["chart"])]
    for option in ("repository", "version"):
        words += [{"repository": "--repo", "version": "--version"}[option], str(wish[option])] if wish.get(option) else []
    told, fault = _run(words, timeout)
    version_line = next((line for line in told.splitlines() if line.startswith("version:")), "")
    if not fault and not version_line:
        fault = "helm shows no version of it"
    return version_line.partition(":")[2].strip().strip("\"'"), fault


def _run(words: Sequence[str], timeout: float) -> tuple[str, str]:
    """What it said, and why it failed."""
    try:
        # Ansible's run_command knows no time-out, and no Ansible is known here.
        done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, timeout=timeout, check=False)  # pylint: disable=ansible-bad-function
    except subprocess.TimeoutExpired:
        return "", f"no answer within {timeout:g} s"
    except OSError as error:
        return "", error.strerror or str(error)
    if done.returncode == 0:
        return done.stdout.decode(errors="replace"), ""
    return "", _brief(done.stderr.decode(errors="replace")) or f"helm ended with {done.returncode}"


def _brief(said: str) -> str:
    """The last line that is an error; before it Helm warns of kubeconfigs that others can read, and such."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    told = next((line for line in reversed(lines) if line.startswith("Error:")), lines[-1] if lines else "")
    return told.removeprefix("Error:").strip().rstrip(".")[:_TOLD]
