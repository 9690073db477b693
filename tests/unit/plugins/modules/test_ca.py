# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The modules ca and ca_info on clusters in memory."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.cluster import Permission
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.connection import Connection
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import Denied, Refused, Unreachable
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.change import Change, Ref
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.trust import root_secret
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.trust.certificate import Material
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers import PROVIDERS
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.trust import trust
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.chosen_mesh import complete
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.trust import ca as establishing
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.trust import ca_info as surveying
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.trust import root as root_of
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.trust import survey
from ansible_collections.meshops.lifecycle.plugins.modules import ca, ca_info
from ansible_collections.meshops.lifecycle.tests.unit.support import istio_live
from ansible_collections.meshops.lifecycle.tests.unit.support.authorities import (
    DAY,
    EAST,
    NOW,
    OTHER_ROOT,
    ROOT,
    constrained,
    issuer,
    key,
    make,
    root,
)
from ansible_collections.meshops.lifecycle.tests.unit.support.fake_cluster import FakeCluster
from ansible_collections.meshops.lifecycle.tests.unit.support.filters import FILTERS
from ansible_collections.meshops.lifecycle.tests.unit.support.paper.mesh import PAPER
from ansible_collections.meshops.lifecycle.tests.unit.support.ticking import Ticking
from cryptography import x509

CACERTS = Ref("v1", "Secret", "cacerts", "istio-system")
ROOT_CA = Ref("v1", "Secret", "meshops-root-ca", "meshops-system")
SERVER = x509.ExtendedKeyUsageOID.SERVER_AUTH
CORP = make("corp root", own=key(number=5), extensions=(constrained(permits=(x509.DNSName(".example.test"),)),))
BELOW_CORP = make("Intermediate CA west", CORP, key(number=3), path_length=0)
ISSUING = make("Issuing CA 7", ROOT, key(number=4), path_length=1)
EXPIRED = issuer(make("Intermediate CA west", ROOT, key(number=3), path_length=0, days=(-20, -1)))


@pytest.fixture(autouse=True)
def _moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The moment for which the certificates of the tests are made."""
    for module in (establishing, surveying):
        monkeypatch.setattr(module, "SystemClock", lambda: Ticking(start=NOW))


@pytest.fixture
def peers(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The cluster to which `root.kube: {cluster: <name>}` leads, or the error of connecting to it."""
    known: dict[str, Any] = {}

    def connect(connection: Connection, *, dry_run: bool = False) -> Any:
        peer = known[connection.cluster]
        if isinstance(peer, Exception):
            raise peer
        return peer.checking() if dry_run else peer

    for module in (establishing, surveying):
        monkeypatch.setattr(module, "connect_to", connect)
    return known


def wish(**given: Any) -> dict[str, Any]:
    options = {"source": "generated", "kube": None, "namespace": "meshops-system", "name": "meshops-root-ca",
               "certificate": None, "private_key": None, "certificate_file": None, "private_key_file": None,
               "chain": None, "chain_file": None, "command": None, "timeout": 60, "vault": None}  # fmt: skip
    params = {"provider": "istio", "mesh": "shop", "trust_domain": "shop.example", "namespace": "istio-system",
              "network": "onprem", "key_type": "P-256", "intermediate_days": 730, "root_days": 3650}  # fmt: skip
    return {**params, **given, "root": {**options, **given.get("root", {})}}


def inline(material: Material | None = None) -> dict[str, Any]:
    made = material or root()
    return {"source": "inline", "certificate": made.certificate.decode(), "private_key": made.key.decode()}


def issuing(made: Any = ISSUING, **parts: Any) -> Material:
    """A CA below the root, and the root behind it."""
    return root(made, certificate=made.pem + ROOT.pem, **parts)


def holding(material: Material, mesh: str = "shop") -> dict[str, Any]:
    return trust.manifests(material, "istio-system", mesh)[0]


def kept(made: Any = ROOT, mesh: str = "shop") -> dict[str, Any]:
    return root_secret.secret(root(made), "meshops-root-ca", "meshops-system", mesh)


def held_key(cluster: FakeCluster, ref: Ref, part: str) -> bytes:
    secret = cluster.get(ref)
    assert secret
    return base64.b64decode(secret["data"][part])


