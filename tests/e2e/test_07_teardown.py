# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What was made is removed, in order, and only by somebody who says the mesh's name."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from ansible_collections.meshops.lifecycle.tests.e2e.estate import Estate

EVERYTHING = {"teardown_confirm": "shop", "teardown_config": True, "teardown_root": True}
# The trust cluster's namespace stays: others may keep something there too. Kubernetes itself fills each namespace.
KEPT = {"Namespace meshops-system", "ServiceAccount meshops-system/default", "ConfigMap meshops-system/kube-root-ca.crt"}
CLUSTERS = ("east", "west")


def _everything(estate: Estate) -> dict[str, set[str]]:
    return {cluster: estate.everything(cluster) for cluster in CLUSTERS}


@dataclass(frozen=True)
class Bare:
    """Both clusters with nothing of ours in them, as a list of their objects, and then with a mesh."""

    estate: Estate
    objects: dict[str, set[str]]


@pytest.fixture(scope="module")
def bare(estate: Estate) -> Bare:
    estate.play("teardown", **EVERYTHING).succeeded()
    found = Bare(estate, _everything(estate))
    estate.play("site", verify_traffic=True).succeeded()
    return found


def _traces(estate: Estate, cluster: str) -> list[str]:
    wide = "namespaces,crds,clusterroles,clusterrolebindings,mutatingwebhookconfigurations,validatingwebhookconfigurations"
    return [name for name in estate.names(cluster, wide) if "istio" in name or "meshops-probe" in name]


def test_without_the_mesh_s_name_nothing_is_removed(bare: Bare) -> None:
    before = {cluster: _traces(bare.estate, cluster) for cluster in CLUSTERS}
    run = bare.estate.play("teardown", teardown_confirm="shpo")
    assert run.rc != 0 and run.lines("teardown_confirm=shop")
    assert {cluster: _traces(bare.estate, cluster) for cluster in CLUSTERS} == before


def test_a_check_foretells_what_goes_and_removes_nothing(bare: Bare) -> None:
    during = _everything(bare.estate)
    checked = bare.estate.play("teardown", "--check", "--diff", **EVERYTHING).succeeded()
    assert checked.lines("ConfigMap default/istio-ca-root-cert"), "check mode does not foretell it"
    after = _everything(bare.estate)
    assert {cluster: during[cluster] - after[cluster] for cluster in CLUSTERS} == {"east": set(), "west": set()}


def test_configuration_of_users_stops_it(bare: Bare) -> None:
    users = "apiVersion: networking.istio.io/v1\nkind: ServiceEntry\nmetadata: {name: bank, namespace: default}\nspec: {hosts: [bank.example]}\n"
    bare.estate.kubectl("west", "apply", "-f", "-", given=users)
    run = bare.estate.play("teardown", teardown_confirm="shop")
    assert run.rc != 0 and run.lines("west", "ServiceEntry 1"), run.output
    assert "istiod-stable" in bare.estate.names("east", "deployments", "-n", "istio-system")
    bare.estate.kubectl("west", "delete", "serviceentry", "bank", "-n", "default")


def test_everything_but_the_root_is_removed_and_again_is_nothing(bare: Bare) -> None:
    bare.estate.play("teardown", teardown_confirm="shop").succeeded()
    assert {cluster: _traces(bare.estate, cluster) for cluster in CLUSTERS} == {"east": [], "west": []}
    assert bare.estate.names("east", "secrets", "-n", "meshops-system") == ["meshops-root-ca"]
    again = bare.estate.play("teardown", teardown_confirm="shop").succeeded()
    assert again.changed == {"east": 0, "west": 0}, again.output


def test_the_kept_root_is_the_root_of_the_next_installation(estate: Estate) -> None:
    root = estate.get("east", "secret", "meshops-root-ca", "-n", "meshops-system")["data"]["root-cert.pem"]
    estate.play("site", verify_traffic=True).succeeded()
    for cluster in CLUSTERS:
        assert estate.get(cluster, "secret", "cacerts", "-n", "istio-system")["data"]["root-cert.pem"] == root


def test_what_another_revision_uses_stays(bare: Bare) -> None:
    """Another istiod's injector is all that is needed to know of it, also where it runs in another cluster.

    What rotations make is there too: the second generation of each token, the Lease, and the next root and the former CAs of one that was not ended.
    """
    _rotated_and_not_ended(bare.estate)
    during = _everything(bare.estate)
    for cluster in CLUSTERS:
        assert {"ConfigMap default/istio-ca-root-cert", "ConfigMap kube-system/istio-ca-crl", "Namespace meshops-probe"} <= during[cluster]
    labels = "labels: {app: sidecar-injector, istio.io/rev: canary}"
    hook = f"apiVersion: admissionregistration.k8s.io/v1\nkind: MutatingWebhookConfiguration\nmetadata: {{name: of-canary, {labels}}}\nwebhooks: []\n"
    bare.estate.kubectl("west", "apply", "-f", "-", given=hook)
    try:
        bare.estate.play("teardown", **EVERYTHING).succeeded()
        after = _everything(bare.estate)
        assert "ConfigMap default/istio-ca-root-cert" not in after["east"]
        assert {"ConfigMap default/istio-ca-root-cert", "ConfigMap default/istio-ca-crl"} <= after["west"]
    finally:
        bare.estate.kubectl("west", "delete", "mutatingwebhookconfiguration", "of-canary")


def _rotated_and_not_ended(estate: Estate) -> None:
    estate.play("rotate", rotate="remote_secrets", rotate_min_age=0).succeeded()
    estate.play_until("rotate", "Let the new certificates prove themselves", rotate="root", rotate_min_age=0, rotate_soak=3600)
    for cluster in CLUSTERS:
        kept = estate.names(cluster, "secrets", "-n", "istio-system")
        assert "cacerts-previous" in kept and [name for name in kept if name.endswith("istio-remote-secret-token-2")], kept
    assert "meshops-root-ca-next" in estate.names("east", "secrets", "-n", "meshops-system")
    assert estate.get("east", "lease", "meshops-shop", "-n", "meshops-system")["spec"]["holderIdentity"]


def test_every_object_of_every_kind_is_gone_in_the_end(bare: Bare) -> None:
    """In all namespaces, also what nobody applied: istiod writes into every one of them. The next files begin without a mesh."""
    bare.estate.play("teardown", **EVERYTHING).succeeded()
    after = _everything(bare.estate)
    assert {cluster: after[cluster] - bare.objects[cluster] - KEPT for cluster in after} == {"east": set(), "west": set()}
    assert {cluster: bare.objects[cluster] - after[cluster] for cluster in after} == {"east": set(), "west": set()}
    # What everything() passes over.
    assert bare.estate.names("east", "leases", "-n", "meshops-system") == []
