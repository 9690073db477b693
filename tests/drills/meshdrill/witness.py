# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Starting and ending the watcher's process, and reading what it wrote."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import timeline
from .errors import DrillError

Samples = Sequence[Any]


@dataclass(frozen=True)
class Eyes:
    """A watcher: its program, what its timeline is read as, and how long something was out of its sight."""

    program: str
    read: Callable[[Iterable[str]], Samples]
    gap: Callable[[Samples], float]
    conflicts: Callable[[Samples], list[timeline.Conflict]] = lambda _samples: []


# Niceness. A playbook runs on a machine of its own, not on those of the clusters; here it takes what they leave. Without that, each of its processes weighs
# more than all pods together, which have to share one weight.
ELSEWHERE, WITNESS = 10, -5

TRUST = Eyes("meshdrill.watch", timeline.read, timeline.longest_gap, timeline.conflicts)


@contextmanager
def watching(kubeconfig: Path, file: Path, clusters: Sequence[str], eyes: Eyes = TRUST) -> Iterator[None]:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.unlink(missing_ok=True)
    # In a session of its own, so that what kills a run does not kill the witness, and first in line for a core, so that it looks as often as it says.
    first = ["nice", "-n", str(WITNESS - ELSEWHERE)]
    process = subprocess.Popen([*first, sys.executable, "-m", eyes.program, str(kubeconfig), str(file), *clusters], start_new_session=True)
    try:
        _await_first_sample(file, eyes)
        yield
        if process.poll() is not None:
            raise DrillError(f"The watcher ended before the drill did, with code {process.returncode}; its timeline is {file}.")
    finally:
        process.terminate()
        process.wait(10)


def _await_first_sample(file: Path, eyes: Eyes, patience: float = 15.0) -> None:
    until = time.monotonic() + patience
    while time.monotonic() < until:
        if file.exists() and samples(file, eyes):
            return
        time.sleep(0.2)
    raise DrillError(f"The watcher saw nothing within {patience:.0f} s; its timeline is {file}.")


def samples(file: Path, eyes: Eyes = TRUST) -> Samples:
    with file.open(encoding="utf-8") as lines:
        # The last line may be half written.
        return eyes.read(line for line in lines if line.endswith("\n"))