class TestIssuing:
    def test_an_empty_cluster_gets_root_and_intermediate(self) -> None:
        cluster = FakeCluster(name="east")
        result = ca.reconcile(cluster, wish())
        assert (result["action"], result["changed"], result["chain"], result["present"]) == ("issued", True, True, True)
        assert [one["object"] for one in result["changes"]] == [
            "Namespace meshops-system", "Secret meshops-system/meshops-root-ca",
            "Namespace istio-system", "Secret istio-system/cacerts",
        ]  # fmt: skip
        assert result["intermediate"]["subject"] == "CN=Intermediate CA east,O=shop.example"
        assert result["root"]["subject"] == "CN=shop root,O=shop.example"
        assert result["source"] == result["root"]["fingerprint"] == result["trust"]["signs_under"]
        space = cluster.get(Ref("v1", "Namespace", "istio-system"))
        assert space
        assert space["metadata"]["labels"] == {"topology.istio.io/network": "onprem"}

    def test_a_second_run_changes_nothing(self) -> None:
        cluster = FakeCluster(name="east")
        first = ca.reconcile(cluster, wish())
        before = len(cluster.writes)
        again = ca.reconcile(cluster, wish())
        assert (again["action"], again["changed"], again["warnings"]) == ("kept", False, [])
        assert again["intermediate"] == first["intermediate"]
        assert len(cluster.writes) == before

    def test_a_run_killed_after_any_write_ends_as_if_it_had_not_been(self) -> None:
        whole = FakeCluster(name="east")
        ca.reconcile(whole, wish())
        for survived in range(len(whole.writes)):
            cluster = FakeCluster(name="east")
            with pytest.raises(KeyboardInterrupt):
                ca.reconcile(killed(cluster, survived), wish())
            assert len(cluster.writes) == survived
            ca.reconcile(cluster, wish())
            assert sorted(cluster.writes) == sorted(whole.writes)

    def test_all_clusters_are_given_one_root(self, peers: dict[str, Any]) -> None:
        east, west = FakeCluster(name="east"), FakeCluster(name="west")
        peers["east"] = east
        results = [ca.reconcile(one, wish(root={"kube": {"cluster": "east"}})) for one in (west, east)]
        assert len({result["root"]["fingerprint"] for result in results}) == 1
        assert held_key(east, CACERTS, "ca-key.pem") != held_key(west, CACERTS, "ca-key.pem")
        assert west.get(ROOT_CA) is None

    @pytest.mark.parametrize("key_type", ["P-256", "RSA-2048"])
    def test_the_kind_of_key(self, key_type: str) -> None:
        result = ca.reconcile(FakeCluster(name="east"), wish(key_type=key_type, root=inline()))
        assert result["intermediate"]["key_type"] == {"P-256": "EC P-256", "RSA-2048": "RSA 2048"}[key_type]
        assert result["root"]["fingerprint"] == ROOT.fingerprint

    def test_a_root_from_files(self, tmp_path: Path) -> None:
        certificate, private = tmp_path / "root.pem", tmp_path / "root-key.pem"
        certificate.write_bytes(ROOT.pem)
        private.write_bytes(ROOT.key_pem)
        option = {"source": "file", "certificate_file": str(certificate), "private_key_file": str(private)}
        assert ca.reconcile(FakeCluster(name="east"), wish(root=option))["root"]["fingerprint"] == ROOT.fingerprint

    def test_by_a_ca_below_the_root_that_lies_with_it_in_a_secret(self) -> None:
        cluster = FakeCluster(root_secret.secret(issuing(), "meshops-root-ca", "meshops-system", "shop"), name="west")
        result = ca.reconcile(cluster, wish(root={"source": "secret"}))
        assert (result["action"], result["root"]["fingerprint"]) == ("issued", ROOT.fingerprint)
        assert held_key(cluster, CACERTS, "cert-chain.pem").endswith(ISSUING.pem + ROOT.pem)

    @pytest.mark.parametrize("source", ["inline", "file"])
    def test_by_a_ca_below_the_root_which_is_given_with_it(self, source: str, tmp_path: Path) -> None:
        """A company hands out a CA below its root and keeps the root's key."""
        (tmp_path / "ca.pem").write_bytes(ISSUING.pem + ROOT.pem)
        (tmp_path / "key.pem").write_bytes(ISSUING.key_pem)
        given = inline(issuing()) if source == "inline" else {"certificate_file": str(tmp_path / "ca.pem"), "private_key_file": str(tmp_path / "key.pem")}
        cluster, wished = FakeCluster(name="west"), wish(root={**given, "source": source})
        result = ca.reconcile(cluster, wished)
        assert (result["source"], result["root"]["fingerprint"]) == (ROOT.fingerprint, ROOT.fingerprint)
        assert held_key(cluster, CACERTS, "cert-chain.pem") == held_key(cluster, CACERTS, "ca-cert.pem") + ISSUING.pem + ROOT.pem
        assert held_key(cluster, CACERTS, "root-cert.pem") == ROOT.pem
        assert ISSUING.key_pem not in held_key(cluster, CACERTS, "ca-key.pem")
        again = ca.reconcile(cluster, wished)
        assert (again["action"], again["changed"], again["warnings"]) == ("kept", False, [])
        without = wish(root={**inline(issuing()), "private_key": None})
        assert ca_info.reconcile(cluster, without)["action"] == "keep"
        assert ca_info.reconcile(FakeCluster(name="north"), without)["reasons"] == ["missing_part"]

    def test_a_root_from_a_secret_of_cert_manager(self) -> None:
        data = {"tls.crt": root_secret.encoded(ROOT.pem), "tls.key": root_secret.encoded(ROOT.key_pem)}
        secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "ca", "namespace": "pki"}, "data": data}
        result = ca.reconcile(FakeCluster(secret, name="east"), wish(root={"source": "secret", "name": "ca", "namespace": "pki"}))
        assert result["root"]["fingerprint"] == ROOT.fingerprint

    def test_an_expired_one_of_ours_is_replaced_as_a_whole(self) -> None:
        cluster = FakeCluster(holding(EXPIRED), name="west")
        result = ca.reconcile(cluster, wish(root=inline()))
        assert (result["action"], result["expiry"]["intermediate"]["level"]) == ("issued", "ok")
        assert held_key(cluster, CACERTS, "ca-key.pem") != EXPIRED.key
        assert [one["action"] for one in result["changes"]] == ["updated"]

    def test_an_expired_one_goes_on_to_trust_what_it_trusts(self) -> None:
        """The second root stays, because other clusters may already sign under it in a rotation, or it may be a partner's."""
        late = issuer(make("Intermediate CA west", ROOT, key(number=3), path_length=0, days=(-20, -1)), under=(ROOT, OTHER_ROOT))
        cluster = FakeCluster(holding(late), name="west")
        result = ca.reconcile(cluster, wish(root=inline()))
        assert (result["action"], result["expiry"]["intermediate"]["level"]) == ("issued", "ok")
        assert held_key(cluster, CACERTS, "root-cert.pem") == late.roots
        assert result["trust"] == {"signs_under": ROOT.fingerprint, "trusts": sorted([ROOT.fingerprint, OTHER_ROOT.fingerprint])}
        assert "The cluster goes on trusting all 2 roots." in result["warnings"][0]

    def test_an_expired_one_that_somebody_else_wrote_meanwhile_is_left_to_him(self, monkeypatch: pytest.MonkeyPatch) -> None:
        cluster = FakeCluster(holding(EXPIRED), name="west")
        made = survey.intermediate

        def slowly(*given: Any) -> Any:
            live = cluster.get(CACERTS)
            assert live
            cluster.amend(live, {"data": {"root-cert.pem": root_secret.encoded(ROOT.pem + OTHER_ROOT.pem)}})
            return made(*given)

        monkeypatch.setattr(survey, "intermediate", slowly)
        with pytest.raises(Refused, match="west: Secret istio-system/cacerts has changed since it was read"):
            ca.reconcile(cluster, wish(root=inline()))
        assert held_key(cluster, CACERTS, "ca-key.pem") == EXPIRED.key

    def test_where_there_is_no_namespace_nothing_is_looked_for_in_it(self) -> None:
        cluster = FakeCluster(name="east")
        ca.reconcile(cluster, wish(root=inline()))
        spaces, secrets = "/api/v1/namespaces", "/api/v1/namespaces/istio-system/secrets"
        assert cluster.transport.requests == [f"GET {secrets}/cacerts", f"GET {spaces}/istio-system", f"POST {spaces}", f"POST {secrets}"]

    def test_who_may_not_read_the_namespace_is_not_asked_to_make_it(self) -> None:
        class Shy(FakeCluster):
            def get(self, ref: Ref) -> dict[str, Any] | None:
                if ref.kind == "Namespace":
                    raise Denied(f"east: {ref} may not be read.")
                return super().get(ref)

        space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "istio-system"}}
        result = ca.reconcile(Shy(space, name="east"), wish(root=inline()))
        assert [one["object"] for one in result["changes"]] == ["Secret istio-system/cacerts"]

    def test_a_namespace_that_is_there_is_left_alone(self) -> None:
        space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "istio-system", "labels": {"a": "b"}}}
        cluster = FakeCluster(space, name="east")
        ca.reconcile(cluster, wish(root=inline()))
        assert cluster.writes == ["POST /api/v1/namespaces/istio-system/secrets"]

    def test_a_root_that_ends_soon_is_said_at_once(self) -> None:
        result = ca.reconcile(FakeCluster(name="east"), wish(root=inline(root(make("r", days=(-1, 30))))))
        assert [one for one in result["warnings"] if "'CN=r'" in one and "in 30 days; plan its rotation" in one]


