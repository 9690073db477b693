# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.claim import Claim, objections, owned_by_others, rival
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.change import Ref

ACCOUNT = Claim(Ref("v1", "ServiceAccount", "istio-reader-service-account", "istio-system"), "istio-system/istio-base")
TAG = Claim(Ref("admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration", "istio-revision-tag-default"), completed_by="pilot-discovery")
LINK = Claim(Ref("v1", "Secret", "istio-remote-secret-west", "istio-system"), rivals="istio/multiCluster=true", key="west")
HELM = {"meta.helm.sh/release-name": "istio-base", "meta.helm.sh/release-namespace": "istio-system"}
FLUX = {"kustomize.toolkit.fluxcd.io/name": "mesh", "kustomize.toolkit.fluxcd.io/namespace": "flux-system"}


def live(*managers: str, labels: dict[str, str] | None = None, annotations: dict[str, str] | None = None, **meta: Any) -> dict[str, Any]:
    fields = [{"manager": manager, "operation": "Update", "fieldsV1": {"f:spec": {}}} for manager in managers]
    return {"metadata": {"name": "x", "labels": labels, "annotations": annotations, "managedFields": fields, **meta}}


@pytest.mark.parametrize(("claim", "found"), [
    pytest.param(TAG, None, id="nobody made it"),
    pytest.param(ACCOUNT, live("helm", annotations=HELM), id="of the release"),
    pytest.param(TAG, live("meshops.lifecycle"), id="ours"),
    pytest.param(LINK, live("meshops.lifecycle/0a1b2c3d"), id="created by us"),
    pytest.param(TAG, live("kubectl-client-side-apply", "meshops.lifecycle", "pilot-discovery"), id="taken over"),
])
def test_what_is_free_or_ours_is_not_told(claim: Claim, found: dict[str, Any] | None) -> None:
    assert owned_by_others(claim, found) is None


def copied(*managers: str) -> dict[str, Any]:
    """A tag of istioctl, which gets all annotations of the webhook that it is made from, so also the Helm release of that."""
    found = live(*managers, annotations={**HELM, "meta.helm.sh/release-name": "istiod-stable"})
    written = {"f:metadata": {"f:annotations": {"f:meta.helm.sh/release-name": {}, "f:meta.helm.sh/release-namespace": {}}}, "f:webhooks": {}}
    found["metadata"]["managedFields"].append({"manager": "istio-ci", "operation": "Apply", "fieldsV1": written})
    return found


def test_a_release_that_istioctl_copied_says_nothing() -> None:
    assert owned_by_others(TAG, copied("meshops.lifecycle")) is None
    assert owned_by_others(TAG, copied()) == {"object": str(TAG.ref), "owner": "the field manager istio-ci", "how": "left"}
    assert owned_by_others(ACCOUNT, copied("helm")) is None
    assert owned_by_others(replace(ACCOUNT, adopt=True), copied()) == {"object": str(ACCOUNT.ref), "owner": "the field manager istio-ci", "how": "taken"}


@pytest.mark.parametrize(("claim", "found", "owner", "how"), [
    pytest.param(ACCOUNT, live("kubectl-client-side-apply"), "the field manager kubectl-client-side-apply", "left", id="by kubectl"),
    pytest.param(TAG, live("pilot-discovery", "istioctl"), "the field manager istioctl", "left", id="by istioctl; istiod only fills in its CA"),
    pytest.param(TAG, live(labels={"app.kubernetes.io/managed-by": "istio-operator"}), "istio-operator", "left", id="by its label"),
    pytest.param(replace(TAG, completed_by=""), live("pilot-discovery"), "the field manager pilot-discovery", "left", id="no control plane is known here"),
    pytest.param(TAG, live(), "an unknown owner", "left", id="without a trace"),
    pytest.param(ACCOUNT, live("meshops.lifecycle"), "the field manager meshops.lifecycle", "left", id="Helm does not take what was applied"),
    pytest.param(ACCOUNT, live(annotations={**HELM, "meta.helm.sh/release-name": "mesh"}), "the Helm release istio-system/mesh", "released", id="of another"),
    pytest.param(TAG, live("helm", annotations=HELM), "the Helm release istio-system/istio-base", "released", id="a tag that a chart made"),
    pytest.param(TAG, live("kustomize-controller", labels=FLUX), "Flux, for its Kustomization mesh", "kept", id="Flux"),
    pytest.param(ACCOUNT, live("argocd-controller", annotations={"argocd.argoproj.io/tracking-id": "mesh:/ServiceAccount:istio-system/x", **HELM}),
                 "Argo CD", "kept", id="Argo CD, even where Helm's marks are ours"),
    pytest.param(TAG, live("meshops.lifecycle", "argocd-controller"), "Argo CD", "kept", id="a controller that writes ours back"),
])  # fmt: skip
def test_whose_it_is_and_whether_it_can_be_taken(claim: Claim, found: dict[str, Any], owner: str, how: str) -> None:
    assert owned_by_others(claim, found) == {"object": str(claim.ref), "owner": owner, "how": how}


