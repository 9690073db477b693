# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which objects are removed with a set: those that we labelled, and none that a controller derived from them."""

from __future__ import annotations

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.change import Ref
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.pruning import LABEL, Scope, left

SCOPE = Scope("web", [("v1", "Service")], ["shop"])
LABELLED = {"f:metadata": {"f:labels": {f"f:{LABEL}": {}}}, "f:spec": {}}
OURS = {"manager": "meshops.lifecycle", "operation": "Apply", "fieldsV1": LABELLED}
GATEWAY = {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "Gateway", "name": "web", "controller": True}


def service(*managers, **meta):
    meta = {"name": "web", "namespace": "shop", "labels": {LABEL: "web"}, "managedFields": list(managers), **meta}
    return {"apiVersion": "v1", "kind": "Service", "metadata": meta}


def removed(live):
    return left([live], [], SCOPE) == [Ref("v1", "Service", "web", "shop")]


def test_what_we_applied_is_removed():
    assert removed(service(OURS))
    assert removed(service({"manager": "kubectl", "operation": "Update", "fieldsV1": {}}, OURS, ownerReferences=[{**GATEWAY, "controller": False}]))


@pytest.mark.parametrize("live", [
    pytest.param(service({**OURS, "manager": "pilot-discovery"}), id="a copy of the label"),
    pytest.param(service(OURS, ownerReferences=[GATEWAY]), id="a controller's object that somebody labelled by us"),
    pytest.param(service({**OURS, "operation": "Update"}), id="written otherwise"),
    pytest.param(service({**OURS, "subresource": "status"}), id="a subresource"),
    pytest.param(service({**OURS, "fieldsV1": {"f:spec": {}}}, {**OURS, "manager": "copier"}), id="ours, but the label is another's"),
    pytest.param(service(), id="nobody knows whose"),
])  # fmt: skip
def test_what_somebody_else_made_of_it_stays(live):
    assert not removed(live)
