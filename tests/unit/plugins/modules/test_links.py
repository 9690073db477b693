# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Links between clusters in memory."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.connection import Connection
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import Denied, MeshError, NotReady, Refused, Unreachable
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.links.entrance import Entrance
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.links.link import Link
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.change import Ref
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers import PROVIDERS
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.trust import trust
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.links import links as linking
from ansible_collections.meshops.lifecycle.plugins.modules import links
from ansible_collections.meshops.lifecycle.tests.unit.support.authorities import OTHER_ROOT, ROOT, Made, issuer, make
from ansible_collections.meshops.lifecycle.tests.unit.support.fake_cluster import FakeCluster
from ansible_collections.meshops.lifecycle.tests.unit.support.paper import links as paper_links
from ansible_collections.meshops.lifecycle.tests.unit.support.paper.mesh import PAPER
from ansible_collections.meshops.lifecycle.tests.unit.support.ticking import Ticking

NAMESPACE = "istio-system"
TOKEN_SECRET = "istio-reader-service-account-istio-remote-secret-token"
TOKEN = Ref("v1", "Secret", TOKEN_SECRET, NAMESPACE)


def token_of(cluster: str) -> str:
    return f"the-token-of-{cluster}"


def coded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def handed_out(*roots: Made) -> dict[str, Any]:
    pem = b"".join(root.pem for root in roots).decode()
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "istio-ca-root-cert", "namespace": NAMESPACE}, "data": {"root-cert.pem": pem}}


def token_secret(cluster: str, **data: str) -> dict[str, Any]:
    metadata = {"name": TOKEN_SECRET, "namespace": NAMESPACE}
    return {"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/service-account-token", "metadata": metadata, "data": data or filled(cluster)}


def filled(cluster: str) -> dict[str, str]:
    return {"token": coded(token_of(cluster)), "ca.crt": coded(f"the CA of {cluster}")}


def foreign_link(cluster: str) -> dict[str, Any]:
    labels, notes = {"istio/multiCluster": "true"}, {"networking.istio.io/cluster": cluster}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": f"by-hand-{cluster}", "namespace": NAMESPACE, "labels": labels, "annotations": notes}}


def holds(own: Made, *under: Made) -> list[dict[str, Any]]:
    return trust.manifests(issuer(own, under=under), NAMESPACE, "shop")


class Estate:
    """Clusters by name. Connecting to one returns the cluster or raises an error."""

    def __init__(self) -> None:
        self.peers: dict[str, FakeCluster | MeshError] = {}
        self.asked: dict[str, Any] = {}

    def add(self, name: str, *objects: dict[str, Any], fills: bool = True) -> FakeCluster:
        """Add a cluster. `fills` says whether its controller puts a token into a Secret that asks for one."""

        def controller(live: dict[str, Any]) -> None:
            if fills and live.get("type") == "kubernetes.io/service-account-token":
                live["data"] = filled(name)

        cluster = FakeCluster(*(objects or (handed_out(ROOT),)), name=name, react=controller)
        self.peers[name] = cluster
        return cluster

    def connect(self, connection: Connection, *, dry_run: bool = False) -> FakeCluster:
        self.asked[connection.cluster] = connection.task
        found = self.peers[connection.cluster]
        if isinstance(found, MeshError):
            raise found
        return found.checking() if dry_run else found


@pytest.fixture
def estate(monkeypatch: pytest.MonkeyPatch) -> Estate:
    made = Estate()
    monkeypatch.setattr(linking, "connect_to", made.connect)
    return made


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Ticking:
    ticking = Ticking()
    monkeypatch.setattr(linking, "SystemClock", lambda: ticking)
    return ticking


@pytest.fixture
def east() -> FakeCluster:
    return FakeCluster(handed_out(ROOT), name="east")


def wish(name: str, **change: Any) -> dict[str, Any]:
    return {"name": name, "kube": {"context": name}, "cluster_uid": None, "server": None, "tls_server_name": None, "unread": None, "required": True, **change}


def link(cluster: FakeCluster, *wishes: dict[str, Any], **change: Any) -> dict[str, Any]:
    return links.reconcile(cluster, {"provider": "istio", "namespace": NAMESPACE, "links": list(wishes), "prune": True, "token_timeout": 30, **change})


