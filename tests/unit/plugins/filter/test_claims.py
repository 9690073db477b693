# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any, ClassVar

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.wish import ControlPlane
from ansible_collections.meshops.lifecycle.tests.unit.support.filters import FILTERS

CLAIMS = FILTERS["_claims"]


def host(**variables: Any) -> dict[str, Any]:
    return {"mesh_name": "shop", "mesh_kube": {"context": "x"}, "mesh_network": "a", "mesh_version": "1.31", **variables}


def claimed(hosts: dict[str, Any], cluster: str = "east") -> dict[str, str]:
    return {f"{claim['kind']} {claim['name']}": claim["release"] for claim in CLAIMS(hosts, hosts, cluster)}


def test_the_releases_the_tags_and_the_links() -> None:
    found = claimed({"east": host(), "west": host(), "north": host(mesh_name="other")})
    assert found["ServiceAccount istio-reader-service-account"] == "istio-system/istio-base"
    assert found["Deployment istiod-stable"] == "istio-system/istiod-stable"
    assert found["MutatingWebhookConfiguration istio-revision-tag-default"] == found["Service istiod-revision-tag-default"] == ""
    assert found["Secret istio-remote-secret-west"] == ""
    assert "Secret istio-remote-secret-north" not in found and "Service istio-eastwestgateway" not in found


def test_a_gateway_where_one_is_needed() -> None:
    assert claimed({"east": host(), "west": host(mesh_network="b")})["Service istio-eastwestgateway"] == "istio-system/istio-eastwestgateway"


def test_a_remote_links_to_nobody() -> None:
    found = claimed({"east": host(), "west": host(mesh_role="remote", mesh_primary="east")}, "west")
    assert [name for name in found if name.startswith("Secret")] == []


def test_names_follow_revision_tags_and_namespace() -> None:
    found = claimed({"east": host(mesh_revision="default", mesh_revision_tags=["prod"], mesh_namespace="mesh")})
    assert found["ConfigMap istio"] == found["Deployment istiod"] == "mesh/istiod"
    assert "MutatingWebhookConfiguration istio-revision-tag-prod-mesh" in found
    assert "ValidatingWebhookConfiguration istio-validator-mesh" in found


@pytest.mark.parametrize(("word", "adopt"), [(None, False), (True, True), ("true", True), ("no", False)])
def test_what_was_left_is_taken_over_by_one_word(word: Any, adopt: bool) -> None:
    hosts = {"east": host(mesh_adopt=word)}
    assert {claim["adopt"] for claim in CLAIMS(hosts, hosts, "east")} == {adopt}


def test_variables_that_are_wrong_are_told_elsewhere() -> None:
    assert CLAIMS(["east"], {"east": host(mesh_revision="No!")}, "east") == []
    with pytest.raises(AnsibleFilterError, match="no cluster of this name"):
        CLAIMS(["east"], {"east": host()}, "west")


class TestPlanned:
    """The wish by which cluster_info asks what stages will refuse. It has to say which form of the mesh a cluster has."""

    HOSTS: ClassVar[dict[str, Any]] = {"east": host(mesh_provider="consul"), "west": host(mesh_provider="consul", mesh_role="remote", mesh_primary="east")}

    def test_is_a_wish_that_knows_who_serves_whom(self) -> None:
        east, west = (ControlPlane.of(FILTERS["_planned"](self.HOSTS, self.HOSTS, name)) for name in ("east", "west"))
        assert (east.cluster, east.provider, east.serves_remotes, west.role, west.primary) == ("east", "consul", True, "remote", "east")

    def test_is_nothing_where_the_variables_are_wrong(self) -> None:
        hosts = {"east": host(mesh_revision="No!")}
        assert FILTERS["_planned"](hosts, hosts, "east") == {}
