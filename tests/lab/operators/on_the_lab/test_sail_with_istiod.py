# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The stand-in of the Sail operator on the lab's cluster east, with the real istiod of the lab for each revision: `make test-operators`.

Not a part of the gate. Two names of versions lead to the same charts, so what is shown is the way of revisions, and not a change of versions.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.meshops.lifecycle.tests.lab.operators.played import sail

CHECKOUT = Path(__file__).resolve().parents[4]
STATE = Path(os.environ.get("MESHOPS_LAB_STATE") or "/var/lib/meshlab")
SPACE, SHOP = "sail-standin", "sail-standin-shop"
OLD, NEW = "standin-v1-31-0", "standin-v1-32-0"
API = "sailoperator.io"
PATIENCE = 180.0


def kubectl(*words: str, text: str = "") -> str:
    """The output of kubectl on east."""
    begin = ["kubectl", "--kubeconfig", str(STATE / "kubeconfig"), "--context", "east"]
    done = subprocess.run([*begin, *words], input=text, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def apply(*manifests: dict[str, Any]) -> None:
    kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", text=yaml.safe_dump_all(manifests))


def names(kind: str, *words: str) -> list[str]:
    return [line.rpartition("/")[2] for line in kubectl("get", kind, "-o", "name", "--ignore-not-found", *words).splitlines()]


def until(seen: Callable[[], Any], what: str) -> Any:
    end = time.monotonic() + PATIENCE
    while not (found := seen()):
        assert time.monotonic() < end, f"{what} did not come"
        time.sleep(0.5)
    return found


def istio(version: str) -> dict[str, Any]:
    """An Istio with the values that the lab needs, as its inventory has them."""
    values = yaml.safe_load((CHECKOUT / "inventories" / "lab" / "group_vars" / "shop.yml").read_text("utf-8"))["mesh_values"]["istiod"]
    strategy = {"type": "RevisionBased", "inactiveRevisionDeletionGracePeriodSeconds": 5}
    spec = {"version": version, "namespace": SPACE, "updateStrategy": strategy, "values": values}
    return {"apiVersion": f"{API}/v1", "kind": "Istio", "metadata": {"name": "standin"}, "spec": spec}


def state(kind: str, name: str) -> str:
    return kubectl("get", f"{kind}.{API}", name, "-o", "jsonpath={.status.state} {.status.activeRevisionName}{.status.istioRevision}")


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The stand-in beside east, and its log. All of it is taken away in the end."""
    charts = STATE / "charts"
    if not charts.is_dir():
        pytest.fail(f"{charts} is missing: start the lab by `make lab`.")
    file = tmp_path_factory.mktemp("standins") / "log"
    try:
        with sail(STATE / "kubeconfig", "east", file, dict.fromkeys(("v1.32.0", "v1.31.0"), charts)):
            apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": SPACE}})
            yield file
    finally:
        kubectl("delete", "namespace", SPACE, SHOP, "--ignore-not-found")


def injected_by() -> str:
    """Which revision would inject a pod of the namespace, by a pod that the server only pretends to make; empty if none would."""
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "trial", "namespace": SHOP}, "spec": {"containers": [{"name": "app", "image": "app"}]}}
    made = json.loads(kubectl("create", "--dry-run=server", "-o", "json", "-f", "-", text=yaml.safe_dump(pod)))
    return str((made["metadata"].get("annotations") or {}).get("istio.io/rev") or "")


def test_a_revision_is_a_real_istiod_and_a_tag_leads_to_it_and_on_to_the_next(log: Path) -> None:
    apply(istio("v1.31.0"))
    until(lambda: state("istio", "standin") == f"Healthy {OLD}", f"a healthy revision {OLD}; {log}")
    assert names("deployments", "-n", SPACE) == [f"istiod-{OLD}"]
    tag = {"apiVersion": f"{API}/v1", "kind": "IstioRevisionTag", "metadata": {"name": "standin-tag"}}
    apply({**tag, "spec": {"targetRef": {"kind": "Istio", "name": "standin"}}})
    apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": SHOP, "labels": {"istio.io/rev": "standin-tag"}}})
    until(lambda: state("istiorevisiontag", "standin-tag") == f"Healthy {OLD}", "a tag in use")
    assert until(injected_by, "an injected pod") == OLD
    apply(istio("v1.32.0"))
    until(lambda: state("istio", "standin") == f"Healthy {NEW}", "the next revision")
    until(lambda: injected_by() == NEW, "a pod that the next revision injects")
    until(lambda: names(f"istiorevisions.{API}") == [NEW], "the end of the revision that nobody uses")
    until(lambda: names("deployments", "-n", SPACE) == [f"istiod-{NEW}"], "the end of its istiod")


def test_what_cannot_be_installed_leaves_the_mesh_as_it_was(log: Path) -> None:
    apply(istio("v1.27.0"))
    until(lambda: state("istio", "standin").startswith("ReconcileError"), "the refusal")
    assert names("deployments", "-n", SPACE) == [f"istiod-{NEW}"]
    apply(istio("v1.32.0"))
    until(lambda: state("istio", "standin") == f"Healthy {NEW}", "the way back")