def linked(cluster: FakeCluster) -> list[str]:
    return [secret["metadata"]["name"] for secret in cluster.list("v1", "Secret", NAMESPACE, labels="istio/multiCluster=true")]


def kubeconfig(cluster: FakeCluster, name: str) -> dict[str, Any]:
    secret = cluster.get(Ref("v1", "Secret", f"istio-remote-secret-{name}", NAMESPACE))
    assert secret
    told: dict[str, Any] = json.loads(base64.b64decode(secret["data"][name]))
    return told


class TestLinked:
    def test_a_cluster_gets_the_credential_that_the_other_made_for_it(self, estate: Estate, east: FakeCluster) -> None:
        west = estate.add("west")
        result = link(east, wish("west"))
        assert (result["changed"], result["linked"], result["postponed"], result["warnings"]) == (True, ["west"], {}, [])
        assert result["changes"] == [
            {"object": f"Secret {NAMESPACE}/{TOKEN_SECRET}", "action": "created"},
            {"object": f"Secret {NAMESPACE}/istio-remote-secret-west", "action": "created"},
        ]
        assert kubeconfig(east, "west")["users"][0]["user"] == {"token": token_of("west")}
        assert kubeconfig(east, "west")["clusters"][0]["cluster"] == {"server": west.server, "certificate-authority-data": coded("the CA of west")}

    def test_the_second_time_nothing_is_written_anywhere(self, estate: Estate, east: FakeCluster) -> None:
        west = estate.add("west")
        link(east, wish("west"))
        for cluster in (east, west):
            cluster.transport.requests.clear()
        assert link(east, wish("west"))["changed"] is False
        assert east.writes + west.writes == []

    def test_all_of_them_in_one_call(self, estate: Estate, east: FakeCluster) -> None:
        names = [f"dc-{number:02}" for number in range(20)]
        for name in names:
            estate.add(name)
        assert link(east, *map(wish, names))["linked"] == names
        assert linked(east) == [f"istio-remote-secret-{name}" for name in names]

    def test_the_address_from_inside_may_be_another(self, estate: Estate, east: FakeCluster) -> None:
        estate.add("west")
        link(east, wish("west", server="https://10.0.0.1:443", tls_server_name="kubernetes.default"))
        cluster = kubeconfig(east, "west")["clusters"][0]["cluster"]
        assert (cluster["server"], cluster["tls-server-name"]) == ("https://10.0.0.1:443", "kubernetes.default")

    def test_a_new_token_replaces_the_old_one(self, estate: Estate, east: FakeCluster) -> None:
        west = estate.add("west")
        link(east, wish("west"))
        west.backend.seed(token_secret("west", **{**filled("west"), "token": coded("another token")}))
        west.backend.objects[("v1", "secrets", NAMESPACE, TOKEN_SECRET)]["data"]["token"] = coded("another token")
        result = link(east, wish("west"))
        assert result["changes"] == [{"object": f"Secret {NAMESPACE}/istio-remote-secret-west", "action": "updated"}]
        assert kubeconfig(east, "west")["users"][0]["user"] == {"token": "another token"}

    def test_the_pin_of_the_other_cluster_is_checked_where_it_is_connected_to(self, estate: Estate, east: FakeCluster) -> None:
        estate.add("west")
        link(east, wish("west", cluster_uid="uid-of-west"))
        assert estate.asked["west"] == {"context": "west", "cluster": "west", "cluster_uid": "uid-of-west"}

    def test_check_mode_says_the_same_and_writes_nothing(self, estate: Estate, east: FakeCluster) -> None:
        west = estate.add("west")
        checked = link(east.checking(), wish("west"))
        assert linked(east) == []
        assert west.get(TOKEN) is None
        assert checked["changes"] == link(east, wish("west"))["changes"]

    def test_check_mode_on_empty_clusters_needs_no_roots(self, estate: Estate) -> None:
        estate.peers["west"] = FakeCluster(name="west")
        assert link(FakeCluster(name="east").checking(), wish("west"))["linked"] == ["west"]


