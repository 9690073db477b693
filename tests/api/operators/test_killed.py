# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs over operators that are killed right before or after one of their writes, each in a process of its own, while OLM is played from another one.

The next run goes on where the cluster stands: together they send each write once, and end where a run ends that nobody kills. The gate has chosen points;
`make test-operators-killed` has each one, and each by the playbook too (MESHOPS_KILL_EVERYWHERE).
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.tests.killpoint.killpoint import armed
from ansible_collections.meshops.lifecycle.tests.unit.support.operator_stories import params
from ansible_collections.meshops.lifecycle.tests.unit.support.running import Ran

from .conftest import CRD, PACKAGE, SPACE, V1, V2, V3, WISH, Market, Run

EVERYWHERE = bool(os.environ.get("MESHOPS_KILL_EVERYWHERE"))
V0 = f"/apis/operators.coreos.com/v1alpha1/namespaces/{SPACE}"
GROUP = f"PATCH /apis/operators.coreos.com/v1/namespaces/{SPACE}/operatorgroups/{SPACE}"
SUBSCRIPTION, PLAN = f"PATCH {V0}/subscriptions/{PACKAGE}", f"PATCH {V0}/installplans/PLAN"
EXTENSION = f"PATCH /apis/olm.operatorframework.io/v1/clusterextensions/{PACKAGE}"
WIDGET = f"DELETE /apis/demo.example.com/v1/namespaces/{SPACE}/widgets/one"
OPERANDS = [{"api_version": "demo.example.com/v1", "kind": "Widget"}]
ABSENT = {"state": "absent", "remove_operands": True, "remove_crds": True}
_WORK = """
import json, sys
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.connect import connect
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.operators.operators import reconcile

told = json.load(sys.stdin)
reconcile(connect(told["connection"], environ={}), told["params"])
"""


@dataclass(frozen=True)
class Story:
    """What a run is to do, after another one did what is to be there `before`, with all its writes in order."""

    wish: Mapping[str, Any]
    writes: Sequence[str]
    before: Mapping[str, Any] | None = None
    options: Mapping[str, Any] = field(default_factory=dict)


V1_WISH = {"version": "1.0.0", "catalog": "demo", "operands": OPERANDS}
V1_PIN = {**V1_WISH, "crds": [CRD]}
STORIES = {
    "install": Story({"csv": V1}, [GROUP, SUBSCRIPTION, PLAN]),
    "upgrade": Story({"csv": V3}, [SUBSCRIPTION, PLAN, PLAN], before={"csv": V1}),
    "removal": Story({"csv": V1, "operands": OPERANDS}, [
        WIDGET, f"DELETE {V0}/subscriptions/{PACKAGE}", f"DELETE {V0}/clusterserviceversions/{V1}",
        f"DELETE /apis/apiextensions.k8s.io/v1/customresourcedefinitions/{CRD}",
    ], before={"csv": V1}, options=ABSENT),
    "v1 install": Story(V1_PIN, [EXTENSION], options={"api": "v1"}),
    "v1 upgrade": Story({**V1_PIN, "version": "1.2.0", "through": ["1.1.0"]}, [EXTENSION, EXTENSION], before=V1_PIN, options={"api": "v1"}),
    "v1 removal": Story(V1_WISH, [WIDGET, EXTENSION.replace("PATCH", "DELETE")], before=V1_PIN, options={"api": "v1", **ABSENT}),
}  # fmt: skip
CHOSEN = [
    ("install", "before", 2), ("install", "before", 3), ("upgrade", "before", 2), ("upgrade", "after", 2), ("removal", "after", 2), ("v1 upgrade", "before", 2),
]  # fmt: skip


def points() -> Iterator[tuple[str, str, int]]:
    for name, story in STORIES.items():
        yield from ((name, moment, number) for number in range(1, len(story.writes) + 1) for moment in ("before", "after"))


