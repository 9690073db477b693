# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The health of a mesh, read from a cluster in memory and from what its istiod says."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.http.answer import Answer
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import NotReady, Refused, Unreachable
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.wish import ControlPlane
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.change import Ref
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.install import tags
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.trust import trust
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.health import mesh_info as work
from ansible_collections.meshops.lifecycle.plugins.modules import mesh_info
from ansible_collections.meshops.lifecycle.tests.unit.support import istio_cutover as cutover
from ansible_collections.meshops.lifecycle.tests.unit.support import istio_live as istio
from ansible_collections.meshops.lifecycle.tests.unit.support import istio_planes as planes_of
from ansible_collections.meshops.lifecycle.tests.unit.support.authorities import EAST, ROOT, issuer
from ansible_collections.meshops.lifecycle.tests.unit.support.fake_cluster import FakeCluster
from ansible_collections.meshops.lifecycle.tests.unit.support.ticking import Ticking

POD = "istiod-stable-7d9f"
SYNCZ = (istio.NAMESPACE, POD, 15014, "/debug/syncz")
EXPECTED = {"revision": "stable", "network": "on-prem", "role": "primary", "gateway": True, "remotes": {"west": "aws"}}
READY = [istio.namespace(), istio.deployment(), istio.pod(POD), *istio.gateway(), istio.link("west")]


def told(remotes: str | None = None, networks: str | None = None, pod: str = POD) -> dict[Any, Any]:
    texts = {
        "clusterz": remotes or istio.clusterz(west="synced"),
        "networkz": networks or istio.networkz(aws="192.0.2.20", on_prem="192.0.2.10"),
        "syncz": json.dumps([istio.synced("client-5c8f.app")]),
    }
    return {(istio.NAMESPACE, pod, 15014, f"/debug/{path}"): text.encode() for path, text in texts.items()}


def healthy(**change: Any) -> FakeCluster:
    return FakeCluster(*READY, **{"answers": told(), **change})


def ask(cluster: FakeCluster, **params: Any) -> dict[str, Any]:
    known = {"provider": "istio", "namespace": istio.NAMESPACE, "expected": EXPECTED, "config": False, "leftovers_of": None, "wait": False, "wait_timeout": 60}
    return mesh_info.reconcile(cluster, {**known, **params})


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Ticking:
    ticking = Ticking()
    monkeypatch.setattr(work, "SystemClock", lambda: ticking)
    return ticking


class TestFacts:
    def test_all_of_them_of_a_healthy_cluster(self) -> None:
        wish = ControlPlane("east", "shop", version="1.30.0", revision="stable", tags=["default"], namespace="istio-system")
        validator = {"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration",
                     "metadata": {"name": "istiod-default-validator", "labels": {"app": "istiod", "istio.io/rev": "stable"}}}  # fmt: skip
        cluster = FakeCluster(*READY, *tags.manifests(wish), validator, answers=told())
        assert ask(cluster, expected={**EXPECTED, "tags": ["default"]}) == {
            "changed": False,
            "cluster": "east",
            "findings": [],
            "planes": [{"revision": "stable", "version": "1.29.0", "desired": 1, "ready": 1, "reason": "", "lasting": False}],
            "remotes": [{"pod": POD, "cluster": "west", "status": "synced"}],
            "gateways": [{
                "name": "istio-eastwestgateway", "namespace": "istio-system", "network": "on-prem", "desired": 1, "ready": 1,
                "addresses": ["192.0.2.10"], "reason": "", "lasting": False,
            }],
            "links": ["west"],
            "reachable_networks": ["aws", "on-prem"],
            "proxies": [{"name": "client-5c8f", "namespace": "app", "version": "1.29.0", "stale": [], "revision": "stable"}],
            "answered": [POD],
            "unanswered": [],
            "served_by": "",
            "tags": [{"name": "default", "webhook": "stable", "service": "stable", "lacks": "", "webhook_from": "", "service_from": ""}],
            "default_revision": "stable",
            "kept": [],
            "faults": [],
            "quorum": None,
            "catalogues": (),
            "agents": None,
            "trust": {},
        }
        assert cluster.writes == []

    def test_an_empty_cluster_has_none_and_nothing_is_expected_of_it(self) -> None:
        result = ask(FakeCluster(), expected=None)
        assert (result["findings"], result["planes"], result["gateways"], result["links"], result["trust"]) == ([], [], [], [], {})

    def test_what_is_in_other_namespaces_is_not_looked_at(self) -> None:
        other = istio.deployment()
        other["metadata"] = {**other["metadata"], "namespace": "elsewhere"}
        assert ask(FakeCluster(other))["planes"] == []

    def test_the_certificates_are_told_and_the_key_is_not(self) -> None:
        secret, = trust.manifests(issuer(), istio.NAMESPACE)
        result = ask(FakeCluster(*READY, secret, answers=told()))
        assert result["trust"]["root"]["subject"] == ROOT.raw.subject.rfc4514_string()
        assert result["trust"]["intermediate"]["subject"] == EAST.raw.subject.rfc4514_string()
        text = json.dumps(result)
        lines = EAST.key_pem.decode().splitlines()[1:-1]
        assert not any(line in text for line in [*lines, base64.b64encode(EAST.key_pem).decode()[:60]])

    def test_what_users_configured_is_counted_without_what_is_ours(self) -> None:
        def routing(name: str, **labels: str) -> dict[str, Any]:
            return {"apiVersion": "networking.istio.io/v1", "kind": "VirtualService", "metadata": {"name": name, "namespace": "app", "labels": labels}}

        theirs = {**istio.deployment(), "metadata": {"name": "kiali", "namespace": istio.NAMESPACE}}
        ours = routing("istiod-vs", **{"app.kubernetes.io/managed-by": "meshops.lifecycle"})
        cluster = FakeCluster(*READY, routing("a"), routing("b"), ours, theirs, answers=told())
        assert ask(cluster, config=True)["config"] == {"VirtualService": 2, "Deployment": 1}
        assert "config" not in ask(cluster)