class TestPruned:
    @pytest.fixture
    def twice_linked(self, estate: Estate, east: FakeCluster) -> FakeCluster:
        for name in ("west", "north"):
            estate.add(name)
        link(east, wish("west"), wish("north"))
        east.backend.seed(foreign_link("south"))
        return east

    def test_what_is_no_longer_wished_goes_and_what_others_made_stays(self, twice_linked: FakeCluster) -> None:
        result = link(twice_linked, wish("west"))
        assert {"object": f"Secret {NAMESPACE}/istio-remote-secret-north", "action": "deleted"} in result["changes"]
        assert linked(twice_linked) == ["by-hand-south", "istio-remote-secret-west"]

    def test_all_of_ours_go_where_none_is_wished_even_when_no_root_is_there(self, twice_linked: FakeCluster) -> None:
        twice_linked.delete([Ref("v1", "ConfigMap", "istio-ca-root-cert", NAMESPACE)])
        assert link(twice_linked)["changed"] is True
        assert linked(twice_linked) == ["by-hand-south"]

    def test_nothing_goes_if_so_wished(self, twice_linked: FakeCluster) -> None:
        assert link(twice_linked, wish("west"), prune=False)["changed"] is False
        assert len(linked(twice_linked)) == 3

    def test_check_mode_says_so_and_keeps_it(self, twice_linked: FakeCluster) -> None:
        assert link(twice_linked.checking())["changed"] is True
        assert len(linked(twice_linked)) == 3


class TestRefused:
    def test_clusters_of_different_roots_by_name_and_before_the_first_write(self, estate: Estate, east: FakeCluster) -> None:
        others = [estate.add("west"), estate.add("north", handed_out(OTHER_ROOT))]
        with pytest.raises(Refused, match=r"do not trust each other: east, west \(root .*\) \| north \(root .*\)\. east does not .* Nothing was linked\."):
            link(east, wish("west"), wish("north"))
        assert [cluster.writes for cluster in (east, *others)] == [[], [], []]

    @pytest.mark.parametrize("wishes", [("west",), ()], ids=["written", "removed"])
    def test_a_link_that_somebody_else_would_write_back(self, estate: Estate, east: FakeCluster, wishes: tuple[str, ...]) -> None:
        estate.add("west")
        link(east, wish("west"))
        live = east.get(Ref("v1", "Secret", "istio-remote-secret-west", NAMESPACE))
        assert live
        east.amend(live, {"metadata": {"ownerReferences": [{"kind": "SealedSecret", "name": "west", "uid": "1", "apiVersion": "bitnami.com/v1alpha1"}]}})
        before = list(east.writes)
        told = r"east: Secret istio-system/istio-remote-secret-west is managed by SealedSecret west, which would undo the change\. Have the link made there"
        with pytest.raises(Refused, match=told):
            link(east, *map(wish, wishes))
        assert east.writes == before

    def test_in_check_mode_too(self, estate: Estate, east: FakeCluster) -> None:
        estate.add("north", handed_out(OTHER_ROOT))
        with pytest.raises(Refused, match="do not trust each other"):
            link(east.checking(), wish("north"))

    def test_a_cluster_without_a_root_by_name(self, estate: Estate, east: FakeCluster) -> None:
        west = estate.add("west", token_secret("west"))
        with pytest.raises(Refused, match=r"^west: the mesh has no root certificate .* Run meshops\.lifecycle\.trust first"):
            link(east, wish("west"))
        assert east.writes + west.writes == []

    def test_a_root_in_common_is_enough_where_nobody_knows_who_signs_under_what(self, estate: Estate, east: FakeCluster) -> None:
        estate.add("west", handed_out(OTHER_ROOT, ROOT))
        assert link(east, wish("west"))["linked"] == ["west"]

    def test_a_root_in_common_under_which_the_other_no_longer_signs(self, estate: Estate, east: FakeCluster) -> None:
        """East was added between reissue and retire, and trusts only the old root."""
        west = estate.add("west", handed_out(OTHER_ROOT, ROOT), *holds(make("west", OTHER_ROOT, path_length=0), OTHER_ROOT, ROOT))
        with pytest.raises(Refused, match=r"east does not trust what west signs \(root .*finish the rotation that is under way"):
            link(east, wish("west"))
        assert east.writes + west.writes == []

    def test_a_ca_whose_root_is_not_handed_out_signs_nothing(self, estate: Estate, east: FakeCluster) -> None:
        """Such a CA lies in a remote cluster, or in one whose istiod leaves signing to another CA."""
        estate.add("west", handed_out(ROOT), *holds(make("west", OTHER_ROOT, path_length=0), OTHER_ROOT))
        assert link(east, wish("west"))["linked"] == ["west"]

    @pytest.mark.parametrize("error", [Denied("west: the token is expired."), Refused("west: not the cluster that is pinned.")])
    def test_what_refuses_us_is_not_taken_for_unreachable(self, estate: Estate, east: FakeCluster, error: MeshError) -> None:
        estate.peers["west"] = error
        with pytest.raises(type(error), match=str(error)):
            link(east, wish("west", required=False))
        assert east.writes == []

    @pytest.mark.parametrize("server", ["https://127.0.0.1:6443", "west.example.test:6443/"])
    def test_an_address_that_pods_do_not_reach_before_the_first_write(self, estate: Estate, east: FakeCluster, server: str) -> None:
        west = estate.add("west")
        with pytest.raises(Refused, match=rf"^west: its API server's address {server} .*mesh_api_server"):
            link(east, wish("west", server=server))
        assert east.writes + west.writes == []


