# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rotation of the tokens of sidecars. Consul and the workloads are stand-ins that fail if a sidecar ever uses a token that Consul does not know."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.cluster import Answer, Cluster, PodRequest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import MeshError
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.change import Ref
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.trust.root_secret import decoded, encoded
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul import CONSUL
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.names import PROXY, TOKENS
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.rotation import sidecar_tokens
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.trust import trust
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.workloads import identity
from ansible_collections.meshops.lifecycle.tests.unit.plugins.module_utils._providers.consul.quorums import OLD, Servers
from ansible_collections.meshops.lifecycle.tests.unit.plugins.module_utils._providers.consul.world import MANAGEMENT
from ansible_collections.meshops.lifecycle.tests.unit.support.contract import namespace
from ansible_collections.meshops.lifecycle.tests.unit.support.stepping import Fuse, Killed, Steps, Stopped, fused

SPACE, KEY = "mesh", b"a2V5IG9mIHRoZSB3b3JrbG9hZHM="
SERVICES = (("Deployment", "shop", "cart"), ("StatefulSet", "shop", "stock"), ("DaemonSet", "edge", "cart"))
_MARK = "meshops.lifecycle/renewed-sidecar-tokens"
STRANGE = {"AccessorID": "somebody-else", "SecretID": "theirs", "Description": "meshops.lifecycle west workloads inventory: shop/cart"}


def described(space: str, service: str) -> str:
    return f"meshops.lifecycle east workloads inventory: {space}/{service}"


def first(space: str, service: str) -> str:
    return identity.derived(KEY, "shop", "east", space, service)


COUNTS = ("replicas", "readyReplicas", "updatedReplicas", "availableReplicas", "desiredNumberScheduled", "updatedNumberScheduled", "numberAvailable")


class Datacenter(Servers):
    """A Consul that knows tokens, and workloads whose sidecars use the token with which they started."""

    def __init__(self) -> None:
        self.used: dict[tuple[str, str], str] = {}
        self.rolled: list[str] = []
        super().__init__(revision=OLD)
        self.backend.seed(namespace("meshops-system"))
        held = self.get(Ref("v1", "Secret", TOKENS, SPACE)) or {}
        self.backend.seed({**held, "data": {**held["data"], "workloads": encoded(KEY)}})
        self.known = {"somebody-else": STRANGE}
        for kind, space, service in SERVICES:
            secret = first(space, service)
            self.known[identity.public(secret)] = identity.body(secret, described(space, service), service)
            meta = {"name": f"{service}-consul", "namespace": space}
            self.backend.seed({"apiVersion": "v1", "kind": "Secret", "metadata": meta, "data": {"token": encoded(secret.encode()), "ca.crt": encoded(b"ca")}})
            self.backend.seed({"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": service, "namespace": space, "generation": 1, "labels": {}},
                               "spec": {"replicas": 1, "template": {"metadata": {"labels": {PROXY: service}}}},
                               "status": {"observedGeneration": 1, **dict.fromkeys(COUNTS, 1)}})  # fmt: skip
            self.used[space, service] = secret
        self.backend.react = self.react

    def react(self, live: dict[str, Any]) -> None:
        noted = (((live.get("spec") or {}).get("template") or {}).get("metadata") or {}).get("annotations") or {}
        if noted.get(_MARK):
            live["status"]["observedGeneration"] = live["metadata"].get("generation")
            place = live["metadata"]["namespace"], live["metadata"]["name"]
            self.rolled.append("/".join(place))
            self.used[place] = self.given(*place)
            self.everybody_is_known()

    def given(self, space: str, service: str) -> str:
        return decoded((self.get(Ref("v1", "Secret", f"{service}-consul", space)) or {})["data"]["token"]).decode()

    def everybody_is_known(self) -> None:
        values = {one["SecretID"] for one in self.known.values()}
        lost = [place for place, token in self.used.items() if token not in values or self.given(*place) not in values]
        assert not lost, f"Consul knows no more what these use: {lost}"

    def said(self, question: PodRequest) -> Answer | MeshError:
        if not question.path.startswith("/v1/acl/token"):
            return super().said(question)
        assert dict(question.headers)["X-Consul-Token"] == MANAGEMENT
        if question.path == "/v1/acl/tokens":
            return Answer(200, json.dumps([{key: value for key, value in one.items() if key != "SecretID"} for one in self.known.values()]).encode())
        self.order(question)
        return Answer(200, b"true")

    def order(self, question: PodRequest) -> None:
        if question.method == "DELETE":
            del self.known[question.path.rpartition("/")[2]]
        else:
            body = json.loads(question.body or b"")
            assert body["AccessorID"] not in self.known, "Consul refuses an identifier that it knows"
            self.known[body["AccessorID"]] = body
        self.everybody_is_known()

    def key(self) -> bytes:
        data = (self.get(Ref("v1", "Secret", TOKENS, SPACE)) or {})["data"]
        assert "workloads.next" not in data
        return decoded(data["workloads"])

    def settled(self) -> None:
        """Each service has the token of the new key, and is its service alone; Consul knows no other one of ours, and that of another cluster is there."""
        key = self.key()
        assert key != KEY
        wanted = {(space, service): identity.derived(key, "shop", "east", space, service) for _kind, space, service in SERVICES}
        assert self.used == wanted
        own = {one["SecretID"]: one for one in self.known.values()}
        assert sorted(own) == sorted([*wanted.values(), "theirs"])
        for (space, service), secret in wanted.items():
            assert own[secret] == identity.body(secret, described(space, service), service)
        assert sorted(self.rolled) == ["edge/cart", "shop/cart", "shop/stock"], "each restarts once"


