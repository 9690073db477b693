# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.versions import VersionLimits
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.member import Member
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.preflight.estate import ClusterFacts, Owned
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.preflight.findings import findings
from ansible_collections.meshops.lifecycle.plugins.modules import cluster_info
from ansible_collections.meshops.lifecycle.tests.unit.support.fake_cluster import FakeCluster, Permission

EAST = Member("east", mesh="shop", network="on-prem")
WEST = Member("west", mesh="shop", network="aws")
NORTH = Member("north", mesh="shop", network="aws")
OTHER_MESH = Member("bank", mesh="bank", network="aws", trust_domain="bank.example", namespace="istio-bank")
LIMITS = VersionLimits((1, 31), (1, 35), kubelet_skew=3, clock_skew_seconds=30)
OWNED = Owned(("networking.istio.io", "security.istio.io"), "istio-base", "istio-system")
GATEWAYS, SIDECARS = "gateways.networking.istio.io", "sidecars.networking.istio.io"
CLUSTER: dict[str, Any] = {
    "uid": "uid-of-east",
    "version": {"major": 1, "minor": 34},
    "nodes": {"kubelet_versions": ["v1.33.1", "v1.34.4"], "pod_cidrs": ["10.1.0.0/24"]},
    "clock_skew_seconds": 0.4,
    "denied": [],
    "crds": [{"name": GATEWAYS, "release": "istio-system/istio-base", "managed_by": "Helm", "operators": [], "managers": ["helm"]}],
}
TRUST = {"present": True, "trust": {"signs_under": "aaaa", "trusts": ["aaaa"]}, "findings": []}


def told(cluster: dict[str, Any] | None = None, trust: dict[str, Any] | None = None, member: Member = EAST, **rules: Any) -> list[str]:
    """What is told of one cluster on its own."""
    seen = ClusterFacts(member, rules.get("limits", LIMITS), rules.get("owned", OWNED), {**CLUSTER, **(cluster or {})}, {**TRUST, **(trust or {})})
    return findings([seen], [member, *rules.get("others", [])])[member.name]