class TestAuthority:
    CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----\n"

    def ca(self, east: FakeCluster) -> str:
        return base64.b64decode(kubeconfig(east, "west")["clusters"][0]["cluster"]["certificate-authority-data"]).decode()

    def test_the_inventory_may_name_the_ca_as_text_or_as_a_file(self, estate: Estate, east: FakeCluster, tmp_path: Path) -> None:
        estate.add("west")
        (tmp_path / "ca.pem").write_text(self.CERTIFICATE)
        for given in (self.CERTIFICATE, str(tmp_path / "ca.pem")):
            link(east, wish("west", server="https://front.example", ca=given))
            assert self.ca(east) == self.CERTIFICATE

    def test_what_is_no_certificate_is_refused(self, estate: Estate, east: FakeCluster, tmp_path: Path) -> None:
        estate.add("west")
        (tmp_path / "ca.pem").write_text("s3cret")
        with pytest.raises(Refused, match=r"^west: mesh_api_ca holds no certificate in PEM") as refused:
            link(east, wish("west", ca=str(tmp_path / "ca.pem")))
        assert "s3cret" not in str(refused.value)


class TestUnreachable:
    @pytest.fixture
    def half(self, estate: Estate, east: FakeCluster) -> FakeCluster:
        """east is linked with both. Then west is lost, and its credential in north stays as it is."""
        for name in ("west", "north"):
            estate.add(name)
        link(east, wish("west"))
        estate.peers["west"] = Unreachable("west: https://west.example:6443 refuses the connection.")
        return east

    def test_one_that_is_required_fails_by_name_when_all_others_are_linked(self, half: FakeCluster) -> None:
        with pytest.raises(Unreachable) as failed:
            link(half, wish("west"), wish("north"))
        assert str(failed.value) == (
            "east: could not link west; all other links were made. west: https://west.example:6443 refuses the connection."
        )
        assert failed.value.facts["changed"] is True
        assert linked(half) == ["istio-remote-secret-north", "istio-remote-secret-west"]

    def test_one_that_is_not_required_keeps_its_link_and_is_warned_of(self, half: FakeCluster) -> None:
        result = link(half, wish("west", required=False), wish("north"))
        assert (result["linked"], result["postponed"]) == (["north"], {"west": "west: https://west.example:6443 refuses the connection."})
        assert result["warnings"] == ["east: the link to west was not updated: west: https://west.example:6443 refuses the connection."]
        assert linked(half) == ["istio-remote-secret-north", "istio-remote-secret-west"]

    def test_one_whose_connection_the_inventory_cannot_tell_counts_too_and_nobody_is_asked(self, half: FakeCluster, estate: Estate) -> None:
        estate.peers["west"] = AssertionError("west was asked for")
        said = "west: mesh_kube cannot be read: 'token' is undefined."
        assert link(half, wish("west", kube={}, unread=said, required=False))["postponed"] == {"west": said}
        assert linked(half) == ["istio-remote-secret-west"]
        with pytest.raises(Unreachable, match="east: could not link west; all other links were made. west: mesh_kube cannot be read"):
            link(half, wish("west", kube={}, unread=said))

    def test_one_that_connects_but_does_not_answer_counts_too(self, estate: Estate, east: FakeCluster, monkeypatch: pytest.MonkeyPatch) -> None:
        def silent(_ref: Ref) -> None:
            raise Unreachable("west: no answer within 30 s.")

        monkeypatch.setattr(estate.add("west"), "get", silent)
        assert link(east, wish("west", required=False))["postponed"] == {"west": "west: no answer within 30 s."}


