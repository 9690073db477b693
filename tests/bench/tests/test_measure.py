# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from meshbench.errors import BenchError
from meshbench.figures import Requests
from meshbench.machine import described
from meshbench.measure import AuditLog, descendants, footprint, surroundings, timed

BUSY = "import time\nend = time.process_time() + 0.2\nwhile time.process_time() < end: pass"


@pytest.fixture
def audit(tmp_path: Path) -> AuditLog:
    file = tmp_path / "audit.log"
    file.write_text("")
    return AuditLog(file)


def test_cpu_of_children_is_counted(tmp_path: Path, audit: AuditLog) -> None:
    parent = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {BUSY!r}], check=True)"
    found = timed([[sys.executable, "-c", parent]], tmp_path, audit)
    assert found.cpu >= 0.2 and found.wall >= 0.2 and found.memory > 1


def test_only_what_came_since_the_mark_is_counted(tmp_path: Path, audit: AuditLog) -> None:
    line = json.dumps({"auditID": "{}", "verb": "get", "requestURI": "/api", "user": {"username": "admin"}}) + "\n"
    (tmp_path / "audit.log").write_text(line.replace("{}", "before"))
    write = f"open({str(tmp_path / 'audit.log')!r}, 'a').write({line.replace('{}', 'after')!r})"
    assert timed([[sys.executable, "-c", write]], tmp_path, audit).requests == 1


def test_several_logs_are_counted_together_and_none_is_no_request(tmp_path: Path) -> None:
    logs = [tmp_path / "one.log", tmp_path / "two.log"]
    for log in logs:
        log.write_text("")
    both = AuditLog(*logs)
    both.mark()
    for number, log in enumerate(logs):
        log.write_text(json.dumps({"auditID": str(number), "verb": "patch", "requestURI": "/api", "user": {"username": "admin"}}) + "\n")
    assert both.since() == Requests(2, 2) and AuditLog().since() == Requests(0, 0)


def test_a_tree_is_all_that_came_of_a_process() -> None:
    assert descendants(2, {2: 1, 3: 2, 4: 3, 5: 1}) == {2, 3, 4}


def test_the_memory_of_children_is_added(tmp_path: Path) -> None:
    hold = "import time; held = bytearray(40 << 20); time.sleep(1.5)"
    both = f"import subprocess, sys\nheld = bytearray(40 << 20)\nsubprocess.run([sys.executable, '-c', {hold!r}])"
    assert 80 < footprint([[sys.executable, "-c", both]], tmp_path) < 160


def test_the_memory_of_a_failure_is_not_told(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="ended with 3"):
        footprint([[sys.executable, "-c", "raise SystemExit(3)"]], tmp_path)


def test_a_failure_is_told_with_its_last_words(tmp_path: Path, audit: AuditLog) -> None:
    with pytest.raises(BenchError, match="ended with 3: no such thing"):
        timed([[sys.executable, "-c", "import sys; print('no such thing'); sys.exit(3)"]], tmp_path, audit)


def test_the_callers_settings_do_not_reach_a_contestant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("KUBECONFIG", "K8S_AUTH_HOST", "ANSIBLE_CONFIG", "HELM_NAMESPACE"):
        monkeypatch.setenv(name, "mine")
    found = surroundings(tmp_path)
    assert "mine" not in found.values() and found["HOME"] == str(tmp_path)


def test_a_machine_is_described_without_its_name() -> None:
    assert described("processor\t: 0\nmodel name\t: Some CPU @ 2.8GHz\n", "MemTotal:       8388608 kB\n", 2) == "Some CPU @ 2.8GHz, 2 cores, 8 GiB of memory"