@pytest.fixture(params=["module", "playbook"] if EVERYWHERE else ["module"])
def work(request: pytest.FixtureRequest, empty: Market, run: Run, tmp_path: Path) -> Run:
    """`work({…}, environ, …)`: a run of the module's work in a process of its own, or of the playbook."""

    def module(wish: Mapping[str, Any], environ: Mapping[str, str], **options: Any) -> Ran:
        connection = {"kubeconfig": empty.kubeconfig, "cluster": "east", **({"context": empty.context} if empty.context else {})}
        told = json.dumps({"connection": connection, "params": params([{**WISH, **wish}], wait_timeout=120, **options)})
        environ = {**os.environ, **environ}
        done = subprocess.run([sys.executable, "-c", _WORK], input=told, env=environ, capture_output=True, text=True, timeout=300, check=False)
        return Ran(done.returncode, done.stdout + done.stderr)

    def playbook(wish: Mapping[str, Any], environ: Mapping[str, str], **options: Any) -> Ran:
        return run(dict(wish), environ=dict(environ), **{f"operator_{key}": value for key, value in options.items()})

    return playbook if request.param == "playbook" else module


@pytest.mark.parametrize(("name", "moment", "number"), list(points()) if EVERYWHERE else CHOSEN)
def test_the_next_run_goes_on_where_one_was_killed(empty: Market, work: Run, tmp_path: Path, name: str, moment: str, number: int) -> None:
    story = STORIES[name]
    if story.before:
        made = work(story.before, {}, **{key: value for key, value in story.options.items() if key == "api"})
        assert made.code == 0, made.output
    if WIDGET in story.writes:
        empty.cluster.apply([{"apiVersion": "demo.example.com/v1", "kind": "Widget", "metadata": {"name": "one", "namespace": SPACE}, "spec": {}}])
    killed = work(story.wish, armed(f"{folder(tmp_path, 'killed')}:{moment}:{number}"), **story.options)
    assert killed.code == -signal.SIGKILL, killed.output
    sent = writes(tmp_path / "killed")[: number - (moment == "before")]
    assert normal(sent) == story.writes[: len(sent)]
    on = work(story.wish, armed(f"{folder(tmp_path, 'on')}:count"), **story.options)
    assert on.code == 0, on.output
    assert normal([*sent, *writes(tmp_path / "on")]) == list(story.writes)
    again = work(story.wish, armed(f"{folder(tmp_path, 'again')}:count"), **story.options)
    assert (again.code, writes(tmp_path / "again")) == (0, []), again.output
    ends(empty, name)


def folder(home: Path, name: str) -> Path:
    (home / name).mkdir()
    return home / name


def writes(of: Path) -> list[str]:
    """What a run sent, or was about to send when it was killed."""
    told = of / "writes"
    return [line.split(" ", 2)[2] for line in told.read_text("utf-8").splitlines()] if told.exists() else []


def normal(sent: Sequence[str]) -> list[str]:
    """InstallPlans have names that nobody knows. A patch that came too late is sent once more, after another look."""
    once = [line for at, line in enumerate(sent) if "/installplans/" not in line or line not in sent[:at]]
    return [re.sub(r"/installplans/.*", "/installplans/PLAN", line) for line in once]


def ends(market: Market, name: str) -> None:
    """Check that the cluster is where a run ends that nobody kills."""
    version = {"install": V1, "upgrade": V3}.get(name)
    market.until(lambda: market.phases() == ({version: "Succeeded"} if version else {}), "the version alone")
    if name == "upgrade":
        assert market.approved() == [[V1], [V2], [V3]]
    extensions = market.cluster.list("olm.operatorframework.io/v1", "ClusterExtension")
    bundles = [one["status"]["install"]["bundle"]["version"] for one in extensions]
    assert bundles == {"v1 install": ["1.0.0"], "v1 upgrade": ["1.2.0"]}.get(name, [])