class TestToken:
    def test_one_that_somebody_made_at_the_same_moment_is_taken(self, estate: Estate, east: FakeCluster) -> None:
        west = estate.add("west", handed_out(ROOT), fills=False)
        answer: Callable[..., Any] = west.transport.request

        def outrun(method: str, path: str, *rest: Any, **how: Any) -> Any:
            if method == "POST" and path.endswith("/secrets"):
                west.backend.seed(token_secret("west"))
            return answer(method, path, *rest, **how)

        west.transport.request = outrun  # type: ignore[method-assign]
        result = link(east, wish("west"))
        assert [change["action"] for change in result["changes"]] == ["created"]
        assert kubeconfig(east, "west")["users"][0]["user"] == {"token": token_of("west")}

    def test_the_controller_gets_time_to_fill_it_in(self, estate: Estate, east: FakeCluster, clock: Ticking) -> None:
        west = estate.add("west", handed_out(ROOT), fills=False)

        def fill(passed: float) -> None:
            if passed > 3:
                west.backend.objects[("v1", "secrets", NAMESPACE, TOKEN_SECRET)]["data"] = filled("west")

        clock.meanwhile = fill
        assert link(east, wish("west"))["linked"] == ["west"]
        assert 3 < clock.passed < 4

    @pytest.mark.usefixtures("clock")
    def test_one_that_never_comes_is_told_with_what_to_look_at(self, estate: Estate, east: FakeCluster) -> None:
        estate.add("west", handed_out(ROOT), fills=False)
        with pytest.raises(NotReady, match=rf"^west: the Secret {NAMESPACE}/{TOKEN_SECRET} got no token within 30 s\. Check that the Secret's service account"):
            link(east, wish("west"))
        assert linked(east) == []

    def test_it_is_in_no_result_nor_error(self, estate: Estate, east: FakeCluster) -> None:
        estate.add("west")
        told = [link(east.checking(), wish("west")), link(east, wish("west")), link(east, wish("west"))]
        estate.peers["north"] = Unreachable("north: gone.")
        estate.add("south")
        with pytest.raises(Unreachable) as failed:
            link(east, wish("south"), wish("north"))
        text = json.dumps([*told, failed.value.facts, str(failed.value)])
        secret = east.get(Ref("v1", "Secret", "istio-remote-secret-south", NAMESPACE))
        assert secret
        for name in ("west", "south"):
            assert token_of(name) not in text
            assert coded(token_of(name))[:-4] not in text
        assert secret["data"]["south"][:40] not in text
        assert "(hidden)" in text and "sha256:" not in text


