# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The traffic of planes shifted on a real API server, whose schemas are those of Istio: forward in steps, and back."""

from __future__ import annotations

import copy
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.cluster import Cluster
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.connect import connect
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.declared import planes
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import Refused
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.change import Ref
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.cutover import planes as istio
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.cutover import cutover_plane
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.look import look
from ansible_collections.meshops.lifecycle.tests.unit.support import istio_planes as world
from ansible_collections.meshops.lifecycle.tests.unit.support.contract import namespace
from ansible_collections.meshops.lifecycle.tests.unit.support.running import ran
from meshlab import apionly

from .conftest import Play, way_to
from .cycle import Leg, go
from .istio_crds import istio_crds
from .journal import Journal, said, writes

SYSTEM = "planes-system"
SHOP, STOCK, OUTSIDE = "VirtualService planes/shop", "VirtualService planes/stock", "ServiceEntry planes/outside"
ISTIO = ("VirtualService", "ServiceEntry")
OBJECTS = [world.virtual_service(), world.tcp_service(), world.service_entry(), world.slice_of("blue", True), world.slice_of("green", False)]
REFS = [Ref.of(one) for one in OBJECTS[:3]]
SHOWS = {SHOP: {"spec.http"}, STOCK: {"spec.tcp"}, OUTSIDE: {"spec.endpoints"}}


def declared(*kinds: str) -> dict[str, Any]:
    """One plane whose traffic these kinds split, and no pods, because nothing runs."""
    splits = [copy.deepcopy(split) for plane in world.DECLARED.values() for split in plane["splits"] if split["kind"] in kinds]
    return {"application": {"blue": {"revision": "app-blue"}, "green": {"revision": "app-green"}, "splits": splits}}


def ready(cluster: Cluster, revision: str) -> None:
    """As its controller would report it."""
    labels = {"app": "istiod", "istio.io/rev": revision}
    pods = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "discovery", "image": "pilot"}]}}
    meta = {"name": f"istiod-{revision}", "namespace": SYSTEM, "labels": labels}
    cluster.apply([{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta, "spec": {"selector": {"matchLabels": labels}, "template": pods}}])
    path = f"/apis/apps/v1/namespaces/{SYSTEM}/deployments/istiod-{revision}/status"
    answer = cluster._server.transport.request("PATCH", path, body={"status": {"replicas": 1, "readyReplicas": 1}}, content_type="application/merge-patch+json")
    assert answer.ok, answer.body


@pytest.fixture(scope="module")
def api_server() -> Iterator[Any]:
    """A server of its own, because other tests count the CRDs and the workloads of theirs."""
    with apionly.running("of-planes") as server:
        yield server


@pytest.fixture(scope="module")
def admin(api_server: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return {"kubeconfig": way_to(api_server, tmp_path_factory.mktemp("way")).kubeconfig, "context": "admin", "cluster": "east"}


@pytest.fixture(scope="module")
def cluster(api_server: Any) -> Cluster:
    """As the server's own administrator, whom the audit log tells from the modules."""
    made = connect({"kubeconfig": str(api_server.kubeconfig), "context": api_server.context, "cluster": "test"}, environ={})
    made.apply(list(istio_crds().values()), force=True)
    made.apply([namespace(SYSTEM), namespace(world.SPACE)])
    for revision in ("app-blue", "app-green"):
        ready(made, revision)
    made.apply(OBJECTS)
    return made


def shift(to: str, share: int, does: list[str], **more: Any) -> Leg:
    options = {"planes": declared(*ISTIO), "plane": "application", "namespace": SYSTEM, "to": to, "share": share, "timeout": 5}
    return Leg(f"{share} percent to {to}", {**options, **more}, dict.fromkeys(does, "updated"), {name: SHOWS[name] for name in does})


def test_every_step_is_one_patch_of_each_object_and_back_again(play: Play, api_server: Any, cluster: Cluster) -> None:
    weighed = [SHOP, STOCK, OUTSIDE]
    before = [cluster.get(ref) for ref in REFS]
    go(play, api_server, cluster, "cutover_plane", [
        Leg("only looked at", {"planes": declared(*ISTIO), "plane": "application", "namespace": SYSTEM}),
        shift("green", 10, weighed),
        shift("app-green", 100, weighed),
        shift("blue", 100, weighed, back=True),
    ])  # fmt: skip
    after = [cluster.get(ref) for ref in REFS]
    assert [_without_weights(one) for one in after] == [_without_weights(one) for one in before]


def _without_weights(live: Any) -> Any:
    """What its owner wrote: the way back leaves green's destination with no weight, and everything else as it was."""
    if isinstance(live, list):
        return [_without_weights(one) for one in live if not (isinstance(one, dict) and one.get("weight") == 0)]
    if isinstance(live, dict):
        dropped = ("weight", "resourceVersion", "generation", "managedFields")
        return {key: _without_weights(value) for key, value in live.items() if key not in dropped}
    return live


@pytest.mark.parametrize(("share", "ready"), [(10, [True, True]), (100, [False, True])])
def test_a_colour_comes_into_a_service_before_the_other_leaves(cluster: Cluster, share: int, ready: list[bool]) -> None:
    """The audit of the twelve steps passes over EndpointSlices, because controllers write them at any time."""
    options = shift("green", share, []).options | {"planes": declared("EndpointSlice"), "provider": "istio", "mesh": "", "test": False, "back": False}
    for changed in (True, False):
        result = cutover_plane.reconcile(cluster, {**options, "kept": "write", "wave": 1})
        assert (result["changed"], result["late"]) == (changed, [])
        slices = [cluster.get(Ref.of(world.slice_of(colour, True))) or {} for colour in ("blue", "green")]
        assert [{one["conditions"]["ready"] for one in each["endpoints"]} for each in slices] == [{flag} for flag in ready]


class Rolls(threading.Thread):
    """The controller of the gateways' Deployments: all pods are there and ready at once."""

    def __init__(self, cluster: Cluster) -> None:
        super().__init__(daemon=True)
        self.cluster, self.ended = cluster, threading.Event()

    def run(self) -> None:
        while not self.ended.wait(0.1):
            self.roll()

    def roll(self) -> None:
        for one in self.cluster.list("apps/v1", "Deployment", world.SPACE):
            meta, wanted = one["metadata"], one["spec"]["replicas"]
            if (one.get("status") or {}).get("observedGeneration") != meta["generation"]:
                counts = dict.fromkeys(("replicas", "updatedReplicas", "readyReplicas", "availableReplicas"), wanted)
                path = f"/apis/apps/v1/namespaces/{world.SPACE}/deployments/{meta['name']}/status"
                status = {"status": {**counts, "observedGeneration": meta["generation"]}}
                self.cluster._server.transport.request("PATCH", path, body=status, content_type="application/merge-patch+json")


@pytest.fixture
def gateways(cluster: Cluster) -> Iterator[dict[str, Any]]:
    """The plane with a gateway of each colour, whose number of pods an autoscaler decides."""
    wanted = declared("ServiceEntry")
    objects: list[dict[str, Any]] = []
    for colour, pods in (("blue", 3), ("green", 2)):
        meta, labels = {"name": f"door-{colour}", "namespace": world.SPACE}, {"app": f"door-{colour}"}
        wanted["application"][colour]["gateways"] = [{"namespace": world.SPACE, "name": f"door-{colour}"}]
        template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "istio-proxy", "image": "auto"}]}}
        spec = {"replicas": pods, "selector": {"matchLabels": labels}, "template": template}
        aimed = {"apiVersion": "apps/v1", "kind": "Deployment", "name": f"door-{colour}"}
        scaled = {"minReplicas": 1, "maxReplicas": 5, "scaleTargetRef": aimed}
        objects.append({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta, "spec": spec})
        objects.append({"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": meta, "spec": scaled})
    cluster.apply(objects)
    rolls = Rolls(cluster)
    rolls.roll()
    rolls.start()
    yield wanted
    rolls.ended.set()
    rolls.join(10)
    cluster.delete([Ref.of(one) for one in objects])


