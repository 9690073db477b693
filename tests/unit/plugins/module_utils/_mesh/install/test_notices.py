# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from datetime import date
from typing import Any

from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install import notices
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.helm_release import Release
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.supply import Gone
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.versions import ReleaseLine, Versions

GONE = Gone("old.example", date(2026, 12, 8), "goes", "new.example", (1, 30), (), "a note")
TABLE = Versions("Mesh", date(2026, 11, 26), (
    ReleaseLine((1, 31), date(2026, 8, 31), ((1, 32), (1, 37))),
    ReleaseLine((1, 29), date(2026, 2, 16), ((1, 31), (1, 35)), ends=date(2026, 10, 12)),
), ("a page",))
FOUND = {"named": [{"place": "old.example", "kind": "Pod", "where": "app/web", "text": "old.example/proxy:1"}], "unread": []}


def known(today: date = date(2026, 11, 26), led: tuple[str, ...] = ()) -> notices.SupportData:
    return notices.SupportData([GONE], TABLE, today, led)


def before(release: Release, image: str = "", version: str = "1.29.1", cluster: dict[str, Any] | None = None, **of: Any) -> tuple[list[str], list[str]]:
    return notices.before("east", [release], image, version, cluster or {}, known(**of))


class TestBefore:
    def test_charts_images_and_the_probe_are_looked_at(self) -> None:
        release = Release("cp", "mesh", "cp", "https://old.example/charts", "1.29.1", {"global": {"hub": "old.example/mesh"}})
        refused, warned = before(release, "old.example/fortio:1")
        assert refused == []
        assert [each.partition(", but old.example")[0] for each in warned[:3]] == [
            "east: the place of the charts is https://old.example/charts",
            "east: the value cp.global.hub is old.example/mesh",
            "east: mesh_probe_image is old.example/fortio:1",
        ]
        assert warned[3:] == ["east: Mesh 1.29 has been out of support since 2026-10-12; choose a supported version: 1.31 (as of 2026-11-26)."]

    def test_charts_of_a_registry_are_a_place_too(self) -> None:
        refused, _warned = before(Release("cp", "mesh", "oci://old.example/charts/cp", None, "1.31.0"), version="1.31.0")
        assert refused == [("the place of the charts is oci://old.example/charts, but old.example shuts down and "
                           "holds nothing newer than 1.30; use new.example or your mirror instead")]

    def test_what_stays_is_not_told(self) -> None:
        assert before(Release("cp", "mesh", "cp", "https://new.example", "1.31.0"), "new.example/fortio:1", "1.31.0") == ([], [])

    def test_what_runs_does_not_stop_an_install_that_may_mend_it(self) -> None:
        refused, warned = before(Release("cp", "mesh", "cp", "https://new.example"), version="1.31.0", cluster={"supply": FOUND}, today=date(2027, 1, 1))
        assert refused == [] and len(warned) == 1 and warned[0].startswith("east: 1 Pod names old.example (app/web: old.example/proxy:1)")

    def test_what_leads_pods_astray_stops_nothing_either(self) -> None:
        refused, warned = before(Release("cp", "mesh", "cp", "https://new.example"), version="1.31.0", cluster={"stray": ["the tag leads nowhere; mend it"]})
        assert (refused, warned) == ([], ["east: the tag leads nowhere; mend it."])


class TestRunning:
    def test_all_that_will_not_last_is_told_once(self) -> None:
        planes = [{"version": "1.29.1"}, {"version": "1.29.1"}]
        told = notices.running("east", planes, [{"namespace": "app", "name": "web", "version": "1.27.0"}], FOUND, (1, 36), known())
        assert [each.split(";")[0] for each in told] == [
            "east: Mesh 1.29 has been out of support since 2026-10-12",
            "east: Mesh 1.29 needs Kubernetes 1.31 to 1.35, but this cluster has 1.36.",
            "east: 1 proxy is of Mesh 1.27 (app/web), but the control plane is 1.29",
            "east: 1 Pod names old.example (app/web: old.example/proxy:1), which goes: a node that has not pulled the image by then cannot start it",
        ]

    def test_a_healthy_cluster_has_nothing_to_tell(self) -> None:
        assert notices.running("east", [{"version": "1.31.3"}], [], {"named": [], "unread": []}, (1, 34), known()) == []
        assert notices.running("east", [{"version": "1.31.3"}], [], FOUND, (1, 34), known(led=("old.example",))) == []

    def test_what_could_not_be_read_is_said(self) -> None:
        told = notices.running("east", [], [], {"named": [], "unread": ["Pod", "DaemonSet"]}, None, known())
        assert told == ["east: the credential may not list Pod, DaemonSet, so their images were not checked."]
