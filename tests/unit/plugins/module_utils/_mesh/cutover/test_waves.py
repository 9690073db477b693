# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Namespaces and gateways in waves, of the size that the control planes can take."""

from __future__ import annotations

from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.observed import INGRESS, NAMED, TAG, ClusterState, Following, MeshWorkload, Space
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.orders import Aim
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.waves import FIRST, NOT_MOVED, Wave, WaveWish, waves
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.health.health import ControlPlaneRevision

AIM = Aim("green", "blue")
BLUE = Following(TAG, "prod", "blue")


def cluster(name: str, sizes: dict[str, int], replicas: int = 1, gateways: tuple[str, ...] = ()) -> ClusterState:
    spaces = [Space(space, BLUE) for space in sizes]
    workloads = [MeshWorkload(space, "Deployment", "a", BLUE, size, {"blue": size}) for space, size in sizes.items()]
    doors = [MeshWorkload("edge", "Deployment", door, Following(NAMED, "blue", "blue"), 1, {"blue": 1}, gateway=INGRESS, service=door) for door in gateways]
    planes = [ControlPlaneRevision(revision, "1.30.1", replicas, replicas) for revision in ("blue", "green")]
    return ClusterState(name, planes, spaces=spaces, workloads=[*workloads, *doors])


def shown(made: list[Wave]) -> list[tuple[str, dict[str, tuple[str, ...]]]]:
    return [(wave.kind, dict(wave.spaces or wave.services)) for wave in made]


EAST = cluster("east", {"a": 20, "b": 20, "c": 70, "d": 5}, gateways=("door",))
WEST = cluster("west", {"a": 10, "z": 1})
FEW = WaveWish(pace=1, seconds=40)


def test_the_size_follows_from_what_the_control_planes_take() -> None:
    assert shown(waves([EAST], AIM, FEW)) == [
        ("derived", {"east": ("a", "b")}), ("derived", {"east": ("c",)}), ("derived", {"east": ("d",)}), ("gateway", {"east": ("edge/door",)}),
    ]  # fmt: skip
    assert [wave.proxies for wave in waves([EAST], AIM, FEW)] == [{"east": 40}, {"east": 70}, {"east": 5}, {"east": 1}]
    twice = cluster("east", {"a": 20, "b": 20, "c": 40}, replicas=2)
    assert shown(waves([twice], AIM, FEW)) == [("derived", {"east": ("a", "b", "c")})]


def test_the_canary_comes_first_and_what_was_declared_after_it() -> None:
    wish = WaveWish(canary=("d",), declared=(("c", "nosuch"), ("b*",)), pace=1, seconds=40)
    assert shown(waves([EAST], AIM, wish))[:4] == [
        ("canary", {"east": ("d",)}), ("declared", {"east": ("c",)}), ("declared", {"east": ("b",)}), ("derived", {"east": ("a",)}),
    ]  # fmt: skip


def test_clusters_follow_each_other_or_go_together() -> None:
    assert [wave.clusters for wave in waves([EAST, WEST], AIM, FEW)] == [("east",)] * 4 + [("west",)]
    together = waves([EAST, WEST], AIM, WaveWish(canary=("a",), pace=1, seconds=100, together=True))
    assert shown(together) == [
        ("canary", {"east": ("a",), "west": ("a",)}), ("derived", {"east": ("b", "c", "d"), "west": ("z",)}), ("gateway", {"east": ("edge/door",)}),
    ]  # fmt: skip
    assert [wave.number for wave in together] == [1, 2, 3]


def test_gateways_come_last_first_or_never() -> None:
    assert waves([EAST], AIM, WaveWish(gateways=FIRST))[0].kind == "gateway"
    assert waves([EAST, WEST], AIM, WaveWish(gateways=FIRST, together=True))[0].kind == "gateway"
    assert [wave.kind for wave in waves([EAST], AIM, WaveWish(gateways=NOT_MOVED))] == ["derived"]


def test_the_user_leaves_namespaces_out() -> None:
    assert shown(waves([EAST], AIM, WaveWish(only=("a", "b"), skip=("b",), gateways=NOT_MOVED))) == [("derived", {"east": ("a",)})]


def test_a_third_revision_is_none_of_the_cutover() -> None:
    other = ClusterState("east", spaces=[Space("a", BLUE), Space("b", Following(NAMED, "grey", "grey"))])
    assert shown(waves([other], AIM, WaveWish())) == [("derived", {"east": ("a",)})]