def killed(cluster: FakeCluster, survived: int) -> FakeCluster:
    """The same cluster for a process that is killed at its next write."""
    request = cluster.transport.request

    def until(method: str, path: str, *rest: Any, **how: Any) -> Any:
        if method != "GET" and len(cluster.writes) >= survived:
            raise KeyboardInterrupt
        return request(method, path, *rest, **how)

    twin = FakeCluster(name=cluster.name)
    twin.backend = twin.transport.backend = cluster.backend
    twin.transport.request = until  # type: ignore[method-assign]
    return twin


class TestKeeping:
    @pytest.mark.parametrize(("material", "given"), [
        pytest.param(issuer(), inline(), id="of the root given"),
        pytest.param(issuer(), {**inline(), "private_key": None}, id="of the root given, without its key"),
        pytest.param(issuer(ROOT), inline(), id="the root itself"),
    ])  # fmt: skip
    def test_what_is_valid_is_kept_whoever_made_it(self, material: Material, given: dict[str, Any]) -> None:
        cluster = FakeCluster(holding(material, mesh="of somebody"), name="west")
        result = ca.reconcile(cluster, wish(root=given))
        assert (result["action"], result["changed"], cluster.writes) == ("kept", False, [])

    def test_without_the_trust_cluster_what_is_valid_is_kept(self, peers: dict[str, Any]) -> None:
        peers["east"] = Unreachable("east: no answer from https://east:6443 within 30 s.")
        result = ca.reconcile(FakeCluster(holding(issuer()), name="west"), wish(root={"kube": {"cluster": "east"}}))
        assert result["action"] == "kept"
        assert "east: no answer" in result["warnings"][0]
        assert result["source"] is None

    def test_without_the_trust_cluster_nothing_is_issued(self, peers: dict[str, Any]) -> None:
        peers["east"] = Unreachable("east: no answer from https://east:6443 within 30 s.")
        cluster = FakeCluster(name="west")
        with pytest.raises(Refused, match=r"^east: Secret meshops-system/meshops-root-ca: .* east: no answer"):
            ca.reconcile(cluster, wish(root={"kube": {"cluster": "east"}}))
        assert cluster.writes == []

    def test_a_trust_cluster_that_says_no_is_no_reason_to_go_on(self, peers: dict[str, Any]) -> None:
        peers["east"] = Denied("east: the token has expired.")
        cluster = FakeCluster(holding(issuer()), name="west")
        with pytest.raises(Refused, match=r"the mesh's root could not be read, so no intermediate can be issued from it\. east: the token has expired\."):
            ca.reconcile(cluster, wish(root={"kube": {"cluster": "east"}}))
        assert cluster.writes == []


