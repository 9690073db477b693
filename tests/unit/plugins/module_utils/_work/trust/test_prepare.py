# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a mesh needs before it runs is made once, shared where it has to be, and never shown, for the real needs of Consul."""

from __future__ import annotations

import base64
import itertools
import json
import uuid
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import Refused
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.change import Ref
from ansible_collections.meshops.lifecycle.plugins.module_utils._pki import x509
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.trust import ca
from ansible_collections.meshops.lifecycle.tests.unit.support.authorities import NOW, root
from ansible_collections.meshops.lifecycle.tests.unit.support.fake_cluster import FakeCluster
from ansible_collections.meshops.lifecycle.tests.unit.support.ticking import Ticking

OPTIONS = {"source": "generated", "kube": {"context": "east"}, "namespace": "meshops-system", "name": "meshops-root-ca"}
NAMES = ("consul-federation", "consul-tokens", "consul-server-tls", "consul-agent-tls")


class Estate:
    """Two clusters. The first one is the trust cluster."""

    def __init__(self) -> None:
        self.east, self.west = FakeCluster(name="east"), FakeCluster(name="west", uid="22222222-0000-4000-8000-000000000002")

    def made(self, cluster: FakeCluster, dry_run: bool = False, **given: Any) -> dict[str, Any]:
        params = {"provider": "consul", "mesh": "shop", "trust_domain": "shop.example", "namespace": "consul", "network": None, "key_type": "P-256",
                  "intermediate_days": 730, "root_days": 3650, "root": OPTIONS, **given}  # fmt: skip
        one, trusted = (cluster.checking(), self.east.checking()) if dry_run else (cluster, self.east)
        return ca.reconcile(one, params, connect=lambda *_way, **_how: trusted, clock=Ticking(start=NOW))


def data(cluster: FakeCluster, name: str, space: str = "consul") -> dict[str, bytes]:
    secret = cluster.get(Ref("v1", "Secret", name, space))
    assert secret, name
    return {key: base64.b64decode(value) for key, value in secret["data"].items()}


@pytest.fixture
def estate() -> Estate:
    made = Estate()
    made.made(made.east)
    made.made(made.west)
    return made


def test_clusters_share_what_has_to_be_the_same_and_nothing_else(estate: Estate) -> None:
    east, west = ({name: data(cluster, name) for name in NAMES} for cluster in (estate.east, estate.west))
    assert east["consul-federation"] == west["consul-federation"]
    assert {len(base64.b64decode(east["consul-federation"]["gossip"]))} == {32}
    drawn = [secret.pop("workloads") for secret in (east["consul-tokens"], west["consul-tokens"])]
    assert {len(base64.b64decode(value)) for value in drawn} == {32} and len(set(drawn)) == 2  # from which the tokens of sidecars are made
    tokens = [*east["consul-tokens"].values(), *west["consul-tokens"].values(), east["consul-federation"]["replication"]]
    assert len({uuid.UUID(token.decode()) for token in tokens}) == len(tokens) == 7
    assert east["consul-server-tls"]["ca.crt"] == west["consul-server-tls"]["ca.crt"] == west["consul-agent-tls"]["ca.crt"]


def test_a_server_shows_a_certificate_for_its_datacenter_to_both_sides(estate: Estate) -> None:
    held = data(estate.west, "consul-server-tls")
    (leaf,), (authority,) = x509.bundle(held["tls.crt"]), x509.bundle(held["ca.crt"])
    assert {"server.west.consul", "*.server.west.consul", "*.consul-server.consul.svc", "127.0.0.1"} <= set(leaf.hosts)
    assert leaf.extended_key_usage == {"serverAuth", "clientAuth"}
    assert (leaf.issuer, authority.self_signed) == (authority.subject, True)
    assert "client.west.consul" in x509.bundle(data(estate.west, "consul-agent-tls")["tls.crt"])[0].hosts


def test_the_agents_do_not_trust_what_signs_workloads(estate: Estate) -> None:
    signing = x509.bundle(data(estate.west, "consul-connect-ca")["chain.pem"])
    assert x509.bundle(data(estate.west, "consul-server-tls")["ca.crt"])[0].fingerprint not in {one.fingerprint for one in signing}


def test_the_key_of_the_agents_ca_stays_on_the_trust_cluster(estate: Estate) -> None:
    kept = data(estate.east, "shop-consul-agents-ca", "meshops-system")
    everything = json.dumps([estate.west.get(Ref("v1", "Secret", name, "consul")) for name in (*NAMES, "consul-connect-ca")])
    assert b"PRIVATE KEY" in kept["root-key.pem"]
    assert base64.b64encode(kept["root-key.pem"]).decode() not in everything


