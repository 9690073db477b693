# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check mode of the first install on empty clusters writes nothing: no namespace, no CRD, no certificate."""

from __future__ import annotations

import pytest
from ansible_collections.meshops.lifecycle.tests.e2e.estate import Estate


@pytest.fixture(scope="module", autouse=True)
def nothing_installed(estate: Estate, bare: dict[str, set[str]]) -> None:
    """Check that nothing is installed."""
    for cluster in ("east", "west"):
        assert "istio-system" not in estate.names(cluster, "namespaces")
        assert not [name for name in estate.names(cluster, "crds") if name.endswith(".istio.io")]


def test_a_check_of_the_first_install_succeeds_and_makes_nothing(estate: Estate) -> None:
    before = {cluster: estate.names(cluster, "namespaces") for cluster in ("east", "west")}
    run = estate.play("site", "--check", "--diff").succeeded()
    assert all(changed > 0 for changed in run.changed.values()), run.output
    assert run.lines("istio-base: not installed"), run.output
    assert run.lines("istiod-stable: not installed"), run.output
    assert run.lines("istio-eastwestgateway: not installed"), run.output
    assert run.lines('+', '"kind": "Secret"'), "the diff does not show the CA that would be made"
    for cluster in ("east", "west"):
        assert estate.names(cluster, "namespaces") == before[cluster]
        assert not [name for name in estate.names(cluster, "crds") if name.endswith(".istio.io")]
