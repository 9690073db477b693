# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rotation of the CA of servers and agents, in two datacenters that speak to each other. All of them are stand-ins: this was not run against a real Consul.

The stand-ins fail as soon as anybody shows a certificate that somebody else does not trust, which is what a rotation must never bring about.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.change import Ref
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.trust import root_secret
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.trust.prepared import TRUSTED
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.trust.root_secret import decoded, encoded
from ansible_collections.meshops.lifecycle.plugins.module_utils._pki import x509
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.names import AGENT, GATEWAY, PROXY, SERVER, selector
from ansible_collections.meshops.lifecycle.tests.unit.plugins.module_utils._providers.consul.rotation import test_agents_tls
from ansible_collections.meshops.lifecycle.tests.unit.plugins.module_utils._providers.consul.rotation.test_agents_tls import CA, HELD, PORTS, SPACE, Turning
from ansible_collections.meshops.lifecycle.tests.unit.support.stepping import Fuse, Killed, Stopped, fused

KEPT, AIM = (Ref("v1", "Secret", f"shop-{name}", "meshops-system") for name in ("consul-agents-ca", "rotation-agents-ca"))
IDENTITY = Ref("v1", "Secret", "cart-consul", "shop")
STEPS = ["trust", "trust-reload", "trust-restart", "issue", "issue-reload", "issue-restart", "drop", "drop-reload", "drop-restart"]
_MARK = "meshops.lifecycle/renewed-agents-ca"


@lru_cache(maxsize=4096)
def trusted(leaf: bytes, bundle: bytes) -> bool:
    return any(x509.issued_by(leaf, ca.pem) for ca in x509.bundle(bundle))


def deployment(name: str, space: str, labels: dict[str, str]) -> dict[str, Any]:
    status = {"observedGeneration": 1, "replicas": 1, "updatedReplicas": 1, "availableReplicas": 1}
    meta = {"name": name, "namespace": space, "labels": selector("mesh-gateway") if name == GATEWAY else {}, "generation": 1}
    template = {"metadata": {"labels": labels}}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta, "spec": {"replicas": 1, "template": template}, "status": status}


