# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Planes as an inventory declares them, and everything that is wrong with one, by its name."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.declared import faults, planes
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.planes import HA, SIMPLE
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import Refused
from ansible_collections.meshops.lifecycle.tests.unit.support.istio_planes import DECLARED

ONE = {"blue": {"revision": "blue"}}
BOTH = {**ONE, "green": {"revision": "green"}}
OWN, DOOR = {"revision": "blue"}, {"namespace": "in", "name": "door"}
SLICES = {"kind": "EndpointSlice", "namespace": "in", "blue": {"name": "a"}, "green": {"name": "b"}}
SPLIT = {"kind": "VirtualService", "namespace": "shop", "name": "shop", "blue": {"host": "a"}, "green": {"host": "b"}}


def test_a_plane_has_the_role_of_its_name_and_the_profile_of_its_control_planes() -> None:
    known = planes({"ingress": ONE, "shop": {**BOTH, "green": {"revision": "g"}, "blue": {"revision": "b"}, "role": "application"}})
    assert {name: (one.role, one.profile, sorted(one.sides)) for name, one in known.items()} == {
        "ingress": ("ingress", SIMPLE, ["blue"]),
        "shop": ("application", HA, ["blue", "green"]),
    }
    assert known["shop"].weights == (10, 50, 100)


def test_nothing_declared_is_no_fault() -> None:
    assert planes(None) == planes({}) == {}


def test_the_whole_declaration_is_understood() -> None:
    test = {"name": "shop", "namespace": "gw", "labels": {"app": "green"}, "port": 8080, "host": "green.shop.example", "status": 204, "times": 3}
    known = planes({**DECLARED, "egress": {**DECLARED["egress"], "green": {**DECLARED["egress"]["green"], "tests": [test]}}})
    asked = known["egress"].sides["green"].tests[0]
    assert (asked.pods.selector, asked.port, asked.host, asked.status, asked.times, asked.says) == ("app=green", 8080, "green.shop.example", 204, 3, "shop")
    assert [split.where for split in known["ingress"].splits] == ["EndpointSlice planes/entry-blue and entry-green"]
    assert known["application"].splits[0].rules == ("all",)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["ingress"], "no dictionary of planes"),
        ({"ingress": []}, "ingress: it is no dictionary"),
        ({"front": ONE}, "front: the role 'front' is none of ingress, egress, application"),
        ({"ingress": {}}, "ingress: it has no control plane; declare blue"),
        ({"ingress": {**ONE, "profile": "hot"}}, "the profile 'hot' is neither simple nor ha"),
        ({"ingress": {**ONE, "profile": "ha"}}, "needs both blue and green"),
        ({"ingress": {**BOTH, "profile": "simple"}}, "has one control plane, and blue and green are declared"),
        ({"ingress": {**ONE, "splits": [SPLIT]}}, "nothing splits its traffic"),
        ({"ingress": {**ONE, "color": "blue"}}, "unknown keys color (known keys are role, profile"),
        ({"ingress": {"blue": {"revision": "Blue"}}}, "ingress.blue: the revision 'Blue' is not a DNS label"),
        ({"ingress": {"blue": {}, "green": {"namespace": "a"}}}, "ingress.green: the revision None is not a DNS label"),
        ({"ingress": {**BOTH, "weights": [50, 10, 100]}}, "no growing numbers"),
        ({"ingress": {**BOTH, "weights": [10, 50]}}, "end with 100"),
        ({"ingress": {**BOTH, "weights": ["10", 100]}}, "no growing numbers"),
        ({"ingress": {**BOTH, "weights": [0, 100]}}, "no growing numbers"),
        ({"ingress": {**BOTH, "splits": [{**SPLIT, "name": "", "green": {}}]}}, "ingress.splits[0]: name, green are missing"),
        ({"ingress": {**BOTH, "splits": [{**SPLIT, "green": {"host": "a"}}]}}, "blue and green name the same destination"),
        ({"ingress": {**BOTH, "splits": "a"}}, "ingress.splits: it is no list"),
        ({"ingress": {"blue": {"revision": "b", "pods": {"namespace": "a"}}}}, "ingress.blue.pods: it needs a namespace and labels"),
        ({"ingress": {"blue": {"revision": "b", "tests": [{"namespace": "a", "labels": {"a": "b"}}]}}}, "ingress.blue.tests[0]: port is missing"),
        ({"ingress": BOTH, "egress": {"blue": {"revision": "blue"}}}, "the revision blue is declared 2 times (ingress, egress)"),
        ({"ingress": {"blue": {**OWN, "gateways": "door"}}}, "ingress.blue.gateways: it is no list"),
        ({"ingress": {"blue": {**OWN, "gateways": [{"name": "door"}]}}}, "ingress.blue.gateways[0]: namespace is missing"),
        ({"ingress": {"blue": {**OWN, "gateways": [DOOR]}, "green": {"revision": "green", "gateways": [DOOR]}}},
         "Deployment in/door is declared 2 times (ingress.blue, ingress.green)"),
        ({"ingress": {**BOTH, "blue": {**OWN, "gateways": [DOOR]}, "splits": [SLICES]}}, "names addresses, and pods that a gateway gets back have other ones"),
        ({"ingress": {**BOTH, "splits": [SPLIT, SPLIT]}}, "VirtualService shop/shop is declared 2 times"),
    ],
)
def test_what_is_wrong_is_said_by_its_name(given: Any, said: str) -> None:
    assert said in "; ".join(faults(given))
    with pytest.raises(Refused, match="mesh_planes"):
        planes(given)


def test_all_planes_are_judged_in_one_run() -> None:
    assert len(faults({"ingress": {}, "egress": {**ONE, "profile": "hot"}})) == 2


def test_the_word_of_the_user_names_a_colour_or_its_revision() -> None:
    plane = planes({"ingress": {"blue": {"revision": "in-1"}, "green": {"revision": "in-2"}}})["ingress"]
    assert (plane.colour_of("green"), plane.colour_of("in-1")) == ("green", "blue")
    with pytest.raises(Refused, match=r"the plane ingress has no in-3; it has blue \(in-1\), green \(in-2\)"):
        plane.colour_of("in-3", "shop")
