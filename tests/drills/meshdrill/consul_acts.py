# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The acts of drill-consul. Each begins with a mesh that is well, and ends with one."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ansible_collections.meshops.lifecycle.plugins.module_utils._providers import PROVIDERS

from .app import NAMESPACE
from .consul_mesh import ANSWERING, GATEWAY, SERVERS, Mesh, Said, token_of
from .consul_scenery import FEDERATION, PEERING, SERVICES
from .report import Promise

EAST, WEST, MESH = "east", "west", "stock"
BOTH = (PEERING, FEDERATION)
# So long each state is watched under load.
WATCHED = 20.0
PRIMARY_DOWN = 100.0
Work = Callable[[Mesh], Sequence[Promise]]


@dataclass(frozen=True)
class Act:
    """Something that happens to a mesh. A `safe` one loses nothing. Of another, `why` says what is lost, and flows that begin with `keeps` lose nothing.

    What comes `once` is not repeated until there are requests enough.
    """

    name: str
    work: Work
    meshes: Sequence[str] = BOTH
    safe: bool = True
    why: str = ""
    keeps: str = ""
    once: bool = False


def do(act: Act, mesh: Mesh) -> Sequence[Promise]:
    return act.work(mesh)


def _failover(mesh: Mesh) -> list[Promise]:
    """The servers of east end as in a planned stop, those of west answer, and east's come back."""
    for name in SERVICES:
        mesh.scale(EAST, f"deployment/{name}", 0, NAMESPACE)
    for name in SERVICES:
        mesh.gone(EAST, f"app={name}", NAMESPACE)
    time.sleep(WATCHED)
    for name in SERVICES:
        mesh.scale(EAST, f"deployment/{name}", 1, NAMESPACE)
    for name in SERVICES:
        mesh.rolled_out(EAST, f"deployment/{name}", NAMESPACE)
    time.sleep(WATCHED / 2)
    return []


def _leader(mesh: Mesh) -> list[Promise]:
    leader, _voters = mesh.voters(EAST)
    mesh.kill(EAST, leader)
    seconds = mesh.until(lambda: mesh.voters(EAST)[0] not in ("", leader), "east: there is another leader", 60)
    mesh.elected(EAST)
    return [Promise("without its leader east has another one within 15 s", f"{seconds:.1f} s", seconds <= 15)]


def _rotation(kind: str) -> Work:
    def work(mesh: Mesh) -> list[Promise]:
        # Sidecars take another token, or another CA of the agents, only when their pods start.
        mesh.play("rotate", kind, rotate=kind, rotate_min_age=0, rotate_restart=True).succeeded()
        for cluster in (EAST, WEST):
            mesh.elected(cluster)
        return []

    return work


def _restore(mesh: Mesh) -> list[Promise]:
    """What came after the snapshot is gone, what was before it is back, and servers and roots are the same."""
    before = _standing(mesh, EAST)
    mesh.consul(EAST, "consul", "kv", "put", "drill/before", "1").well()
    mesh.play("backup", "backup", mesh_backup=mesh.snapshots).succeeded()
    mesh.consul(EAST, "consul", "kv", "put", "drill/after", "1").well()
    given = {"backup_confirm": MESH, "backup_file": mesh.newest(EAST)}
    mesh.play("restore", "restore", "--limit", EAST, mesh_backup=mesh.snapshots, **given).succeeded()
    mesh.elected(EAST)
    time.sleep(WATCHED / 2)
    kept, gone = mesh.consul(EAST, "consul", "kv", "get", "drill/before").code == 0, mesh.consul(EAST, "consul", "kv", "get", "drill/after").code != 0
    after = _standing(mesh, EAST)
    return [Promise("a restored snapshot has what was before it and not what came after", f"before {kept}, after gone {gone}", kept and gone),
            Promise("servers and roots are the same after a restore", "the same" if before == after else f"{before} and {after}", before == after)]


def _standing(mesh: Mesh, cluster: str) -> tuple[int, list[str]]:
    roots = json.loads(mesh.http(cluster, "/v1/connect/ca/roots").well())["Roots"]
    return mesh.voters(cluster)[1], sorted(one["ID"] for one in roots)


def _gateway(mesh: Mesh) -> list[Promise]:
    """One of the gateways of west dies without a word. Its port closes with it, and east learns of that by a failed connection."""
    pod = mesh.ready(WEST, ANSWERING)[0]["metadata"]["name"]
    mesh.kill(WEST, pod)
    mesh.rolled_out(WEST, GATEWAY)
    time.sleep(WATCHED)
    return []


def _east_dies(mesh: Mesh) -> list[Promise]:
    """The whole data plane of east dies at once: its gateways and the servers of the load. Only clients are left."""
    for pod in mesh.ready(EAST, ANSWERING):
        mesh.kill(EAST, pod["metadata"]["name"])
    mesh.scale(EAST, GATEWAY, 0)
    for name in SERVICES:
        mesh.scale(EAST, f"deployment/{name}", 0, NAMESPACE)
        for pod in mesh.ready(EAST, f"app={name}", NAMESPACE):
            mesh.kill(EAST, pod["metadata"]["name"], NAMESPACE)
    time.sleep(WATCHED * 2)
    mesh.scale(EAST, GATEWAY, 2)
    mesh.rolled_out(EAST, GATEWAY)
    for name in SERVICES:
        mesh.scale(EAST, f"deployment/{name}", 1, NAMESPACE)
        mesh.rolled_out(EAST, f"deployment/{name}", NAMESPACE)
    time.sleep(WATCHED)
    return []


