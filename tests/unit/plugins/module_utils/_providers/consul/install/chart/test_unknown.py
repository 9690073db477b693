# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A key that the chart would pass over is named, with what was probably meant."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.consul.install.chart import unknown

NINE, TWO = (1, 9), (2, 0)


@pytest.mark.parametrize(
    ("values", "fault"),
    [
        ({"servers": {}}, "mesh_values.consul.servers is no key of the chart; did you mean server?"),
        ({"global": {"tls": {"httpOnly": True}}}, "mesh_values.consul.global.tls.httpOnly is no key of the chart; did you mean global.tls.httpsOnly?"),
        ({"global": {"imagek8s": "x"}}, "mesh_values.consul.global.imagek8s is no key of the chart; did you mean global.imageK8S?"),
        ({"global": {"imageK8s": "x"}}, "mesh_values.consul.global.imageK8s is no key of the chart any more; use global.imageK8S"),
        ({"controller": {"enabled": True}}, "mesh_values.consul.controller is no key of the chart any more; use connectInject.enabled"),
        ({"global": {"wanAddress": {}}}, "mesh_values.consul.global.wanAddress is no key of the chart; did you mean meshGateway.wanAddress?"),
        ({"global": {"acls": {"bootstrapToken": {"name": "x"}}}},
         "mesh_values.consul.global.acls.bootstrapToken.name is no key of the chart; known here are secretKey, secretName"),
        ({"server": {"serverCert": {"zzz": 1}}}, "mesh_values.consul.server.serverCert.zzz is no key of the chart; known here are secretName"),
        ({"server": {"qqqqq": 1}}, "mesh_values.consul.server.qqqqq is no key of the chart"),
    ],
)  # fmt: skip
def test_an_unknown_key(values: dict[str, Any], fault: str) -> None:
    assert unknown.faults(values, NINE) == [fault]


def test_a_key_of_another_line() -> None:
    values = {"global": {"crds": {"enableTcpRoute": True}, "cloud": {"enabled": False}}}
    assert unknown.faults(values, NINE) == ["mesh_values.consul.global.crds is no key of the charts 1.9, only of 1.8 and 2.0"]
    assert unknown.faults(values, TWO) == ["mesh_values.consul.global.cloud is no key of the charts 2.0, only of 1.8 and 1.9"]


def test_all_at_once() -> None:
    assert len(unknown.faults({"a": 1, "global": {"b": 1, "tls": {"c": 1}}}, TWO)) == 3


@pytest.mark.parametrize(
    "values",
    [
        {"global": {"tls": {"enabled": True}, "acls": {"bootstrapToken": {"secretName": "x", "secretKey": "y"}}}, "fullnameOverride": "x"},
        {"server": {"resources": {"claims": []}, "containerSecurityContext": {"any": {}}, "nodeSelector": "a: b", "annotations": None}},
        {"global": {"extraLabels": {"team": "shop"}}, "client": {"nodeMeta": {"rack": "1"}}},
        {"terminatingGateways": {"gateways": [{"name": "x", "anything": 1}]}},
    ],
)
def test_what_is_known_or_may_hold_anything(values: dict[str, Any]) -> None:
    assert unknown.faults(values, TWO) == []


def test_no_key_is_both_known_and_replaced() -> None:
    for path in unknown.REPLACED:
        above, _dot, key = path.rpartition(".")
        assert key not in unknown.BELOW[above].split()


def test_every_list_of_keys_has_its_own_key_above_it() -> None:
    for path in (*unknown.BELOW, *unknown.OF_SECRETS.split(), *unknown.ONLY_IN):
        above, _dot, key = path.rpartition(".")
        assert not path or key in unknown.BELOW[above].split(), path