REFUSED = [
    pytest.param(None, {"root": inline(root(key=OTHER_ROOT.key_pem))}, "key_does_not_match", id="the root's key"),
    pytest.param(None, {"root": inline(root(make("r", ca=False, sign=None)))}, "not_a_ca", id="CA:FALSE"),
    pytest.param(None, {"root": inline(root(make("r", days=(-9, -1))))}, "expired", id="expired"),
    pytest.param(None, {"root": inline(root(make("r", days=(1, 9))))}, "not_yet_valid", id="not yet valid"),
    pytest.param(None, {"root": inline(root(make("r", own=key("RSA-1024"))))}, "weak_key", id="weak key"),
    pytest.param(None, {"root": inline(root(make("r", own=key("Ed25519"))))}, "unusable_key", id="Ed25519"),
    pytest.param(None, {"root": inline(issuing(make("Issuing CA", ROOT, key("Ed25519"))))}, "unusable_key", id="a CA below the root with Ed25519"),
    pytest.param(issuer(make("i", ROOT, key("Ed25519"))), {"root": inline()}, "unusable_key", id="Ed25519 in the cluster"),
    pytest.param(None, {"root": inline(root(CORP))}, "forbidden_name", id="a root that permits no istiod"),
    pytest.param(issuer(BELOW_CORP, under=(CORP,)), {"root": inline(root(CORP))}, "forbidden_name", id="a CA below such a root"),
    pytest.param(None, {"root": inline(root(make("r", purposes=(SERVER,))))}, "wrong_purpose", id="a root for servers alone"),
    pytest.param(issuer(make("i", ROOT, purposes=(SERVER,))), {"root": inline()}, "wrong_purpose", id="a CA for servers alone"),
    pytest.param(None, {"root": inline(root(ISSUING))}, "root_not_self_signed", id="a CA below the root alone"),
    pytest.param(None, {"root": inline(issuing(key=ROOT.key_pem))}, "key_does_not_match", id="a CA below the root with the root's key"),
    pytest.param(None, {"root": inline(issuing(make("Issuing CA", ROOT, key(number=4), path_length=0)))}, "no_room_for_intermediate", id="one without room"),
    pytest.param(None, {"root": inline(issuing(make("Issuing CA", ROOT, key(number=4), days=(-9, -1))))}, "expired", id="one that has expired"),
    pytest.param(None, {"root": inline(issuing(make("Issuing CA", ROOT, key(number=4), purposes=(SERVER,))))}, "wrong_purpose", id="one for servers alone"),
    pytest.param(None, {"root": inline(issuing(make("Issuing CA", OTHER_ROOT, key(number=4))))}, "chain_does_not_verify", id="one of another root"),
    pytest.param(None, {"root": {"source": "inline"}}, "missing_part", id="nothing given"),
    pytest.param(None, {"root": {"source": "file", "certificate_file": "/nowhere"}}, "unreadable", id="no such file"),
    pytest.param(None, {"root": {"source": "secret"}}, "missing_root", id="no such Secret"),
    pytest.param(None, {"key_type": "Ed25519"}, "bad_wish", id="Ed25519 wished for"),
    pytest.param(issuer(), {"key_type": "Ed25519", "root": inline()}, "bad_wish", id="Ed25519 wished for, with a valid CA there"),
    pytest.param(issuer(), {"root": inline(root(OTHER_ROOT))}, "other_root", id="another root"),
    pytest.param(issuer(key=b""), {"root": inline()}, "missing_part", id="incomplete"),
    pytest.param(issuer(key=ROOT.key_pem), {"root": inline()}, "key_does_not_match", id="key of another"),
    pytest.param(issuer(under=(OTHER_ROOT,)), {"root": inline()}, "chain_does_not_verify", id="chain"),
    pytest.param(EXPIRED, {"root": {**inline(), "private_key": None}}, "missing_part", id="expired, and no key to issue anew"),
]


