# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps of a cutover and what is held against them, with clusters and a playbook that only pretend."""

from __future__ import annotations

import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from meshdrill import cutover, cutover_kill, revisions, versions
from meshdrill.app import FLOWS, NAMESPACE, STREAM
from meshdrill.cutover import Course
from meshdrill.errors import DrillError
from meshdrill.gate import gate
from meshdrill.ground import CLUSTERS, Seen
from meshdrill.ledger import Flow, Request
from meshdrill.play import Run
from meshdrill.revisions import Pair
from meshdrill.scenery import CANARY, DECOY, ENDLESS
from meshdrill.sightings import Sighting

PAIR = Pair("stable", "green")


class Clusters:
    """Ground, estate, load and playbook at once: each cluster has a tag, a namespace that names a revision, a server, and installed revisions."""

    build, ending = Path("/nowhere"), False

    def __init__(self, stays: str = "", leaves: bool = False, blind: bool = False) -> None:
        self.on, self.installed, self.played, self.asked = "stable", {"stable"}, list[dict[str, Any]](), list[int]()
        self.stays, self.leaves, self.blind, self.seconds = stays, leaves, blind, 0

    @property
    def estate(self) -> Clusters:
        return self

    def say(self, text: str) -> None:
        """Nobody listens."""

    def kubectl_all(self, *words: str) -> None:
        assert words[:4] == ("-n", CANARY, "delete", "pod")

    def sent_since(self, _begin: float) -> int:
        self.seconds += 1
        return 4000 * self.seconds

    def get(self, _cluster: str, *words: str) -> dict[str, Any]:
        kind = words[0]
        if kind == "pods":
            revision = self.on if "-l" in words else self.stays or self.on
            ending = {"deletionTimestamp": "now"} if self.ending else {}
            return {"items": [self._item("Pod", "server", annotations={"istio.io/rev": revision}, **ending)]}
        if kind == "namespaces":
            return {"items": [self._item("Namespace", CANARY, labels={"istio.io/rev": self.on}), self._item("Namespace", "default")]}
        if kind == "mutatingwebhookconfigurations":
            return {"items": [self._item("MutatingWebhookConfiguration", revisions.TAG, labels={"istio.io/rev": self.on})]}
        if kind == "deployments":
            return {"items": [self._item("Deployment", f"istiod-{name}") for name in self.installed if f"istio.io/rev={name}" in words]}
        return {"items": [self._item("MutatingWebhookConfiguration", f"injector-{name}", labels={"istio.io/rev": name}) for name in self.installed]}

    @staticmethod
    def _item(kind: str, name: str, **meta: Any) -> dict[str, Any]:
        return {"kind": kind, "metadata": {"name": name, **meta}}

    def play(self, kind: str, given: Any) -> Run:
        """Moves, asks the gate, and turns back if that says no; or does not, where it is blind."""
        self.played.append(dict(given))
        before, to = self.on, given["cutover_to"]
        self.installed.add(to)
        self.on = to
        code = self._ask(given["cutover_gates"][0]["http"]["url"])
        self.asked.append(code)
        if code != 200 and not self.blind:
            self.on = before
            return Run(2, Path("log"), 1.0)
        if given["cutover_retire"] and not self.leaves:
            self.installed = {to}
        return Run(0, Path("log"), 1.0)

    @staticmethod
    def _ask(url: str) -> int:
        try:
            return int(urllib.request.urlopen(url).status)
        except urllib.error.HTTPError as error:
            return error.code


def course(clusters: Clusters) -> tuple[Course, list[str]]:
    with gate() as asked:
        one = Course(clusters, PAIR, clusters.play, asked, 20000)  # type: ignore[arg-type]
        return one, [phase.name for phase in one.act(clusters)]  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def no_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cutover.time, "sleep", lambda _seconds: None)


def test_a_gate_fails_then_forward_back_and_forward_with_the_former_retired() -> None:
    clusters = Clusters()
    done, phases = course(clusters)
    assert done.trouble == []
    assert [given["cutover_to"] for given in clusters.played] == ["green", "green", "stable", "green"]
    assert [given["cutover_retire"] for given in clusters.played] == [False, False, False, True]
    assert clusters.asked == [503, 200, 200, 200]
    assert phases == [*(f"{name}: in all" for name in ("gate fails", "forward", "back", "forward, retire")), "nothing is done any more"]
    assert (clusters.on, clusters.installed) == ("green", {"green"})


def test_the_load_goes_on_until_each_flow_has_its_requests() -> None:
    clusters = Clusters()
    course(clusters)
    assert clusters.seconds == 5


@pytest.mark.parametrize(("clusters", "why"), [
    (Clusters(blind=True), "a gate failed and the playbook did not"),
    (Clusters(stays="other"), "not everything is on stable: east: Pod /server"),
    (Clusters(leaves=True), "not everything is on green: east: injector-stable is left of it; east: Deployment istiod-stable is left of it"),
])
def test_a_cutover_that_ends_otherwise_is_a_promise_missed_and_the_last_step(clusters: Clusters, why: str) -> None:
    done, phases = course(clusters)
    (promise,) = done.trouble
    assert why in promise.seen and not promise.met and phases[-1] == "did not come to its end"


def test_a_playbook_that_fails_is_one_too(tmp_path: Path) -> None:
    clusters = Clusters()

    def play(kind: str, _given: object) -> Run:
        log = tmp_path / f"{kind}.log"
        log.write_text(f"[ERROR]: {kind} went wrong\n")
        return Run(2, log, 1.0)

    clusters.play = play  # type: ignore[method-assign]
    assert "forward went wrong" in course(clusters)[0].trouble[0].seen


