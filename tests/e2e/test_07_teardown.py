# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What was made is removed, in order, and only by somebody who says the mesh's name."""

from __future__ import annotations

from ansible_collections.meshops.lifecycle.tests.e2e.estate import Estate

EVERYTHING = {"teardown_confirm": "shop", "teardown_config": True, "teardown_root": True}
# The trust cluster's namespace stays: others may keep something there too. Kubernetes itself fills each namespace.
KEPT = {"Namespace meshops-system", "ServiceAccount meshops-system/default", "ConfigMap meshops-system/kube-root-ca.crt"}


def test_every_object_of_every_kind_that_site_made_is_gone_after_teardown(estate: Estate) -> None:
    """In all namespaces, also what nobody applied: istiod writes into every one of them."""
    estate.play("teardown", **EVERYTHING).succeeded()
    before = {cluster: estate.everything(cluster) for cluster in ("east", "west")}
    estate.play("site", verify_traffic=True).succeeded()
    during = {cluster: estate.everything(cluster) for cluster in ("east", "west")}
    for cluster in ("east", "west"):
        assert {"ConfigMap default/istio-ca-root-cert", "ConfigMap kube-system/istio-ca-crl", "Namespace meshops-probe"} <= during[cluster]
    checked = estate.play("teardown", "--check", "--diff", **EVERYTHING).succeeded()
    assert checked.lines("ConfigMap default/istio-ca-root-cert"), "check mode does not foretell it"
    assert {cluster: during[cluster] - estate.everything(cluster) for cluster in ("east", "west")} == {"east": set(), "west": set()}
    estate.play("teardown", **EVERYTHING).succeeded()
    after = {cluster: estate.everything(cluster) for cluster in ("east", "west")}
    assert {cluster: after[cluster] - before[cluster] - KEPT for cluster in after} == {"east": set(), "west": set()}
    assert {cluster: before[cluster] - after[cluster] for cluster in after} == {"east": set(), "west": set()}


def test_what_rotations_made_is_gone_after_teardown(estate: Estate) -> None:
    """The second generation of each token, the Lease, and the next root and the former CAs of a rotation that was not ended."""
    before = {cluster: estate.everything(cluster) for cluster in ("east", "west")}
    estate.play("site", verify_traffic=True).succeeded()
    estate.play("rotate", rotate="remote_secrets", rotate_min_age=0).succeeded()
    estate.play_until("rotate", "Let the new certificates prove themselves", rotate="root", rotate_min_age=0, rotate_soak=3600)
    for cluster in ("east", "west"):
        kept = estate.names(cluster, "secrets", "-n", "istio-system")
        assert "cacerts-previous" in kept and [name for name in kept if name.endswith("istio-remote-secret-token-2")], kept
    assert "meshops-root-ca-next" in estate.names("east", "secrets", "-n", "meshops-system")
    assert estate.get("east", "lease", "meshops-shop", "-n", "meshops-system")["spec"]["holderIdentity"]
    estate.play("teardown", **EVERYTHING).succeeded()
    after = {cluster: estate.everything(cluster) for cluster in ("east", "west")}
    assert {cluster: after[cluster] - before[cluster] - KEPT for cluster in after} == {"east": set(), "west": set()}
    # What everything() passes over.
    assert estate.names("east", "leases", "-n", "meshops-system") == []


def test_what_another_revision_uses_stays(estate: Estate) -> None:
    """Another istiod's injector is all that is needed to know of it, also where it runs in another cluster."""
    labels = "labels: {app: sidecar-injector, istio.io/rev: canary}"
    hook = f"apiVersion: admissionregistration.k8s.io/v1\nkind: MutatingWebhookConfiguration\nmetadata: {{name: of-canary, {labels}}}\nwebhooks: []\n"
    estate.play("site").succeeded()
    estate.kubectl("west", "apply", "-f", "-", given=hook)
    try:
        estate.play("teardown", **EVERYTHING).succeeded()
        assert "ConfigMap default/istio-ca-root-cert" not in estate.everything("east")
        assert {"ConfigMap default/istio-ca-root-cert", "ConfigMap default/istio-ca-crl"} <= estate.everything("west")
    finally:
        estate.kubectl("west", "delete", "mutatingwebhookconfiguration", "of-canary")
    estate.play("teardown", **EVERYTHING).succeeded()
    assert "ConfigMap default/istio-ca-root-cert" not in estate.everything("west")


def _traces(estate: Estate, cluster: str) -> list[str]:
    wide = "namespaces,crds,clusterroles,clusterrolebindings,mutatingwebhookconfigurations,validatingwebhookconfigurations"
    return [name for name in estate.names(cluster, wide) if "istio" in name or "meshops-probe" in name]


def test_without_the_mesh_s_name_nothing_is_removed(estate: Estate) -> None:
    estate.play("site", verify_traffic=True).succeeded()
    before = {cluster: _traces(estate, cluster) for cluster in ("east", "west")}
    run = estate.play("teardown", teardown_confirm="shpo")
    assert run.rc != 0 and run.lines("teardown_confirm=shop")
    assert {cluster: _traces(estate, cluster) for cluster in ("east", "west")} == before


def test_configuration_of_users_stops_it(estate: Estate) -> None:
    users = "apiVersion: networking.istio.io/v1\nkind: ServiceEntry\nmetadata: {name: bank, namespace: default}\nspec: {hosts: [bank.example]}\n"
    estate.kubectl("west", "apply", "-f", "-", given=users)
    run = estate.play("teardown", teardown_confirm="shop")
    assert run.rc != 0 and run.lines("west", "ServiceEntry 1"), run.output
    assert "istiod-stable" in estate.names("east", "deployments", "-n", "istio-system")
    estate.kubectl("west", "delete", "serviceentry", "bank", "-n", "default")


def test_everything_but_the_root_is_removed_and_again_is_nothing(estate: Estate) -> None:
    estate.play("teardown", teardown_confirm="shop").succeeded()
    assert {cluster: _traces(estate, cluster) for cluster in ("east", "west")} == {"east": [], "west": []}
    assert estate.names("east", "secrets", "-n", "meshops-system") == ["meshops-root-ca"]
    again = estate.play("teardown", teardown_confirm="shop").succeeded()
    assert again.changed == {"east": 0, "west": 0}, again.output


def test_the_kept_root_is_the_root_of_the_next_installation(estate: Estate) -> None:
    root = estate.get("east", "secret", "meshops-root-ca", "-n", "meshops-system")["data"]["root-cert.pem"]
    estate.play("site").succeeded()
    for cluster in ("east", "west"):
        assert estate.get(cluster, "secret", "cacerts", "-n", "istio-system")["data"]["root-cert.pem"] == root