class TestLeftovers:
    """istiod writes objects into every namespace and never removes them."""

    @staticmethod
    def handed_out(name: str = "istio-ca-root-cert", place: str = "shop", **labels: str) -> dict[str, Any]:
        labels = labels or {"istio.io/config": "true"}
        return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": place, "labels": labels}, "data": {"root-cert.pem": "-"}}

    @staticmethod
    def injector(revision: str, place: str = istio.NAMESPACE) -> dict[str, Any]:
        labels = {"app": "sidecar-injector", "istio.io/rev": revision}
        meta = {"name": f"istio-sidecar-injector-{revision}-{place}", "labels": labels}
        hooks = [{"name": "object.sidecar-injector.istio.io", "clientConfig": {"service": {"namespace": place, "name": "istiod"}}}]
        return {"apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingWebhookConfiguration", "metadata": meta, "webhooks": hooks}

    def found(self, *objects: dict[str, Any]) -> list[str]:
        left = ask(FakeCluster(*objects), expected=None, leftovers_of="stable")["leftovers"]
        return sorted(f"{one['metadata']['namespace']}/{one['metadata']['name']}" for one in left)

    def test_are_found_in_all_namespaces_and_only_by_name_and_label(self) -> None:
        theirs = [self.handed_out("settings"), self.handed_out(place="else", app="x"), self.handed_out("istio-ca-crl", "else", **{"istio.io/config": "no"})]
        ours = [self.handed_out(), self.handed_out("istio-ca-crl"), self.handed_out(place="kube-system")]
        assert self.found(*ours, *theirs) == ["kube-system/istio-ca-root-cert", "shop/istio-ca-crl", "shop/istio-ca-root-cert"]

    @pytest.mark.parametrize(("hook", "kept"), [
        pytest.param(("stable",), False, id="its own, in check mode"),
        pytest.param(("canary",), True, id="another revision"),
        pytest.param(("stable", "mesh-b"), True, id="a mesh in another namespace"),
    ])
    def test_are_kept_while_another_control_plane_uses_them(self, hook: tuple[str, ...], kept: bool) -> None:
        assert self.found(self.handed_out(), self.injector(*hook)) == ([] if kept else ["shop/istio-ca-root-cert"])

    def test_are_asked_for_of_a_mesh_without_revisions_too(self) -> None:
        assert ask(FakeCluster(), expected=None, leftovers_of="")["leftovers"] == []

    def test_are_not_looked_for_unless_asked(self) -> None:
        assert "leftovers" not in ask(FakeCluster(self.handed_out()))


