# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Watching a cluster whose proxies cannot be asked: their pods show the trust bundle, and a handshake shows their certificate."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.contract.provider import Provider
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import MeshError
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.change import Ref
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.look import Look
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.question import Greeting, Read
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.rotation.rules import Rules
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.rotation.trust_users import PROXY, ControlPlanes, Proxies, TrustUser
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.rotation.watch import Watch
from ansible_collections.meshops.lifecycle.tests.unit.support.authorities import OTHER_ROOT, ROOT, issuer, make
from ansible_collections.meshops.lifecycle.tests.unit.support.fake_cluster import FakeCluster
from ansible_collections.meshops.lifecycle.tests.unit.support.istio_holding import bundle, chain
from ansible_collections.meshops.lifecycle.tests.unit.support.paper import trust
from ansible_collections.meshops.lifecycle.tests.unit.support.paper.mesh import PAPER
from ansible_collections.meshops.lifecycle.tests.unit.support.ticking import Ticking

SPACE, PORT = "paper", 4143


def pod(anchors: bytes = b"", uid: str = "1") -> dict[str, Any]:
    meta = {"name": "server-1", "namespace": "shop", "uid": uid, "annotations": {"paper/anchors": anchors.decode()}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta}


def _proxies(live: Any, _answers: Any) -> Proxies:
    found = []
    for one in live.get("Pod", ()):
        meta = one["metadata"]
        user = TrustUser(PROXY, meta["namespace"], meta["name"], online=False, instance=meta["uid"])
        found.append((user, meta["annotations"]["paper/anchors"].encode(), Greeting(meta["namespace"], meta["name"], PORT)))
    return Proxies(shown=tuple(found))


@pytest.fixture
def mesh() -> Provider:
    """The mesh of paper with a rotation that a run writes, not one that a product drives."""
    rotation: Any = SimpleNamespace(
        rules=Rules(),
        control_planes=lambda _namespace: Look((), lambda _live, _answers: ControlPlanes()),
        proxies=lambda _namespace: Look([Read("v1", "Pod")], _proxies),
        selected=lambda _spaces, _meshes: None,
        previous=lambda namespace: Ref("v1", "Secret", "paper-previous", namespace),
    )
    return Provider("paper", dataclasses.replace(PAPER.stories, driven_rotation=None, rotation=rotation), PAPER.defaults)


def cluster(anchors: bytes, shows: bytes | MeshError) -> FakeCluster:
    return FakeCluster(*trust.manifests(issuer(), SPACE, "shop"), pod(anchors), served={("shop", "server-1", PORT): shows})


def told(mesh: Provider, anchors: bytes, shows: bytes | MeshError) -> list[str]:
    return [one.says for one in Watch(cluster(anchors, shows), mesh, SPACE, Ticking()).observe().laggards()]


def test_a_proxy_is_measured_by_its_pod_and_by_what_it_shows(mesh: Provider) -> None:
    assert told(mesh, bundle(ROOT), chain()) == []


def test_an_old_bundle_in_its_pod_is_seen(mesh: Provider) -> None:
    (text,) = told(mesh, bundle(ROOT, OTHER_ROOT), chain())
    assert text.startswith("trusts ")


def test_an_old_certificate_is_seen_although_the_bundle_is_new(mesh: Provider) -> None:
    """Otherwise the old root would be retired while a proxy still uses it."""
    strange = chain(make("proxy", OTHER_ROOT, ca=False, sign=False), OTHER_ROOT)
    (text,) = told(mesh, bundle(ROOT), strange)
    assert text.startswith(f"has a certificate under root {OTHER_ROOT.fingerprint[:12]}, not ")


def test_one_that_shows_nothing_is_a_fault_and_no_success(mesh: Provider) -> None:
    (text,) = told(mesh, bundle(ROOT), MeshError("east: nothing listens there."))
    assert text == "could not be seen: east: nothing listens there"


def test_one_that_caught_up_is_not_asked_again(mesh: Provider) -> None:
    here = cluster(bundle(ROOT), chain())
    watch = Watch(here, mesh, SPACE, Ticking())
    for _time in range(3):
        assert not watch.observe().laggards()
    assert here.asked == ["shop/server-1:4143"]
