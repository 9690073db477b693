# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What runs leave as artifacts: short whatever the size of the estate, and only what was chosen."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.tests.unit.support.filters import call

MANY = [f"c{number:03}" for number in range(200)]
ENOUGH = 4000  # letters: AWX hands an artifact to each later job of a workflow


def kept(facts: Any) -> dict[str, Any]:
    return {"changed": False, "msg": json.dumps(facts)}


def small(artifact: dict[str, Any]) -> bool:
    return len(json.dumps(artifact)) < ENOUGH


class TestPreflight:
    @staticmethod
    def left(findings: dict[str, list[str]], *hosts: str, notices: tuple[str, ...] = ()) -> dict[str, Any]:
        return call("_left_by_preflight", [*findings, *hosts], json.dumps(findings), list(notices))

    def test_of_clusters_without_findings_says_what_is_next(self) -> None:
        left = self.left({"east": [], "west": []}, notices=("east: soon out of support.",))
        assert left == {
            "verdict": "go", "says": "√ 2 clusters ready, with 1 notice", "clusters": 2, "ready": 2, "notices": 1, "findings": [],
            "next": "Run site in check mode: it shows what it would change.",
        }  # fmt: skip

    def test_names_findings_once_and_who_was_not_read(self) -> None:
        left = self.left({"east": ["east: no helm."], "west": ["west: no helm."], "south": []}, "north")
        assert (left["verdict"], left["says"]) == ("stop", "× 4 clusters: 2 with findings (east, west), 1 not read (north)")
        assert (left["ready"], left["findings"]) == (1, ["east, west: no helm."])
        assert left["next"].endswith("Nothing was written.")

    def test_stays_short(self) -> None:
        left = self.left({name: [f"{name}: fault {number} of {name[1:]} {'x' * 900}\nand more." for number in range(9)] for name in MANY})
        assert small(left)
        assert left["findings"][-1] == "and 1795 more, which the output of the job has"
        assert not any("\n" in sentence for sentence in left["findings"])


STEPS = [{"step": "introduce", "clusters": ["east", "west"], "says": "trust the new root too"}, {"step": "retire", "clusters": ["east"], "says": "alone"}]
PLAN = {"mesh": "shop", "kind": "root", "target": "ab12", "phases": {"east": "outside", "west": "outside"}, "steps": STEPS, "findings": [], "done": False}


class TestPlans:
    @staticmethod
    def left(*plans: Any) -> dict[str, Any]:
        hostvars = {f"h{number}": {"planned": plan if plan is None or "msg" in plan else kept(plan)} for number, plan in enumerate(plans)}
        return call("_left_by_plans", list(hostvars), hostvars, "planned", "rotation")

    def test_of_each_mesh_are_in_one_artifact(self) -> None:
        left = self.left(PLAN, {"skipped": True, "msg": "", "changed": False}, {**PLAN, "mesh": "pay"})
        assert (left["verdict"], left["says"]) == ("go", "√ shop: 2 steps in 2 clusters; pay: 2 steps in 2 clusters")
        shop = left["meshes"]["shop"]
        assert (shop["kind"], shop["target"], shop["clusters"], shop["steps"]) == ("root", "ab12", 2, 2)
        assert shop["due"] == ["introduce in east, west: trust the new root too", "retire in east: alone"]
        assert left["next"].startswith("Approve the rotation.")

    def test_one_that_is_forbidden_stops_all(self) -> None:
        left = self.left({**PLAN, "findings": ["west cannot be judged: no answer."]}, {**PLAN, "mesh": "pay"})
        assert (left["verdict"], left["meshes"]["pay"]["verdict"], left["findings"]) == ("stop", "go", ["west cannot be judged: no answer."])

    def test_with_nothing_to_do_are_done(self) -> None:
        left = self.left({**PLAN, "steps": [], "done": True})
        assert (left["verdict"], left["says"]) == ("done", "√ shop: nothing to do")

    def test_whose_steps_are_sentences_are_told_too(self) -> None:
        links = {"mesh": "shop", "kind": "links", "clusters": ["east"], "sources": ["east"], "steps": ["east: replace the token"], "findings": []}
        assert self.left(links)["meshes"]["shop"]["due"] == ["east: replace the token"]
        assert self.left({**links, "steps": []})["verdict"] == "done"

    def test_of_a_cutover_count_waves_and_proxies_and_name_no_namespace(self) -> None:
        waves = [{"number": number, "spaces": {"east": [f"team-{number}"]}, "proxies": {"east": 2}} for number in range(2000)]
        steps = [{"step": "move", "clusters": ["east"], "says": f"wave {number}", "wave": number} for number in range(2000)]
        left = self.left({**PLAN, "former": "blue", "waves": waves, "steps": steps, "left_out": MANY, "notices": MANY, "table": MANY})
        shop = left["meshes"]["shop"]
        assert (shop["waves"], shop["proxies"], shop["steps"]) == (2000, 4000, 2000)
        assert small(left)
        assert "team-" not in json.dumps(left)

    def test_if_nobody_planned_it_stops(self) -> None:
        assert self.left(None, {"failed": True, "msg": "no answer"})["verdict"] == "stop"

    def test_hold_nothing_that_was_not_chosen(self) -> None:
        assert "a-token" not in json.dumps(self.left({**PLAN, "secret": "a-token", "table": ["a-token"]}))