class TestFindings:
    @pytest.mark.parametrize(("change", "words"), [
        pytest.param({"answers": told(istio.clusterz(west="timeout"))}, "has not synced the cluster west (its status is timeout)", id="not synced"),
        pytest.param({"answers": told(istio.clusterz())}, "does not know the cluster west", id="not known"),
        pytest.param({"answers": told(networks=istio.networkz(on_prem="192.0.2.10"))}, "no gateway of the network aws", id="no way there"),
        pytest.param({"answers": {}}, f"{POD}/debug/clusterz did not answer", id="no answer"),
        pytest.param({"answers": {**told(), SYNCZ: Answer(401, b"[]")}}, "/debug/syncz did not answer", id="an answer that refuses"),
        pytest.param({"answers": {**told(), SYNCZ: Unreachable("gone")}}, "/debug/syncz did not answer", id="an error"),
    ])
    def test_what_is_not_as_expected_is_a_finding_and_no_failure(self, change: dict[str, Any], words: str) -> None:
        assert any(words in finding for finding in ask(healthy(**change))["findings"])

    def test_every_replica_is_asked(self) -> None:
        answers = {**told(), **told(istio.clusterz(west="syncing"), pod="istiod-stable-2")}
        cluster = FakeCluster(*READY, istio.pod("istiod-stable-2"), answers=answers)
        look = "check whether this cluster reaches west's API server, and whether mesh_api_ca must name its CA."
        assert ask(cluster)["findings"] == [
            "east: istiod-stable-2 has not synced the cluster west (its status is syncing); " + look
        ]


class TestWaiting:
    def test_ends_as_soon_as_all_is_as_expected(self, clock: Ticking) -> None:
        cluster = healthy(answers=told(istio.clusterz(west="syncing")))
        clock.meanwhile = lambda passed: passed == 3 and cluster.answers.update(told())
        assert ask(cluster, wait=True)["findings"] == []
        assert clock.passed == 3

    def test_ends_in_a_failure_with_each_finding(self, clock: Ticking) -> None:
        with pytest.raises(NotReady) as failed:
            ask(FakeCluster(), wait=True)
        assert str(failed.value).startswith("east: not ready after 60 s: the control plane stable is not installed; ")
        assert len(failed.value.facts["findings"]) == 2
        assert clock.passed >= 60

    @pytest.mark.parametrize("part", ["control plane", "gateway"])
    def test_is_given_up_early_where_somebody_has_to_mend_it(self, clock: Ticking, part: str) -> None:
        waiting = {"reason": "ImagePullBackOff", "message": "Back-off pulling image"}
        pod = istio.pod(ready=False, phase="Pending", waiting=waiting)
        objects = [istio.namespace(), istio.deployment(ready=None), pod, *istio.gateway()]
        if part == "gateway":
            pod["metadata"]["labels"] = {"istio": "eastwestgateway", "istio.io/rev": "stable"}
            objects = [istio.namespace(), istio.deployment(), istio.pod(POD), pod | {"metadata": {**pod["metadata"], "name": "gw-1"}}, *istio.gateway(ready=0)]
        with pytest.raises(NotReady) as failed:
            ask(FakeCluster(*objects, answers=told()), wait=True, wait_timeout=300)
        assert str(failed.value).startswith("east: not ready after 30 s, and waiting longer will not help; somebody has to repair it: the ")
        assert "0 of 1 replicas ready: ImagePullBackOff Back-off pulling image." in str(failed.value)
        assert clock.passed == 30

    def test_is_left_out_in_check_mode(self, clock: Ticking) -> None:
        assert len(ask(FakeCluster(dry_run=True), wait=True)["findings"]) == 2
        assert clock.passed == 0

    def test_is_not_needed_where_nothing_is_expected(self, clock: Ticking) -> None:
        assert ask(FakeCluster(), wait=True, expected=None)["findings"] == []
        assert clock.passed == 0