class TestRefusing:
    @pytest.mark.parametrize(("held", "given", "reason"), REFUSED)
    def test_before_the_first_write(self, held: Material | None, given: dict[str, Any], reason: str) -> None:
        cluster = FakeCluster(*([holding(held)] if held else []), name="west")
        with pytest.raises(Refused) as refused:
            ca.reconcile(cluster, wish(**given))
        assert reason in refused.value.facts["reasons"]
        assert str(refused.value) == " ".join(refused.value.facts["findings"])
        assert cluster.writes == []

    @pytest.mark.parametrize(("held", "given", "reason"), REFUSED)
    def test_known_beforehand(self, held: Material | None, given: dict[str, Any], reason: str) -> None:
        cluster = FakeCluster(*([holding(held)] if held else []), name="west")
        result = ca_info.reconcile(cluster, wish(**given))
        assert (result["action"], result["changed"], result["present"]) == ("refuse", False, held is not None)
        assert reason in result["reasons"]
        assert cluster.writes == []

    def test_an_expired_one_that_another_controller_would_write_back(self) -> None:
        secret = holding(EXPIRED)
        secret["metadata"]["ownerReferences"] = [{"apiVersion": "x/v1", "kind": "ExternalSecret", "name": "cacerts", "uid": "1", "controller": True}]
        cluster = FakeCluster(secret, name="west")
        assert ca_info.reconcile(cluster, wish(root=inline()))["reasons"] == ["kept_by_another"]
        told = ("west: Secret istio-system/cacerts is managed by ExternalSecret cacerts, which would undo the change. "
                "Issue a new CA of the mesh's root there")
        with pytest.raises(Refused, match=told):
            ca.reconcile(cluster, wish(root=inline()))
        assert cluster.writes == []

    def test_an_expired_one_while_somebody_holds_the_lease(self, peers: dict[str, Any]) -> None:
        """The holder of the Lease may write the same Secret, and may have introduced another root in other clusters."""
        spec = {"holderIdentity": "ana@desk/1", "leaseTransitions": 4, "leaseDurationSeconds": 30, "renewTime": "2026-08-27T12:00:00.000000Z"}
        lease = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "meshops-shop", "namespace": "meshops-system"}, "spec": spec}
        peers["east"] = FakeCluster(lease, kept(), name="east")
        for given in ({"kube": {"cluster": "east"}}, {**inline(), "kube": {"cluster": "east"}}):
            cluster = FakeCluster(holding(EXPIRED), name="west")
            assert ca_info.reconcile(cluster, wish(root=given))["reasons"] == ["rotation_at_work"]
            with pytest.raises(Refused, match="a rotation may be at work on it. east: the Lease of mesh shop is held by ana@desk/1 in epoch 4"):
                ca.reconcile(cluster, wish(root=given))
            assert cluster.writes == []

    def test_an_expired_one_where_nobody_can_see_the_lease(self, peers: dict[str, Any]) -> None:
        peers["east"] = Unreachable("east: no answer.")
        told = ca_info.reconcile(FakeCluster(holding(EXPIRED), name="west"), wish(root={**inline(), "kube": {"cluster": "east"}}))
        assert told["reasons"] == ["unreachable_lease"]

    def test_who_may_not_see_the_lease_goes_by_the_version_that_was_read(self) -> None:
        cluster = FakeCluster(holding(EXPIRED), name="west", refuses=[Permission("get", "coordination.k8s.io", "leases")])
        assert ca.reconcile(cluster, wish(root=inline()))["action"] == "issued"

    def test_the_first_ca_of_a_cluster_that_comes_while_a_rotation_is_under_way(self) -> None:
        upcoming = root_secret.secret(root(OTHER_ROOT), "meshops-root-ca-next", "meshops-system", "shop")
        cluster = FakeCluster(kept(), upcoming, name="north")
        assert ca_info.reconcile(cluster, wish())["reasons"] == ["rotation_under_way"]
        told = "meshops-root-ca-next: a rotation of the mesh shop to 'CN=other root' .* is under way, and north would get the former root alone"
        with pytest.raises(Refused, match=told):
            ca.reconcile(cluster, wish())
        assert cluster.writes == []

    def test_a_next_root_that_became_the_roots_before_it_was_removed_is_no_rotation(self) -> None:
        cluster = FakeCluster(kept(), root_secret.secret(root(), "meshops-root-ca-next", "meshops-system", "shop"), name="north")
        assert ca.reconcile(cluster, wish())["action"] == "issued"

    def test_one_that_git_tracks_is_replaced_with_a_warning(self) -> None:
        secret = holding(EXPIRED)
        secret["metadata"]["labels"]["argocd.argoproj.io/instance"] = "mesh"
        result = ca.reconcile(FakeCluster(secret, name="west"), wish(root=inline()))
        assert result["action"] == "issued"
        assert any("is tracked by Argo CD, for its Application mesh" in one for one in result["warnings"])

    @pytest.mark.parametrize("source", ["secret", "file"])
    def test_a_root_under_which_no_peer_would_accept_another_wherever_it_lies(self, source: str, tmp_path: Path) -> None:
        cluster = FakeCluster(kept(CORP), name="east")
        (tmp_path / "root.pem").write_bytes(CORP.pem)
        (tmp_path / "key.pem").write_bytes(CORP.key_pem)
        files = {"certificate_file": str(tmp_path / "root.pem"), "private_key_file": str(tmp_path / "key.pem")} if source == "file" else {}
        told = ca_info.reconcile(cluster, wish(root={"source": source, **files}))
        assert told["reasons"] == ["forbidden_name"]
        assert "permits no DNS but .example.test, so no CA below it could sign for DNS istiod.istio-system.svc" in told["findings"][0]

    def test_two_things_at_once(self) -> None:
        with pytest.raises(Refused) as refused:
            ca.reconcile(FakeCluster(name="west"), wish(mesh="Shop", root=inline(root(make("r", days=(-9, -1))))))
        assert refused.value.facts["reasons"] == ["bad_wish", "expired"]

    def test_another_mesh_does_not_lend_its_root(self) -> None:
        with pytest.raises(Refused, match="generated for the mesh bank"):
            ca.reconcile(FakeCluster(kept(mesh="bank"), name="east"), wish())

    def test_a_control_plane_with_a_root_of_its_own(self) -> None:
        data = {"ca-cert.pem": root_secret.encoded(OTHER_ROOT.pem), "ca-key.pem": root_secret.encoded(OTHER_ROOT.key_pem)}
        own = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "istio-ca-secret", "namespace": "istio-system"}, "data": data}
        with pytest.raises(Refused, match="signs with its own root"):
            ca.reconcile(FakeCluster(own, name="east"), wish())
        adopted = wish(root={"source": "secret", "name": "istio-ca-secret", "namespace": "istio-system"})
        result = ca.reconcile(FakeCluster(own, name="east"), adopted)
        assert result["root"]["fingerprint"] == OTHER_ROOT.fingerprint
        assert "after its next restart" in result["warnings"][0]

    def test_a_vaulted_file(self, tmp_path: Path) -> None:
        vaulted = tmp_path / "root-key.pem"
        vaulted.write_text("$ANSIBLE_VAULT;1.1;AES256\n6162\n")
        with pytest.raises(Refused, match="encrypted by ansible-vault"):
            ca.reconcile(FakeCluster(name="east"), wish(root={"source": "file", "private_key_file": str(vaulted)}))