class TestRotation:
    @staticmethod
    def left(plan: Any, end: Any) -> dict[str, Any]:
        one = {"planned": kept(plan), **({"ended": kept(end)} if end else {})}
        return call("_left_by_rotation", ["east", "west"], {"east": one, "west": {}}, "planned", "ended")

    def test_that_is_through_says_how_long_it_took(self) -> None:
        left = self.left(PLAN, {"root": "ab12", "seconds": {"introduce": 4.4, "retire": 10}, "clusters": ["east", "west"]})
        assert (left["verdict"], left["says"]) == ("done", "√ shop: root of 2 clusters rotated in 14 s")
        assert left["meshes"]["shop"]["root"] == "ab12"

    def test_that_has_not_come_to_its_end_goes_on_when_it_is_started_again(self) -> None:
        left = self.left(PLAN, None)
        assert (left["verdict"], left["says"]) == ("stop", "× the rotation of shop is not through")
        assert "it goes on where it stopped" in left["next"]

    def test_with_nothing_to_do_says_so(self) -> None:
        assert self.left({**PLAN, "steps": [], "done": True}, None)["says"] == "√ shop: nothing was to be done"


WELL = {"planes": [{"revision": "stable", "version": "1.31.3"}], "findings": [], "changed": False}


class TestVerify:
    @staticmethod
    def left(answers: Any = None, **seen: Any) -> dict[str, Any]:
        hostvars = {name: {"info": result, **({"traffic": (answers or {}).get(name)} if answers else {})} for name, result in seen.items()}
        return call("_left_by_verify", list(hostvars), hostvars, "info", traffic="traffic" if answers else "", wanted=5)

    def test_without_traffic_speaks_of_the_inventory_alone(self) -> None:
        left = self.left(east=WELL, west=WELL)
        assert (left["verdict"], left["says"], left["well"], "paths" in left) == ("done", "√ 2 of 2 clusters as the inventory says", 2, False)

    def test_with_traffic_counts_paths(self) -> None:
        left = self.left({"east": {"answers": {"west": 5}}, "west": {"answers": {"east": 4}}}, east=WELL, west=WELL)
        assert (left["verdict"], left["paths"], left["answered"]) == ("stop", 2, 1)
        assert left["says"].endswith("1 of 2 paths between them answer over mTLS")

    @pytest.mark.parametrize("bad", [{"failed": True, "msg": "west: no answer."}, {"failed": True, "msg": "late", "findings": ["west: no gateway."]}, None])
    def test_a_cluster_that_failed_or_was_not_asked_stops_it(self, bad: Any) -> None:
        left = self.left(east=WELL, west=bad)
        assert (left["verdict"], left["well"], len(left["findings"])) == ("stop", 1, 1)
        assert left["findings"][0].startswith("west: ")


class TestSite:
    HOST = {"mesh_name": "shop", "mesh_version": "1.31.3", "info": WELL}

    def left(self, check: bool, present: tuple[str, ...] = (), **hosts: Any) -> dict[str, Any]:
        return call("_left_by_site", list(hosts), present or list(hosts), {name: {**self.HOST, **own} for name, own in hosts.items()}, "info", check=check)

    def test_in_check_mode_says_what_clusters_have_and_what_they_would_get(self) -> None:
        old = {"info": {**WELL, "planes": [{"revision": "stable", "version": "1.30.1"}]}}
        left = self.left(True, east={}, west=old, north={"info": {**WELL, "planes": []}}, south={"info": {**WELL, "planes": [], "served_by": "east"}})
        said = "4 clusters of 1 mesh: 2 with the version of the inventory, 1 to install (north), 1 to another version (west: 1.30.1 to 1.31.3)"
        assert (left["verdict"], left["says"]) == ("go", f"√ {said}")

    def test_that_is_through_is_done(self) -> None:
        left = self.left(False, east={}, west={"mesh_version": "1.31"})
        assert (left["verdict"], left["says"]) == ("done", "√ 2 clusters of 1 mesh: 2 with the version of the inventory")

    def test_a_host_that_failed_stops_it(self) -> None:
        left = self.left(False, ("east",), east={}, west={})
        assert (left["verdict"], left["failed"], left["findings"]) == ("stop", 1, ["west: this run did not come so far there."])
