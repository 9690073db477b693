# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Running a playbook, and seeing how long its parts took."""

from __future__ import annotations

import itertools
import json
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.meshops.lifecycle.tests.e2e.estate import CHECKOUT

from .errors import DrillError
from .report import Phase

INVENTORY = CHECKOUT / "inventories" / "lab"
# Of the errors that a run named, the first are told.
MOST_ERRORS = 3
CALLBACKS = Path(__file__).resolve().parents[1] / "callbacks"


@dataclass(frozen=True)
class Run:
    """A run of the playbook, to its end or until it is killed. Its phases are its task files, in order."""

    code: int
    log: Path
    began: float = 0.0
    phases: tuple[Phase, ...] = ()

    @property
    def killed(self) -> bool:
        return self.code == -9

    def succeeded(self) -> Run:
        if self.code:
            kept = self._kept()
            said = "; ".join(errors(kept)[:MOST_ERRORS]) or "it named no error"
            raise DrillError(f"The playbook ended with code {self.code}: {said} (all of its words are in {kept}).")
        return self

    def _kept(self) -> Path:
        """A copy of what it said, because the next run of this kind writes over its log."""
        return Path(shutil.copyfile(self.log, self.log.with_name(f"{self.log.stem}-failed-at-{time.strftime('%H-%M-%S')}.log")))

    def until(self, phase: str) -> float:
        """Seconds from the start of the program to the end of a phase; of all of it where there is no such phase."""
        return max(([one.end for one in self.phases if one.name == phase] or [one.end for one in self.phases]), default=self.began) - self.began


def errors(log: Path) -> list[str]:
    """What Ansible calls errors, each once."""
    return list(dict.fromkeys(re.findall(r"^\[ERROR\]: (.+)$", log.read_text(encoding="utf-8"), re.MULTILINE)))


def rotate(kind: str, folder: Path, environ: Mapping[str, str] | None = None, inventory: Path = INVENTORY, **variables: Any) -> Run:
    return playbook("rotate", kind, folder, {"rotate": kind, "rotate_min_age": 0, **variables}, environ, inventory)


def playbook(
    name: str, kind: str, folder: Path, variables: Mapping[str, Any], environ: Mapping[str, str] | None = None, inventory: Path = INVENTORY,
    words: Sequence[str] = (),
) -> Run:
    """One run, whose phases are named after its kind. It gets a session of its own, for a kill point ends all that was started with it."""
    folder.mkdir(parents=True, exist_ok=True)
    times = folder / "tasks.jsonl"
    times.unlink(missing_ok=True)
    ours = {"ANSIBLE_NOCOLOR": "1", "ANSIBLE_CALLBACK_PLUGINS": str(CALLBACKS), "ANSIBLE_CALLBACKS_ENABLED": "task_times", "MESHDRILL_TASK_TIMES": str(times)}
    began = time.time()
    # By a file that only its owner reads: an argument is seen by everybody on the machine, and there may be a key among them.
    with (folder / f"{name}.log").open("w", encoding="utf-8") as log, tempfile.NamedTemporaryFile("w", suffix=".json") as variables_file:
        json.dump(variables, variables_file)
        variables_file.flush()
        done = subprocess.run(["ansible-playbook", f"meshops.lifecycle.{name}", "-i", str(inventory), *words, "-e", f"@{variables_file.name}"], check=False,
                              env={**os.environ, **ours, **(environ or {})}, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                              start_new_session=True)
    return Run(done.returncode, Path(log.name), began, phases(kind, times.read_text(encoding="utf-8").splitlines() if times.exists() else ()))


def phases(kind: str, lines: Iterable[str]) -> tuple[Phase, ...]:
    """Tasks that follow one another in the same file, or bring a cluster through the same step, are one phase; it ends where the next begins."""
    tasks = [(task["began"], _phase(task)) for task in map(json.loads, lines)]
    begins = [(next(group)[0], name) for name, group in itertools.groupby(tasks, key=lambda task: task[1])]
    return tuple(Phase(f"{kind}: {name}", begin, end - begin) for (begin, name), (end, _next) in itertools.pairwise(begins))


def _phase(task: Mapping[str, Any]) -> str:
    step = re.search(r"through the step (\w+)$", task["task"])
    return step[1] if step else Path(task["path"].rpartition(":")[0]).stem
