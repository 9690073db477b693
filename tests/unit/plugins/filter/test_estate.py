# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filters of the report, and the one that cuts data."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.meshops.lifecycle.plugins.plugin_utils import query
from ansible_collections.meshops.lifecycle.tests.unit.support.estates import facts, made
from ansible_collections.meshops.lifecycle.tests.unit.support.filters import call

SHOP = {"mesh_name": "shop", "mesh_network": "lan", "mesh_kube": {"kubeconfig": "k", "context": "c"}, "inventory_dir": "/i"}
HOSTVARS: dict[str, Any] = {
    "east": {**SHOP, "mesh_site": "onprem", "seen": facts("east", ["west"])},
    "west": {**SHOP, "mesh_site": "cloud", "seen": {"failed": True, "msg": "west: it refuses connections."}},
    "north": {**SHOP},
    "bastion": {},
}


class TestEstate:
    @staticmethod
    def told(*hosts: str) -> dict[str, Any]:
        return call("_estate", list(hosts), HOSTVARS, "seen")

    def test_it_knows_mesh_site_and_peers_from_the_inventory(self) -> None:
        told = {one["name"]: one for one in self.told("east", "west")["clusters"]}
        whose = [(told[name]["mesh"], told[name]["site"], told[name]["provider"]) for name in ("east", "west")]
        assert whose == [("shop", "onprem", "istio"), ("shop", "cloud", "istio")]
        assert told["east"]["links"] == {"north": "missing", "west": "synced"}
        assert told["west"]["unreached"] == "west: it refuses connections."

    def test_the_versions_are_those_of_the_collection(self) -> None:
        (version,) = self.told("east")["versions"]
        assert (version["product"], version["version"], version["level"]) == ("Istio", "1.31.2", "ok")


class TestFiles:
    def test_a_folder_gets_page_and_data_for_this_user_and_metrics_for_everybody(self) -> None:
        files = call("_estate_files", made(2), "/r", "/m/mesh.prom")
        assert [(one["path"], one["mode"]) for one in files] == [("/r/estate.html", "0600"), ("/r/estate.json", "0600"), ("/m/mesh.prom", "0644")]
        assert json.loads(files[1]["content"]) == made(2)
        assert files[0]["content"].lstrip().startswith("<!doctype html>")

    def test_nothing_is_written_where_nothing_is_named(self) -> None:
        assert call("_estate_files", made(2), "", "") == []
        assert [one["path"] for one in call("_estate_files", made(2), "", "/m/mesh.prom")] == ["/m/mesh.prom"]


class TestQuery:
    def test_a_part_is_cut_out(self) -> None:
        assert call("mesh_query", made(2), "clusters[?site=='onprem'].name") == ["east"]
        assert call("mesh_query", made(2), "summary.clusters") == 2
        assert call("mesh_query", made(2), "nothing.of.this") is None

    def test_texts_that_ansible_has_marked_are_texts(self) -> None:
        class Marked(str):
            """As the strings of a playbook, which are no plain ones."""

        assert call("mesh_query", [{Marked("name"): Marked("east"), "n": 1}], "[?starts_with(name, 'e')].name") == ["east"]

    @pytest.mark.parametrize("expression", ["clusters[?", "length(summary.clusters)", "nobody(@)"])
    def test_what_is_no_query_is_refused_by_name(self, expression: str) -> None:
        with pytest.raises(AnsibleFilterError, match="cannot be used"):
            call("mesh_query", made(2), expression)

    def test_what_is_missing_is_said(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(query, "jmespath", None)
        with pytest.raises(AnsibleFilterError, match="Install jmespath"):
            call("mesh_query", {}, "a")
