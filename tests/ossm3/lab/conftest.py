# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lab's clusters with the stand-in of the Sail operator. Each file here begins with clusters without a mesh, and its tests are one story."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.meshops.lifecycle.tests.e2e.estate import CLUSTERS, Estate
from ansible_collections.meshops.lifecycle.tests.e2e.least import account
from ansible_collections.meshops.lifecycle.tests.ossm3.operated import operated

# docs/rbac.yml says which jobs need which.
ROLES = ("read", "secrets-read", "ossm3", "install-namespace", "rotate", "cutover")
# Two names of one version: what is shown is the way of revisions, and the drill with --versions has two real ones.
VERSIONS = ("v1.32.0", "v1.31.0")


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Estate]:
    """The playbooks run by an account that has the rights for OpenShift Service Mesh 3, and no others."""
    folder = tmp_path_factory.mktemp("operated")
    place = Estate().lab("path", "charts").strip()
    if not place:
        pytest.fail("The lab's charts are not built: make lab-build.")
    with operated(folder, dict.fromkeys(VERSIONS, Path(place))) as found:
        theirs = account(found, folder, "meshops-ossm3", ROLES)
        found.variables["mesh_kube"] = {"kubeconfig": str(theirs), "context": "{{ inventory_hostname }}"}
        yield found


@pytest.fixture(scope="module")
def bare(estate: Estate) -> dict[str, set[str]]:
    """All objects of both clusters without a mesh, by cluster."""
    return {cluster: estate.everything(cluster) for cluster in CLUSTERS}
