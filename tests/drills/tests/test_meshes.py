# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a drill takes for a mesh of each provider, with clusters, a playbook and an operator that only pretend."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from meshdrill import __main__ as program
from meshdrill import cutover_kill, meshes, play, revisions
from meshdrill.errors import DrillError
from meshdrill.meshes import ISTIO, OSSM3, Mesh
from meshdrill.play import Run

OPERATED = Path("/lab-ossm3")


class Clusters:
    """`objects` are those of the operator."""

    inventory = OPERATED

    def __init__(self, *objects: dict[str, Any]) -> None:
        self.objects = list(objects)

    def get(self, _cluster: str, kinds: str, *_words: str) -> dict[str, Any]:
        return {"items": self.objects if "sailoperator.io" in kinds else []}


def named(kind: str, name: str, **spec: Any) -> dict[str, Any]:
    return {"kind": kind, "metadata": {"name": name}, "spec": spec}


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What was asked of the operator and of playbooks."""
    seen: dict[str, Any] = {"plays": []}

    @contextlib.contextmanager
    def operated(folder: Path, charts: Mapping[str, Path]) -> Iterator[Clusters]:
        seen["charts"] = {version: place.name for version, place in charts.items()}
        yield Clusters()
        seen["ended"] = True

    def playbook(name: str, _kind: str, _folder: Path, given: Any, _environ: Any = None, inventory: Path = play.INVENTORY) -> Run:
        seen["plays"].append((name, dict(given), inventory))
        return Run(0, Path("log"))

    monkeypatch.setattr(meshes, "operated", operated)
    monkeypatch.setattr(meshes, "take_down", lambda estate: seen.update(gone=estate.inventory))
    monkeypatch.setattr(meshes, "bring_images", lambda _estate, place: seen.update(images=place))
    monkeypatch.setattr(meshes.programs, "build", lambda _program: Path("/before"))
    monkeypatch.setattr(meshes, "Estate", type("Known", (), {"inventory": play.INVENTORY}))
    monkeypatch.setattr(meshes.play, "playbook", playbook)
    return seen


def test_a_mesh_by_charts_is_the_one_that_stands(told: dict[str, Any], tmp_path: Path) -> None:
    with meshes.mesh("rotation", ISTIO, False, tmp_path) as found:
        assert (found.estate.inventory, found.stays, found.peer, found.variables("green")) == (play.INVENTORY, True, True, revisions.DRAINING)
    assert told["plays"] == [("site", {}, play.INVENTORY)]
    with meshes.mesh("cutover", ISTIO, False, tmp_path):
        assert len(told["plays"]) == 1, "a cutover installs the mesh by itself"


@pytest.mark.parametrize(("drill", "plays"), [("rotation", [("site", {}, OPERATED)]), ("cutover", [])])
def test_an_operator_plays_for_as_long_as_the_drill_takes(told: dict[str, Any], tmp_path: Path, drill: str, plays: list[Any]) -> None:
    with meshes.mesh(drill, OSSM3, False, tmp_path) as found:
        assert (told["charts"], told.get("ended")) == ({"v1.32.0": "charts"}, None)
        assert (found.stays, found.peer, found.variables("green")) == (False, False, revisions.DRAINING)
    assert (told["plays"], told["ended"], told["gone"], "images" in told) == (plays, True, play.INVENTORY, False)


def test_two_real_versions_are_known_to_the_operator_and_their_images_to_the_clusters(told: dict[str, Any], tmp_path: Path) -> None:
    with meshes.mesh("cutover", OSSM3, True, tmp_path) as found:
        older, newer = found.variables("stable"), found.variables("green")
    assert (told["charts"], told["images"]) == ({"v1.32.0": "charts", "v1.31.0": "charts"}, Path("/before"))
    assert (older["mesh_version"], older["mesh_cluster_values"]["istiod"]["global"]["tag"]) == ("1.31.0", "1.31.0-lab")
    assert (newer["mesh_version"], newer["mesh_cluster_values"]["istiod"]["global"]["tag"]) == ("1.32.0", "1.32.0-lab")
    assert older["mesh_cluster_values"]["gateway"] == revisions.DRAINING["mesh_cluster_values"]["gateway"]


def test_what_a_drill_cannot_do_with_an_operator_is_said_before_anything_is_taken_down(told: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(DrillError, match=r"^drill-planes has no mesh of ossm3; there are naive, rotation, kill, cutover, cutover-kill\.$"):
        with meshes.mesh("planes", OSSM3, False, tmp_path):
            pytest.fail("it began")
    assert told == {"plays": []}


def test_the_operator_s_objects_of_a_retired_revision_are_left_of_it() -> None:
    clusters = Clusters(named("Istio", "stable"), named("IstioRevision", "stable"), named("Istio", "green"), named("IstioRevision", "green"),
                        named("IstioRevisionTag", "default", targetRef={"kind": "IstioRevision", "name": "green"}))  # fmt: skip
    assert meshes.left(clusters, "east", "stable") == ["east: Istio stable", "east: IstioRevision stable"]  # type: ignore[arg-type]
    assert "east: IstioRevisionTag default" in meshes.left(clusters, "east", "green")  # type: ignore[arg-type]
    assert meshes.left(Clusters(), "east", "stable") == []  # type: ignore[arg-type]


def options(drill: str) -> argparse.Namespace:
    return argparse.Namespace(drill=drill, runs=1, requests=1, servers=1, points="", kinds="root", alone=False, mesh="", acts="")


def test_a_cutover_is_judged_by_what_the_provider_leaves_and_no_peer_is_held_where_none_can_be(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked: dict[str, Any] = {}
    monkeypatch.setattr(program.cutover, "standing", lambda _ground, _variables, home: asked.update(home=home) or contextlib.nullcontext())
    monkeypatch.setattr(program.cutover, "hold", lambda *_given, **more: asked.update(more))
    monkeypatch.setattr(program.cutover_kill, "hold", lambda *_given, **more: asked.update(more))
    monkeypatch.setattr(program.peer, "hold", lambda *_given: asked.update(peer=True))
    monkeypatch.setattr(program, "repeat", lambda hold, _runs, _build: [hold()])
    found = Mesh(Clusters(), lambda _revision: {}, stays=False, peer=False, left=meshes.left, wide="widgets")  # type: ignore[arg-type]
    for drill in ("cutover", "cutover-kill"):
        program.held(options(drill), None, found, tmp_path)  # type: ignore[arg-type]
    assert asked == {"home": False, "left": meshes.left, "wide": "widgets"}
    by_charts = Mesh(Clusters(), lambda _revision: {})  # type: ignore[arg-type]
    program.held(options("cutover"), None, by_charts, tmp_path)  # type: ignore[arg-type]
    assert (asked["home"], asked["peer"], asked["left"]) == (True, True, revisions.left)
    assert by_charts.wide == cutover_kill.WIDE