class TestOfPaper:
    """A link of three objects in a mesh whose clusters share no root. It needs facts that only the source knows."""

    SPACE = "paper"

    @pytest.fixture(autouse=True)
    def _known(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(PROVIDERS, "paper", PAPER)

    def side(self, estate: Estate, name: str, address: str = "192.0.2.7") -> FakeCluster:
        def controller(live: dict[str, Any]) -> None:
            if live.get("type") == "paper/token":
                live["data"] = {"token": coded(f"s3cret-of-{live['metadata']['name']}-in-{name}")}

        space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self.SPACE}}
        estate.peers[name] = made = FakeCluster(space, *paper_links.world(self.SPACE, name, address), name=name, react=controller)
        return made

    def link(self, consumer: FakeCluster, *sources: str, **change: Any) -> dict[str, Any]:
        return link(consumer, *map(wish, sources), provider="paper", namespace=self.SPACE, **change)

    def linked(self, cluster: FakeCluster) -> list[str]:
        found = [one for kind in ("ConfigMap", "Secret", "ServiceAccount") for one in cluster.list("v1", kind, self.SPACE, labels="paper/link")]
        return [f"{one['kind']} {one['metadata']['name']}" for one in found]

    def test_two_clusters_are_linked_both_ways_and_then_left(self, estate: Estate) -> None:
        sides = {name: self.side(estate, name, address) for name, address in (("east", "192.0.2.1"), ("west", "192.0.2.2"))}
        both = [self.link(sides["east"], "west"), self.link(sides["west"], "east")]
        assert [[change["action"] for change in result["changes"]] for result in both] == [["created"] * 5] * 2
        assert "s3cret-of" not in str(both)
        for name, other, address in (("east", "west", "192.0.2.2"), ("west", "east", "192.0.2.1")):
            assert self.linked(sides[name]) == [f"{kind} paper-link-{other}" for kind in ("ConfigMap", "Secret", "ServiceAccount")]
            known, secret = (sides[name].get(Ref("v1", kind, f"paper-link-{other}", self.SPACE)) for kind in ("ConfigMap", "Secret"))
            assert known
            assert secret
            assert (known["data"]["address"], known["data"]["identity"]) == (address, f"gateway.{self.SPACE}.{other}.paper")
            assert base64.b64decode(secret["data"]["token"]).decode() == f"s3cret-of-paper-for-{name}-token-in-{other}"
        assert [self.link(sides["east"], "west")["changed"], self.link(sides["west"], "east")["changed"]] == [False, False]

    def test_what_is_created_at_the_source_keeps_its_secrets(self, estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
        east, west, made = self.side(estate, "east"), self.side(estate, "west"), paper_links._object
        hidden = {"Secret": {"data": {"seed": coded("a-word-that-nobody-sees")}}}
        monkeypatch.setattr(paper_links, "_object", lambda kind, *given, **more: made(kind, *given, **{**hidden.get(kind, {}), **more}))
        offered = paper_links.offer(Link("west", "east", self.SPACE), Entrance("https://west.example:6443")).judge({}, {})
        told = [repr(offered), *(json.dumps(self.link(one, "west")) for one in (east.checking(), east))]
        assert [name for name in ("a-word-that-nobody-sees", coded("a-word-that-nobody-sees")[:-4]) if name in str(told)] == []
        assert "seed" in str(offered.missing)
        assert west.get(Ref("v1", "Secret", "paper-for-east-token", self.SPACE))

    def test_nothing_is_linked_before_the_other_side_is_known(self, estate: Estate, clock: Ticking) -> None:
        east = self.side(estate, "east")
        self.side(estate, "west", address="")
        assert [change["action"] for change in self.link(east.checking(), "west")["changes"]] == ["created"] * 5
        with pytest.raises(NotReady) as late:
            self.link(east, "west", token_timeout=5)
        assert str(late.value) == f"west: the Service {self.SPACE}/paper-gateway got no address within 5 s. Look after the paper mesh there."
        assert [change["object"] for change in late.value.facts["changes"]] == [
            f"ServiceAccount {self.SPACE}/paper-for-east", f"Secret {self.SPACE}/paper-for-east-token",
        ]  # fmt: skip
        assert self.linked(east) == []

    def test_only_what_we_made_is_pruned(self, estate: Estate) -> None:
        east = self.side(estate, "east")
        self.side(estate, "west")
        theirs = {"name": "paper-link-north", "namespace": self.SPACE, "labels": {"paper/link": "north"}}
        east.apply([{"apiVersion": "v1", "kind": "ConfigMap", "metadata": theirs}])
        self.link(east, "west")
        assert [change["action"] for change in self.link(east.checking())["changes"]] == ["deleted"] * 3
        pruned = self.link(east)["changes"]
        assert [change["object"].split()[0] for change in pruned] == ["ConfigMap", "ServiceAccount", "Secret"]
        assert self.link(east)["changed"] is False
        assert self.linked(east) == ["ConfigMap paper-link-north"]