def sighting(cluster: str, space: str, pod: str, **seen: Any) -> Sighting:
    return Sighting(cluster, 5.0, 5.0, space, {}, pod, ready=True, **seen)


DECOYS = [one for cluster in CLUSTERS for one in (
    Sighting(cluster, 1.0, 1.0, CANARY, {"istio.io/rev": "stable"}), sighting(cluster, CANARY, DECOY, refuses=True))]
LOOKS = [Sighting("east", at, at + 0.1) for at in (1.0, 1.6, 2.2)]
MOVED = [sighting("east", NAMESPACE, "server", sidecar=True, revision="green")]
ANSWERS = [Request(ENDLESS, at, 0.01, "200") for at in (1.0, 1.025, 2.5)]


def missed(samples: list[Sighting], requests: list[Request] | None = None, **changed: Flow) -> list[str]:
    flows = {name: Flow(name, 20000, 0, 0, 0.002, 0.01) for name in (*FLOWS, STREAM)} | {ENDLESS: Flow(ENDLESS, 9, 3, 2, 0.0, 0.0)} | changed
    one = Course(Clusters(), PAIR, Clusters().play, None, 20000, {"gate fails": (0.0, 9.0)})  # type: ignore[arg-type]
    return [promise.text for promise in one.judge(Seen(flows, samples, [], ANSWERS if requests is None else requests)) if not promise.met]


@pytest.mark.parametrize(("samples", "changed", "words"), [
    ([*DECOYS, *LOOKS, *MOVED], {}, []),
    ([*DECOYS, *LOOKS, *MOVED], {"inside-pooled": Flow("inside-pooled", 20000, 1, 0, 0, 0)}, ["no request is lost"]),
    ([*DECOYS, *LOOKS, *MOVED], {STREAM: Flow(STREAM, 19999, 0, 0, 0, 0)}, ["20000 requests or more"]),
    ([*DECOYS, *LOOKS, *MOVED], {STREAM: Flow(STREAM, 20000, 0, 1, 0, 0)}, ["across-stream never breaks"]),
    ([*DECOYS, *LOOKS], {}, ["servers had moved"]),
    ([*LOOKS, *MOVED], {}, ["the witness sees"]),
    ([*DECOYS, *LOOKS, Sighting("east", 9.0, 9.1), *MOVED], {}, ["witness's sight"]),
    ([*DECOYS, *LOOKS, *MOVED, sighting("west", CANARY, "keeper-0")], {}, ["no pod without a sidecar"]),
])
def test_whatever_somebody_notices_is_a_promise_missed(samples: list[Sighting], changed: dict[str, Flow], words: list[str]) -> None:
    texts = missed(samples, **changed)
    assert len(texts) == len(words) and all(word in text for word, text in zip(words, texts, strict=True)), texts


def test_a_stream_that_is_not_answered_again_is_one() -> None:
    assert cutover.silence(ANSWERS) == pytest.approx(1.475, abs=0.01)
    assert len(missed([*DECOYS, *LOOKS, *MOVED], [*ANSWERS, Request(ENDLESS, 9.0, 0.1, "200")])) == 1
    assert len(missed([*DECOYS, *LOOKS, *MOVED], [])) == 1


def test_a_drill_begins_where_all_clusters_are() -> None:
    clusters = Clusters()
    assert revisions.between(clusters, CLUSTERS, dict).target == "green"  # type: ignore[arg-type]
    clusters.on = "elsewhere"
    with pytest.raises(DrillError, match="The clusters follow elsewhere"):
        revisions.between(clusters, CLUSTERS, dict)  # type: ignore[arg-type]


def test_what_is_just_being_deleted_is_on_no_revision() -> None:
    clusters = Clusters(stays="green")
    assert revisions.strangers(clusters, "east", "stable") == ["east: Pod /server"]  # type: ignore[arg-type]
    clusters.ending = True
    assert revisions.strangers(clusters, "east", "stable") == []  # type: ignore[arg-type]


def test_the_way_back_of_a_kill_is_the_same_playbook_to_the_other_revision(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    called: list[tuple[str, str, bool]] = []

    def playbook(_name: str, kind: str, _folder: Path, given: Any, environ: Any = None, _inventory: Any = None) -> Run:
        called.append((kind, given["cutover_to"], environ is not None))
        return Run(0, Path("log"))

    monkeypatch.setattr(cutover_kill.play, "playbook", playbook)
    there, back = cutover_kill.ways(PAIR, tmp_path)
    there.play(""), back.play("/x:after:3")
    assert called == [("forward", "green", False), ("back", "stable", True)]


def test_two_real_versions_are_the_older_one_first_and_each_has_its_charts_and_images() -> None:
    choice = versions.both(Path("/built"))
    older, newer = choice("stable"), choice("green")
    assert (older["mesh_version"], older["mesh_charts"]["location"]) == ("1.31", "/built/charts")
    assert older["mesh_cluster_values"]["istiod"]["global"]["tag"] == "1.31.0-lab"
    assert newer["mesh_version"] == "1.32" and newer["mesh_cluster_values"]["istiod"]["global"]["tag"] == "1.32.0-lab"
    assert older["mesh_cluster_values"]["gateway"] == newer["mesh_cluster_values"]["gateway"] == revisions.DRAINING["mesh_cluster_values"]["gateway"]


def test_of_one_version_the_inventory_decides() -> None:
    with versions.versions(None, real=False) as choice:  # type: ignore[arg-type]
        assert choice("stable") == choice("green") == revisions.DRAINING
