# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import Refused
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.member import (
    Member,
    named,
    of_mesh,
    remotes_of,
    served_faults,
)

EAST = Member("east", mesh="shop", network="on-prem")
WEST = Member("west", mesh="shop", network="aws")
EDGE = Member("edge", mesh="shop", network="aws", role="remote", primary="west")
OTHER = Member("other", mesh="bank", network="aws")


class TestFromVariables:
    def test_takes_every_mesh_variable(self) -> None:
        variables = {
            "mesh_name": "shop", "mesh_provider": "consul", "mesh_network": "aws", "mesh_role": "remote", "mesh_primary": "west",
            "mesh_site": "eu", "mesh_trust_domain": "shop.example", "mesh_api_server": "https://api.example", "mesh_tls_server_name": "api",
            "mesh_cluster_uid": "1234", "mesh_version": "1.29.0", "mesh_namespace": "mesh", "mesh_crds": "external",
            "mesh_kube": {"context": "edge"}, "ansible_host": "ignored", "mesh_api_ca": "/etc/pki/api.pem",
        }
        member = Member.of("edge", variables)
        assert member == Member(
            "edge", mesh="shop", provider="consul", network="aws", role="remote", primary="west", site="eu", trust_domain="shop.example",
            api_server="https://api.example", tls_server_name="api", cluster_uid="1234", version="1.29.0", namespace="mesh", crds="external",
            api_ca="/etc/pki/api.pem",
        )
        assert member.kube == {"context": "edge"}

    @pytest.mark.parametrize("empty", [None, ""])
    def test_keeps_the_default_of_what_is_empty(self, empty: Any) -> None:
        variables = {"mesh_name": "shop", "mesh_role": empty, "mesh_trust_domain": empty, "mesh_provider": empty}
        assert Member.of("east", variables) == Member("east", mesh="shop", role="primary", trust_domain="cluster.local", provider="")

    @pytest.mark.parametrize(("variable", "value", "told"), [
        ("mesh_version", 1.3, "mesh_version 1.3 is a number to YAML, which drops zeros at its end; put it in quotes"),
        ("mesh_network", 1, "mesh_network is the number 1 to YAML; put it in quotes"),
        ("mesh_network", date(2024, 1, 2), "mesh_network is the date 2024-01-02 to YAML; put it in quotes"),
        ("mesh_site", False, "mesh_site is the truth value false to YAML, which reads no, off and false so; put it in quotes"),
        ("mesh_name", True, "mesh_name is the truth value true to YAML, which reads yes, on and true so; put it in quotes"),
        ("mesh_role", False, "mesh_role is the truth value false to YAML, which reads no, off and false so; put it in quotes"),
        ("mesh_cluster_uid", 12e5, "mesh_cluster_uid is the number 1200000.0 to YAML; put it in quotes"),
    ])
    def test_tells_once_what_yaml_made_of_a_name(self, variable: str, value: Any, told: str) -> None:
        """There is no second fault about the same name."""
        named = {"mesh_name": "shop", "mesh_network": "aws", variable: value}
        assert Member.of("east", named).faults() == [told]

    def test_what_is_no_name_may_be_a_number(self) -> None:
        assert Member.of("east", {"mesh_name": "shop", "mesh_network": "aws", "mesh_root_days": 7, "mesh_version": "1.30", "mesh_site": None}).faults() == []

    def test_keeps_the_connection_out_of_what_is_printed(self) -> None:
        assert "s3cret" not in repr(Member("east", kube={"api_key": "s3cret"}))


class TestFaults:
    @pytest.mark.parametrize("member", [EAST, EDGE], ids=lambda member: member.role)
    def test_a_well_described_cluster_has_none(self, member: Member) -> None:
        assert member.faults() == []

    @pytest.mark.parametrize(("change", "fault"), [
        ({"name": "East"}, "the cluster name 'East' is not a DNS label"),
        ({"mesh": "my mesh"}, "the mesh_name 'my mesh' is not a DNS label"),
        ({"network": ""}, "mesh_network is not set; name the network that the pods are on"),
        ({"network": "-"}, "the mesh_network '-' cannot be a label's value"),
        ({"namespace": "Mesh"}, "the mesh_namespace 'Mesh' is not a DNS label"),
        ({"trust_domain": "Shop"}, "the mesh_trust_domain 'Shop' is not a DNS name"),
        ({"role": "leader"}, "the mesh_role 'leader' is neither primary nor remote"),
        ({"role": "remote"}, "mesh_role is remote but mesh_primary does not name the cluster that serves it"),
    ])
    def test_one_is_told_for(self, change: dict[str, str], fault: str) -> None:
        told = replace(EAST, **change).faults()
        assert len(told) == 1
        assert told[0].startswith(fault)

    def test_all_are_told_at_once(self) -> None:
        assert len(Member("E", mesh="M", network="-", role="x", trust_domain="T").faults()) == 5


class TestMesh:
    EVERYONE = (EAST, OTHER, WEST, EDGE)

    def test_is_the_clusters_of_one_name_in_the_order_given(self) -> None:
        assert of_mesh(self.EVERYONE, "shop") == [EAST, WEST, EDGE]

    def test_serves_where_a_primary_is(self) -> None:
        assert [member.serves for member in self.EVERYONE] == [True, True, True, False]

    def test_finds_a_cluster_by_name(self) -> None:
        assert named(self.EVERYONE, "west") is WEST

    def test_says_which_name_is_not_there(self) -> None:
        with pytest.raises(Refused, match=r"^north: the inventory has no cluster of this name with a mesh_name and a mesh_kube\.$"):
            named(self.EVERYONE, "north")

    @pytest.mark.parametrize(("primary", "remotes"), [(WEST, [EDGE]), (EAST, []), (OTHER, [])], ids=lambda of: getattr(of, "name", ""))
    def test_gives_a_primary_its_own_remotes(self, primary: Member, remotes: list[Member]) -> None:
        assert remotes_of(self.EVERYONE, primary) == remotes

    def test_gives_no_remotes_across_meshes(self) -> None:
        assert remotes_of([replace(EDGE, mesh="bank"), WEST], WEST) == []


class TestServedFaults:
    def test_none_where_every_remote_has_its_primary(self) -> None:
        assert served_faults([EAST, WEST, EDGE, OTHER]) == {}

    def test_no_second_sentence_where_no_primary_is_named(self) -> None:
        assert served_faults([WEST, replace(EDGE, primary="")]) == {}

    @pytest.mark.parametrize(("everyone", "fault"), [
        pytest.param([EAST, EDGE], "mesh_primary names west, which is not a cluster of the mesh shop", id="missing"),
        pytest.param([replace(WEST, mesh="bank"), EDGE], "mesh_primary names west, which is not a cluster of the mesh shop", id="of another mesh"),
        pytest.param([replace(WEST, role="remote", primary=""), EDGE], "mesh_primary names west, which is itself a remote", id="itself a remote"),
    ])
    def test_told_for_the_remote_where_its_primary_is(self, everyone: list[Member], fault: str) -> None:
        assert served_faults(everyone) == {"edge": [fault]}
