# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The least remedy that helps each laggard, as a table."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.change import Ref
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.rotation.remedies import Need, stuck
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.rotation.trust_users import (
    CONFIG,
    CONTROL_PLANE,
    PROXY,
    ControlPlaneDeployment,
    Laggard,
    TrustUser,
)
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.rotation.remedies import remedies, rolled

PLANE = TrustUser(CONTROL_PLANE, "istio-system", "istiod-1", workload="Deployment/istiod")
BUNDLE = TrustUser(CONFIG, "shop", "istio-ca-root-cert")
WEB = TrustUser(PROXY, "shop", "web-1", workload="Deployment/web")
DEAF = replace(WEB, online=False)
BARE = replace(DEAF, name="bare", workload="")
DEAF_PLANE = replace(PLANE, online=False)


def said(need: Need) -> list[str]:
    return [str(one) for one in remedies(need, "istio-system", "2026-01-01T00:00:00.000+00:00")]


@pytest.mark.parametrize(
    ("users", "late", "elapsed", "allowed", "expected"),
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
def test_remedies(users: list[TrustUser], late: list[TrustUser], elapsed: float, allowed: bool, expected: list[str]) -> None:
    assert said(Need(users, [], [Laggard(user, "lags") for user in late], elapsed, allowed)) == expected


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
def test_who_cannot_be_waited_for(late: list[TrustUser], allowed: bool, expected: list[TrustUser]) -> None:
    assert [lag.user for lag in stuck([Laggard(user, "lags") for user in late], allowed)] == expected


def test_where_trust_is_down_the_kubelet_brings_the_bundle_to_proxies_too() -> None:
    late, deaf = [Laggard(WEB, "lags")], [Laggard(DEAF, "lags")]
    assert said(Need([PLANE, WEB], [], late, 6, down=True)) == ["refresh shop/web-1"]
    assert said(Need([PLANE, WEB], [], late, 1, down=True)) == []
    assert said(Need([PLANE, DEAF], [], deaf, 6, may_restart=True, down=True)) == ["refresh shop/web-1", "restart shop/Deployment/web"]


def test_right_after_the_write_control_planes_are_refreshed() -> None:
    assert said(Need([PLANE, BUNDLE, WEB], written=True)) == ["refresh istio-system/istiod-1"]


def test_a_control_plane_that_ended_is_started_anew() -> None:
    ended = ControlPlaneDeployment("istiod", "default", "1.29.1", desired=1, ready=0, online=True)
    planes = [ended, replace(ended, name="istiod-b", ready=1), replace(ended, name="istiod-c", desired=0)]
    late = [Laggard(WEB, "lags")]
    assert said(Need([WEB], planes, late, may_restart=True, down=True)) == ["restart istio-system/Deployment/istiod"]
    assert said(Need([WEB], planes, late, may_restart=True)) == said(Need([WEB], planes, late, down=True)) == []


def test_what_is_done_is_data() -> None:
    refresh, touch = remedies(Need([PLANE, BUNDLE], [], [Laggard(BUNDLE, "lags")], 6), "istio-system", "now")
    assert (refresh.ref, refresh.rolled) == (Ref("v1", "Pod", "istiod-1", "istio-system"), False)
    assert touch.ref == Ref("v1", "ConfigMap", "istio-ca-root-cert", "shop")
    assert refresh.patch == touch.patch == {"metadata": {"annotations": {"meshops.lifecycle/touched": "now"}}}
    (restart,) = remedies(Need([DEAF], [], [Laggard(DEAF, "lags")], may_restart=True), "istio-system", "now")
    assert (restart.ref, restart.rolled) == (Ref("apps/v1", "Deployment", "web", "shop"), True)
    assert restart.patch == {"spec": {"template": {"metadata": {"annotations": {"kubectl.kubernetes.io/restartedAt": "now"}}}}}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Deployment/web", Ref("apps/v1", "Deployment", "web", "shop")),
        ("StatefulSet/db", Ref("apps/v1", "StatefulSet", "db", "shop")),
        ("DaemonSet/agent", Ref("apps/v1", "DaemonSet", "agent", "shop")),
        ("Job/once", None),
        ("", None),
    ],
)
def test_what_can_be_rolled(name: str, expected: Ref | None) -> None:
    assert rolled(name, "shop") == expected
