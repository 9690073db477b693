# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A drill that is ended from outside cleans up what it started."""

from __future__ import annotations

import signal
import subprocess
import sys

PROGRAM = """
import contextlib, sys, time
from types import SimpleNamespace
from meshdrill import __main__ as program

def hold():
    try:
        print("begun", flush=True)
        time.sleep(60)
    finally:
        print("cleaned up", flush=True)

sys.argv = ["meshdrill", "naive"]
program.meshes.mesh = lambda *_given: contextlib.nullcontext(SimpleNamespace(estate=None))
program.Ground = lambda *_given: None
program.drill = lambda *_given: hold
program.main()
"""


def test_a_drill_that_is_terminated_cleans_up() -> None:
    with subprocess.Popen([sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        process.terminate()
        assert (process.stdout.read(), process.wait(10)) == ("cleaned up\n", 128 + signal.SIGTERM)
