# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install import versions
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.versions import ReleaseLine, VersionLimits, Versions

TABLE = Versions("Mesh", date(2026, 11, 26), (
    ReleaseLine((1, 31), date(2026, 8, 31), ((1, 32), (1, 37))),
    ReleaseLine((1, 30), date(2026, 5, 18), ((1, 32), (1, 36))),
    ReleaseLine((1, 29), date(2026, 2, 16), ((1, 31), (1, 35)), ends=date(2026, 10, 12)),
), ("a page",))
LIVING = "choose a supported version: 1.30 or 1.31 (as of 2026-11-26)"


@pytest.mark.parametrize(("version", "minor", "plain"), [
    ("1.31", (1, 31), (1, 31)),
    ("v1.31.2", (1, 31), (1, 31)),
    ("1.31.x", (1, 31), (1, 31)),
    ("1.31.2-distroless", (1, 31), None),
    ("1.31-alpha.0", (1, 31), None),
    ("1.310.1", (1, 310), (1, 310)),
    ("latest", None, None),
    ("1", None, None),
    ("", None, None),
])
def test_the_minor_of_a_version(version: str, minor: tuple[int, int] | None, plain: tuple[int, int] | None) -> None:
    assert (versions.minor(version), versions.plain(version)) == (minor, plain)


@pytest.mark.parametrize(("image", "charts"), [
    ("1.31.2", "1.31.2"), ("1.31.2-distroless", "1.31.2"), ("v1.31.2-debug", "v1.31.2"),
    ("1.31.2-vendor", "1.31.2-vendor"), ("latest-debug", "latest-debug"), ("", ""),
])  # fmt: skip
def test_the_charts_of_an_image(image: str, charts: str) -> None:
    assert versions.of_charts(image) == charts


@pytest.mark.parametrize(("version", "kubernetes", "today", "told"), [
    ("1.31.3", (1, 37), date(2026, 11, 26), []),
    ("1.29.10", None, date(2026, 10, 11), []),
    ("1.29.10", None, date(2026, 10, 12), [f"Mesh 1.29 has been out of support since 2026-10-12; {LIVING}"]),
    ("1.20.1", None, date(2026, 11, 26), [f"Mesh 1.20 is out of support, like every version before 1.29; {LIVING}"]),
    ("1.32.0", (1, 40), date(2026, 11, 26), [
        ("Mesh 1.32 is unknown (this collection knows versions up to 1.31, as of 2026-11-26), "
         "so its support and the newest Kubernetes that it supports were not checked"),
    ]),
    ("1.31.3", (1, 38), date(2026, 11, 26), ["Kubernetes is 1.38, but Mesh 1.31 was tested with 1.32 to 1.37 (as of 2026-11-26)"]),
    ("1.30.7", (1, 38), date(2026, 11, 26), []),
    ("latest", (1, 38), date(2026, 11, 26), []),
])
def test_what_is_to_be_known_of_a_version(version: str, kubernetes: tuple[int, int] | None, today: date, told: list[str]) -> None:
    assert versions.notices(TABLE, version, kubernetes, today) == told


def test_only_of_the_newest_version_may_kubernetes_be_newer_than_the_table() -> None:
    assert versions.limits(TABLE, "1.30.7") == VersionLimits((1, 32), (1, 36), mesh="Mesh 1.30")
    assert versions.limits(TABLE, "1.31.3") == VersionLimits((1, 32), None, mesh="Mesh 1.31")


@pytest.mark.parametrize(("version", "kubernetes", "told"), [
    ("1.29.10", (1, 36), ["Mesh 1.29 needs Kubernetes 1.31 to 1.35, but this cluster has 1.36"]),
    ("1.31.3", (1, 31), ["Mesh 1.31 needs Kubernetes 1.32 to 1.37, but this cluster has 1.31"]),
    ("1.31.3", (1, 32), []),
    ("1.32.0", (1, 20), []),
    ("1.31.3", None, []),
])
def test_what_runs_on_a_kubernetes_that_it_was_not_tested_with(version: str, kubernetes: tuple[int, int] | None, told: list[str]) -> None:
    assert versions.unfit(TABLE, version, kubernetes) == told


def proxies(*of: str) -> list[dict[str, Any]]:
    return [{"namespace": "app", "name": f"web-{number}", "version": version} for number, version in enumerate(of)]


def test_proxies_may_be_one_minor_older_than_a_control_plane_of_their_cluster() -> None:
    assert versions.skewed(TABLE, ["1.31.3"], proxies("1.31.3", "1.31.0", "1.30.7", "", "lab")) == []
    assert versions.skewed(TABLE, ["1.29.10", "1.31.3"], proxies("1.29.10", "1.28.9")) == [], "the older control plane serves them"
    assert versions.skewed(TABLE, ["latest"], proxies("1.20.0")) == [], "nothing is known of that control plane"


def test_proxies_that_are_too_old_or_too_new_are_named_by_their_version() -> None:
    told = versions.skewed(TABLE, ["1.31.3"], proxies("1.29.1", "1.29.1", "1.29.10", "1.29.10", "1.32.0"))
    assert told == [
        ("4 proxies are of Mesh 1.29 (app/web-0, app/web-1, app/web-2 and 1 more), but the control plane is 1.31; "
         "a proxy may be at most 1 minor version older, so restart these workloads"),
        "1 proxy is of Mesh 1.32 (app/web-4), but the control plane is 1.31; a proxy must not be newer, so upgrade the control plane",
    ]
