# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import copy
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import Refused
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.wish import ControlPlane, merged

WISH: dict[str, Any] = {"cluster": "east", "mesh": "shop", "revision": "stable", "tags": ["prod", "default"]}


class TestWish:
    def test_keeps_defaults_for_what_is_not_said(self) -> None:
        plane = ControlPlane.of({**WISH, "namespace": None, "values": None})
        assert (plane.namespace, plane.role, plane.crds, plane.values) == ("", "primary", "managed", {})

    def test_a_key_that_is_not_known_is_refused_with_those_that_are(self) -> None:
        with pytest.raises(Refused, match=r"^east: .* unknown keys revison, verson\. Known keys are backups, charts, cluster, .*, version\.$"):
            ControlPlane.of({**WISH, "verson": "1", "revison": "x"})

    def test_a_wish_without_a_cluster_is_refused_all_the_same(self) -> None:
        with pytest.raises(Refused, match=r"^the cluster: "):
            ControlPlane.of({"mesh": "shop", "colour": "blue"})

    @pytest.mark.parametrize(("change", "told"), [
        ({"revision": "1.29"}, "the revision '1.29' is not a DNS label"),
        ({"tags": ["prod", "Prod!"]}, "the revision tag 'Prod!' is not a DNS label"),
        ({"tags": ["stable"]}, "the revision tag 'stable' has the same name as the revision"),
        ({"role": "remote"}, "the cluster is a remote, but mesh_primary does not name its primary"),
    ])
    def test_what_cannot_be_is_refused_by_name(self, change: dict[str, Any], told: str) -> None:
        with pytest.raises(Refused) as refused:
            ControlPlane.of({**WISH, **change})
        assert str(refused.value).startswith(f"east: {told}")
        assert str(refused.value).endswith(". Correct the mesh_* variables of this cluster.")

    def test_everything_that_cannot_be_is_told_at_once(self) -> None:
        with pytest.raises(Refused, match="revision 'A'.*; the revision tag 'B'.*; the cluster is a remote"):
            ControlPlane.of({**WISH, "revision": "A", "tags": ["B"], "role": "remote"})


class TestMerged:
    @pytest.mark.parametrize(("layers", "result"), [
        pytest.param([], {}, id="nothing"),
        pytest.param([None, {"a": 1}, None], {"a": 1}, id="a layer that is not there"),
        pytest.param([{"a": 1, "b": 1}, {"b": 2}, {"b": 3}], {"a": 1, "b": 3}, id="the last one wins"),
        pytest.param([{"a": {"x": 1, "y": 1}}, {"a": {"y": 2}}], {"a": {"x": 1, "y": 2}}, id="dictionaries are merged"),
        pytest.param([{"a": [1, 2]}, {"a": [3]}], {"a": [3]}, id="lists are replaced"),
        pytest.param([{"a": {"x": 1}}, {"a": 2}], {"a": 2}, id="a value replaces a dictionary"),
        pytest.param([{"a": 2}, {"a": {"x": 1}}], {"a": {"x": 1}}, id="a dictionary replaces a value"),
        pytest.param([{"a": {"x": 1}}, {"a": {"x": None}}], {"a": {"x": None}}, id="null is a value: Helm removes the default"),
    ])
    def test_lays_layers_over_each_other(self, layers: list[Any], result: dict[str, Any]) -> None:
        assert merged(*layers) == result

    def test_leaves_the_layers_as_they_were(self) -> None:
        layers = [{"a": {"x": {"deep": 1}}, "b": {"deep": 1}}, {"a": {"x": {"other": 2}}}]
        before = copy.deepcopy(layers)
        result = merged(*layers)
        result["a"]["x"]["deep"] = result["b"]["deep"] = 9
        assert layers == before
