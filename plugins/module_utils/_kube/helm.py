# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ask Helm on this machine for its version and for charts. No cluster is involved."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

# The folders that kubernetes.core's module searches too.
_ALSO = ("/sbin", "/usr/sbin", "/usr/local/sbin")
_AT_ONCE, _LONGEST = 4, 300


def location() -> str:
    """Return the path of helm; empty if it is not installed."""
    return shutil.which("helm", path=os.pathsep.join([os.environ.get("PATH", os.defpath), *_ALSO])) or ""


def version(path: str, timeout: float) -> tuple[str, str]:
    """Return Helm's version, such as v3.19.0, and an empty reason; or an empty version and the reason why it is unknown. `timeout` is in seconds."""
    output, fault = _run([path, "version", "--template", "{{.Version}}"], timeout)
    return output.strip(), fault


def charts(path: str, wished: Sequence[Mapping[str, Any]], timeout: float) -> list[tuple[str, str]]:
    """Return for each wish the version of the chart that Helm would install and an empty reason, or the reason why there is none."""
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        return list(pool.map(lambda wish: _chart(path, wish, timeout), wished))


def _chart(path: str, wish: Mapping[str, Any], timeout: float) -> tuple[str, str]:
    words = [path, "show", "chart", str(wish["chart"])]
    for option in ("repository", "version"):
        words += [{"repository": "--repo", "version": "--version"}[option], str(wish[option])] if wish.get(option) else []
    output, fault = _run(words, timeout)
    version_line = next((line for line in output.splitlines() if line.startswith("version:")), "")
    if not fault and not version_line:
        fault = "helm shows no version of it"
    return version_line.partition(":")[2].strip().strip("\"'"), fault


def _run(words: Sequence[str], timeout: float) -> tuple[str, str]:
    """Return the program's output and an empty reason, or the reason why it failed."""
    try:
        # Ansible's run_command has no time-out, and this layer imports no Ansible.
        done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, timeout=timeout, check=False)  # pylint: disable=ansible-bad-function
    except subprocess.TimeoutExpired:
        return "", f"no answer within {timeout:g} s"
    except OSError as error:
        return "", error.strerror or str(error)
    if done.returncode == 0:
        return done.stdout.decode(errors="replace"), ""
    return "", _brief(done.stderr.decode(errors="replace")) or f"helm ended with {done.returncode}"


def _brief(said: str) -> str:
    """Return the last line that is an error. The lines before it are warnings, for example about a kubeconfig that others can read."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    reason = next((line for line in reversed(lines) if line.startswith("Error:")), lines[-1] if lines else "")
    return reason.removeprefix("Error:").strip().rstrip(".")[:_LONGEST]