class TestOneCluster:
    def test_nothing_is_told_of_a_cluster_that_is_ready(self) -> None:
        assert told() == []

    def test_nothing_is_told_of_what_could_not_be_read(self) -> None:
        assert findings([ClusterFacts(EAST, LIMITS, OWNED)], [EAST]) == {"east": []}

    @pytest.mark.parametrize("cluster", [
        pytest.param({"version": {"major": 1, "minor": 31}, "nodes": None}, id="the oldest Kubernetes; nodes may not be listed"),
        pytest.param({"version": {"major": 1, "minor": 35}, "nodes": {"kubelet_versions": ["v1.32.0"]}}, id="the newest, and the oldest kubelet"),
        pytest.param({"nodes": {"kubelet_versions": ["v1.34.4-gke.100", "odd"]}}, id="a kubelet that does not say its version as others do"),
        pytest.param({"clock_skew_seconds": 30.0}, id="a clock as far off as allowed"),
        pytest.param({"clock_skew_seconds": None}, id="a clock that was not told"),
        pytest.param({"crds": [{"name": "gateways.gateway.networking.k8s.io", "release": None}]}, id="a CRD of another group"),
    ])
    def test_nothing_is_told_at_the_edge_of_what_is_allowed(self, cluster: dict[str, Any]) -> None:
        assert told(cluster) == []

    @pytest.mark.parametrize(("cluster", "sentence"), [
        pytest.param(
            {"version": {"major": 1, "minor": 30}, "nodes": None},
            "Kubernetes is 1.30, and this mesh wants 1.31 to 1.35; upgrade the cluster first, or choose an older mesh_version", id="Kubernetes too old",
        ),
        pytest.param(
            {"version": {"major": 1, "minor": 36}, "nodes": None},
            "Kubernetes is 1.36, and this mesh wants 1.31 to 1.35; choose a newer mesh_version", id="Kubernetes too new",
        ),
        pytest.param(
            {"nodes": {"kubelet_versions": ["v1.30.9", "v1.34.4"]}},
            "a kubelet is v1.30.9 while the API server is 1.34; kubelets may be up to 3 minor versions older and never newer", id="kubelet too old",
        ),
        pytest.param(
            {"nodes": {"kubelet_versions": ["v1.35.0"]}},
            "a kubelet is v1.35.0 while the API server is 1.34; kubelets may be up to 3 minor versions older and never newer", id="kubelet too new",
        ),
        pytest.param(
            {"clock_skew_seconds": 95.4},
            "the cluster's clock is 95 s behind this machine's, more than the 30 s allowed; "
            "certificates would be seen as expired or not yet valid, so set the clocks right (NTP)", id="clock behind",
        ),
        pytest.param(
            {"clock_skew_seconds": -31},
            "the cluster's clock is 31 s ahead of this machine's, more than the 30 s allowed; "
            "certificates would be seen as expired or not yet valid, so set the clocks right (NTP)", id="clock ahead",
        ),
        pytest.param(
            {"denied": [
                {"verb": "create", "group": "", "resource": "pods/portforward", "namespace": "istio-system"},
                {"verb": "patch", "group": "apps", "resource": "deployments", "namespace": None},
            ]},
            "the credential may not create pods/portforward in istio-system, patch deployments.apps. "
            "Grant these rights, as docs/rbac.yml does, or use another credential", id="rights",
        ),
        pytest.param(
            {"crds": [{"name": GATEWAYS, "release": "sail/istio-crds"}]},
            f"the CRD {GATEWAYS} belongs to the Helm release sail/istio-crds, not to the Helm release istio-system/istio-base; "
            "hand them over, or set mesh_crds: external to leave them with their owner", id="CRD of another release",
        ),
        pytest.param(
            {"crds": [{"name": GATEWAYS, "operators": ["sailoperator.istio-operator"]}, {"name": SIDECARS, "operators": ["sailoperator.istio-operator"]}]},
            f"the CRD {GATEWAYS} and 1 more belong to the operator sailoperator.istio-operator, not to the Helm release istio-system/istio-base; "
            "hand them over, or set mesh_crds: external to leave them with their owner", id="CRDs of an operator",
        ),
    ])
    def test_a_sentence_is_told_of(self, cluster: dict[str, Any], sentence: str) -> None:
        assert told(cluster) == [f"east: {sentence}."]

    @pytest.mark.parametrize(("crd", "owner"), [
        ({"managed_by": "argocd", "managers": ["argocd-controller"]}, "argocd"),
        ({"managers": ["kube-apiserver", "kubectl-create"]}, "the field manager kubectl-create"),
        ({"managers": ["kube-apiserver"]}, "an unknown owner"),
    ])
    def test_the_owner_of_a_crd_is_named_as_well_as_it_is_known(self, crd: dict[str, Any], owner: str) -> None:
        sentence, = told({"crds": [{"name": GATEWAYS, "release": None, "operators": [], **crd}]})
        assert sentence.startswith(f"east: the CRD {GATEWAYS} belongs to {owner}, not")

    def test_crds_of_two_owners_are_two_sentences(self) -> None:
        assert len(told({"crds": [{"name": GATEWAYS, "managed_by": "a"}, {"name": SIDECARS, "managed_by": "b"}]})) == 2

    def test_crds_that_belong_to_others_by_wish_are_not_looked_at(self) -> None:
        assert told({"crds": [{"name": GATEWAYS, "managed_by": "a"}]}, owned=Owned()) == []

    def test_no_upper_bound_where_none_is_known(self) -> None:
        assert told({"version": {"major": 2, "minor": 0}, "nodes": None}, limits=replace(LIMITS, kubernetes_max=None)) == []

    def test_what_the_ca_lacks_is_told_once_with_the_clusters_name(self) -> None:
        assert told(trust={"findings": ["east: the root is expired.", "the key does not match"]}) == [
            "east: the root is expired.", "east: the key does not match.",
        ]

    def test_names_that_cannot_be_are_told(self) -> None:
        assert told(member=replace(EAST, network="")) == [
            "east: mesh_network is not set; name the network that the pods are on."
        ]

    def test_a_remote_without_its_primary_is_told(self) -> None:
        edge = Member("edge", mesh="shop", network="aws", role="remote", primary="gone")
        assert told(member=edge, others=[EAST]) == ["edge: mesh_primary names gone, which is not a cluster of the mesh shop."]

    def test_everything_is_told_at_once(self) -> None:
        denied, crds = [{"verb": "get", "resource": "pods"}], [{"name": GATEWAYS}]
        assert len(told({"version": {"major": 1, "minor": 29}, "clock_skew_seconds": 99, "denied": denied, "crds": crds})) == 6


def between(*seen: ClusterFacts) -> dict[str, list[str]]:
    return findings(seen, [one.member for one in seen])


def one(member: Member, uid: str, cidr: str, root: str = "aaaa") -> ClusterFacts:
    """One cluster; without a root it has no CA yet."""
    cluster = {**CLUSTER, "uid": uid, "nodes": {"pod_cidrs": [cidr]}}
    trust = {"present": bool(root), "trust": {"signs_under": root, "trusts": [root]} if root else None}
    return ClusterFacts(member, LIMITS, OWNED, cluster, trust)