def test_gateways_get_their_pods_first_and_lose_them_last_each_in_one_patch(
    play: Play, api_server: Any, cluster: Cluster, gateways: dict[str, Any]
) -> None:
    options = {"planes": gateways, "plane": "application", "namespace": SYSTEM, "timeout": 30}
    shows = {OUTSIDE: {"spec.endpoints"}, **{f"Deployment {world.SPACE}/door-{one}": {"spec.replicas", "metadata.annotations"} for one in ("blue", "green")}}

    def leg(to: str, *does: str, **more: Any) -> Leg:
        return Leg(f"{more} {to}", {**options, "to": to, **more}, dict.fromkeys(does, "updated"), shows)

    blue, green = (f"Deployment {world.SPACE}/door-{one}" for one in ("blue", "green"))
    go(play, api_server, cluster, "cutover_plane", [
        leg("green", gateways="open"),
        leg("green", OUTSIDE, share=100),
        leg("blue", blue, gateways="drain"),
        leg("blue", blue, gateways="open"),
        leg("blue", OUTSIDE, share=100, back=True),
        leg("green", green, gateways="drain"),
    ])  # fmt: skip
    pods = {one["metadata"]["name"]: one["spec"]["replicas"] for one in cluster.list("apps/v1", "Deployment", world.SPACE)}
    assert pods == {"door-blue": 3, "door-green": 0}


def test_an_object_that_somebody_changed_meanwhile_is_not_written(cluster: Cluster) -> None:
    """The patch carries the version that was read, so weights of somebody else are never lost."""
    plane = planes(declared(*ISTIO))["application"]
    scene = look(cluster, istio.plane("test", SYSTEM, plane))
    write = istio.shift(plane, scene, "green", 10)[0]
    cluster.amend(write.before or {}, {"metadata": {"labels": {"changed": "meanwhile"}}})
    with pytest.raises(Refused, match="has changed since it was read"):
        cluster.amend(write.before or {}, write.body)


def test_the_playbook_shows_the_way_of_a_plane_and_writes_nothing(api_server: Any, cluster: Cluster, admin: dict[str, Any], tmp_path: Path) -> None:
    journal = Journal(api_server)
    journal.read()
    kube = {key: admin[key] for key in ("kubeconfig", "context")}
    host = {"mesh_name": "shop", "mesh_namespace": SYSTEM, "mesh_kube": kube, "mesh_planes": declared(*ISTIO)}
    (tmp_path / "inventory.yml").write_text(yaml.safe_dump({"all": {"hosts": {"east": host}}}))
    wish = ("-e", "cutover_plane=application", "-e", "cutover_to=green", "-e", "cutover_plan=true")
    done = ran("cutover", "-i", str(tmp_path / "inventory.yml"), *wish, home=tmp_path)
    assert done.code == 0, done.output
    for line in ("mesh shop, plane application (application): from blue to green", "2. move in east: give green 10 percent of plane application"):
        assert line in done.output
    assert [said(event) for event in writes(journal.read())] == []
