# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What was made is removed, in order, and only by somebody who says the mesh's name."""

from __future__ import annotations

from ansible_collections.meshops.lifecycle.tests.e2e.estate import Estate


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