def steps(cluster: Datacenter, may_restart: bool = True) -> Steps:
    return Steps({"east": cluster}, "consul", sidecar_tokens.KIND, SPACE, may_restart=may_restart)


def test_each_service_ends_with_a_token_of_the_new_key() -> None:
    cluster = Datacenter()
    assert steps(cluster).run()["steps"] == ["prepare", "add", "settle", "restart", "remove"]
    cluster.settled()
    assert cluster.restarted == [], "servers do not restart"


def test_a_second_run_does_nothing() -> None:
    cluster = Datacenter()
    steps(cluster).run()
    writes = len(cluster.writes)
    assert steps(cluster, may_restart=False).run(3600)["done"]
    assert len(cluster.writes) == writes
    cluster.settled()


def test_workloads_that_may_not_restart_refuse_it_before_anything_is_written() -> None:
    cluster = Datacenter()
    known = dict(cluster.known)
    with pytest.raises(Stopped, match=r"those of Deployment shop/cart, StatefulSet shop/stock, DaemonSet edge/cart\. Allow .* rotate_restart=true\."):
        steps(cluster, may_restart=False).run()
    assert (cluster.writes, cluster.known) == ([], known)


def test_a_cluster_without_sidecars_needs_no_such_word() -> None:
    cluster = Datacenter()
    cluster.used.clear()
    Cluster.delete(cluster, [Ref("apps/v1", kind, service, space) for kind, space, service in SERVICES])
    steps(cluster, may_restart=False).run()
    assert cluster.key() != KEY


def test_a_run_that_is_killed_after_any_write_or_order_goes_on() -> None:
    def burning(fuse: Fuse) -> Datacenter:
        cluster = Datacenter()
        fused(cluster.transport, lambda: fuse)
        order = cluster.order

        def counted(question: PodRequest) -> None:
            order(question)
            fuse.burn()

        cluster.order = counted  # type: ignore[method-assign]
        return cluster

    whole = Fuse()
    steps(burning(whole)).run()
    # Begin and end, the key beside and in its place; of each service a token, its Secret, its restart, and the end of the former token.
    assert whole.burnt == 4 + 4 * len(SERVICES)
    for number in range(1, whole.burnt + 1):
        fuse = Fuse(number)
        cluster = burning(fuse)
        with pytest.raises(Killed):
            steps(cluster).run()
        fuse.left = None
        steps(cluster).run(3600)
        cluster.settled()


def test_no_token_and_no_key_is_shown() -> None:
    cluster = Datacenter()
    turning = steps(cluster)
    turning.run()
    shown = json.dumps(turning.results, default=repr)
    secrets = [KEY.decode(), cluster.key().decode(), *cluster.used.values(), *(first(space, service) for _kind, space, service in SERVICES)]
    assert not [one for one in secrets if one in shown or encoded(one.encode()) in shown]


def test_what_a_mesh_prepares_has_a_rotation_each() -> None:
    """What HashiCorp's chart hands to a secondary, is among it: the CA of the agents, the gossip key and the token of the replication."""
    rotations = CONSUL.stories.rotations
    renewed = [(one.ref.name, drawn.key) for each in rotations.values() for one in each.renews(SPACE, "east") for drawn in one.drawn]
    wanted = [(one.ref.name, drawn.key) for one in trust.secrets(SPACE, "east") for drawn in one.drawn]
    assert sorted(renewed) == sorted(wanted), "each value by one kind"
    signed = {one.signed.authority for one in trust.secrets(SPACE, "east") if one.signed}
    assert {each.replaces for each in rotations.values() if each.replaces} == signed