LED = replace(TAG, label="istio.io/rev", value="stable")


def test_what_a_cutover_led_elsewhere_is_not_led_back() -> None:
    """Not even if it is ours, or may be adopted: every new pod would move at once."""
    ours = live("meshops.lifecycle", labels={"istio.io/rev": "green"})
    for claim in (LED, replace(LED, adopt=True)):
        assert owned_by_others(claim, ours) == {"object": str(TAG.ref), "owner": "green", "how": "led"}
    assert owned_by_others(LED, live("meshops.lifecycle", labels={"istio.io/rev": "stable"})) is None
    assert owned_by_others(LED, live("meshops.lifecycle")) is None
    (said,) = objections([{"object": "MutatingWebhookConfiguration istio-revision-tag-default", "owner": "green", "how": "led"}])
    assert said.startswith("the MutatingWebhookConfiguration istio-revision-tag-default leads to the revision green, and an install of another one would move")
    assert said.endswith("name green as mesh_revision, or move in waves with meshops.lifecycle.cutover")


def secret(name: str, *keys: str) -> dict[str, Any]:
    return {"metadata": {"name": name, "managedFields": [{"manager": "kubectl"}]}, "data": dict.fromkeys(keys, "bm90LXJlYWw=")}


def test_another_object_that_does_the_same_is_told_without_what_it_holds() -> None:
    others = [secret("istio-remote-secret-west", "west"), secret("mesh-peer-north", "north"), secret("mesh-peer-west", "west")]
    assert rival(LINK, others) == {
        "object": "Secret istio-system/mesh-peer-west", "owner": "the field manager kubectl", "how": "rival", "key": "west", "ours": "istio-remote-secret-west",
    }
    assert rival(LINK, others[:2]) is None


LEFT = [{"object": name, "owner": "the field manager kubectl", "how": "left"} for name in ("ServiceAccount a/b", "ClusterRole c")]
KEPT = {"object": "Deployment a/istiod", "owner": "Argo CD", "how": "kept"}
RELEASED = {"object": "ConfigMap a/istio", "owner": "the Helm release a/mesh", "how": "released"}
RIVAL = {"object": "Secret a/peer", "owner": "the field manager kubectl", "how": "rival", "key": "west", "ours": "istio-remote-secret-west"}


def test_what_is_in_the_way_is_one_sentence_an_owner_with_the_way_out() -> None:
    told = objections([*LEFT, KEPT, RELEASED, RIVAL])
    assert [text.partition("; ")[0] for text in told] == [
        "the Deployment a/istiod is managed by Argo CD, which would undo this install's changes",
        "the ServiceAccount a/b and 1 more belong to the field manager kubectl and would be overwritten",
        "the ConfigMap a/istio belongs to the Helm release a/mesh, and this install would write it too",
        ("the Secret a/peer belongs to the field manager kubectl and leads to west, "
         "as istio-remote-secret-west does, but a control plane uses only one of the two"),
    ]
    assert [text.partition("; ")[2] for text in told] == [
        "remove it there, or install the mesh with that tool alone",
        "set mesh_adopt: true to take over exactly these objects, or delete them",
        "uninstall that release, or give this mesh another revision or namespace",
        "delete it once istio-remote-secret-west exists, then check with meshops.lifecycle.status that west is synced",
    ]


def test_only_what_nobody_minds_is_taken_over() -> None:
    found = [live("kubectl-client-side-apply"), live("argocd-controller"), live("helm", annotations={**HELM, "meta.helm.sh/release-name": "mesh"})]
    told = [owned_by_others(replace(TAG, adopt=True), one) for one in found]
    assert [one["how"] for one in told if one] == ["taken", "kept", "released"]
    assert len(objections([one for one in told if one])) == 2


def test_a_claim_is_read_as_it_was_told() -> None:
    all_of_them = [ACCOUNT, TAG, LINK, LED, replace(TAG, adopt=True)]
    assert [Claim.of(claim.as_dict()) for claim in all_of_them] == all_of_them
