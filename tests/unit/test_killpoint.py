# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which requests count as writes, and which processes are killed at the n-th write."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.reach.access import Access
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import Refused
from ansible_collections.meshops.lifecycle.tests.killpoint.killpoint import VARIABLE, Counted, KillPoint, armed, is_write
from ansible_collections.meshops.lifecycle.tests.unit.support.source import sources

SECRET = "/api/v1/namespaces/istio-system/secrets/cacerts"

# A process that makes a child in a session of its own, as ansible-core does with its workers, and writes when told to.
RUN = """
import os, subprocess, sys, time
from pathlib import Path
from ansible_collections.meshops.lifecycle.tests.killpoint.killpoint import VARIABLE, KillPoint
if sys.argv[1:]:
    point = KillPoint.of(os.environ[VARIABLE])
    for number in range(int(sys.argv[1])):
        point.count("east PATCH /x")
        Path(point.directory, f"written-{os.getpid()}-{number}").touch()
        point.reached("after", number + 1)
    sys.exit()
workers = [subprocess.Popen([sys.executable, __file__, "3"], start_new_session=True)]
idle = subprocess.Popen(["sleep", "60"], start_new_session=True)
print(idle.pid, flush=True)
for worker in workers:
    worker.wait()
idle.kill()
"""


def environ(told: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), VARIABLE: told}


@pytest.mark.parametrize(
    ("method", "path", "query", "body", "counts"),
    [
        pytest.param("PATCH", SECRET, {"force": "true"}, {"kind": "Secret"}, True, id="apply"),
        pytest.param("POST", SECRET, None, {}, True, id="create"),
        pytest.param("PUT", SECRET, None, {}, True, id="replace"),
        pytest.param("DELETE", SECRET, None, {"preconditions": {}}, True, id="delete"),
        pytest.param("PATCH", SECRET, {}, [{"op": "replace"}], True, id="a JSON patch"),
        pytest.param("GET", SECRET, None, None, False, id="read"),
        pytest.param("PATCH", SECRET, {"dryRun": "All"}, {}, False, id="a dry run"),
        pytest.param("DELETE", SECRET, None, {"dryRun": ["All"]}, False, id="a dry run of a deletion"),
        pytest.param("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", None, {}, False, id="a question about permissions"),
    ],
)
def test_what_is_a_write(method, path, query, body, counts):
    assert is_write(method, path, query, body) == counts


CONNECT = "ansible_collections.meshops.lifecycle.plugins.module_utils._kube.connect"


@pytest.mark.parametrize(("point", "made"), [("", "Transport"), ("{}:count", "Counted")])
def test_a_run_is_armed_by_its_environment_alone(tmp_path: Path, point: str, made: str) -> None:
    given = armed(point.format(tmp_path), os.pathsep.join(sys.path))
    program = f"from {CONNECT} import Transport, connect; print(Transport.__name__, connect.__globals__['Transport'] is Transport)"
    done = subprocess.run([sys.executable, "-c", program], env={**os.environ, **given}, capture_output=True, text=True, check=True)
    assert done.stdout.split() == [made, "True"]


def test_what_is_shipped_knows_nothing_of_it() -> None:
    assert [source.path for source in sources() if VARIABLE in source.text or "killpoint" in source.text.lower()] == []


@pytest.mark.parametrize("told", ["{}", "{}:before", "{}:before:0", "{}:during:1", "{}:after:x", "{}/none:count", "count", "before:1"])
def test_a_wrong_one_is_refused(tmp_path, monkeypatch, told):
    monkeypatch.setenv(VARIABLE, told.format(tmp_path))
    with pytest.raises(Refused, match=f"{VARIABLE} is '"):
        Counted(Access("https://x"), "east")


def test_who_sets_it_too_late_is_refused_and_not_killed(tmp_path, monkeypatch):
    """A kill point that a test sets in its own process would find no process of the run, or only the test itself."""
    monkeypatch.setenv(VARIABLE, f"{tmp_path}:before:1")
    with pytest.raises(Refused, match="in the environment with which the run is started"):
        Counted(Access("https://x"), "east")


def test_threads_and_points_count_together(tmp_path):
    points = [KillPoint.of(f"{tmp_path}:count") for _number in range(2)]
    assert [points[number % 2].count(f"east PATCH /x/{number}") for number in range(4)] == [1, 2, 3, 4]
    assert (tmp_path / "writes").read_text().splitlines() == [f"{number + 1} east PATCH /x/{number}" for number in range(4)]


@pytest.mark.parametrize(("moment", "written"), [("before", 1), ("after", 2)])
def test_all_processes_of_the_run_die_and_no_other(tmp_path: Path, moment: str, written: int) -> None:
    script = tmp_path / "run.py"
    script.write_text(RUN)
    (tmp_path / "here").mkdir()
    bystander = subprocess.Popen(["sleep", "60"], env={**os.environ, VARIABLE: f"{tmp_path}/elsewhere:{moment}:2"})
    run = subprocess.Popen([sys.executable, str(script)], env=environ(f"{tmp_path}/here:{moment}:2"), stdout=subprocess.PIPE, text=True, start_new_session=True)
    try:
        idle, _nothing = run.communicate(timeout=20)
        assert run.returncode == -signal.SIGKILL
        end = time.monotonic() + 5
        while alive(int(idle)) and time.monotonic() < end:
            time.sleep(0.01)
        assert not alive(int(idle))
        assert bystander.poll() is None
        assert len(list((tmp_path / "here").glob("written-*"))) == written
        assert len((tmp_path / "here" / "writes").read_text().splitlines()) == 2
    finally:
        bystander.kill()
        bystander.wait()


def alive(pid: int) -> bool:
    """Whether the process lives. One that has ended but was not waited for does not count."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
