# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a teardown would lose is counted: what users wrote, and nothing that this collection wrote. The answers are of a stand-in, not of a real Consul."""

from __future__ import annotations

import json
from typing import Any

from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.health import health
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.install import product
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.objects.kinds import KINDS
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.install.due import complete
from ansible_collections.meshops.lifecycle.tests.unit.plugins.module_utils._providers.consul.running import running
from ansible_collections.meshops.lifecycle.tests.unit.plugins.module_utils._providers.consul.wishes import PEER
from ansible_collections.meshops.lifecycle.tests.unit.plugins.module_utils._providers.consul.world import MANAGEMENT, server, tokens
from ansible_collections.meshops.lifecycle.tests.unit.support.ticking import Ticking

OURS = {
    "proxy-defaults": [{"Kind": "proxy-defaults", "Name": "global", "MeshGateway": {"Mode": "local"}, "ModifyIndex": 4}],
    "mesh": [{"Kind": "mesh", "Peering": {"PeerThroughMeshGateways": True}, "ModifyIndex": 4}],
    "service-defaults": [{"Kind": "service-defaults", "Name": "meshops-echo", "Protocol": "http"}],
    "exported-services": [{"Kind": "exported-services", "Name": "default", "Services": [{"Name": "meshops-echo", "Consumers": [{"Peer": "west"}]}]}],
    "service-router": [{"Kind": "service-router", "Name": "shop", "Meta": {"meshops.lifecycle/set": "shop"}}],
    "service-resolver": [{"Kind": "service-resolver", "Name": "shop", "Meta": {"external-source": "kubernetes"}}],
}


def config(entries: dict[str, list[dict[str, Any]]], *pods: dict[str, Any], answers: bool = True) -> dict[str, int]:
    wanted = health.config("mesh")
    live: dict[str, Any] = {"Pod": list(pods), "Secret": [tokens()], "ServiceRouter": [{"metadata": {"name": "shop"}}]}
    asked = wanted.questions(live)
    assert all(dict(question.headers)["X-Consul-Token"] == MANAGEMENT for question in asked)
    assert [question.path for question in asked] == ([f"/v1/config/{kind}" for kind in KINDS] if pods and pods[0] == server() else [])
    return wanted.judge(live, {question: json.dumps(entries.get(question.about)) if answers else None for question in asked})


def test_what_this_collection_wrote_is_not_counted_and_objects_are_counted_once() -> None:
    assert config(OURS, server()) == {"ServiceRouter": 1}


def test_what_users_wrote_is_counted_also_in_entries_that_begin_as_ours() -> None:
    theirs = {
        **OURS,
        "proxy-defaults": [{**OURS["proxy-defaults"][0], "Config": {"protocol": "http"}}],
        "service-intentions": [{"Kind": "service-intentions", "Name": name, "Sources": [{"Name": "*", "Action": "deny"}]} for name in ("a", "b")],
        "exported-services": [{"Kind": "exported-services", "Name": "default", "Services": [{"Name": "shop"}, {"Name": "meshops-echo"}]}],
    }
    assert config(theirs, server()) == {"ServiceRouter": 1, "proxy-defaults": 1, "service-intentions": 2, "exported-services": 1}


def test_servers_that_do_not_say_may_keep_anything() -> None:
    unread = {"ServiceRouter": 1, "entries that no server of Consul listed": 1}
    assert config({}, server(), answers=False) == unread
    assert config({}, server(ready=False)) == unread


def test_without_servers_there_are_no_entries() -> None:
    assert config({}) == {"ServiceRouter": 1}


def test_what_an_install_writes_is_nobodys_configuration() -> None:
    cluster = running()
    complete(cluster, product.due(PEER), 60, Ticking())
    written = {kind: [entry] for kind, entry in cluster.store.entries.items()}
    assert written.keys() >= {"proxy-defaults", "mesh"}
    assert config(written, server()) == {"ServiceRouter": 1}
