# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run other programs; a failure becomes one sentence that holds the program's own last words."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence

from .errors import LabError


def last_words(output: str, lines: int = 2) -> str:
    told = [line.strip() for line in output.splitlines() if line.strip()]
    return "; ".join(told[-lines:]) or "it said nothing"


def run(argv: Sequence[str], *, stdin: str | None = None, env: Mapping[str, str] | None = None,
        cwd: str | None = None, timeout: float = 300) -> str:
    """The standard output of a program; LabError when it is missing, fails or hangs."""
    try:
        done = subprocess.run(argv, input=stdin, env=env, cwd=cwd, timeout=timeout, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise LabError(f"`{argv[0]}` is not installed: run `make lab-packages` as root.") from None
    except subprocess.TimeoutExpired:
        raise LabError(f"`{' '.join(argv[:4])}` did not end within {timeout:.0f} s.") from None
    if done.returncode:
        raise LabError(f"`{' '.join(argv)}` failed with code {done.returncode}: {last_words(done.stderr or done.stdout)}.")
    return done.stdout


def succeeds(argv: Sequence[str], timeout: float = 60) -> bool:
    """Whether a program ends with code 0; for attempts whose failure means nothing."""
    try:
        return subprocess.run(argv, capture_output=True, timeout=timeout, check=False).returncode == 0
    except (FileNotFoundError, subprocess.TimeoutExpired):
        return False
