# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lab's two clusters. The files of this directory are one story, told in the order of their names.

Installing a mesh and taking it down cost the most, so a file begins with what the one before it left. Each can be run alone too:
its fixtures bring about what is missing.
"""

from __future__ import annotations

import os
import time
from dataclasses import replace

import pytest
from ansible_collections.meshops.lifecycle.tests.e2e.estate import CLUSTERS, EVERYTHING, Estate, Run
from ansible_collections.meshops.lifecycle.tests.e2e.lasting import First, lasting
from ansible_collections.meshops.lifecycle.tests.e2e.least import account
from ansible_collections.meshops.lifecycle.tests.unit.support import as_awx
from ansible_collections.meshops.lifecycle.tests.unit.support.leaks import outlets


@pytest.fixture(scope="session")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Estate:
    """The running clusters east and west. `make test-lab` starts them by `make lab`. The playbooks have only the rights of docs/rbac.yml."""
    theirs = account(Estate(), tmp_path_factory.mktemp("account"))
    return Estate(variables={"mesh_kube": {"kubeconfig": str(theirs), "context": "{{ inventory_hostname }}"}})


@pytest.fixture(scope="session")
def bare(estate: Estate) -> dict[str, set[str]]:
    """All objects of both clusters without a mesh, by cluster. What an earlier run left is taken down first."""
    estate.remove_app()
    estate.play("teardown", **EVERYTHING).succeeded()
    return {cluster: estate.everything(cluster) for cluster in CLUSTERS}


@pytest.fixture(scope="session")
def first(estate: Estate, bare: dict[str, set[str]]) -> First:
    """The first run of site, run as AWX does, with the most verbose output, of which everything is kept."""
    with outlets() as out:
        environ, began = {**os.environ, "ANSIBLE_NOCOLOR": "1", **out.environ()}, time.monotonic()
        with out.watching() as watch:
            job = as_awx.run("site", estate.inventory, environ, "--diff", verbosity=4, verify_traffic=True, **estate.variables)
        run = replace(Run.of(job.rc, job.output, time.monotonic() - began), places={**job.places, **out.places(job.output, watch)})
    return First(run, {cluster: lasting(estate, cluster) for cluster in CLUSTERS})


def _installed(estate: Estate) -> None:
    if not all("istiod-stable" in estate.names(cluster, "deployments", "-n", "istio-system") for cluster in CLUSTERS):
        estate.play("site", verify_traffic=True).succeeded()


@pytest.fixture(scope="module")
def mesh(estate: Estate) -> Estate:
    """The mesh of both clusters. It is installed if it does not exist."""
    _installed(estate)
    return estate


@pytest.fixture(scope="session")
def app(estate: Estate) -> Estate:
    """An application in both clusters. It stays for later files, and `without_app` removes it."""
    _installed(estate)
    estate.bring_app()
    return estate


@pytest.fixture(scope="session")
def across(app: Estate) -> Estate:
    """Only west has a server, so every request of east crosses."""
    app.kubectl("east", "-n", "app", "scale", "deployment/server", "--replicas=0")
    app.kubectl("east", "-n", "app", "wait", "--for=delete", "pod", "-l", "app=server", "--timeout=60s")
    return app


@pytest.fixture(scope="module")
def without_app(estate: Estate) -> None:
    estate.remove_app()
