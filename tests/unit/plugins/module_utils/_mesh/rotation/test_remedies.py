# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The least that works for those who lag, as a table."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.rotation.observed import CONFIG, CONTROL_PLANE, PROXY, Holder, Laggard, Plane
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.rotation.remedies import remedies, revivals, stuck

PLANE = Holder(CONTROL_PLANE, "istio-system", "istiod-1", workload="Deployment/istiod")
BUNDLE = Holder(CONFIG, "shop", "istio-ca-root-cert")
WEB = Holder(PROXY, "shop", "web-1", workload="Deployment/web")
DEAF = replace(WEB, online=False)
BARE = replace(DEAF, name="bare", workload="")
DEAF_PLANE = replace(PLANE, online=False)


@pytest.mark.parametrize(
    ("holders", "late", "elapsed", "allowed", "expected"),
    [
        ([PLANE, WEB], [WEB], 1, True, []),
        ([PLANE, WEB], [WEB], 121, True, ["restart shop/Deployment/web"]),
        ([PLANE, WEB], [WEB], 121, False, []),
        ([PLANE, DEAF], [DEAF, replace(DEAF, name="web-2")], 0, True, ["restart shop/Deployment/web"]),
        ([PLANE, DEAF], [DEAF], 0, False, []),
        ([PLANE, BARE], [BARE], 0, True, []),
        # A control plane and a bundle come first: a proxy that is restarted before would get the old again.
        ([PLANE, BUNDLE, DEAF], [BUNDLE, DEAF], 1, True, ["refresh istio-system/istiod-1"]),
        ([PLANE, BUNDLE], [BUNDLE], 6, True, ["refresh istio-system/istiod-1", "touch shop/istio-ca-root-cert"]),
        ([PLANE], [PLANE], 1, True, ["refresh istio-system/istiod-1"]),
        ([PLANE], [PLANE], 121, True, ["refresh istio-system/istiod-1", "restart istio-system/Deployment/istiod"]),
        ([DEAF_PLANE, BUNDLE], [BUNDLE], 0, True, ["refresh istio-system/istiod-1", "restart istio-system/Deployment/istiod"]),
        ([DEAF_PLANE, BUNDLE], [BUNDLE], 0, False, ["refresh istio-system/istiod-1"]),
        ([PLANE, BUNDLE, WEB], [], 500, True, []),
    ],
)
def test_remedies(holders: list[Holder], late: list[Holder], elapsed: float, allowed: bool, expected: list[str]) -> None:
    assert [str(one) for one in remedies(holders, [Laggard(holder, "lags") for holder in late], elapsed, allowed)] == expected


@pytest.mark.parametrize(
    ("late", "allowed", "expected"),
    [
        ([DEAF], False, [DEAF]),
        ([DEAF], True, []),
        ([BARE], True, [BARE]),
        ([WEB], False, []),
        ([BUNDLE, DEAF], False, []),
        ([replace(DEAF, fault="it did not answer")], False, []),
    ],
)
def test_who_cannot_be_waited_for(late: list[Holder], allowed: bool, expected: list[Holder]) -> None:
    assert [lag.holder for lag in stuck([Laggard(holder, "lags") for holder in late], allowed)] == expected


def test_where_trust_is_down_the_kubelet_brings_the_bundle_to_proxies_too() -> None:
    late = [Laggard(WEB, "lags")]
    assert [str(one) for one in remedies([PLANE, WEB], late, 6, False, down=True)] == ["refresh shop/web-1"]
    assert remedies([PLANE, WEB], late, 1, False, down=True) == []
    assert [str(one) for one in remedies([PLANE, DEAF], [Laggard(DEAF, "lags")], 6, True, down=True)] == ["refresh shop/web-1", "restart shop/Deployment/web"]


def test_a_control_plane_that_ended_is_started_anew() -> None:
    ended = Plane("istiod", "default", "1.29.1", desired=1, ready=0, online=True)
    found = revivals([ended, replace(ended, name="istiod-b", ready=1), replace(ended, name="istiod-c", desired=0)], "istio-system")
    assert [str(one) for one in found] == ["restart istio-system/Deployment/istiod"]
