# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A playbook run as AWX runs it: by ansible-runner, which keeps each event with its result, the output, the environment and the facts."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .leaks import files
from .source import CHECKOUT

# As OpenShift gives a container a number that no account has, in the group root. AWX keeps jobs in such containers.
NOBODY, ROOT_GROUP = 1000660123, 0


@dataclass(frozen=True)
class Ran:
    """A run. `places` is all that AWX would keep of it, by path, without the files of the job's own container."""

    rc: int
    output: str
    places: dict[str, bytes]

    @property
    def events(self) -> list[dict[str, Any]]:
        """What each event is about, in order."""
        found = [json.loads(text) for place, text in self.places.items() if "/job_events/" in place and place.endswith(".json")]
        return [event.get("event_data") or {} for event in sorted(found, key=lambda event: event["counter"])]

    @property
    def artifacts(self) -> dict[str, Any]:
        """What AWX shows beside the job and hands to the next one: it reads them from the last event."""
        told: dict[str, Any] = next((one["artifact_data"] for one in reversed(self.events) if "artifact_data" in one), {})
        return told

    def results(self, task: str) -> list[dict[str, Any]]:
        """The results of each host, from the events."""
        return [one["res"] for one in self.events if one.get("task") == task and "res" in one]


Playbooks = str | Sequence[tuple[str, Mapping[str, Any]]]


def run(playbooks: Playbooks, inventory: Path, environ: Mapping[str, str], *words: str, verbosity: int = 0, **variables: Any) -> Ran:
    """Run a playbook, or several with variables of their own. They see only this environment, as in the container of a job.

    The path is short, because Ansible puts a socket there.
    """
    with tempfile.TemporaryDirectory(prefix="awx-", dir="/tmp") as made:
        home = Path(made)
        for name in ("project", "artifacts", "scratch", "env"):
            (home / name).mkdir()
        (home / "project" / "play.yml").write_text(json.dumps(_imports(playbooks)))
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


def _imports(playbooks: Playbooks) -> list[dict[str, Any]]:
    wanted = [(playbooks, {})] if isinstance(playbooks, str) else playbooks
    return [{"ansible.builtin.import_playbook": f"meshops.lifecycle.{name}", **({"vars": dict(own)} if own else {})} for name, own in wanted]


def job(playbook: str, inventory: Mapping[str, Any], credential: Mapping[str, bytes], **variables: Any) -> Ran:
    """Run a playbook of the project in extensions/controller by its path, as AWX runs a job template.

    `credential` has what a credential injects: by the name of an environment variable the content of the file that it names. The job has no HOME, no
    account, and nothing but its own directory to write to. If the test runs as root, the job may read what root may, because that is where the test's
    Python lies.
    """
    with tempfile.TemporaryDirectory(prefix="awx-", dir="/tmp") as made:
        home = Path(made)
        for name in ("artifacts", "env", "inventory"):
            (home / name).mkdir()
        shutil.copytree(CHECKOUT / "extensions/controller/project", home / "project")
        (home / "inventory" / "hosts.json").write_text(json.dumps(inventory))
        (home / "env" / "extravars").write_text(json.dumps(variables))
        environ = {"LANG": "C.UTF-8", "PATH": os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))}
        environ |= {name: os.environ[name] for name in ("ANSIBLE_COLLECTIONS_PATH", "PYTHONPATH") if name in os.environ}
        for name, content in credential.items():
            file = home / "env" / f"tmp-{name.lower()}"
            file.write_bytes(content)
            file.chmod(0o600)
            environ[name] = str(file)
        words = [sys.executable, "-m", "ansible_runner", "run", made, "--playbook", f"{playbook}.yml", "--ident", "job", "--quiet"]
        done = subprocess.run([*_as_nobody(home), *words], env=environ, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=900, check=False)
        owners = {path.stat().st_uid for path in (home / "artifacts").rglob("*")}
        assert owners == {NOBODY if os.geteuid() == 0 else os.geteuid()}, owners
        left = {**files(home / "artifacts"), **files(home / "project")}
    output = next((text.decode() for place, text in left.items() if place.endswith("/job/stdout")), done.stdout + done.stderr)
    assert sum("/job_events/" in place for place in left) > 3, f"no events were kept: {output}"
    return Ran(done.returncode, output, {**left, "what ansible-runner said": (done.stdout + done.stderr).encode()})


def _as_nobody(home: Path) -> list[str]:
    """The words before a command that make it run as nobody, to whom all in `home` belongs. Only root can do that; anybody else runs it as he is."""
    if os.geteuid():
        return []
    for path in (home, *home.rglob("*")):
        os.chown(path, NOBODY, ROOT_GROUP)
    reads = "+dac_read_search"
    # access(2) would not know of the capability without that bit, so no program would be found.
    kept = [f"--inh-caps={reads}", f"--ambient-caps={reads}", "--securebits=+no_setuid_fixup"]
    return ["setpriv", f"--reuid={NOBODY}", f"--regid={ROOT_GROUP}", "--clear-groups", *kept]