class TestLooking:
    def test_an_empty_cluster(self) -> None:
        result = ca_info.reconcile(FakeCluster(name="east"), wish())
        assert result["action"] == "issue"
        assert (result["present"], result["findings"], result["root"], result["trust"], result["source"]) == (False, [], None, None, None)

    def test_a_cluster_in_order(self) -> None:
        result = ca_info.reconcile(FakeCluster(holding(issuer()), kept(), name="east"), wish())
        assert (result["action"], result["findings"], result["chain"]) == ("keep", [], True)
        assert result["root"]["fingerprint"] == result["source"] == ROOT.fingerprint
        assert result["trust"] == {"signs_under": ROOT.fingerprint, "trusts": [ROOT.fingerprint]}
        assert result["expiry"]["intermediate"] == {"level": "ok", "days": 365}


class TestAnotherCa:
    """istiod was set up to leave signing to istio-csr."""

    def test_nothing_is_written_and_it_is_said(self) -> None:
        cluster = FakeCluster(*istio_live.istio_csr(), name="east")
        result = ca.reconcile(cluster, wish())
        assert (result["action"], result["changed"], result["present"], result["changes"]) == ("left", False, False, [])
        (told,) = result["warnings"]
        assert told.startswith("east: cert-manager's istio-csr (cert-manager-istio-csr.cert-manager.svc:443) signs this cluster's certificates")
        assert cluster.writes == []

    def test_it_is_known_beforehand(self) -> None:
        result = ca_info.reconcile(FakeCluster(*istio_live.istio_csr(), name="east"), wish())
        assert (result["action"], result["findings"]) == ("leave", [])

    def test_a_ca_that_is_there_is_judged_all_the_same(self) -> None:
        assert ca.reconcile(FakeCluster(*istio_live.istio_csr(), holding(issuer()), kept(), name="east"), wish())["action"] == "kept"

    def test_who_may_not_look_there_goes_on(self) -> None:
        class Blind(FakeCluster):
            def list(self, _version: str, kind: str, *_given: Any, **_how: Any) -> Any:
                raise Denied(f"east: {kind} may not be listed.")

        assert ca.reconcile(Blind(name="east"), wish())["action"] == "issued"


class TestCheckMode:
    def test_says_what_would_be_made_and_makes_nothing(self, peers: dict[str, Any]) -> None:
        east, west = FakeCluster(name="east"), FakeCluster(name="west")
        peers["east"] = east
        result = ca.reconcile(west.checking(), wish(root={"kube": {"cluster": "east"}}))
        assert [(one["object"], one["action"]) for one in result["changes"]] == [
            ("Namespace meshops-system", "created"), ("Secret meshops-system/meshops-root-ca", "created"),
            ("Namespace istio-system", "created"), ("Secret istio-system/cacerts", "created"),
        ]  # fmt: skip
        assert (result["action"], result["changed"]) == ("issued", True)
        assert (result["root"], result["intermediate"], result["source"], result["present"]) == (None, None, None, False)
        assert east.get(ROOT_CA) is None
        assert west.get(CACERTS) is None

    def test_changes_nothing_where_all_is_in_order(self) -> None:
        result = ca.reconcile(FakeCluster(holding(issuer()), kept(), name="east").checking(), wish())
        assert (result["action"], result["changed"]) == ("kept", False)

    def test_refuses_what_would_be_refused(self) -> None:
        with pytest.raises(Refused):
            ca.reconcile(FakeCluster(name="east", dry_run=True), wish(root={"source": "secret"}))