class TestNotices:
    """Notices, on a day on which Istio 1.29 has been out of support for a long time."""

    OLD = istio.deployment(image="registry.istio.io/release/pilot:1.29.0")

    def test_what_will_not_last_is_told_and_is_no_finding(self) -> None:
        cluster = FakeCluster(*(self.OLD if one == istio.deployment() else one for one in READY), answers=told())
        result = ask(cluster, notices=True, led=[])
        assert result["findings"] == []
        assert [told.split(";")[0].split(",")[0] for told in result["notices"]] == [
            "east: Istio 1.29 has been out of support since 2026-10-12",
            "east: 1 Deployment names registry.istio.io (istio-system/istiod-stable: registry.istio.io/release/pilot:1.29.0)",
        ]
        assert cluster.writes == []

    def test_of_a_registry_that_the_nodes_have_a_mirror_of_nothing_is_said(self) -> None:
        cluster = FakeCluster(*(self.OLD if one == istio.deployment() else one for one in READY), answers=told())
        assert len(ask(cluster, notices=True, led=["registry.istio.io"])["notices"]) == 1

    def test_nobody_asks_for_more_than_is_wished(self) -> None:
        cluster = healthy()
        assert "notices" not in ask(cluster)
        assert "GET /apis/apps/v1/daemonsets" not in cluster.transport.requests


class TestFollowers:
    def test_who_follows_what_and_what_a_cutover_left(self) -> None:
        spaces = [cutover.space("default"), cutover.space("shop", **{"istio.io/rev": "prod"}), cutover.space("turned", **{"istio.io/rev": "green"})]
        there = cutover.World.of(spaces, [], {"prod": "blue"})
        there.live["Namespace"][-1]["metadata"]["annotations"] = {"meshops.lifecycle/cutover-former": "istio.io/rev=prod"}
        answers = {**cutover.said(there), (istio.NAMESPACE, "istiod-green-1", 15014, "/debug/syncz"): json.dumps([istio.synced("a-1.turned")]).encode()}
        seen = FakeCluster(*cutover.stored(there), answers=answers)
        told = ask(seen, followers=True)
        counts = {"blue": {"namespaces": 1, "proxies": 0}, "green": {"namespaces": 1, "proxies": 1}}
        assert told["followed"] == {"revisions": counts, "turned": 1, "pinned": 0, "leaders": []}
        (said,) = told["notices"]
        assert said.startswith("east: a cutover to green is half done, with 1 namespace turned there and not given the former labels back (turned); run")
        assert not [request for request in seen.transport.requests if request.endswith("/api/v1/pods")]

    def test_only_who_asks_is_told(self) -> None:
        assert {"followed", "shares"} & ask(healthy()).keys() == set()


class TestPlanes:
    def test_who_gets_how_much_and_what_is_half_done(self) -> None:
        there = planes_of.live()
        there["ServiceEntry"][0]["spec"]["endpoints"] += [{"address": "10.0.0.2", "weight": 1}]
        seen = FakeCluster(*(one for kind in there.values() for one in kind))
        told = ask(seen, planes=planes_of.DECLARED)
        assert [(one["plane"], [colour["shares"] for colour in one["colours"]]) for one in told["shares"]] == [
            ("ingress", [[100], [0]]), ("application", [[100], [0]]), ("egress", [[50], [50]]),
        ]  # fmt: skip
        (said,) = told["notices"]
        assert said.startswith("east: a cutover of the plane egress is half done: ServiceEntry planes/outside gives green 50 percent; run meshops.lifecycle.")
        assert seen.writes == []

    def test_a_plane_that_may_not_be_read_is_a_notice(self, monkeypatch: pytest.MonkeyPatch) -> None:
        there = planes_of.live()
        seen = FakeCluster(*(one for kind in there.values() for one in kind))
        get = seen.get

        def refused(ref: Ref) -> dict[str, Any] | None:
            if ref.kind == "ServiceEntry":
                raise Refused("east: the credential may not get serviceentries.")
            return get(ref)

        monkeypatch.setattr(seen, "get", refused)
        told = ask(seen, planes=planes_of.DECLARED)
        assert [one["plane"] for one in told["shares"]] == ["ingress", "application"]
        assert told["notices"] == ["east: who serves the plane egress could not be read: the credential may not get serviceentries."]

    def test_what_is_wrong_with_the_declaration_is_refused(self) -> None:
        with pytest.raises(Refused, match="it has no control plane; declare blue"):
            ask(FakeCluster(), planes={"ingress": {}})
