# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook operator against the stand-in of OLM v1 on a real API server, by an account that has the rights of docs/rbac.yml and no others.

What is not proved: that a catalogue's image is pulled, and what Helm makes of a real bundle. Nobody has run operator-controller for these tests.
"""

from __future__ import annotations

from typing import Any

from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.change import Ref
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.operators.step import EXTENSIONS

from .conftest import CRD, PACKAGE, SPACE, Market, Run, sentence

PINNED = {"version": "1.0.0", "catalog": "demo", "crds": [CRD]}
BY_V1 = {"operator_api": "v1"}


def extension(market: Market) -> dict[str, Any]:
    return market.cluster.get(Ref(EXTENSIONS, "ClusterExtension", PACKAGE)) or {}


def installed(market: Market) -> str:
    return str((((extension(market).get("status") or {}).get("install") or {}).get("bundle") or {}).get("version", ""))


def test_install_again_upgrade_refuse_and_remove(empty: Market, run: Run) -> None:
    first, again = run(PINNED, **BY_V1), run(PINNED)
    assert (first.code, again.code) == (0, 0), first.output + again.output
    assert again.recap["east"].get("changed") is None, "what installs a package already says by which means"
    assert extension(empty)["spec"]["source"]["catalog"]["upgradeConstraintPolicy"] == "CatalogProvided"
    deployment = empty.cluster.get(Ref("apps/v1", "Deployment", PACKAGE, SPACE)) or {}
    assert (installed(empty), deployment["status"]["availableReplicas"]) == ("1.0.0", 1), "OLM said Installed before the Deployment ran"
    upgraded = run({**PINNED, "version": "1.2.0", "through": ["1.1.0"]})
    assert (upgraded.code, installed(empty), extension(empty)["metadata"]["generation"]) == (0, "1.2.0", 3), upgraded.output
    older = sentence(run(PINNED))
    assert "has installed 1.2.0, which is newer than the pin 1.0.0. An operator is never turned back: raise the pin" in older
    away = run(PINNED, operator_state="absent", operator_remove_crds=True)
    assert (away.code, extension(empty)) == (0, {}), away.output


def test_a_pin_that_no_catalogue_has_is_mended_by_another(empty: Market, run: Run) -> None:
    """OLM cannot say what it offers before somebody asks for it, so a wrong pin is written; it must not be in the way of the right one."""
    wrong = sentence(run({**PINNED, "version": "9.9.9"}, operator_wait_timeout=3, **BY_V1))
    assert f'(Retrying: no bundles found for package "{PACKAGE}" matching version "9.9.9" in channels [stable])' in wrong
    assert f"ClusterCatalog other does not exist, so {PACKAGE} comes from nowhere; the cluster has demo" in sentence(run({**PINNED, "catalog": "other"}))
    right = run(PINNED)
    assert (right.code, installed(empty)) == (0, "1.0.0"), right.output
