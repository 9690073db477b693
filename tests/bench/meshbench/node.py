# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A node whose pods are all proxies, run as a program of its own (tests/lab/programs/node), so that it takes little of what a contestant could use."""

from __future__ import annotations

import contextlib
import json
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from meshlab import programs

from .errors import BenchError

DUMPS = "dumps.json"


class Node:
    """The node. It runs as long as the `with` block of `running`."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.port = int(self._heard())

    def lag(self, pods: Sequence[str]) -> float:
        """Let these pods answer with the older dump from now on. Return the time of the change, as of time.time()."""
        return self._told({"lagging": list(pods)})[0]

    def asked(self, anew: bool = False) -> int:
        """How many different pods were asked since the count was last reset."""
        return int(self._told({"anew": anew})[1])

    def _told(self, words: Mapping[str, Any]) -> list[float]:
        if self._process.stdin is None:
            raise AssertionError("no way to tell the node")
        self._process.stdin.write(json.dumps(words) + "\n")
        self._process.stdin.flush()
        return [float(word) for word in self._heard().split()]

    def _heard(self) -> str:
        line = self._process.stdout.readline() if self._process.stdout else ""
        if not line:
            raise BenchError("The node has ended; what it said stands above.")
        return line


@contextlib.contextmanager
def running(folder: Path) -> Iterator[Node]:
    """Run a node that serves with apiserver.crt and .key of this folder, and whose pods report the certificates in dumps.json."""
    command = [str(programs.build(programs.PROGRAMS["node"]) / "node"), str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Node(process)
        finally:
            process.kill()