def _primary_down(mesh: Mesh) -> list[Promise]:
    """The primary's servers stop. West goes on, reads, and signs; it cannot write what the primary rules."""
    mesh.scale(EAST, SERVERS, 0)
    mesh.gone(EAST, "app=consul,component=server")
    begin = time.monotonic()
    seen = [*_west_without_primary(mesh), *_leader_trap(mesh)]
    time.sleep(max(0.0, PRIMARY_DOWN - (time.monotonic() - begin)))
    mesh.scale(EAST, SERVERS, 3)
    mesh.elected(EAST)
    back = mesh.until(lambda: _writes_config(mesh), "west writes config entries again", 240)
    signs = mesh.until(lambda: _leaf(mesh, "after").code == 0, "west signs again", 300)
    return [*seen, Promise("with the primary back, west writes config entries again within 60 s", f"{back:.0f} s", back <= 60),
            Promise("and signs for services that it never saw", f"after {signs:.0f} s", met=True)]


def _west_without_primary(mesh: Mesh) -> list[Promise]:
    """Each line of what works and what does not while the primary is down, with what Consul said."""
    works = {
        "reads config entries": mesh.consul(WEST, "consul", "config", "list", "-kind", "proxy-defaults"),
        "checks intentions": mesh.consul(WEST, "consul", "intention", "check", "client", "pooled"),
        "lists replicated tokens": mesh.consul(WEST, "consul", "acl", "token", "list"),
        "writes and reads keys of its own": mesh.consul(WEST, "/bin/sh", "-c", "consul kv put drill/y 1 && consul kv get drill/y"),
        "makes local tokens": mesh.consul(WEST, "consul", "acl", "token", "create", "-local", "-description=drill", "-service-identity=drill"),
        "signs for a service that it never saw": _leaf(mesh, "never-seen"),
    }
    refused = {
        "writes a config entry": mesh.consul(WEST, "consul", "config", "write", "-", given=_ENTRY),
        "makes a global token": mesh.consul(WEST, "consul", "acl", "token", "create", "-description=drill", "-service-identity=drill"),
    }
    for accessor in token_of(works["makes local tokens"].text):
        mesh.consul(WEST, "consul", "acl", "token", "delete", f"-id={accessor}")
    return [*(Promise(f"without its primary west {what}", "it does" if not said.code else _words(said), not said.code) for what, said in works.items()),
            *(Promise(f"without its primary west does not: it {what}", _words(said) or "it does", bool(said.code)) for what, said in refused.items())]


def _words(said: Said) -> str:
    return said.text.strip()[-200:]


_ENTRY = 'Kind = "service-defaults"\nName = "drill-unused"\nProtocol = "http"\n'


def _writes_config(mesh: Mesh) -> bool:
    written = mesh.consul(WEST, "consul", "config", "write", "-", given=_ENTRY).code == 0
    return written and mesh.consul(WEST, "consul", "config", "delete", "-kind", "service-defaults", "-name", "drill-unused").code == 0


def _leaf(mesh: Mesh, service: str) -> Said:
    return mesh.http(WEST, f"/v1/agent/connect/ca/leaf/{service}")


def _leader_trap(mesh: Mesh) -> list[Promise]:
    """A leader that was not the leader when the primary went cannot sign: status refuses a restart of the servers for this reason."""
    leader, _voters = mesh.voters(WEST)
    mesh.kill(WEST, leader)
    mesh.elected(WEST)
    said = _leaf(mesh, "never-seen-later")
    return [Promise("a new leader of west does not sign while the primary is down", _words(said) if said.code else "it signs", bool(said.code))]


_GATEWAY = "requests that were on their way through that gateway; those of a connection that is opened anew go through the other one"
_EAST = ("the failover follows the health of the catalogue and the outliers that Envoy sees, and a federation's own gateway is no target of an outlier "
         "detection (consul#9811); a PassiveHealthCheck and a short ConnectTimeout shorten it")
ACTS = (
    Act("failover", _failover),
    Act("leader", _leader),
    # Consul keeps the former root for twice the time that a leaf lives, which is two hours at least.
    Act("root", _rotation("root"), once=True),
    *(Act(kind, _rotation(kind)) for kind in sorted(PROVIDERS["consul"].stories.rotations)),
    Act("restore", _restore),
    Act("gateway", _gateway, safe=False, why=_GATEWAY, keeps="east-inside"),
    Act("east-dies", _east_dies, safe=False, why=_EAST, keeps="west-inside"),
    Act("primary-down", _primary_down, (FEDERATION,), safe=False, why="nothing of west; east flows on what its proxies know", keeps="west-inside"),
)