def test_a_second_run_changes_nothing(estate: Estate) -> None:
    before = {name: data(estate.west, name) for name in NAMES}
    assert [estate.made(cluster)["changed"] for cluster in (estate.east, estate.west)] == [False, False]
    assert {name: data(estate.west, name) for name in NAMES} == before


def test_a_lost_secret_comes_back_with_what_is_shared(estate: Estate) -> None:
    gossip = data(estate.west, "consul-federation")
    estate.west.delete([Ref("v1", "Secret", name, "consul") for name in NAMES])
    result = estate.made(estate.west)
    assert [one["object"] for one in result["changes"]] == [f"Secret consul/{name}" for name in NAMES]
    assert data(estate.west, "consul-federation") == gossip


def test_a_key_that_is_missing_is_added_and_the_others_stay(estate: Estate) -> None:
    ref = Ref("v1", "Secret", "consul-tokens", "consul")
    live, before = estate.west.get(ref), data(estate.west, "consul-tokens")
    assert live
    estate.west.amend(live, {"data": {"gateway": None}})
    estate.made(estate.west)
    after = data(estate.west, "consul-tokens")
    assert {key: after[key] for key in ("agent", "management")} == {key: before[key] for key in ("agent", "management")}
    assert after["gateway"] != before["gateway"]


def test_check_mode_says_what_would_be_made_and_stores_nothing() -> None:
    estate = Estate()
    result = estate.made(estate.west, dry_run=True)
    assert [one["object"] for one in result["changes"]][-2:] == ["Secret meshops-system/shop-consul-agents-ca", "Secret consul/consul-agent-tls"]
    assert not [cluster for cluster in (estate.east, estate.west) if cluster.get(Ref("v1", "Namespace", "consul"))]


def test_a_run_that_is_killed_between_two_writes_goes_on() -> None:
    """After each write of a run, another one makes the rest, and both clusters share one key."""
    whole = Estate()
    writes = len(whole.made(whole.west)["changes"])
    for left in range(1, writes):
        estate = Estate()
        counted = itertools.count(1)

        def dies(_live: dict[str, Any], left: int = left, counted: Any = counted) -> None:
            if next(counted) == left:
                raise KeyboardInterrupt

        for cluster in (estate.east, estate.west):
            cluster.backend.react = dies
        with pytest.raises(KeyboardInterrupt):
            estate.made(estate.west)
        for cluster in (estate.east, estate.west):
            cluster.backend.react = lambda _live: None
        estate.made(estate.west)
        estate.made(estate.east)
        assert estate.made(estate.west)["changed"] is False
        assert data(estate.east, "consul-federation") == data(estate.west, "consul-federation")


def test_nothing_secret_is_in_the_result(estate: Estate) -> None:
    shown = json.dumps(Estate().made(FakeCluster(name="north")))
    estate.west.delete([Ref("v1", "Secret", name, "consul") for name in NAMES])
    shown += json.dumps(estate.made(estate.west))
    secrets = [*data(estate.west, "consul-tokens").values(), *data(estate.west, "consul-federation").values()]
    assert not [secret for secret in secrets if secret.decode() in shown or base64.b64encode(secret).decode() in shown]
    assert "PRIVATE KEY" not in shown


def test_without_a_place_for_what_is_shared_nothing_is_written() -> None:
    made = root()
    inline = {"source": "inline", "certificate": made.certificate.decode(), "private_key": made.key.decode()}
    estate = Estate()
    with pytest.raises(Refused, match="^west: mesh_trust_cluster is not set. Name the cluster that keeps what the clusters of the mesh shop share"):
        estate.made(estate.west, root=inline)
    assert estate.west.writes == []


def test_a_shared_secret_that_lost_a_part_is_refused_and_not_drawn_anew(estate: Estate) -> None:
    kept = estate.east.get(Ref("v1", "Secret", "shop-consul-federation", "meshops-system"))
    assert kept
    estate.east.amend(kept, {"data": {"gossip": None}})
    estate.west.delete([Ref("v1", "Secret", "consul-federation", "consul")])
    with pytest.raises(Refused, match="east: Secret meshops-system/shop-consul-federation lacks gossip, which the clusters of the mesh share"):
        estate.made(estate.west)


def test_two_meshes_on_one_trust_cluster_share_nothing(estate: Estate) -> None:
    other = FakeCluster(name="north")
    estate.made(other, mesh="bank", root={**OPTIONS, "name": "bank-root"})
    assert data(other, "consul-federation")["gossip"] != data(estate.west, "consul-federation")["gossip"]
