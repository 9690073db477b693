# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A playbook of the collection, run by ansible-playbook."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# With this in its environment, ansible-playbook shows what the run left with set_stats.
ARTIFACTS_SHOWN = {"ANSIBLE_SHOW_CUSTOM_STATS": "1"}
RECAP = re.compile(r"^(\S+)\s+: (ok=.*)$", re.MULTILINE)


@dataclass(frozen=True)
class Ran:
    """The exit code and the output of a run."""

    code: int
    output: str

    @property
    def recap(self) -> dict[str, dict[str, int]]:
        """By host, the counts that are not zero."""
        told = {host: (part.split("=") for part in counts.split()) for host, counts in RECAP.findall(self.output)}
        return {host: {name: int(count) for name, count in parts if int(count)} for host, parts in told.items()}


def artifacts(output: str) -> dict[str, Any]:
    """What the run left, which AWX would keep as the artifacts of the job."""
    told: dict[str, Any] = json.loads(output.split("RUN: ")[-1].split("\n")[0])
    return told


def ran(playbook: str, *arguments: str, home: Path, patience: float = 300, **variables: str) -> Ran:
    """`playbook` is a name of the collection's, or the path of a file; `variables` are those of its environment. It may take so many seconds."""
    program = str(Path(sys.executable).with_name("ansible-playbook"))
    name = playbook if "/" in playbook else f"meshops.lifecycle.{playbook}"
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("K8S_AUTH_", "KUBECONFIG"))}
    surroundings = {**kept, "ANSIBLE_HOME": str(home), "ANSIBLE_NOCOLOR": "true", "ANSIBLE_LOCAL_TEMP": str(home / "local"), **variables}
    done = subprocess.run([program, name, *arguments], env=surroundings, capture_output=True, text=True, timeout=patience, check=False)
    return Ran(done.returncode, done.stdout + done.stderr)