class TestRaces:
    def test_of_roots_made_at_once_the_first_stays(self, peers: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
        names = ["east", "west", "north", "south"]
        clusters = {name: FakeCluster(name=name) for name in names}
        peers["east"] = clusters["east"]
        together, make_root = Barrier(len(names), timeout=20), root_of.make

        def at_once(*args: Any) -> Any:
            together.wait()
            return make_root(*args)

        monkeypatch.setattr(root_of, "make", at_once)
        with ThreadPoolExecutor(len(names)) as pool:
            results = list(pool.map(lambda name: ca.reconcile(clusters[name], wish(root={"kube": {"cluster": "east"}})), names))
        assert len({result["root"]["fingerprint"] for result in results}) == 1
        made = [one for result in results for one in result["changes"] if "meshops-root-ca" in one["object"]]
        assert [one["action"] for one in made] == ["created"]

    def test_who_comes_second_reads_the_winner(self, monkeypatch: pytest.MonkeyPatch) -> None:
        cluster = overtaken(FakeCluster(name="east"), kept(), monkeypatch)
        result = ca.reconcile(cluster, wish())
        assert result["root"]["fingerprint"] == ROOT.fingerprint
        assert "Secret meshops-system/meshops-root-ca" not in [one["object"] for one in result["changes"]]

    def test_a_winner_that_is_no_root_is_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        cluster = overtaken(FakeCluster(name="east"), kept(make("r", ca=False, sign=None)), monkeypatch)
        with pytest.raises(Refused, match="CA:FALSE"):
            ca.reconcile(cluster, wish())
        assert cluster.get(CACERTS) is None

    def test_a_ca_that_somebody_gave_meanwhile_is_kept(self, monkeypatch: pytest.MonkeyPatch) -> None:
        cluster = overtaken(FakeCluster(name="east"), holding(issuer()), monkeypatch)
        result = ca.reconcile(cluster, wish(root=inline()))
        assert result["intermediate"]["fingerprint"] == EAST.fingerprint
        assert [one for one in result["changes"] if "cacerts" in one["object"]] == []


def overtaken(cluster: FakeCluster, by: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> FakeCluster:
    """Somebody else creates this object right before this run creates it."""
    create: Callable[[Any], Change | None] = cluster.create

    def late(manifest: dict[str, Any]) -> Change | None:
        if Ref.of(manifest) == Ref.of(by) and cluster.get(Ref.of(by)) is None:
            cluster.backend.seed(by)
        return create(manifest)

    monkeypatch.setattr(cluster, "create", late)
    return cluster


class TestSecrecy:
    def forms(self, private: bytes) -> list[str]:
        """The forms in which a key could leak: PEM, its body, DER and the secret bytes, each plain, in base64 and in hex."""
        body = b"".join(line for line in private.splitlines() if not line.startswith(b"-----"))
        der = base64.b64decode(body)
        raw = [private, body, der, body[:40], body[40:80], private.splitlines()[1]]
        plain = [one.decode(errors="replace") for one in (private, body, body[:40], body[40:80])]
        return [*plain, *(base64.b64encode(one).decode() for one in raw), *(one.hex() for one in raw)]

    @pytest.mark.parametrize("given", [{}, {"root": inline()}, {"key_type": "RSA-2048"}], ids=["generated", "inline", "RSA"])
    @pytest.mark.parametrize("checking", [False, True], ids=["run", "check"])
    def test_no_key_is_in_a_result(self, given: dict[str, Any], checking: bool) -> None:
        cluster = FakeCluster(name="east")
        results = [ca.reconcile(cluster.checking() if checking else cluster, wish(**given))]
        results += [module.reconcile(cluster, wish(**given)) for module in (ca_info, ca)]
        text = json.dumps(results)
        assert "PRIVATE" not in text
        keys = [ROOT.key_pem, held_key(cluster, CACERTS, "ca-key.pem")]
        if not given.get("root"):
            keys.append(held_key(cluster, ROOT_CA, "root-key.pem"))
        assert [form for one in keys for form in self.forms(one) if json.dumps(form)[1:-1] in text] == []

    def test_no_key_is_in_a_refusal(self) -> None:
        for held in (issuer(key=ROOT.key_pem), issuer(certificate=ROOT.key_pem), issuer(key=b"-----BEGIN X-----" + ROOT.key_pem)):
            with pytest.raises(Refused) as refused:
                ca.reconcile(FakeCluster(holding(held), name="east"), wish(root=inline(root(key=OTHER_ROOT.key_pem))))
            text = str(refused.value) + json.dumps(refused.value.facts)
            keys = (ROOT.key_pem, OTHER_ROOT.key_pem)
            assert [form for one in keys for form in self.forms(one) if form in text] == []


def test_an_intermediate_is_dated_by_the_wish() -> None:
    result = ca.reconcile(FakeCluster(name="east"), wish(intermediate_days=90))
    assert result["intermediate"]["not_after"] == (NOW + 90 * DAY).strftime("%Y-%m-%dT%H:%M:%SZ")


class TestACAOfSeveralObjects:
    """The mesh of paper keeps its trust bundle in another object than the key."""

    ISSUER, BUNDLE = Ref("v1", "Secret", "paper-issuer", "paper"), Ref("v1", "ConfigMap", "paper-roots", "paper")

    @pytest.fixture(autouse=True)
    def _known(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(PROVIDERS, "paper", PAPER)

    def made(self, cluster: FakeCluster, **given: Any) -> dict[str, Any]:
        return ca.reconcile(cluster, wish(provider="paper", namespace="paper", root=inline(), **given))

    def test_it_is_made_in_all_of_them_and_kept(self) -> None:
        cluster = FakeCluster(name="east")
        first, again = self.made(cluster), self.made(cluster)
        assert [one["object"] for one in first["changes"]] == [
            "Namespace paper", "ConfigMap paper/paper-roots", "Secret paper/paper-issuer", "Secret paper/paper-start",
        ]  # fmt: skip
        assert (first["action"], first["chain"], again["action"], again["changed"]) == ("issued", True, "kept", False)
        bundle = cluster.get(self.BUNDLE)
        assert bundle
        assert bundle["data"]["roots.pem"].encode() == ROOT.pem

    def test_its_name_lies_in_the_trust_domain_of_the_mesh(self) -> None:
        found = self.made(FakeCluster(name="east"), trust_domain="shop.example")
        assert "identity.paper.shop.example" in found["intermediate"]["sans"]

    def test_check_mode_says_the_same_and_writes_nothing(self) -> None:
        cluster = FakeCluster(name="east")
        changes = [one["object"] for one in self.made(cluster.checking())["changes"]]
        assert changes[1:] == ["ConfigMap paper/paper-roots", "Secret paper/paper-issuer", "Secret paper/paper-start"]
        assert cluster.get(self.BUNDLE) is None

    def test_a_run_that_was_killed_between_two_writes_goes_on(self) -> None:
        cluster = FakeCluster(name="east")
        self.made(cluster)
        cluster.delete([self.ISSUER])
        resumed = self.made(cluster)
        assert [one["object"] for one in resumed["changes"]] == ["Secret paper/paper-issuer"]
        assert (resumed["action"], resumed["chain"], self.made(cluster)["changed"]) == ("issued", True, False)

    def test_a_bundle_of_another_root_is_not_taken_over(self) -> None:
        cluster = FakeCluster(name="east")
        self.made(cluster)
        cluster.delete([self.ISSUER])
        before = len(cluster.writes)
        with pytest.raises(Refused, match="ConfigMap paper/paper-roots exists without a CA and does not trust the mesh's root"):
            ca.reconcile(cluster, wish(provider="paper", namespace="paper", root=inline(root(OTHER_ROOT))))
        assert len(cluster.writes) == before

    def test_another_kind_of_key_than_the_mesh_can_use_is_refused_before_the_first_write(self) -> None:
        cluster = FakeCluster(name="east")
        said = "east: the key_type RSA-2048 is refused, because this mesh cannot use it; use P-256."
        with pytest.raises(Refused, match=f"^{said}$"):
            self.made(cluster, key_type="RSA-2048")
        assert cluster.writes == []
        looked = ca_info.reconcile(cluster, wish(provider="paper", namespace="paper", root=inline(), key_type="RSA-2048"))
        variables = {"mesh_name": "shop", "mesh_provider": "paper", "mesh_version": "1.0.0", "mesh_kube": {"context": "east"},
                     "mesh_network": "one", "mesh_trust_cluster": "east"}  # fmt: skip
        assert FILTERS["_preflight_findings"](["east"], {"east": variables}, ["east"], [{}], [looked], {}, 30) == {"east": [said]}

    def test_a_root_with_a_key_that_the_mesh_cannot_use_is_refused_before_the_first_write(self) -> None:
        """Istio would take this root."""
        cluster, given = FakeCluster(name="east"), inline(root(make("corp", own=key("RSA-2048"))))
        said = "has a key of type RSA 2048, which paper does not carry. Use EC P-256."
        with pytest.raises(Refused, match=f"^The mesh's root: .* {said}$"):
            ca.reconcile(cluster, wish(provider="paper", namespace="paper", root=given))
        assert ca_info.reconcile(cluster, wish(provider="paper", namespace="paper", root=given))["reasons"] == ["unusable_key"]
        assert cluster.writes == []
        assert ca.reconcile(FakeCluster(name="east"), wish(root=given))["action"] == "issued"

    def test_consul_gets_no_ca_that_it_could_not_replace(self) -> None:
        """A real Consul answers the next rotation with HTTP 500 then: tests/consul/test_01_one_server.py."""
        cluster, given = FakeCluster(name="east"), {**inline(root(make("corp", own=key("RSA-2048")))), "kube": {"context": "east"}}
        with pytest.raises(Refused, match=r"RSA 2048, and Consul could never replace such a CA\. Have the CA signed by a key of type EC\.$"):
            ca.reconcile(cluster, wish(provider="consul", namespace="consul", network=None, root=given), connect=lambda *_way, **_how: cluster)
        assert cluster.writes == []
        assert ca.reconcile(FakeCluster(name="east"), wish(root=given))["action"] == "issued"

    def test_a_task_that_names_no_kind_of_key_gets_the_mesh_s(self) -> None:
        assert ca.reconcile(FakeCluster(name="east"), complete(wish(provider="paper", root=inline(), key_type=None)))["intermediate"]["key_type"] == "EC P-256"

    def test_one_without_its_bundle_is_refused(self) -> None:
        cluster = FakeCluster(name="east")
        self.made(cluster)
        cluster.delete([self.BUNDLE])
        with pytest.raises(Refused, match="roots.pem is missing"):
            self.made(cluster)

    def test_an_expired_one_of_ours_gives_way_and_the_bundle_stays(self) -> None:
        cluster = FakeCluster(name="east")
        cluster.apply([PAPER.trust.namespace("paper"), *PAPER.trust.manifests(EXPIRED, "paper", "shop")])
        kept_bundle = cluster.get(self.BUNDLE)
        result = self.made(cluster)
        assert [one["object"] for one in result["changes"]] == ["Secret paper/paper-issuer", "Secret paper/paper-start"]
        assert cluster.get(self.BUNDLE) == kept_bundle
