# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which versions the lines of the operator install."""

from __future__ import annotations

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.ossm3.install import versions


@pytest.mark.parametrize(("installed", "version", "told"), [
    ("servicemeshoperator3.v3.4.2", "1.27.9", "OpenShift Service Mesh 3.4 installs Istio 1.28 to 1.30"),
    ("servicemeshoperator3.v3.3.7", "1.24-latest", "OpenShift Service Mesh 3.3 installs Istio 1.26 to 1.28"),
    ("sailoperator.v1.31.0-beta.1", "1.27.0", "the Sail operator 1.31 installs Istio 1.28 to 1.31"),
])  # fmt: skip
def test_a_version_past_its_end_is_told_with_what_installs_it(installed: str, version: str, told: str) -> None:
    said = versions.ended(installed, version)
    assert said.startswith(told)
    assert "past its end of life there; choose one of these" in said
    assert str(versions.READ) in said


def test_an_operator_that_still_installs_it_is_named() -> None:
    assert versions.ended("servicemeshoperator3.v3.4.2", "1.27.9").endswith("or the operator OpenShift Service Mesh 3.3 or OpenShift Service Mesh 3.2")


@pytest.mark.parametrize(("installed", "version"), [
    ("servicemeshoperator3.v3.4.2", "1.28.0"), ("servicemeshoperator3.v3.4.2", "1.31.0"), ("servicemeshoperator3.v3.4.2", ""),
    ("servicemeshoperator3.v3.9.0", "1.2.0"), ("another.v1.0.0", "1.2.0"), ("", "1.2.0"),
])  # fmt: skip
def test_of_what_nobody_knows_nothing_is_told(installed: str, version: str) -> None:
    assert versions.ended(installed, version) == ""


def test_an_older_version_of_service_mesh_is_there_for_upgrades() -> None:
    assert "is supported with Istio 1.30" in versions.unsupported("servicemeshoperator3.v3.4.2", "1.29.0")
    assert versions.unsupported("servicemeshoperator3.v3.4.2", "1.30.3") == versions.unsupported("sailoperator.v1.31.0", "1.30.3") == ""


def test_the_lines_are_whole() -> None:
    assert len({(one.package, one.line) for one in versions.LINES}) == len(versions.LINES)
    assert all(one.oldest <= one.newest for one in versions.LINES)
    assert versions.SOURCES
