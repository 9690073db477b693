# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tasks of the playbook site for the mesh of paper without Ansible around them: the same modules and options, in the same order.

`python paper_site.py <connections as JSON>` is a run of its own, to be killed. What Ansible does around it test_paper.py shows.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.wish import ControlPlane
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers import provider
from ansible_collections.meshops.lifecycle.plugins.modules import ca, links, mesh_config, stage_orders
from ansible_collections.meshops.lifecycle.tests.api.rotation.play import Result, task

SHARED = {"provider": "paper", "namespace": "paper-system"}


def site(kube: Mapping[str, Mapping[str, Any]]) -> bool:
    """Run all tasks. Return whether they changed anything."""
    found = [_ok(task(ca, {**one, **SHARED, "cluster": name, "mesh": "shop", "root": _root(kube)})) for name, one in kube.items()]
    for name, one in kube.items():
        wish = ControlPlane(name, "shop", network=name, provider="paper", namespace=SHARED["namespace"], version="1.0.0")
        steps = [step for stage in provider("paper").install.stages(wish) for step in stage.steps()]
        found += [_ok(_step({**one, "cluster": name, "wait_timeout": 60}, step, wish)) for step in steps]
    for name, one in kube.items():
        peers = [{"name": other, "kube": dict(theirs), "server": f"https://{other}.example:6443"} for other, theirs in kube.items() if other != name]
        found.append(_ok(task(links, {**one, **SHARED, "cluster": name, "links": peers})))
    return any(result["changed"] for result in found)


def _step(shared: Mapping[str, Any], step: Mapping[str, Any], wish: ControlPlane) -> Result:
    if step["kind"] == "orders":
        return task(stage_orders, {**shared, "wish": asdict(wish), "part": step["part"], "stage": step["name"]})
    return task(mesh_config, {**shared, "manifests": step["manifests"], "wait_for": step["wait_for"]})


def _root(kube: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    return {"source": "generated", "kube": {**kube["east"], "cluster": "east"}}


def _ok(result: Result) -> Result:
    if result.get("failed"):
        raise SystemExit(str(result["msg"]))
    return result


if __name__ == "__main__":
    site(json.loads(sys.argv[1]))
