# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Starting and ending the watcher's process, and reading what it wrote."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from . import timeline
from .errors import DrillError
from .timeline import Sample


@contextmanager
def watching(kubeconfig: Path, file: Path, clusters: Sequence[str]) -> Iterator[None]:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.unlink(missing_ok=True)
    # In a session of its own, so that what kills a run does not kill the witness.
    process = subprocess.Popen([sys.executable, "-m", "meshdrill.watch", str(kubeconfig), str(file), *clusters], start_new_session=True)
    try:
        _await_first_sample(file)
        yield
        if process.poll() is not None:
            raise DrillError(f"The watcher ended before the drill did, with code {process.returncode}; its timeline is {file}.")
    finally:
        process.terminate()
        process.wait(10)


def _await_first_sample(file: Path, patience: float = 15.0) -> None:
    until = time.monotonic() + patience
    while time.monotonic() < until:
        if file.exists() and samples(file):
            return
        time.sleep(0.2)
    raise DrillError(f"The watcher saw no proxy within {patience:.0f} s; its timeline is {file}.")


def samples(file: Path) -> list[Sample]:
    with file.open(encoding="utf-8") as lines:
        # The last line may be half written.
        return timeline.read(line for line in lines if line.endswith("\n"))
