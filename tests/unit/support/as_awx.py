# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A playbook run as AWX runs it: by ansible-runner, which keeps each event with its result, the output, the environment and the facts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .leaks import files


@dataclass(frozen=True)
class Ran:
    """A run. `places` is all that AWX would keep of it, by path, without the files of the job's own container."""

    rc: int
    output: str
    places: dict[str, bytes]

    def results(self, task: str) -> list[dict[str, Any]]:
        """The results of each host, from the events."""
        events = [json.loads(text) for place, text in self.places.items() if "/job_events/" in place and place.endswith(".json")]
        data = (event.get("event_data") or {} for event in sorted(events, key=lambda event: event["counter"]))
        return [one["res"] for one in data if one.get("task") == task and "res" in one]


def run(playbook: str, inventory: Path, environ: Mapping[str, str], *words: str, verbosity: int = 0, **variables: Any) -> Ran:
    """Run a playbook. It sees only this environment, as in the container of a job. The path is short, because Ansible puts a socket there."""
    with tempfile.TemporaryDirectory(prefix="awx-", dir="/tmp") as made:
        home = Path(made)
        for name in ("project", "artifacts", "scratch", "env"):
            (home / name).mkdir()
        (home / "project" / "play.yml").write_text(f"- ansible.builtin.import_playbook: meshops.lifecycle.{playbook}\n")
        (home / "env" / "extravars").write_text(json.dumps(variables))
        (home / "env" / "cmdline").write_text(" ".join(words))
        scratch = dict.fromkeys(("TMPDIR", "ANSIBLE_LOCAL_TEMP", "ANSIBLE_HOME"), str(home / "scratch"))
        programs = os.pathsep.join((environ.get("PATH") or os.environ["PATH"], str(Path(sys.executable).parent)))
        asked = ["run", made, "--playbook", "play.yml", "--inventory", str(inventory), "--ident", "job", *(["-" + "v" * verbosity] if verbosity else [])]
        done = subprocess.run(
            [sys.executable, "-m", "ansible_runner", *asked, "--quiet"],
            env={**scratch, **environ, "PATH": programs}, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=900, check=False,
        )  # fmt: skip
        left = files(home / "artifacts")
    output = next((text.decode() for place, text in left.items() if place.endswith("/job/stdout")), done.stdout + done.stderr)
    assert sum("/job_events/" in place for place in left) > 3, f"no events were kept: {output}"
    return Ran(done.returncode, output, {**left, "what ansible-runner said": (done.stdout + done.stderr).encode()})
