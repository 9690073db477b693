# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Teardown removes what was made, in order, and only if the user names the mesh."""

from __future__ import annotations

import pytest
from ansible_collections.meshops.lifecycle.tests.e2e.estate import CLUSTERS, EVERYTHING, Estate
from ansible_collections.meshops.lifecycle.tests.e2e.lasting import traces

# The trust cluster's namespace stays: others may keep something there too. Kubernetes itself fills each namespace.
KEPT = {"Namespace meshops-system", "ServiceAccount meshops-system/default", "ConfigMap meshops-system/kube-root-ca.crt"}


def _everything(estate: Estate) -> dict[str, set[str]]:
    return {cluster: estate.everything(cluster) for cluster in CLUSTERS}


@pytest.fixture(scope="module", autouse=True)
def there(bare: dict[str, set[str]], mesh: Estate, without_app: None) -> None:
    """A mesh in clusters whose objects before the mesh are known."""


def test_without_the_mesh_s_name_nothing_is_removed(estate: Estate) -> None:
    before = {cluster: traces(estate, cluster) for cluster in CLUSTERS}
    run = estate.play("teardown", teardown_confirm="shpo")
    assert run.rc != 0 and run.lines("teardown_confirm=shop")
    assert {cluster: traces(estate, cluster) for cluster in CLUSTERS} == before


def test_a_check_foretells_what_goes_and_removes_nothing(estate: Estate) -> None:
    during = _everything(estate)
    checked = estate.play("teardown", "--check", "--diff", **EVERYTHING).succeeded()
    assert checked.lines("ConfigMap default/istio-ca-root-cert"), "check mode does not foretell it"
    after = _everything(estate)
    assert {cluster: during[cluster] - after[cluster] for cluster in CLUSTERS} == {"east": set(), "west": set()}


def test_configuration_of_users_stops_it(estate: Estate) -> None:
    users = "apiVersion: networking.istio.io/v1\nkind: ServiceEntry\nmetadata: {name: bank, namespace: default}\nspec: {hosts: [bank.example]}\n"
    estate.kubectl("west", "apply", "-f", "-", given=users)
    run = estate.play("teardown", teardown_confirm="shop")
    assert run.rc != 0 and run.lines("west", "ServiceEntry 1"), run.output
    assert "istiod-stable" in estate.names("east", "deployments", "-n", "istio-system")
    estate.kubectl("west", "delete", "serviceentry", "bank", "-n", "default")


def test_what_another_revision_uses_stays(estate: Estate) -> None:
    """The injector of another istiod is enough to notice it, even if it runs in another cluster.

    What rotations make is there too: the second generation of each token, the Lease, and the next root and the former CAs of one that was not ended.
    """
    _rotated_and_not_ended(estate)
    during = _everything(estate)
    for cluster in CLUSTERS:
        assert {"ConfigMap default/istio-ca-root-cert", "ConfigMap kube-system/istio-ca-crl", "Namespace meshops-probe"} <= during[cluster]
    labels = "labels: {app: sidecar-injector, istio.io/rev: canary}"
    hook = f"apiVersion: admissionregistration.k8s.io/v1\nkind: MutatingWebhookConfiguration\nmetadata: {{name: of-canary, {labels}}}\nwebhooks: []\n"
    estate.kubectl("west", "apply", "-f", "-", given=hook)
    try:
        estate.play("teardown", **EVERYTHING).succeeded()
        after = _everything(estate)
        assert "ConfigMap default/istio-ca-root-cert" not in after["east"]
        assert {"ConfigMap default/istio-ca-root-cert", "ConfigMap default/istio-ca-crl"} <= after["west"]
    finally:
        estate.kubectl("west", "delete", "mutatingwebhookconfiguration", "of-canary")


def _rotated_and_not_ended(estate: Estate) -> None:
    estate.play("rotate", rotate="links", rotate_min_age=0).succeeded()
    estate.play_until("rotate", "Soak before the old roots are retired", rotate="root", rotate_min_age=0, rotate_soak=3600)
    for cluster in CLUSTERS:
        kept = estate.names(cluster, "secrets", "-n", "istio-system")
        assert "cacerts-previous" in kept and [name for name in kept if name.endswith("istio-remote-secret-token-2")], kept
    assert "meshops-root-ca-next" in estate.names("east", "secrets", "-n", "meshops-system")
    assert estate.get("east", "lease", "meshops-shop", "-n", "meshops-system")["spec"]["holderIdentity"]


def test_every_object_of_every_kind_is_gone_in_the_end(estate: Estate, bare: dict[str, set[str]]) -> None:
    """In all namespaces nothing is left, also not what istiod wrote there. The next files begin without a mesh."""
    estate.play("teardown", **EVERYTHING).succeeded()
    after = _everything(estate)
    assert {cluster: after[cluster] - bare[cluster] - KEPT for cluster in after} == {"east": set(), "west": set()}
    assert {cluster: bare[cluster] - after[cluster] for cluster in after} == {"east": set(), "west": set()}
    # What everything() passes over.
    assert estate.names("east", "leases", "-n", "meshops-system") == []
