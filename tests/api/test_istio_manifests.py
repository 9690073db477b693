# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every manifest that we write for Istio, held against its schema by a real API server."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.cluster import Cluster
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.connect import connect
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.wish import ControlPlane
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.change import Ref
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio.install import control_plane
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.health import probe
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.install import crds, passage
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.links import remote_secret
from ansible_collections.meshops.lifecycle.tests.unit.support.istio_wishes import CREDENTIAL, PROBE, WISHES

from .istio_crds import istio_crds

SETS: dict[str, list[dict[str, Any]]] = {
    **{name: [*control_plane.manifests(wish), *passage.manifests(wish)] for name, wish in WISHES.items()},
    "probe": probe.manifests(PROBE),
    "link": [remote_secret.account("default"), remote_secret.link(CREDENTIAL, "default")],
}


@pytest.fixture(scope="module")
def cluster(admin: dict[str, Any]) -> Cluster:
    """The API server with Istio's own CRDs."""
    made = connect(admin, environ={})
    made.apply(list(istio_crds().values()), force=True)
    return made


def test_the_crds_that_are_known_are_those_of_istio() -> None:
    """The list must be complete: a CRD that is missing in it would not be left to its owner, and would not be removed at the end."""
    assert set(crds.CRDS) == set(istio_crds())


@pytest.mark.parametrize("name", SETS)
def test_a_server_that_is_strict_takes(cluster: Cluster, name: str) -> None:
    """The server also stores it as written, so that the second run has nothing to do."""
    space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "istio-system"}}
    made = SETS[name]
    cluster.apply([] if any(each["kind"] == "Namespace" for each in made) else [space])
    try:
        first, second = cluster.apply(made), cluster.apply(made)
    finally:
        cluster.delete([Ref.of(each) for each in made if each["kind"] != "Namespace"])
    assert {change.action for change in first} <= {"created", "updated", "unchanged"}
    assert {change.action for change in second} == {"unchanged"}


def test_what_is_left_over_is_of_kinds_that_can_be_deleted(cluster: Cluster) -> None:
    wish = ControlPlane.of({"cluster": "east", "mesh": "shop", "revision": "stable", "namespace": "istio-system", "tags": ["default"], "crds": "external"})
    made = [*passage.leftovers(wish), *control_plane.leftovers(wish)]
    assert {change.action for change in cluster.delete([Ref.of(each) for each in made])} <= {"deleted", "unchanged"}
