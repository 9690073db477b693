# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a command and write down how long it took and how it ended: `stopwatch.py STEP command…`; mk/summary.py sums the steps up.

A step that is run again, as for another Python, adds to its seconds. `build/failed` has a file for each step that did not end with 0.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

BUILD = Path(__file__).resolve().parents[1] / "build"


def written(folder: str, step: str, line: str) -> None:
    """Add a line to the file of a step."""
    (BUILD / folder).mkdir(parents=True, exist_ok=True)
    with (BUILD / folder / step).open("a", encoding="utf-8") as file:
        file.write(f"{line}\n")


def main(step: str, *command: str) -> int:
    started, code = time.monotonic(), 1
    try:
        code = subprocess.run(command, check=False).returncode
    finally:
        written("seconds", step, f"{time.monotonic() - started:.1f}")
        if code:
            written("failed", step, str(code))
    return code


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