class Datacenter(test_agents_tls.Datacenter):
    """Servers, agents, a gateway, and a workload with a sidecar. `trusts` is what each port of an agent trusts, and `envoys` what each Envoy does.

    An Envoy trusts the CAs with which its pod started.
    """

    def __init__(self, deaf: Sequence[int] = ()) -> None:
        self.mesh: list[Datacenter] = []
        self.trusts: dict[str, dict[int, bytes]] = {}
        self.marks: dict[str, str] = {}
        self.rolled: list[str] = []
        self.envoys = {GATEWAY: CA.certificate, "cart": CA.certificate}
        super().__init__(deaf)
        self.trusts = {name: dict.fromkeys(ports, CA.certificate) for name, ports in self.used.items()}
        identity = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": IDENTITY.name, "namespace": "shop"}, "type": "Opaque",
                    "data": {"ca.crt": encoded(CA.certificate), "token": encoded(b"t0ken-of-the-cart")}}  # fmt: skip
        workloads = (deployment(GATEWAY, SPACE, selector("mesh-gateway")), deployment("cart", "shop", {PROXY: "cart"}), deployment("till", "shop", {}))
        for one in (*workloads, identity):
            self.backend.seed(one)
        self.mesh = [self]

    def react(self, live: dict[str, Any]) -> None:
        noted = (((live.get("spec") or {}).get("template") or {}).get("metadata") or {}).get("annotations") or {}
        mark, name = noted.get(_MARK), live["metadata"]["name"]
        live.get("status", {}).update({"observedGeneration": live["metadata"].get("generation")} if live["kind"] != "Pod" else {})
        if not mark or self.marks.get(name) == mark:
            return
        self.marks[name] = mark
        if live["kind"] == "StatefulSet":
            self.revision = f"for-{mark}"
            live["status"]["updateRevision"] = self.revision
        elif live["kind"] == "DaemonSet":
            self.daemons += 1
            for number in range(2):
                self.load(f"{AGENT}-{number}", "client")
        else:
            self.rolled.append(name)
            self.envoys[name] = self.now_held("client", "ca.crt") if name == GATEWAY else self.of_identity()

    def of_identity(self) -> bytes:
        return decoded((self.get(IDENTITY) or {})["data"]["ca.crt"])

    def load(self, name: str, component: str, deaf: Sequence[int] = ()) -> None:
        super().load(name, component, deaf)
        self.trusts[name] |= {port: self.now_held(component, "ca.crt") for port in PORTS[component] if port not in deaf}
        self.nobody_is_refused()

    def nobody_is_refused(self) -> None:
        shown = {leaf for one in self.mesh for ports in one.used.values() for leaf in ports.values()}
        for one in self.mesh:
            own = {leaf for ports in one.used.values() for leaf in ports.values()}
            lost = [name for name, ports in one.trusts.items() for bundle in ports.values() if not all(trusted(leaf, bundle) for leaf in shown)]
            lost += [name for name, bundle in one.envoys.items() if not all(trusted(leaf, bundle) for leaf in own)]
            assert not lost, f"{lost} would refuse somebody"

    def settled(self) -> None:
        kept = self.mesh[0].get(KEPT) or {}
        ca = root_secret.read(kept).certificate
        assert ca != CA.certificate
        assert TRUSTED not in kept["data"]
        assert not (self.mesh[0].get(AIM) or {}).get("data")
        for component, secret in HELD.items():
            live = self.get(Ref("v1", "Secret", secret, SPACE)) or {}
            assert sorted(live["data"]) == ["ca.crt", "tls.crt", "tls.key"]
            assert self.now_held(component, "ca.crt") == ca
            assert x509.issued_by(self.now_held(component), ca)
            own = [ports for name, ports in self.used.items() if name.startswith(SERVER) == (component == "server")]
            assert {leaf for ports in own for leaf in ports.values()} == {self.now_held(component)}
        assert {bundle for ports in self.trusts.values() for bundle in ports.values()} == {ca}
        assert self.of_identity() == ca
        assert self.rolled == [GATEWAY, "cart"], "each restarts once, and what has no sidecar does not"


def two(deaf: Sequence[int] = ()) -> dict[str, Datacenter]:
    """Both have the same CA, which the first one keeps."""
    made = {name: Datacenter(deaf) for name in ("east", "west")}
    for name, one in made.items():
        one.name, one.mesh = name, list(made.values())
    return made


def steps(clusters: dict[str, Datacenter], timeout: int = 90) -> Turning:
    return Turning(clusters, "consul", "agents-ca", SPACE, timeout=timeout, may_restart=True)


@pytest.mark.parametrize("deaf", [(), (8503,)], ids=["reloaded", "restarted"])
def test_all_end_under_the_next_ca_and_nobody_ever_refuses_another(deaf: Sequence[int]) -> None:
    clusters = two(deaf)
    assert steps(clusters).run()["steps"] == STEPS
    for one in clusters.values():
        one.settled()
        assert (len(one.restarted), one.daemons) == ((9, 3) if deaf else (0, 0))
    assert len({root_secret.read(clusters["east"].get(KEPT) or {}).certificate, *(one.now_held("server", "ca.crt") for one in clusters.values())}) == 1


def test_a_second_run_does_nothing_and_a_later_one_brings_another_ca() -> None:
    clusters = two()
    steps(clusters).run()
    first, writes = clusters["west"].now_held("server", "ca.crt"), [len(one.writes) for one in clusters.values()]
    again = steps(clusters)
    again.may_restart = False
    assert again.run(3600)["done"]
    assert [len(one.writes) for one in clusters.values()] == writes
    for one in clusters.values():
        one.rolled.clear()
    steps(clusters).run()
    for one in clusters.values():
        one.settled()
    assert clusters["west"].now_held("server", "ca.crt") != first


