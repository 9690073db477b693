# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a command and write down how long it took: `stopwatch.py STEP command…`; mk/summary.py sums the steps up.

A step that is run again, as for another Python, adds to its seconds.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

SECONDS = Path(__file__).resolve().parents[1] / "build" / "seconds"


def main(step: str, *command: str) -> int:
    started = time.monotonic()
    try:
        return subprocess.run(command, check=False).returncode
    finally:
        SECONDS.mkdir(parents=True, exist_ok=True)
        with (SECONDS / step).open("a", encoding="utf-8") as file:
            file.write(f"{time.monotonic() - started:.1f}\n")


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
