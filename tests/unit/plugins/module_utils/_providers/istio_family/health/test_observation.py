# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.health.health import ControlPlaneRevision, Gateway, HealthFacts, Proxy, Remote
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.health.revision_tag import Tag
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.wish import ControlPlane
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.question import Question
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.health import observation
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.install import tags
from ansible_collections.meshops.lifecycle.tests.unit.support import istio_live as istio

POD = "istiod-stable-7d9f"


def live(*objects: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for one in objects:
        found.setdefault(one["kind"], []).append(one)
    return found


def seen(*objects: dict[str, Any], **answers: str | None) -> HealthFacts:
    """The facts from these objects and the answers of POD."""
    posed = {question.about: question for question in observation.questions(live(istio.pod(POD)))}
    return observation.health("east", live(*objects), {posed[about]: text for about, text in answers.items()})


class TestReads:
    def test_the_content_of_secrets_is_not_read(self) -> None:
        assert {read.metadata_only for read in observation.reads("mesh") if read.kind == "Secret"} == {True}

    def test_only_what_lives_in_no_namespace_is_read_outside_of_it(self) -> None:
        assert [read.kind for read in observation.reads("mesh") if read.namespace != "mesh"] == [
            "Node", "Namespace", "MutatingWebhookConfiguration", "ValidatingWebhookConfiguration",
        ]

    def test_what_users_configured_is_counted_without_its_content(self) -> None:
        assert all(read.metadata_only for read in observation.config("mesh"))

    @pytest.mark.parametrize(("labels", "ours"), [
        ({"app.kubernetes.io/managed-by": "meshops.lifecycle"}, True),
        ({"app": "istiod"}, True),
        ({"istio": "eastwestgateway"}, True),
        ({"istio": "ingressgateway"}, False),
        (None, False),
    ])
    def test_what_is_not_counted_is_our_own(self, labels: dict[str, str] | None, ours: bool) -> None:
        assert observation.ours({"metadata": {"labels": labels}}) is ours


class TestQuestions:
    def test_each_istiod_is_asked_three_things_at_its_debug_port(self) -> None:
        assert observation.questions(live(istio.pod(POD))) == [
            Question("remotes", "istio-system", POD, 15014, "/debug/clusterz"),
            Question("networks", "istio-system", POD, 15014, "/debug/networkz"),
            Question("proxies", "istio-system", POD, 15014, "/debug/syncz"),
        ]

    @pytest.mark.parametrize("pod", [
        istio.pod(phase="Pending"),
        istio.pod(ready=False),
        {**istio.pod(), "metadata": {**istio.pod()["metadata"], "deletionTimestamp": "2026-08-27T12:00:00Z"}},
        {**istio.pod(), "status": {}},
    ], ids=["pending", "not ready", "going", "new"])
    def test_one_that_does_not_serve_is_not_asked(self, pod: dict[str, Any]) -> None:
        assert observation.questions(live(pod)) == []


class TestPlanes:
    @pytest.mark.parametrize(("found", "plane"), [
        pytest.param(istio.deployment(), ControlPlaneRevision("stable", "1.29.0", 1, 1), id="ready"),
        pytest.param(istio.deployment("default", 3, 2), ControlPlaneRevision("default", "1.29.0", 3, 2), id="the default revision"),
        pytest.param(istio.deployment(replicas=0, ready=None), ControlPlaneRevision("stable", "1.29.0", 0, 0), id="scaled to none"),
        pytest.param(
            istio.deployment(image="localhost:5000/istio/pilot:1.32-dev"), ControlPlaneRevision("stable", "1.32-dev", 1, 1), id="a registry with a port"
        ),
        pytest.param(
            istio.deployment(image="r.example/pilot:1.29.0@sha256:0a1b"), ControlPlaneRevision("stable", "1.29.0", 1, 1), id="a digest behind the tag"
        ),
        pytest.param(
            istio.deployment(image="r.example:5000/pilot@sha256:0a1b"), ControlPlaneRevision("stable", "pilot", 1, 1), id="a digest instead of a tag"
        ),
    ])
    def test_a_control_plane_is(self, found: dict[str, Any], plane: ControlPlaneRevision) -> None:
        assert seen(found).planes == [plane]

    def test_why_a_replica_waits_is_what_its_own_pod_says(self) -> None:
        waiting = {"reason": "ImagePullBackOff", "message": "Back-off pulling image"}
        found = seen(istio.deployment(ready=0), istio.pod("old", "canary", waiting={"reason": "CrashLoopBackOff"}), istio.pod(ready=False, waiting=waiting))
        assert found.planes[0].reason == "ImagePullBackOff Back-off pulling image"

    def test_a_gateway_is_no_control_plane(self) -> None:
        assert seen(*istio.gateway()).planes == []


class TestTags:
    WISH = ControlPlane("east", "shop", version="1.30.0", revision="stable", tags=["default", "prod"], namespace="istio-system")

    def test_what_is_written_is_what_is_seen(self) -> None:
        found = seen(istio.namespace(), *tags.manifests(self.WISH), *istio.gateway())
        assert found.tags == [Tag("default", "stable", "stable"), Tag("prod", "stable", "stable")]
        assert [gateway.name for gateway in found.gateways] == ["istio-eastwestgateway"], "the Service of a tag is no gateway"

    def test_the_revision_default_is_one_like_another(self) -> None:
        assert seen(istio.namespace(), *tags.manifests(replace(self.WISH, revision="default", tags=["prod"]))).tags == [Tag("prod", "default", "default")]

    @pytest.mark.parametrize(("version", "lacks"), [
        ("1.27.9", ""), ("1.28.0", "istiod-revision-tag-prod"), ("1.32.0-lab", "istiod-revision-tag-prod"), ("latest", "istiod-revision-tag-prod"),
    ])
    def test_a_webhook_alone_is_half_a_tag_since_1_28(self, version: str, lacks: str) -> None:
        hook = tags.manifests(replace(self.WISH, version="1.27.0", tags=["prod"]))
        assert [one["kind"] for one in hook] == ["MutatingWebhookConfiguration"]
        assert seen(istio.namespace(), *hook, istio.deployment(image=f"docker.io/istio/pilot:{version}")).tags == [Tag("prod", "stable", "", lacks)]

    def test_what_is_lacking_is_not_known_where_the_revision_does_not_run(self) -> None:
        assert seen(istio.namespace(), *tags.manifests(replace(self.WISH, version="1.27.0", tags=["prod"]))).tags == [Tag("prod", "stable", "")]

    def test_a_tag_of_a_mesh_in_another_namespace_is_not_this_ones(self) -> None:
        assert seen(istio.namespace(), *[one for one in tags.manifests(replace(self.WISH, namespace="mesh")) if one["kind"] != "Service"]).tags == []


@pytest.mark.parametrize(("name", "labels", "revision"), [
    ("istiod-default-validator", {"istio.io/rev": "1-29"}, "1-29"),
    ("istiod-default-validator", None, ""),
    ("istio-validator-1-30-istio-system", {"istio.io/rev": "1-30"}, ""),
])
def test_the_revision_that_validates_is_what_its_webhook_says(name: str, labels: dict[str, str] | None, revision: str) -> None:
    hook = {"kind": "ValidatingWebhookConfiguration", "metadata": {"name": name, "labels": labels}}
    assert (seen(hook).default_revision, seen().default_revision) == (revision, "")


class TestRemotes:
    def test_the_others_as_istiod_tells_them(self) -> None:
        found = seen(remotes=istio.clusterz(west="synced", north="timeout"))
        assert found.remotes == [Remote(POD, "west", "synced"), Remote(POD, "north", "timeout")]

    def test_one_that_knows_no_other_has_answered_all_the_same(self) -> None:
        found = seen(remotes=istio.clusterz())
        assert (found.remotes, found.answered) == ([], [POD])

    def test_the_links_are_the_secrets_that_are_there(self) -> None:
        assert seen(istio.link("west"), istio.link("north")).links == ["north", "west"]


class TestNetworks:
    def test_those_with_an_address(self) -> None:
        assert seen(networks=istio.networkz(on_prem="192.0.2.10", aws="192.0.2.20", gcp="")).reachable_networks == ["aws", "on-prem"]

    def test_only_those_that_every_replica_knows(self) -> None:
        questions = observation.questions(live(istio.pod("a"), istio.pod("b")))
        told = iter([istio.networkz(aws="192.0.2.20", gcp="192.0.2.30"), istio.networkz(aws="192.0.2.20")])
        answers = {question: next(told) for question in questions if question.about == "networks"}
        assert observation.health("east", live(), answers).reachable_networks == ["aws"]


class TestProxies:
    def test_those_of_this_cluster_with_what_they_have_not_accepted(self) -> None:
        entries = [
            istio.synced("client-5c8f.app"),
            istio.synced("server-7d9f.app", route_acked="an older nonce", extensionconfig_sent="nonce"),
            istio.synced("istio-eastwestgateway-6b5c.istio-system", kind="router"),
            istio.synced("client-1a2b.app", cluster="edge"),
        ]
        assert seen(istio.pod(POD), proxies=json.dumps(entries)).proxies == [
            Proxy("client-5c8f", "app", "1.29.0", [], "stable"),
            Proxy("server-7d9f", "app", "1.29.0", ["route", "extensionconfig"], "stable"),
            Proxy("istio-eastwestgateway-6b5c", "istio-system", "1.29.0", [], "stable"),
        ]


class TestAnswers:
    @pytest.mark.parametrize("text", [None, "", "not JSON at all", '{"error": "no"}', "7"], ids=["none", "empty", "text", "object", "number"])
    @pytest.mark.parametrize(("about", "path"), [("remotes", "/debug/clusterz"), ("networks", "/debug/networkz"), ("proxies", "/debug/syncz")])
    def test_what_is_no_list_is_no_answer(self, about: str, path: str, text: str | None) -> None:
        found = seen(**{about: text})
        assert (found.remotes, found.reachable_networks, found.proxies) == ([], [], [])
        assert found.unanswered == ([] if text == "" else [f"{POD}{path}"])

    @pytest.mark.parametrize("about", ["remotes", "networks", "proxies"])
    def test_null_is_gos_empty_list(self, about: str) -> None:
        found = seen(**{about: "null"})
        assert (found.remotes, found.reachable_networks, found.proxies, found.unanswered) == ([], [], [], [])


class TestGateways:
    def test_one_with_its_network_and_address(self) -> None:
        assert seen(*istio.gateway()).gateways == [Gateway("istio-eastwestgateway", "istio-system", "on-prem", 1, 1, ["192.0.2.10"])]

    def test_one_without_an_address_or_a_deployment_is_seen_all_the_same(self) -> None:
        _deployment, service = istio.gateway(ingress=None)
        assert seen(service).gateways == [Gateway("istio-eastwestgateway", "istio-system", "on-prem", 0, 0, [])]

    @pytest.mark.parametrize(("pods", "counts"), [((0, 2), (2, 2)), ((2, 2), (4, 4)), ((2, 0), (2, 2))])
    def test_while_a_cutover_moves_it_both_deployments_count(self, pods: tuple[int, int], counts: tuple[int, int]) -> None:
        """The second one has another name, and one of both may have no pods."""
        first, second, service = self.moving(*pods)
        assert [(one.name, one.desired, one.ready) for one in seen(first, second, service).gateways] == [("istio-eastwestgateway", *counts)]

    def test_the_one_that_lacks_pods_says_why(self) -> None:
        first, second, service = self.moving(0, 2)
        second["status"] = {"readyReplicas": 1, "conditions": [{"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": "quota"}]}
        (found,) = seen(first, second, service).gateways
        assert (found.desired, found.ready, found.reason, found.lasting) == (2, 1, "FailedCreate quota", True)

    @staticmethod
    def moving(first: int, second: int) -> list[dict[str, Any]]:
        old, service = istio.gateway(replicas=first, ready=first)
        new, _service = istio.gateway(replicas=second, ready=second)
        service["spec"]["selector"] = {"istio": "eastwestgateway"}
        for one, revision in ((old, "blue"), (new, "green")):
            one["spec"]["template"]["metadata"] = {"labels": {"istio": "eastwestgateway", "istio.io/rev": revision}}
        new["metadata"] |= {"name": "istio-eastwestgateway-green"}
        return [old, new, service]


@pytest.mark.parametrize(("objects", "primary"), [
    pytest.param([istio.namespace({"topology.istio.io/controlPlaneClusters": "west"})], "west", id="a remote"),
    pytest.param([istio.namespace()], "", id="a primary"),
    pytest.param([], "", id="nothing there"),
])
def test_who_serves_a_cluster(objects: list[dict[str, Any]], primary: str) -> None:
    assert seen(*objects).served_by == primary