class TestEstate:
    def test_nothing_is_told_of_clusters_that_fit_together(self) -> None:
        assert between(one(EAST, "1", "10.1.0.0/16"), one(WEST, "2", "10.1.0.0/16"), one(NORTH, "3", "10.2.0.0/16")) == {
            "east": [], "west": [], "north": [],
        }

    def test_two_names_of_one_cluster_are_told_to_both(self) -> None:
        found = between(one(EAST, "1", "10.1.0.0/16"), one(WEST, "1", "10.2.0.0/16"), one(NORTH, "3", "10.3.0.0/16"))
        sentence = "east and west lead to the same cluster (kube-system has UID 1); correct mesh_kube of one of them."
        assert found == {"east": [f"east: {sentence}"], "west": [f"west: {sentence}"], "north": []}

    def test_pod_ranges_that_overlap_on_one_network_are_told_to_both(self) -> None:
        found = between(one(EAST, "1", "10.1.0.0/16"), one(WEST, "2", "10.1.0.0/16"), one(NORTH, "3", "10.1.9.0/24"))
        sentence = (
            "west and north are both on the network 'aws' but share the pod range 10.1.0.0/16; give each its own mesh_network, or its own range."
        )
        assert found == {"east": [], "west": [f"west: {sentence}"], "north": [f"north: {sentence}"]}

    @pytest.mark.parametrize("cidr", ["fd00:1::/64", "10.2.0.0/16"])
    def test_pod_ranges_of_their_own_are_fine(self, cidr: str) -> None:
        assert not any(between(one(WEST, "2", "10.1.0.0/16"), one(NORTH, "3", cidr)).values())

    def test_an_address_that_pods_of_others_cannot_use_is_told_where_there_are_others(self) -> None:
        seen = [replace(one(of, uid, f"10.{uid}.0.0/16"), cluster={**CLUSTER, "uid": uid, "nodes": {}, "server": "https://127.0.0.1:6443"})
                for of, uid in ((EAST, "1"), (replace(WEST, api_server="https://api.west.example"), "2"), (replace(NORTH, mesh="bank"), "3"))]
        told = between(*seen)
        assert (told["west"], told["north"]) == ([], [])
        assert told["east"][0].startswith("east: its API server's address https://127.0.0.1:6443 leads every pod to itself")

    def test_an_address_that_nobody_uses_may_be_anything(self) -> None:
        members = [replace(member, api_server="https://127.0.0.1:6443") for member in (EAST, WEST)]
        seen = [replace(one(member, member.name, f"10.{number}.0.0/16"), links_by_api_server=False) for number, member in enumerate(members)]
        assert between(*seen) == {"east": [], "west": []}
        assert [len(texts) for texts in between(*(replace(facts, links_by_api_server=True) for facts in seen)).values()] == [1, 1]

    def test_one_network_of_two_meshes_is_fine(self) -> None:
        assert not any(between(one(WEST, "2", "10.1.0.0/16"), one(replace(NORTH, mesh="bank"), "3", "10.1.0.0/16")).values())

    def test_roots_that_differ_are_told_to_all_in_groups(self) -> None:
        seen = [one(EAST, "1", "10.1.0.0/16"), one(WEST, "2", "10.2.0.0/16", "cccc"), one(NORTH, "3", "10.3.0.0/16")]
        sentence = (
            "The clusters of the mesh shop do not share a root: east, north (root aaaa) | west (root cccc). "
            "Rotate them to one root before you link them."
        )
        assert between(*seen) == {name: [f"{name}: {sentence}"] for name in ("east", "west", "north")}

    @pytest.mark.parametrize("other", [
        pytest.param(replace(one(WEST, "2", "10.2.0.0/16", ""), trust={"present": False, "source": "aaaa"}), id="a cluster will be given the root there is"),
        pytest.param(one(replace(WEST, mesh="bank"), "2", "10.2.0.0/16", "cccc"), id="another mesh has its own"),
        pytest.param(
            replace(one(WEST, "2", "10.2.0.0/16", ""), trust={"present": False, "action": "leave", "source": "cccc"}), id="another CA signs in a cluster"
        ),
    ])
    def test_roots_need_not_be_equal_where(self, other: ClusterFacts) -> None:
        assert not any(between(one(EAST, "1", "10.1.0.0/16"), other).values())

    @pytest.mark.parametrize(("change", "words"), [
        ({"trust_domain": "west.example"}, "mesh_trust_domain is not the same in all clusters of the mesh shop: east, north have {} | west has west.example; "),
        ({"namespace": "istio-west"}, "mesh_namespace is not the same in all clusters of the mesh shop: east, north have {} | west has istio-west; "),
    ])  # fmt: skip
    def test_what_has_to_be_the_same_in_a_mesh_is_told_to_all_of_it(self, change: dict[str, str], words: str) -> None:
        (name,) = change
        odd = replace(WEST, **change)
        found = between(one(EAST, "1", "10.1.0.0/16"), one(odd, "2", "10.2.0.0/16"), one(NORTH, "3", "10.3.0.0/16"), one(OTHER_MESH, "4", "10.4.0.0/16"))
        assert found["bank"] == []
        for cluster in ("east", "west", "north"):
            (told,) = found[cluster]
            assert told.startswith(f"{cluster}: {words.format(getattr(EAST, name))}")
            assert told.endswith("so set it once for the mesh.")

    @pytest.mark.parametrize(("roles", "wrong"), [
        pytest.param({"east": "", "west": ""}, [], id="all are primaries"),
        pytest.param({"east": "", "west": "east", "north": "east"}, [], id="one primary for all others"),
        pytest.param({"east": "", "west": "east", "north": ""}, ["east", "north", "west"], id="a primary beside a primary with remotes"),
        pytest.param({"east": "", "west": "east", "north": "", "south": "north"}, ["east", "north", "south", "west"], id="two primaries with remotes"),
    ])
    @pytest.mark.parametrize("one_primary", [True, False])
    def test_a_mesh_whose_remotes_have_one_primary_is_of_one_form(self, roles: dict[str, str], wrong: list[str], one_primary: bool) -> None:
        members = [replace(EAST, name=name, network=name, role="remote" if primary else "primary", primary=primary) for name, primary in roles.items()]
        seen = [replace(one(member, f"uid-{member.name}", f"10.{number}.0.0/24"), one_primary=one_primary) for number, member in enumerate(members)]
        told_of = {name: texts for name, texts in between(*seen).items() if texts}
        assert sorted(told_of) == (wrong if one_primary else [])
        assert all("either are all primaries or have one primary in common; make all clusters primaries" in texts[0] for texts in told_of.values())

    def test_a_cluster_that_comes_between_reissue_and_retire_is_told(self) -> None:
        """The new cluster would trust only the mesh's root, but the others no longer sign under it."""
        ahead = [replace(one(member, uid, cidr), trust={"present": True, "trust": {"signs_under": "bbbb", "trusts": ["aaaa", "bbbb"]}, "source": "aaaa"})
                 for member, uid, cidr in ((EAST, "1", "10.1.0.0/16"), (WEST, "2", "10.2.0.0/16"))]  # fmt: skip
        comes = replace(one(NORTH, "3", "10.3.0.0/16", ""), trust={"present": False, "source": "aaaa"})
        found = between(*ahead, comes)
        assert "north would get the root aaaa alone, and would not trust what is signed in east (root bbbb), west (root bbbb)" in found["east"][0]

    def test_a_cluster_that_would_be_cut_off_by_a_new_root_is_told(self) -> None:
        """The finding goes to the cluster that has a CA."""
        found = between(one(EAST, "1", "10.1.0.0/16"), one(WEST, "2", "10.2.0.0/16", ""))
        assert "west would get a new root, unlike east (root aaaa)" in found["east"][0]