def test_workloads_that_may_not_restart_refuse_it_before_anything_is_written() -> None:
    clusters = two()
    turning = steps(clusters)
    turning.may_restart = False
    with pytest.raises(Stopped, match=r"east: Sidecars take another CA .* start: those of Deployment shop/cart\. Allow .* rotate_restart=true"):
        turning.run()
    assert [one.writes for one in clusters.values()] == [[], []]


@pytest.mark.parametrize(("step", "both", "of_the_next"), [("trust-reload", True, False), ("issue-reload", True, True), ("drop-reload", False, True)])
def test_what_a_cluster_that_joins_meanwhile_is_given(step: str, both: bool, of_the_next: bool) -> None:
    """The trust cluster learns each step first: whoever joins trusts what the others show, and shows what the others trust."""
    clusters = two()
    steps(clusters).run(until=step)
    kept = clusters["east"].get(KEPT) or {}
    present, trusted_then = root_secret.read(kept).certificate, decoded(kept["data"].get(TRUSTED))
    assert (present != CA.certificate, len(x509.bundle(trusted_then)) == 2) == (of_the_next, both)
    shown = {leaf for one in clusters.values() for ports in one.used.values() for leaf in ports.values()}
    assert all(trusted(leaf, trusted_then or present) for leaf in shown)


def killed(deaf: Sequence[int]) -> Iterator[tuple[dict[str, Datacenter], Fuse]]:
    whole = Fuse()
    clusters = two(deaf)
    for one in clusters.values():
        fused(one.transport, lambda: whole)
    steps(clusters).run()
    for number in range(1, whole.burnt + 1):
        fuse, clusters = Fuse(number), two(deaf)
        for one in clusters.values():
            fused(one.transport, lambda fuse=fuse: fuse)
        yield clusters, fuse


# Begin and end, and the trust cluster's CA in each of three steps. In each cluster two Secrets in each of them, the gateway, the workload's Secret before
# and after, its restart, and the note that its Secret has the CA.
WRITES = 5 + 2 * (6 + 1 + 2 + 2)


def test_a_run_that_is_killed_after_any_write_goes_on() -> None:
    number = 0
    for clusters, fuse in killed(()):
        number += 1
        with pytest.raises(Killed):
            steps(clusters).run()
        fuse.left = None
        steps(clusters).run(3600)
        for one in clusters.values():
            one.settled()
    assert number == WRITES


def test_another_rotation_of_certificates_that_is_half_done_comes_first() -> None:
    clusters = two()
    Turning(clusters, "consul", "agents", SPACE, timeout=90).run(until="settle")
    writes = [len(one.writes) for one in clusters.values()]
    with pytest.raises(Stopped, match="hold a certificate that another rotation has not put in its place yet. Run that rotation to its end first"):
        steps(clusters).run()
    assert [len(one.writes) for one in clusters.values()] == writes


def test_a_certificate_that_never_arrives_stops_it_before_anybody_is_given_one_of_the_next_ca() -> None:
    clusters = two()
    clusters["west"].arrives = 10_000
    with pytest.raises(Stopped, match=rf"stops after trust-reload: west cannot be judged: .*{SERVER}-0 does not show its new certificate on port 8501 yet"):
        steps(clusters, timeout=20).run()
    assert not [one for one in clusters.values() if not x509.issued_by(one.now_held("server"), CA.certificate)]
    assert [one.rolled for one in clusters.values()] == [[], []]


def test_no_key_is_shown() -> None:
    clusters = two()
    turning = steps(clusters)
    turning.run()
    shown = json.dumps(turning.results, default=repr)
    keys = [one.now_held(component, "tls.key") for one in clusters.values() for component in HELD]
    keys.append(root_secret.read(clusters["east"].get(KEPT) or {}).key)
    assert not [key for key in keys if key.decode().splitlines()[1] in shown or encoded(key) in shown]
