# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rights that preflight asks for and docs/rbac.yml grants are enough for all objects that the charts can make."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio.install import install
from ansible_collections.meshops.lifecycle.tests.e2e.estate import CLUSTERS, Estate
from ansible_collections.meshops.lifecycle.tests.e2e.lasting import First
from ansible_collections.meshops.lifecycle.tests.unit.support import rbac

_VERBS = ("get", "create", "patch", "delete")
_PLURALS = {"NetworkAttachmentDefinition": "network-attachment-definitions", "NetworkPolicy": "networkpolicies"}
# By release: the chart, and values by which it makes whatever it can.
CHARTS: dict[str, tuple[str, dict[str, Any]]] = {
    "base": ("base", {"defaultRevision": "stable"}),
    "istiod": ("istiod", {"autoscaleEnabled": True, "autoscaleMin": 2, "global": {"externalIstiod": True}}),
    "istiod of a remote": ("istiod", {
        "profile": "remote", "configMap": True, "global": {"remotePilotAddress": "192.0.2.1", "configCluster": True},
        "istiodRemote": {"injectionPath": "/inject"},
    }),
    "gateway": ("gateway", {"name": "istio-eastwestgateway", "autoscaling": {"enabled": True}, "podDisruptionBudget": {"minAvailable": 1}}),
    "cni": ("cni", {"global": {"platform": "openshift"}}),
}  # fmt: skip


def _rendered(estate: Estate, chart: str, values: dict[str, Any], scratch: Path) -> list[dict[str, Any]]:
    file = scratch / "values.yml"
    file.write_text(json.dumps(values))
    place = Path(estate.lab("path", "charts").strip()) / chart
    space = "kube-system" if chart == "cni" else "istio-system"
    words = ["helm", "template", "some", str(place), "-n", space, "-f", str(file), "--include-crds"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [document for document in yaml.safe_load_all(done.stdout) if document]


def _right(manifest: dict[str, Any], verb: str) -> dict[str, str]:
    group = manifest["apiVersion"].rpartition("/")[0]
    return {"verb": verb, "group": group, "resource": _PLURALS.get(manifest["kind"], f"{manifest['kind'].lower()}s")}


@pytest.mark.parametrize("release", CHARTS)
def test_every_kind_that_a_chart_makes_is_asked_for_and_granted(estate: Estate, tmp_path: Path, release: str) -> None:
    chart, values = CHARTS[release]
    manifests = _rendered(estate, chart, values, tmp_path)
    assert manifests
    wanted = [_right(manifest, verb) for manifest in manifests for verb in _VERBS]
    assert rbac.lacking(rbac.rules(*rbac.SITE, "install-multus"), wanted) == []
    asked = {(right["verb"], right["group"], right["resource"]) for right in install.permissions("istio-system", "openshift")}
    # CRDs ask Helm to keep them; teardown, which does remove them, says so when it is asked to.
    missing = {(right["verb"], right["group"], right["resource"]) for right in wanted} - asked
    assert missing - {("delete", "apiextensions.k8s.io", "customresourcedefinitions")} == set()


def test_the_platforms_are_those_that_the_charts_have_a_profile_of(estate: Estate) -> None:
    files = (Path(estate.lab("path", "charts").strip()) / "istiod" / "files").glob("profile-platform-*.yaml")
    assert sorted(file.stem.removeprefix("profile-platform-") for file in files) == sorted(install.requirements().platforms)


def test_the_mesh_was_brought_up_with_these_rights_alone(estate: Estate, first: First) -> None:
    """The account of these tests has no other rights, as each cluster confirms."""
    first.run.succeeded()
    for cluster in CLUSTERS:
        for words, may in ((("create", "clusterroles"), "yes"), (("delete", "nodes"), "no"), (("delete", "pods"), "no"), (("*", "*"), "no")):
            told = subprocess.run(
                ["kubectl", "--kubeconfig", estate.variables["mesh_kube"]["kubeconfig"], "--context", cluster, "auth", "can-i", *words],
                capture_output=True, text=True, check=False,
            )  # fmt: skip
            assert told.stdout.strip() == may, (cluster, words, told.stdout + told.stderr)