def test_what_cluster_info_returns_is_what_preflight_reads() -> None:
    """preflight reads the results of cluster_info, and both must use the same keys."""
    crd = {
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": GATEWAYS, "annotations": {"meta.helm.sh/release-name": "other", "meta.helm.sh/release-namespace": "ns"}},
        "spec": {"group": "networking.istio.io", "scope": "Namespaced", "names": {"kind": "Gateway", "plural": "gateways"}, "versions": [{"name": "v1"}]},
    }
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "istio-reader-service-account", "namespace": "istio-system"}}
    claim = {"api_version": "v1", "kind": "ServiceAccount", **account["metadata"], "release": "istio-system/istio-base"}
    status = {"nodeInfo": {"kubeletVersion": "v1.30.0"}}
    node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n"}, "spec": {"podCIDRs": ["10.1.0.0/24"]}, "status": status}
    right = Permission("create", "", "secrets", "istio-system")
    seen = []
    for member in (WEST, NORTH):
        cluster = FakeCluster(crd, node, account, name=member.name, refuses=[right])
        params = {"permissions": [{"verb": "create", "group": "", "resource": "secrets", "namespace": "istio-system"}], "crds": ["networking.istio.io"],
                  "claims": [claim]}  # fmt: skip
        seen.append(ClusterFacts(member, LIMITS, OWNED, cluster_info.reconcile(cluster, params)))
    for sentence, words in zip(between(*seen)["west"], (
        "a kubelet is v1.30.0 while the API server is 1.34", "may not create secrets in istio-system", "belongs to the Helm release ns/other",
        "the ServiceAccount istio-system/istio-reader-service-account belongs to",
        "lead to the same cluster", "share the pod range 10.1.0.0/24",
    ), strict=True):
        assert words in sentence
